"""Taking traces that are sent: kept with keys masked, written at once, judged a little later."""

import datetime as dt
import io
import json
from typing import Any

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Subquery
from django.utils import timezone

from audits.actions.ingesting import sum_up, sum_up_changed
from audits.actions.receiving import count_received, import_of_the_hour
from audits.evidence.store import open_store
from audits.ingest.masking import masked
from audits.ingest.readers import otlp
from audits.models import Import, Pipeline, ReceiverToken, Run, SameCall
from audits.procedures.imported_rows import Rows
from audits.procedures.importing import fingerprints, read_kept
from audits.procedures.judging_imports import judge_log, judge_logs
from compliance.queries.library import library_from_database

JUDGED_EVERY = dt.timedelta(hours=1)


def receive(token: ReceiverToken, request: dict[str, Any]) -> tuple[int, str]:
    """Take one export request (as OTLP's JSON); tells how many records could not be read, and why the first of them."""
    line = json.dumps(masked(request, fingerprints()), separators=(",", ":")).encode() + b"\n"
    part = {
        "name": f"{timezone.now():%H:%M:%S.%f}",
        "sha256": open_store(settings.EVIDENCE_URL).put(line),
        "size": len(line),
    }
    imported = import_of_the_hour(token, part)
    rows = Rows(imported, library_from_database(imported.pipeline.project_id))
    before = imported.rejected
    written = read_kept(imported, io.BytesIO(line), str(part["name"]), otlp.records, rows)
    imported.refresh_from_db()
    count_received(imported, sum_up(imported))
    sum_up_changed(written.changed)
    # What was read counts as done only when it was judged.
    Import.objects.filter(pk=imported.pk).update(done_bytes=F("done_bytes") - len(line))
    unread = imported.rejected - before
    last = imported.rejected_lines.order_by("-id").first() if unread > 0 else None
    return unread, last.reason if last else ""


def judge_received(now: dt.datetime | None = None) -> int:
    """Judge logs of receivers that have got something new, each at most once an hour; tells how many were judged."""
    limit = (now or timezone.now()) - JUDGED_EVERY
    waiting = Import.objects.filter(token__isnull=False, state=Import.State.DONE, done_bytes__lt=F("total_bytes"))
    judged = 0
    for imported in waiting.select_related("pipeline__project").order_by("pipeline_id", "-id").distinct("pipeline_id"):
        if imported.pipeline.runs.filter(finished_at__gt=limit).exists():
            continue
        seen = list(Import.objects.filter(pipeline=imported.pipeline).values_list("pk", "total_bytes"))
        run = judge_log(imported, library_from_database(imported.pipeline.project_id))
        imported.pipeline.imports.filter(run__isnull=True, pk=imported.pk).update(run=run)
        for pk, total in seen:
            Import.objects.filter(pk=pk).update(done_bytes=total)
        judged += 1
    return judged + _judge_what_counts_otherwise(limit)


def _judge_what_counts_otherwise(limit: dt.datetime) -> int:
    """Judge logs of which calls were found in another source since they were judged, each at most once an hour."""
    newest = Run.objects.filter(pipeline=OuterRef("pk")).order_by("-id").values("finished_at")[:1]
    logs = Pipeline.objects.filter(origin=Pipeline.Origin.IMPORT).annotate(judged_at=Subquery(newest))
    found = SameCall.objects.filter(pipeline=OuterRef("pk"), at__gt=OuterRef("judged_at"))
    waiting = logs.filter(Exists(found), judged_at__lte=limit)
    for log in waiting:
        judge_logs([log.pk], library_from_database(log.project_id))
    return len(waiting)
