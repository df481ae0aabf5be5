"""Imports as pages and programs read them."""

import datetime as dt
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from audits.models import AssessedUse, Finding, Import, ImportedDay, RejectedLine, SameCall, UsageEntry
from audits.queries.same_calls import counted_elsewhere, differing


def answer_of(imported: Import) -> dict[str, Any]:
    """An import as programs read it: counts, the period, each rejected line with its reason, and what judging came to."""
    run = imported.run
    return {
        "import": imported.pk,
        "source": imported.source,
        "file": imported.name,
        "sha256": imported.sha256,
        "state": imported.state,
        "reason": imported.reason,
        "read": imported.read,
        "new": imported.new,
        "known": imported.known,
        "passed_over": imported.passed_over,
        "rejected_lines": imported.rejected,
        "rejected": list(imported.rejected_lines.order_by("id").values("part", "line", "reason")),
        "from": imported.first_at.isoformat() if imported.first_at else None,
        "to": imported.last_at.isoformat() if imported.last_at else None,
        "run": run.pk if run else None,
        "outcome": (run.outcome or None) if run else None,
        "findings": run.findings.count() if run else 0,
        "counted_elsewhere": [
            {"by": one.title, "run": one.run, "calls": one.calls} for one in counted_elsewhere(imported)
        ],
        "told_otherwise": differing(imported),
    }


def with_what_is_shown(imports: QuerySet[Import]) -> QuerySet[Import]:
    """With the rows that a list names beside each import."""
    return imports.select_related("pipeline__project", "requested_by", "run", "token")


def entries_of(imported: Import) -> QuerySet[UsageEntry]:
    """The entries that an import brought, in the order of its lines."""
    return UsageEntry.objects.filter(imported=imported).select_related("same_call").order_by("id")


def entries_behind(finding: Finding) -> QuerySet[UsageEntry]:
    """The entries of the log whose use a finding is about, in the order of their time; none for a run under audit.

    Without those that are judged elsewhere: in the run that recorded them, or by another entry.
    """
    use = finding.use
    if use is None or finding.run.pipeline.origin != "import":
        return UsageEntry.objects.none()
    begin = dt.datetime.combine(use.first_on, dt.time(), dt.UTC)
    end = dt.datetime.combine(use.last_on, dt.time(), dt.UTC) + dt.timedelta(days=1)
    alike = UsageEntry.objects.filter(
        pipeline=finding.run.pipeline_id, at__gte=begin, at__lt=end, provider=use.provider, served_by=use.served_by,
        request_model=use.model, failed=False,
    )  # fmt: skip
    same = SameCall.objects.filter(entry=OuterRef("pk"), apart=False)
    judged = Exists(AssessedUse.objects.filter(run=OuterRef("run")))
    elsewhere = Exists(same.filter(Q(other__isnull=False) | judged))
    return alike.exclude(kind=UsageEntry.Kind.COST).exclude(elsewhere).order_by("at", "id")


def rejected_of(imported: Import) -> QuerySet[RejectedLine]:
    """The lines that could not be read, in their order."""
    return imported.rejected_lines.order_by("id")


_OF_MODEL = ("provider", "served_by", "request_model", "currency")


def models_of(imported: Import, most: int = 12) -> list[dict[str, Any]]:
    """What the import's new entries used, most calls first: provider, channel, model, calls, tokens, cost."""
    sums = {
        "calls": Sum("calls"), "tokens_in": Sum("input_tokens"), "tokens_out": Sum("output_tokens"), "money": Sum("cost"),
    }  # fmt: skip
    if imported.state == Import.State.DONE:
        days = ImportedDay.objects.filter(imported=imported).annotate(request_model=F("model"))
        groups = days.values(*_OF_MODEL).annotate(**sums, told=Sum("entries")).order_by("-told", "request_model")
        return [{"entries": group.pop("told"), **group} for group in groups[:most]]
    entries = UsageEntry.objects.filter(imported=imported).order_by()  # not summed up yet
    found = entries.values(*_OF_MODEL).annotate(**sums, entries=Count("pk")).order_by("-entries", "request_model")
    return list(found[:most])
