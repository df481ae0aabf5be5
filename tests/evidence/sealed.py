"""A sealed run whose rows, recorder's log and contents belong together, as an audit leaves them."""

import json
from pathlib import Path

from django.conf import settings

from audits.capture.spool import RECORD, SpoolWriter
from audits.evidence.store import open_store
from audits.models import Dataset, Gap, LogLine, Pipeline, RowMatch, Run, Student
from audits.procedures.concluding import Piece, findings_pieces, seal_run
from tests.factories import NOON, make_call, make_exchange, make_pipeline, make_run


def sealed_run(folder: Path, said: str = "secret", pipeline: Pipeline | None = None, calls: int = 2) -> Run:
    """`said` stands in every request; answers differ from one to the next."""
    store = open_store(settings.EVIDENCE_URL)
    run = make_run(
        pipeline or make_pipeline(), state=Run.State.COMPLETED, started_at=NOON, finished_at=NOON, prompts={"h": said}
    )
    spool = SpoolWriter(folder / f"spool-{run.pk}")
    pieces = [Piece("manifest", "audit.toml", store.put(b"[pipeline]"), 10)]
    for number in range(calls):
        asked, answered = (
            json.dumps({"say": said, "n": number}).encode(),
            f"answer {number} of {run.pk}: {said}".encode(),
        )
        hashes = {"request_sha256": store.put(asked), "response_sha256": store.put(answered)}
        exchange = make_exchange(run, seq=number + 1, request_size=len(asked), response_size=len(answered), **hashes)
        call = make_call(run, exchange, prompt_excerpt=said, output_excerpt=said)
        bodies = {side: {"sha256": hashes[f"{side}_sha256"]} for side in ("request", "response")}
        spool.append("exchange", 1.5 + number, bodies)
    spool.close()
    record = (folder / f"spool-{run.pk}" / RECORD).read_bytes()
    rows = json.dumps({"text": said}).encode()
    dataset = Dataset.objects.create(run=run, path="out/train.jsonl", role="training", sha256=store.put(rows), rows=1)
    RowMatch.objects.create(dataset=dataset, row=0, call=call, kind="exact", similarity=1.0)
    Student.objects.create(run=run, name="pupil")
    Gap.objects.create(run=run, at=NOON, step="execute", kind="quic", subject="example.org")
    LogLine.objects.create(run=run, seq=0, at=NOON, step="execute", stream="stdout", text=said)
    pieces.append(Piece("record", "recorder's log of execute", store.put(record), len(record)))
    pieces.append(Piece("dataset", dataset.path, dataset.sha256, len(rows)))
    seal_run(run, [*pieces, *findings_pieces(run, store)], Path(settings.VAR_DIR))
    run.refresh_from_db()
    return run
