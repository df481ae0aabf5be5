"""Erasing in the database: rows lose what was said and who said it, and keep hashes, lengths and times.

The database lets sealed rows lose these columns only in a transaction that writes an Erasure for their project, and refuses
that row while a legal hold stands (migrations/_sealed.py). The contents themselves are taken out of the store afterwards.
"""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from audits.actions.summing import days_of, sum_up_days
from audits.models import (
    Connection,
    ErasedContent,
    Erasure,
    Exchange,
    Import,
    LogLine,
    ModelCall,
    RejectedLine,
    Run,
    UsageEntry,
)
from audits.queries.erasable import hold_on
from compliance.actions.trail import record
from compliance.models import Project, User


class UnderHold(RuntimeError):
    """A legal hold stands; the message names it."""


@transaction.atomic
def erase(
    *,
    project: Project,
    acting_user: User | None,
    cause: str,
    reason: str,
    sizes: Mapping[str, int],
    run: Run | None = None,
    exchanges: Collection[int] | None = None,
    imported: Import | None = None,
) -> Erasure:
    """Write an erasure and blank the rows it concerns: of a whole run, of some of its exchanges (primary keys), or of an import.

    `sizes`: hash → bytes of the contents to be taken out of the store. Raises UnderHold.
    """
    Project.objects.select_for_update().get(pk=project.pk)  # a hold waits for us, or we see it
    hold = hold_on(project)
    if hold is not None:
        raise UnderHold(f"Nothing is erased: a legal hold stands since {hold.placed_at:%Y-%m-%d} ({hold.reason})")
    scope = {"exchanges": sorted(exchanges)} if exchanges is not None else {}
    scope |= {"import": imported.pk} if imported else {}  # type: ignore[dict-item]
    erasure = Erasure.objects.create(
        project=project, run=run, cause=cause, reason=reason, asked_by=acting_user, scope=scope, contents=len(sizes),
        size=sum(sizes.values()),
    )  # fmt: skip
    ErasedContent.objects.bulk_create(
        ErasedContent(erasure=erasure, sha256=sha256, size=size) for sha256, size in sorted(sizes.items())
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('clausetrail.erasure', %s, true)", [str(erasure.pk)])
    _blank(cause, run, exchanges, imported)
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('clausetrail.erasure', '', true)")
    record(
        acting_user=acting_user, action="contents erased", subject=erasure, project=project, reason=reason, cause=cause,
        contents=len(sizes), run=run.pk if run else None, **scope,
    )  # fmt: skip
    return erasure


def _blank(cause: str, run: Run | None, exchanges: Collection[int] | None, imported: Import | None) -> None:
    if imported is not None:
        _blank_import(cause, imported)
    elif run is not None and cause == Erasure.Cause.METADATA:
        _blank_metadata(run)
    elif run is not None and exchanges is not None:
        ModelCall.objects.filter(exchange__in=exchanges).update(prompt_excerpt="", output_excerpt="")
    elif run is not None:
        ModelCall.objects.filter(run=run).update(prompt_excerpt="", output_excerpt="")
        LogLine.objects.filter(run=run).update(text="")
        Run.objects.filter(pk=run.pk).update(prompts={})


def _blank_metadata(run: Run) -> None:
    headers: dict[str, Any] = {"request_headers": [], "response_headers": []}
    Exchange.objects.filter(run=run).update(target="", address="", **headers)
    ModelCall.objects.filter(run=run).update(response_id="")
    Connection.objects.filter(run=run).update(address="")


def _blank_import(cause: str, imported: Import) -> None:
    entries = UsageEntry.objects.filter(imported=imported)
    if cause == Erasure.Cause.METADATA:
        entries.update(person="", key_hint="", response_id="", request_id="")
        if imported.first_at and imported.last_at:
            sum_up_days(imported.pipeline_id, *days_of(imported.first_at, imported.last_at))
    else:
        entries.update(prompt_excerpt="", output_excerpt="")
        RejectedLine.objects.filter(imported=imported).update(raw="")


def note_removed(contents: Collection[int]) -> None:
    """The store has let go of these (primary keys of ErasedContent)."""
    ErasedContent.objects.filter(pk__in=contents, removed_at=None).update(removed_at=timezone.now())
