"""Which answer became which row: the lineage engine over a run's answers and datasets, stored as matches."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings

from audits.actions.copying import copy_rows
from audits.actions.runs import step_progress
from audits.capture.personal import PersonalData
from audits.datasets.reading import read_rows
from audits.lineage.chains import Ancestry
from audits.lineage.digests import LIMITS as DIGEST_LIMITS
from audits.lineage.digests import DigestedOutput, DigestTracer
from audits.lineage.index import OutputIndex
from audits.lineage.labels import label_transfer
from audits.lineage.outputs import Output, read_outputs
from audits.lineage.prompts import profile
from audits.lineage.rows import MalformedRow, Row, UnreadableDataset
from audits.lineage.tracing import Match, Tracer
from audits.models import Dataset, ModelCall, RowMatch, Run
from audits.procedures.chains import call_of, trace_chains
from audits.procedures.executing import mask_salt
from audits.text import storable

BATCH = 5_000
MATCH_COLUMNS = ("dataset_id", "row", "call_id", "output_index", "kind", "similarity", "field", "words")


@dataclass
class Lineage:
    """What tracing found. `judging`: calls whose prompts held answers that were candidates for training data.

    `kept`: outputs whose text any data set holds; `behind`: calls whose answers stand behind those of training data.
    """

    rows: int = 0
    derived_rows: int = 0
    judging: set[int] = field(default_factory=set)
    training_calls: set[int] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)
    behind: set[int] = field(default_factory=set)


def trace_run(run: Run, outputs_file: Path, tree: Path) -> Lineage:
    """Trace every readable dataset of a run; store its matches and counts."""
    if run.content == Run.Content.HASHES:
        return _trace_by_digests(run, outputs_file, tree)
    outputs = list(read_outputs(outputs_file)) if outputs_file.exists() else []
    index = OutputIndex(outputs)
    tracer = tracer_for(run, index)
    lineage = Lineage()
    total = sum(run.datasets.values_list("rows", flat=True))
    for dataset in run.datasets.exclude(sha256=""):
        _trace_dataset(run, dataset, tree / dataset.path, tracer, lineage, total)
        _trace_labels(dataset, tree / dataset.path, outputs, lineage)
    lineage.behind = trace_chains(run, Ancestry(index, tracer), sorted(lineage.kept, key=call_of))
    lineage.judging = set(_judging_calls(run, outputs, lineage.training_calls))
    return lineage


def _trace_by_digests(run: Run, outputs_file: Path, tree: Path) -> Lineage:
    """The same where only digests of answers were kept; what that can't find leaves each data set with a gap."""
    key, lineage = mask_salt(Path(settings.VAR_DIR)).encode(), Lineage()
    tracer = DigestTracer(_digested(outputs_file), key)
    total = sum(run.datasets.values_list("rows", flat=True))
    for dataset in run.datasets.exclude(sha256=""):
        _trace_dataset(run, dataset, tree / dataset.path, tracer, lineage, total)
    run.datasets.filter(gap="").exclude(sha256="").update(gap=DIGEST_LIMITS)
    return lineage


def _digested(outputs_file: Path) -> Iterator[DigestedOutput]:
    if outputs_file.exists():
        with outputs_file.open(encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                yield DigestedOutput(entry["id"], entry["model"], entry["digests"])


class PseudonymousTracer(Tracer):
    """Compares rows under the pseudonyms under which answers were kept."""

    persons: PersonalData

    def matches(self, row: Row) -> list[Match]:
        """See Tracer."""
        return super().matches(replace(row, value=_under_pseudonyms(row.value, self.persons)))


def tracer_for(run: Run, index: OutputIndex) -> Tracer:
    """A tracer that reads rows as this run's answers were kept."""
    if run.content != Run.Content.MASKED:
        return Tracer(index)
    tracer = PseudonymousTracer(index)
    tracer.persons = PersonalData(mask_salt(Path(settings.VAR_DIR)))
    return tracer


def _under_pseudonyms(value: Any, persons: PersonalData) -> Any:
    if isinstance(value, str):
        return persons.mask(value)
    if isinstance(value, dict):
        return {key: _under_pseudonyms(item, persons) for key, item in value.items()}
    return [_under_pseudonyms(item, persons) for item in value] if isinstance(value, list) else value


def _trace_dataset(
    run: Run, dataset: Dataset, path: Path, tracer: Tracer | DigestTracer, lineage: Lineage, total: int
) -> None:
    waiting: list[tuple[object, ...]] = []
    derived, words = 0, tracer.words
    try:
        for row in read_rows(path):
            lineage.rows += 1
            matches = [] if isinstance(row, MalformedRow) else tracer.matches(row)
            derived += bool(matches)
            waiting.extend(_columns(dataset, match) for match in matches)
            lineage.kept.update(match.output for match in matches)
            if dataset.role == Dataset.Role.TRAINING:
                lineage.training_calls.update(call_of(match.output) for match in matches)
            if len(waiting) >= BATCH or lineage.rows % BATCH == 0:
                _flush(waiting)
                step_progress(run.pk, "lineage", lineage.rows, total, f"{lineage.rows:,} rows compared")
    except UnreadableDataset as error:
        Dataset.objects.filter(pk=dataset.pk).update(gap=str(error).replace(str(path), dataset.path)[:400])
    _flush(waiting)
    lineage.derived_rows += derived
    Dataset.objects.filter(pk=dataset.pk).update(derived_rows=derived, words=tracer.words - words)
    step_progress(run.pk, "lineage", lineage.rows, total, f"{lineage.rows:,} rows compared")


def _trace_labels(dataset: Dataset, path: Path, outputs: list[Output], lineage: Lineage) -> None:
    """Rows that took a class or a score: found by the question, since such an answer says too little to be traced itself."""
    try:
        found = list(label_transfer(outputs, read_rows(path)))
    except UnreadableDataset:
        return  # named as the dataset's gap already
    for start in range(0, len(found), BATCH):
        _flush([_columns(dataset, match) for match in found[start : start + BATCH]])
    if dataset.role == Dataset.Role.TRAINING:
        lineage.training_calls.update(call_of(match.output) for match in found)
    Dataset.objects.filter(pk=dataset.pk).update(label_rows=len({match.row for match in found}))


def _columns(dataset: Dataset, match: Match) -> tuple[object, ...]:
    call, position = match.output.split(":")
    name = storable(match.field)[:120]
    return (dataset.pk, match.row, int(call), int(position), match.kind, match.similarity, name, match.words)


def _flush(waiting: list[tuple[object, ...]]) -> None:
    copy_rows(RowMatch, MATCH_COLUMNS, waiting)
    waiting.clear()


def profile_prompts(outputs_file: Path) -> dict[str, Any]:
    """Host → profile of the prompts it answered (see audits.lineage.prompts); an answer's several parts count once."""
    by_host: dict[str, dict[int, str]] = {}
    if outputs_file.exists():
        with outputs_file.open(encoding="utf-8") as file:
            for line in file:
                entry = json.loads(line)
                if "prompt" in entry:  # of a run that keeps hashes alone, none was kept
                    by_host.setdefault(entry["host"], {})[call_of(entry["id"])] = entry["prompt"]
    return {host: profile(prompts.values()).as_json() for host, prompts in sorted(by_host.items())}


def _judging_calls(run: Run, outputs: Iterable[Output], training_calls: set[int]) -> Iterator[int]:
    """Calls that were shown answers of the teachers: their prompts derive from answers of hosts that taught.

    Only other hosts' answers count, or a judge's own: a follow-up question to the same conversation is no judgement.
    """
    teachers = set(ModelCall.objects.filter(pk__in=training_calls).values_list("host", flat=True).distinct().order_by())
    host_of = dict(ModelCall.objects.filter(run=run).values_list("pk", "host"))
    outputs = list(outputs)
    taught = [output for output in outputs if host_of.get(call_of(output.id)) in teachers]
    if not taught:
        return
    tracer = Tracer(OutputIndex(taught))
    prompts = {call_of(output.id): output.prompt for output in outputs if output.prompt}
    for call, prompt in prompts.items():
        if call in training_calls:
            continue  # whatever it was shown, its answer taught
        found = tracer.matches(Row(number=0, line=0, value={"text": prompt}))
        if any(host_of.get(call_of(match.output)) != host_of.get(call) for match in found):
            yield call
