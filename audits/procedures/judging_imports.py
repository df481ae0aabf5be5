"""Judging a log that was imported: what its entries say was used, held against the terms, as what a log says and no more."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Sum
from django.utils import timezone

from audits.actions.findings import store_findings
from audits.actions.run_ends import follow_run
from audits.ingest.sources import SOURCES
from audits.matching.answers import answers_on_record
from audits.matching.facts import (
    ACTIVITY_OF_PURPOSE,
    MODALITY_OF_OPERATION,
    NO_OUTPUT,
    RecordedUse,
    Stated,
)
from audits.matching.outcomes import outcome_of
from audits.matching.verdicts import drafts, merge_days
from audits.models import Gap, Import, Pipeline, Run, SameCall, UsageDay, UsageEntry
from compliance.engine.assessment import assess
from compliance.engine.facts import Fact
from compliance.engine.library import Library

NOT_OBSERVED = (
    "What is found here rests on a log that was imported, not on what a recorder saw: calls that went past that log are not in "
    "it, nothing shows what became of the answers, and nobody can tell whether the log is whole."
)

JUDGED_HERE = (UsageDay.Seen.HERE, UsageDay.Seen.NOTED)


@transaction.atomic
def judge_log(imported: Import, library: Library) -> Run:
    """Judge everything that the import's log holds, in a run of its own; the log's earlier runs stay as history.

    The run says that it was imported: a gap of it keeps its outcome from being better than "needs facts".
    """
    run = _run(imported)
    stated = Stated(run, answers_on_record())
    judged = merge_days(
        (use, assess(use.as_use(), library).as_json()) for use in logged_uses(imported.pipeline, stated)
    )
    store_findings(run=run, judged=judged, drafts=drafts(judged, stated.student, library.title))
    Run.objects.filter(pk=run.pk).update(outcome=outcome_of(run))
    follow_run(run.pk)
    run.refresh_from_db()
    return run


def judge_logs(logs: Iterable[int], library: Library) -> None:
    """Judge logs anew of which calls came to be counted otherwise; those that nobody has judged yet are left."""
    for log in sorted(logs):
        newest = Import.objects.filter(pipeline=log, pipeline__runs__isnull=False).order_by("-id").first()
        if newest is not None:
            judge_log(newest, library)


def _run(imported: Import) -> Run:
    pipeline = Pipeline.objects.select_for_update().get(pk=imported.pipeline_id)
    number = Run.objects.filter(pipeline=pipeline).aggregate(last=Max("number"))["last"] or 0
    now = timezone.now()
    run = Run.objects.create(
        pipeline=pipeline,
        number=number + 1,
        state=Run.State.COMPLETED,
        requested_by=imported.requested_by,
        started_at=imported.started_at or now,
        finished_at=now,
        source_sha256=imported.sha256,
        manifest={"student": imported.declared["student"]} if imported.declared.get("student") else {},
    )
    Gap.objects.create(run=run, at=now, step="execute", kind="imported log", subject=imported.name, detail=NOT_OBSERVED)
    if imported.rejected:
        words = f"{imported.rejected} lines of {imported.name} could not be read; the import’s page lists them."
        Gap.objects.create(run=run, at=now, step="execute", kind="unread lines", subject=imported.name, detail=words)
    differing = SameCall.objects.filter(pipeline=pipeline, differs__gt="").count()
    if differing:
        words = f"{differing:,} calls of this log are told otherwise by another source; the import’s page lists them."
        Gap.objects.create(run=run, at=now, step="execute", kind="sources differ", subject=pipeline.name, detail=words)
    return run


def logged_uses(pipeline: Pipeline, stated: Stated) -> Iterator[RecordedUse]:
    """The distinct uses that a log tells of, by day. Failed calls are no uses; where nobody says how many, at least one.

    Calls that a judged run recorded, or that another entry counts, are judged there.
    """
    groups = (
        UsageDay.objects.filter(pipeline=pipeline, seen__in=JUDGED_HERE)
        .exclude(kind=UsageEntry.Kind.COST)
        .exclude(operation__in=NO_OUTPUT)
        .values("provider", "served_by", "model", "operation", "purpose", "day")
        .annotate(made=Sum(F("calls") - F("failed") + F("uncounted")))
        .filter(made__gt=0)
        .order_by("provider", "model", "purpose", "day")
    )
    by, person = _named(pipeline), _declared_by(pipeline)
    for group in groups:
        yield _use(group, by, person, stated)


def _named(pipeline: Pipeline) -> str:
    newest = pipeline.imports.order_by("-id").values_list("source", flat=True).first()
    source = SOURCES.get(newest or "")
    return f"{pipeline.name} ({source.title})" if source else pipeline.name


def _declared_by(pipeline: Pipeline) -> str:
    """Who said what the log's answers were for: whoever imported it last, since students are declared for a log."""
    newest = pipeline.imports.select_related("requested_by").order_by("-id").first()
    return str(newest.requested_by) if newest and newest.requested_by else "import_usage"


def _use(group: Mapping[str, Any], by: str, person: str, stated: Stated) -> RecordedUse:
    day: dt.date = group["day"]
    activity = "fine_tune_weights" if group["operation"] == "fine_tune" else ACTIVITY_OF_PURPOSE[group["purpose"]]
    logged = {
        "model": group["model"],
        "access.served_by": group["served_by"],
        "output_modality": MODALITY_OF_OPERATION.get(group["operation"], "text"),
    }
    facts = {
        "on": Fact(day, "declared", by, "date in the imported log"),
        "activity": Fact(activity, "declared", person, "purpose as declared with the import")
        if group["purpose"]
        else Fact(activity, "inferred", note="the log says nothing of what the answers were for"),
        "access.kind": Fact("api", "inferred", note="gateways and providers log calls of an API"),
        **{path: Fact(value, "declared", by, "as the log has it") for path, value in logged.items() if value},
        **stated.facts(group["provider"], day),
    }
    if group["provider"]:
        facts["provider"] = Fact(group["provider"], "inferred", note="from the model’s name and the channel in the log")
    return RecordedUse(
        provider=group["provider"], served_by=group["served_by"], model=group["model"], activity=activity, day=day,
        calls=group["made"], rows=0, simulated=False, facts=facts,
    )  # fmt: skip
