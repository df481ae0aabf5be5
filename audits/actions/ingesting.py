"""Writing imported usage: the import, its entries (each once per log), the lines that could not be read, and days summed up."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest, Least
from django.utils import timezone
from django.utils.text import slugify

from audits.actions.copying import copy_rows
from audits.actions.pipelines import free_slug
from audits.actions.same_calls import Changed, find_same_calls, one_at_a_time
from audits.actions.summing import days_of, sum_up_days
from audits.ingest.reading import Rejected
from audits.ingest.titles import TITLES
from audits.models import Import, Pipeline, ReceiverToken, RejectedLine, UsageEntry
from compliance.actions.trail import record
from compliance.models import Project, User

BATCH = 10_000
_STAGED = "imported_batch"


class EntryRow(NamedTuple):
    """A usage entry in the order of its columns; the database numbers it. Keys are the 16 bytes that the database compares."""

    imported_id: int
    pipeline_id: int
    key: bytes
    line: int
    kind: str
    at: dt.datetime
    until: dt.datetime | None
    host: str
    provider: str
    served_by: str
    operation: str
    request_model: str
    response_model: str
    calls: int | None
    failed: bool
    status: int | None
    input_tokens: int | None
    output_tokens: int | None
    cost: Any
    currency: str
    account: str
    person: str
    key_hint: str
    purpose: str
    prompt_excerpt: str
    output_excerpt: str
    response_id: str = ""
    request_id: str = ""
    response_key: bytes | None = None
    request_key: bytes | None = None


class _RejectedRow(NamedTuple):
    imported_id: int
    part: str
    line: int
    reason: str
    raw: str


COLUMNS = EntryRow._fields
_NAMES = ", ".join(COLUMNS)
_LIKE_ENTRIES = f"SELECT {_NAMES} FROM audits_usageentry WITH NO DATA"  # noqa: S608 - the names are this module's own
_STAGE = f"CREATE TEMPORARY TABLE IF NOT EXISTS {_STAGED} ON COMMIT DELETE ROWS AS {_LIKE_ENTRIES}"
_TAKE_CALLS = f"""
INSERT INTO audits_usageentry ({_NAMES}) SELECT {_NAMES} FROM {_STAGED} WHERE kind = 'call'
ON CONFLICT (pipeline_id, key) DO NOTHING"""  # noqa: S608
# A day that was exported before it was over says more when it is exported again; a later import never makes it less.
_TAKE_SUMS = f"""
INSERT INTO audits_usageentry AS known ({_NAMES})
SELECT DISTINCT ON (key) {_NAMES} FROM {_STAGED} WHERE kind <> 'call'
ORDER BY key, coalesce(calls, 0) DESC, coalesce(input_tokens, 0) DESC, coalesce(cost, 0) DESC
ON CONFLICT (pipeline_id, key) DO UPDATE SET calls = excluded.calls, input_tokens = excluded.input_tokens,
    output_tokens = excluded.output_tokens, cost = excluded.cost
WHERE coalesce(excluded.calls, 0) > coalesce(known.calls, 0)
   OR coalesce(excluded.input_tokens, 0) > coalesce(known.input_tokens, 0)
   OR coalesce(excluded.output_tokens, 0) > coalesce(known.output_tokens, 0)
   OR coalesce(excluded.cost, 0) > coalesce(known.cost, 0)"""  # noqa: S608
# What was imported before ids were kept gets them when it is read again.
_TELL_IDS = f"""
UPDATE audits_usageentry AS known SET response_id = given.response_id, response_key = given.response_key,
    request_id = given.request_id, request_key = given.request_key
FROM {_STAGED} AS given WHERE known.pipeline_id = %s AND known.key = ANY(%s) AND known.key = given.key AND given.kind = 'call'
AND known.response_key IS NULL AND known.request_key IS NULL
AND (given.response_key IS NOT NULL OR given.request_key IS NOT NULL)"""  # noqa: S608


@transaction.atomic
def request_import(
    *,
    project: Project,
    acting_user: User | None,
    source: str,
    name: str,
    log: str = "",
    token: ReceiverToken | None = None,
    **fields: Any,
) -> Import:
    """Note a file that is to be imported. `log`: which log it belongs to ("": the source's); `fields`: of the import.

    Entries are told apart within one log, so two gateways with ids of their own need two.
    """
    pipeline = _log(project, log.strip() or f"{TITLES[source]} log", acting_user)
    imported = Import.objects.create(
        pipeline=pipeline, source=source, name=name[:300], requested_by=acting_user, token=token, **fields
    )
    record(acting_user=acting_user, action="usage imported", subject=imported, project=project, source=source)
    return imported


def _log(project: Project, name: str, acting_user: User | None) -> Pipeline:
    Project.objects.select_for_update().get(pk=project.pk)  # two imports at once would each make the log
    found = Pipeline.objects.filter(project=project, origin=Pipeline.Origin.IMPORT, name=name[:120]).first()
    return found or Pipeline.objects.create(
        project=project,
        slug=free_slug(project, slugify(name)[:70] or "log"),
        name=name[:120],
        origin=Pipeline.Origin.IMPORT,
        created_by=acting_user,
    )


@transaction.atomic
def describe(*, imported: Import, acting_user: User | None, options: Mapping[str, Any] | None = None) -> None:
    """Have an import read (once more), by this mapping of columns where it is a table. The caller sends the task."""
    fields: dict[str, Any] = {"state": Import.State.WAITING} | (
        {"options": dict(options)} if options is not None else {}
    )
    Import.objects.filter(pk=imported.pk).update(**fields)
    project = imported.pipeline.project
    record(
        acting_user=acting_user,
        action="import to be read",
        subject=imported,
        project=project,
        options=dict(options or {}),
    )


def move(imported: Import, to: str, *, since: Iterable[str] = Import.ACTIVE, **fields: Any) -> bool:
    """Move an import to a state if it still is in one of `since`; tells whether it did."""
    if to not in Import.ACTIVE:
        fields.setdefault("finished_at", timezone.now())
    return Import.objects.filter(pk=imported.pk, state__in=tuple(since)).update(state=to, **fields) == 1


def begin(imported: Import) -> None:
    """Forget what an attempt that was broken off said of itself. Entries that it wrote stay, and count as this import's."""
    imported.rejected_lines.all().delete()
    Import.objects.filter(pk=imported.pk).update(
        started_at=timezone.now(),
        read=0,
        rejected=0,
        passed_over=0,
        done_bytes=0,
        reason="",
        first_at=None,
        last_at=None,
    )


class Written(NamedTuple):
    """What a batch came to: entries written (new ones, sums that have grown), days of logs whose calls count otherwise now."""

    entries: int
    changed: Changed


@transaction.atomic
def write_entries(
    imported: Import, rows: Sequence[EntryRow], part: str, unread: Sequence[Rejected], **counts: int
) -> Written:
    """Write entries that no import of this log has brought yet, and rejected lines; add `counts` to the import's.

    A call of which another source of the project tells as well is found by the ids that its provider gave it.
    """
    written, changed = (0, {}) if not rows else _taken(imported.pipeline.project_id, rows)
    if unread:
        _keep_rejected(imported, part, unread)
    period = (min(row.at for row in rows), max(row.at for row in rows)) if rows else (None, None)
    Import.objects.filter(pk=imported.pk).update(
        first_at=Least("first_at", Value(period[0])) if rows else F("first_at"),
        last_at=Greatest("last_at", Value(period[1])) if rows else F("last_at"),
        **{name: F(name) + more for name, more in counts.items()},
    )
    return Written(written, changed)


def _taken(project_id: int, rows: Sequence[EntryRow]) -> tuple[int, Changed]:
    """Take up what is new among rows, and see which of their calls are told of elsewhere."""
    named = any(row.kind == "call" and (row.response_key or row.request_key) for row in rows)
    if named:
        one_at_a_time(project_id)
    with connection.cursor() as cursor:
        cursor.execute(_STAGE)
        copy_rows(UsageEntry, COLUMNS, rows, _STAGED)
        cursor.execute(_TAKE_CALLS)
        calls = cursor.rowcount
        if calls < len(rows):
            if named:
                cursor.execute(_TELL_IDS, [rows[0].pipeline_id, [UUID(bytes=row.key) for row in rows]])
            cursor.execute(_TAKE_SUMS)
            calls += cursor.rowcount
    return calls, find_same_calls(project_id, _STAGED) if named else {}


def _keep_rejected(imported: Import, part: str, unread: Sequence[Rejected]) -> None:
    rows = [_RejectedRow(imported.pk, part[:300], one.line, one.reason[:400], one.raw) for one in unread]
    copy_rows(RejectedLine, _RejectedRow._fields, rows)


def sum_up(imported: Import) -> int:
    """Sum the days of the import's log up anew over its period; tells how many entries the import brought."""
    if imported.first_at and imported.last_at:
        sum_up_days(imported.pipeline_id, *days_of(imported.first_at, imported.last_at))
    return UsageEntry.objects.filter(imported=imported).count()


def sum_up_changed(changed: Changed) -> None:
    """Sum up anew what days of logs came to be counted otherwise."""
    for log, days in changed.items():
        first, last = (dt.datetime.combine(day, dt.time(), dt.UTC) for day in days)
        sum_up_days(log, first, last + dt.timedelta(days=1))
