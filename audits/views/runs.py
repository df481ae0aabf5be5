"""Runs: the list, the live page of one, its log, what was refused or could not be seen; cancel and run again."""

from dataclasses import replace
from typing import Any, Final

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from audits.access import get_run, require_may_read_contents, require_may_run, visible_runs
from audits.actions.limits import waiting
from audits.actions.runs import request_again, request_cancel
from audits.models import Connection, Look, Pipeline, Run
from audits.queries.gaps_told import counted_gaps, gaps_by_kind
from audits.queries.run_view import (
    log_after,
    log_tail,
    newest_calls,
    other_traffic,
    passed_on_unread,
    run_figures,
    steps_of,
    waiting_words,
)
from audits.queries.usage_over_time import models_used
from audits.tasks import run_audit
from audits.views.forms import RunFilter
from audits.views.looks import looked
from compliance.access import deeds_in, visible_projects
from compliance.queries.names import provider_names
from compliance.roles import Deed
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

MOST_SHOWN = 50
LINES_AT_FIRST, LINES_AT_ONCE = 200, 500
RUNS: Final = Listing(
    "runs",
    (
        field("run", "id", of="number"), field("pipeline", "pipeline__name", "number", of="pipeline.name"),
        field("project", "pipeline__project__name", of="pipeline.project.name"), field("state", "state"),
        field("outcome", "outcome"), field("simulated", of="is_simulated"), field("replay", of="is_replay"),
        field("asked", "requested_at", of="requested_at"), field("started", "started_at", of="started_at"),
        field("ended", "finished_at", of="finished_at"), field("evidence_root"),
    ),
    words=("pipeline__name", "pipeline__project__name"),
)  # fmt: skip
RUNS_OF_ONE: Final = replace(RUNS, words=(), per_page=20)
CONNECTIONS: Final = Listing(
    "connections",
    (
        field("at", "at", "id"), field("step"), field("came_of_it", "disposition", of="disposition"),
        field("protocol", "protocol"), field("to", "host", "address", "port", of="host"), field("address"), field("port"),
        field("why", of="reason"), field("tries", "count", of="count"), field("bytes_out", "bytes_out"),
        field("bytes_in", "bytes_in"),
    ),
    words=("host", "address", "reason"),
)  # fmt: skip
LINES: Final = Listing(
    "log", (field("line", of="seq"), field("at"), field("step"), field("stream"), field("text")), per_page=500
)


def without_documents(runs: QuerySet[Run]) -> QuerySet[Run]:
    """Runs without the large documents that no list shows."""
    return runs.defer("scan", "manifest", "manifest_text", "prompts", "summary")


def listing(request: PersonRequest) -> HttpResponseBase:
    """Every run that the person may see, newest first."""
    form = RunFilter(request.GET, visible_projects(request.user))
    runs = form.narrow(without_documents(visible_runs(request.user))).order_by("-id")
    if wants_csv(request):
        return RUNS.as_csv(request, runs)
    return render(request, "audits/run_list.html", RUNS.shown(request, runs) | {"form": form})


def run_context(request: PersonRequest, run: Run, tab: str) -> dict[str, Any]:
    """What the head and the tabs of every page of a run need."""
    deeds = deeds_in(request.user, run.pipeline.project)
    return {
        "run": run,
        "pipeline": run.pipeline,
        "tab": tab,
        "figures": run_figures(run),
        "deeds": deeds,
        "may_run": Deed.RUN in deeds,
        "reads_contents": Deed.READ_CONTENTS in deeds,
    }


def live_context(request: PersonRequest, run: Run) -> dict[str, Any]:
    """The part of a run's page that is asked for again while the run goes on."""
    gaps = counted_gaps(run)
    return run_context(request, run, "run") | {
        "steps": steps_of(run),
        "newest": newest_calls(run),
        "models": models_used(run),
        "providers": provider_names(),
        "gaps": gaps,
        "gaps_bear": any(one.bears for one in gaps),
        "waits_for": waiting_words(run, timezone.now()),
        "held": list(waiting(run)[:MOST_SHOWN]),
        "met": run.limit_events.select_related("wished_by").order_by("id")[:MOST_SHOWN] if run.limits else (),
        "differences": run.replay_differences.order_by("id")[:MOST_SHOWN] if run.is_replay else (),
    }


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """A run as it goes: state, steps, figures, newest calls, log. What came of an imported log leads to its import."""
    run = get_run(request.user, pk)
    imported = run.pipeline.imports.filter(run=run).first() if run.pipeline.origin == Pipeline.Origin.IMPORT else None
    if imported:
        return redirect("import", pk=imported.pk)
    context = live_context(request, run)
    lines = log_tail(run, LINES_AT_FIRST) if context["reads_contents"] else []
    context |= {"lines": lines, "last_seq": lines[-1].seq if lines else 0}
    return render(request, "audits/run_detail.html", context)


def live(request: PersonRequest, pk: int) -> HttpResponse:
    """The live part alone; it carries no further polling once the run has ended."""
    run = get_run(request.user, pk)
    return render(request, "audits/_run_live.html", live_context(request, run) | {"again": True})


def log_tail_after(request: PersonRequest, pk: int, seq: int) -> HttpResponse:
    """The lines after line `seq`, and the mark from which the next request goes on."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    lines = log_after(run, seq, LINES_AT_ONCE)
    last = lines[-1].seq if lines else seq
    more = run.is_active or len(lines) == LINES_AT_ONCE
    return render(request, "audits/_log_lines.html", {"run": run, "lines": lines, "last_seq": last, "more": more})


def log(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The whole log, paged."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    looked(request, Look.What.LOG, "log lines", run=run)
    lines = run.log_lines.order_by("seq")
    if wants_csv(request):
        return LINES.as_csv(request, lines, f"{run.pipeline.slug}-{run.number}-log")
    return render(request, "audits/run_log.html", run_context(request, run, "run") | LINES.shown(request, lines))


def gaps(request: PersonRequest, pk: int) -> HttpResponseBase:
    """What the recorder refused or passed on unread, and what could not be observed."""
    run = get_run(request.user, pk)
    refused = run.connections.exclude(disposition=Connection.Disposition.SPLICED).order_by("id")
    if wants_csv(request):
        return CONNECTIONS.as_csv(request, refused, f"{run.pipeline.slug}-{run.number}-connections")
    context = (
        run_context(request, run, "gaps")
        | CONNECTIONS.shown(request, refused)
        | {
            "gaps": gaps_by_kind(run.gaps.order_by("id")),
            "passed_on": passed_on_unread(run),
            "traffic": other_traffic(run),
            "unparsed": _unparsed(run)[:20],
        }
    )
    return render(request, "audits/run_gaps.html", context)


def _unparsed(run: Run) -> QuerySet[Any]:
    return run.exchanges.filter(unparsed__gt="").order_by("seq")  # as the index has them


@require_POST
def cancel(request: PersonRequest, pk: int) -> HttpResponse:
    """Ask the run to stop."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    if not request_cancel(run=run, acting_user=request.user):
        messages.warning(request, "The run had ended, or was asked to stop already.")
    return redirect("run", pk=run.pk)


@require_POST
def again(request: PersonRequest, pk: int) -> HttpResponse:
    """Queue the same audit once more, with the same upstreams."""
    run = get_run(request.user, pk)
    require_may_run(request.user, run.pipeline)
    new = request_again(run=run, acting_user=request.user)
    run_audit.delay_on_commit(new.pk)
    return redirect("run", pk=new.pk)
