"""The exchanges of a run: listed with filters, one in full, and its raw bytes to take away."""

from typing import Any, Final

from django.conf import settings
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render

from audits.access import get_exchange, get_run, may_read_contents, require_may_read_contents
from audits.evidence.store import Missing, open_store
from audits.models import Look, RowMatch, Run
from audits.queries.run_view import exchanges_of, steps_with_traffic
from audits.queries.same_calls import seen_beside_exchange
from audits.queries.usage_over_time import models_used
from audits.views.bodies import SIDES, read_exchange
from audits.views.forms import CallFilter
from audits.views.looks import looked
from audits.views.runs import run_context
from compliance.queries.names import provider_names
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest


def _of_call(key: str, of: str = "") -> Column:
    """A column that says what the first call of an exchange says, as the page does; empty where no call was read from it."""
    return Column(key, lambda one: getattr(next(iter(one.calls.all()), None), of or key, None))


_COLUMNS: Final = (
    field("number", "step", "seq", of="seq"), field("step"), field("time", "started_at", of="started_at"),
    field("host", "host"), field("method"), field("target"), field("simulated"), _of_call("model", "request_model"),
    _of_call("provider"), Column("calls", lambda one: len(one.calls.all())), _of_call("purpose"),
    _of_call("input_tokens"), _of_call("output_tokens"), field("status", "status"),
    field("size", "response_size", of="response_size"), field("request_sha256"), field("response_sha256"),
    field("unparsed"), field("not_a_model_call"),
)  # fmt: skip
CALLS: Final = Listing("calls", _COLUMNS)
CALLS_WITH_WORDS: Final = Listing("calls", (*_COLUMNS, _of_call("asked", "prompt_excerpt")))


def listing(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A run's exchanges, narrowed by kind, provider, model, status and step."""
    run = get_run(request.user, pk)
    used, named = models_used(run), provider_names()
    form = CallFilter(
        request.GET,
        providers=sorted((slug, named.get(slug, slug)) for slug in {use.provider for use in used if use.provider}),
        models=sorted({use.model for use in used if use.model}),
        steps=steps_with_traffic(run),
    )
    found = form.narrow(exchanges_of(run))
    if wants_csv(request):
        return _taken(request, run, found)
    context = run_context(request, run, "calls")
    number = None if form.narrows else context["figures"].exchanges
    context |= CALLS.shown(request, found, number) | {"form": form}
    return render(request, "audits/run_calls.html", context)


def _taken(request: PersonRequest, run: Run, found: Any) -> HttpResponseBase:
    """The list as CSV; what was asked stands in it for whoever may read it, and having taken it is on record."""
    name = f"{run.pipeline.slug}-{run.number}-calls"
    if not may_read_contents(request.user, run.pipeline.project):
        return CALLS.as_csv(request, found, name)
    looked(request, Look.What.CALL, "the list of calls, as CSV", run=run)
    return CALLS_WITH_WORDS.as_csv(request, found, name)


def detail(request: PersonRequest, pk: int) -> HttpResponse:
    """One exchange in full: what was read from it, and both sides as they crossed the wire."""
    exchange = get_exchange(request.user, pk)
    require_may_read_contents(request.user, exchange.run)
    looked(request, Look.What.CALL, f"exchange {exchange.seq}", run=exchange.run)
    kept = Prefetch("row_matches", RowMatch.objects.select_related("dataset").order_by("row"), to_attr="kept")
    context = {
        "exchange": exchange,
        "run": exchange.run,
        "pipeline": exchange.run.pipeline,
        "stored": exchange.calls.order_by("position").prefetch_related(kept),
        "providers": provider_names(),
        "read": read_exchange(exchange, open_store(settings.EVIDENCE_URL)),
        "seen": seen_beside_exchange(exchange),
    }
    return render(request, "audits/call_detail.html", context)


def raw(request: PersonRequest, pk: int, side: str) -> HttpResponseBase:
    """The bytes of a request's or response's body, as evidence keeps them. Always a download, never shown by the browser."""
    exchange = get_exchange(request.user, pk)
    require_may_read_contents(request.user, exchange.run)
    if side not in SIDES:
        raise Http404
    sha256 = exchange.request_sha256 if side == "request" else exchange.response_sha256
    try:
        body = open_store(settings.EVIDENCE_URL).open(sha256) if sha256 else None
    except (Missing, ValueError) as problem:
        raise Http404(str(problem)) from problem
    if body is None:
        raise Http404("no body was recorded")
    looked(request, Look.What.BODY, f"{side} of exchange {exchange.seq}", run=exchange.run, sha256=sha256)
    name = f"run-{exchange.run_id}-exchange-{exchange.seq}-{side}.bin"
    return FileResponse(body, as_attachment=True, filename=name, content_type="application/octet-stream")
