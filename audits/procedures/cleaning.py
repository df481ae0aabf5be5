"""A data set exported without the rows that took anything from some models' answers, and a manifest of what went and why."""

import datetime as dt
import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from audits.datasets.reading import read_rows
from audits.evidence.store import Damaged, Missing, Store, open_store
from audits.graph import cleaning
from audits.graph.cleaning import Cleaned, RowSet
from audits.lineage.rows import UnreadableDataset
from audits.models import Dataset
from audits.queries.taught import CallsKey, matches_of_calls
from compliance.actions.trail import record
from compliance.models import User

LIMITS = (
    "Rows are taken out when tracing found that they derive from a recorded answer of the models named here: exact, normalised, "
    "contained, near, or as a label. A row that was rewritten beyond recognition, or that derives from an answer nobody "
    "recorded, is not found by that. Rows that can’t be read are taken out as well."
)


class CannotClean(ValueError):
    """No clean data set can be made; the message says why."""


def write_clean(
    dataset: Dataset, calls: Iterable[CallsKey], out: IO[bytes], acting_user: User | None
) -> dict[str, Any]:
    """Write a ZIP with the clean data set, removed.jsonl and manifest.json into `out`; returns the manifest.

    `calls`: the answers that go (see CallsRecord.key). Matches of every data set with the same content count. Memory stays small
    whatever the size: rows are streamed, and so is the list of those removed. Raises CannotClean.
    """
    calls = list(calls)
    alike = Dataset.objects.filter(sha256=dataset.sha256) if dataset.sha256 else Dataset.objects.filter(pk=dataset.pk)
    matches = matches_of_calls(alike.values("pk"), calls)
    remove = RowSet(matches.values_list("row", flat=True).distinct().order_by("row").iterator())
    result = Cleaned()
    name = _clean_name(dataset)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        try:
            with _content(dataset) as path, archive.open(name, "w", force_zip64=True) as target:
                for piece in cleaning.clean(_pieces(path, dataset.format), remove, result):
                    target.write(piece)
        except (Missing, Damaged, UnreadableDataset) as error:
            raise CannotClean(f"{dataset.path}: {error}") from error
        with archive.open("removed.jsonl", "w", force_zip64=True) as target:
            for line in _removed(matches, result):
                target.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        manifest = _manifest(dataset, calls, result, name, acting_user)
        archive.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    _note(dataset, manifest, acting_user)
    return manifest


def _clean_name(dataset: Dataset) -> str:
    stem = PurePosixPath(dataset.path).name.partition(".")[0] or "dataset"
    return f"{stem}.clean.{cleaning.extension_after(dataset.format.lower())}"


@contextmanager
def _content(dataset: Dataset) -> Iterator[Path]:
    """The kept content as a file with the data set's own extension, since readers go by that."""
    if not dataset.sha256:
        raise CannotClean(f"{dataset.path}: its content was not kept: {dataset.gap or 'it was not read'}")
    store: Store = open_store(settings.EVIDENCE_URL)
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"data.{dataset.format.lower()}"
        with store.open(dataset.sha256) as source, path.open("wb") as file:
            shutil.copyfileobj(source, file, 1024 * 1024)
        yield path


def _pieces(path: Path, form: str) -> Iterator[tuple[int | None, bytes, bool]]:
    form = form.lower()
    if not cleaning.keeps_bytes(form):
        yield from cleaning.written_anew(read_rows(path))
        return
    with path.open("rb") as file:
        if form in cleaning.DELIMITERS:
            yield from cleaning.table_pieces(io.BufferedReader(file.raw), cleaning.DELIMITERS[form])
        else:
            yield from cleaning.line_pieces(file)


def _removed(matches: Any, result: Cleaned) -> Iterator[dict[str, Any]]:
    """A line for each reason: a row that derives from two answers has two."""
    columns = ("row", "kind", "field", "call_id", "call__provider", "call__request_model")
    for row, kind, field, call, provider, model in matches.order_by("row", "id").values_list(*columns).iterator():
        yield {
            "row": row,
            "why": "derived",
            "kind": kind,
            "field": field,
            "provider": provider,
            "model": model,
            "call": call,
        }
    for row in result.unreadable:
        yield {"row": row, "why": "unreadable", "explained": cleaning.UNREADABLE}


def _manifest(
    dataset: Dataset, calls: list[CallsKey], result: Cleaned, name: str, acting_user: User | None
) -> dict[str, Any]:
    models = sorted({(provider, model) for _, provider, _, model, _ in calls})
    now: dt.datetime = timezone.now()
    return {
        "made_at": now.isoformat(),
        "made_by": str(acting_user) if acting_user else None,
        "source": {
            "path": dataset.path,
            "sha256": dataset.sha256,
            "run": dataset.run_id,
            "pipeline": dataset.run.pipeline.name,
            "rows": result.rows,
        },
        "without": [{"provider": provider, "model": model} for provider, model in models],
        "removed": {
            "rows": result.removed,
            "derived": result.removed - len(result.unreadable),
            "unreadable": len(result.unreadable),
            "listed_in": "removed.jsonl",
        },
        "result": {
            "file": name,
            "sha256": result.sha256,
            "size": result.size,
            "rows": result.kept,
            "kept_rows_are": "as they were, byte for byte"
            if cleaning.keeps_bytes(dataset.format.lower())
            else "written anew as JSON Lines",
        },
        "simulated_upstreams": sorted(dataset.run.upstreams),
        "limits": LIMITS,
    }


def _note(dataset: Dataset, manifest: dict[str, Any], acting_user: User | None) -> None:
    record(
        acting_user=acting_user, action="clean data set exported", subject=dataset, project=dataset.run.pipeline.project,
        without=manifest["without"], removed=manifest["removed"], result=manifest["result"],
    )  # fmt: skip
