"""`trace`: which rows of a data set derive from which outputs of models."""

import importlib
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.datasets.reading import read_rows
from audits.lineage.chains import Chain, trace_with_chains
from audits.lineage.labels import label_transfer
from audits.lineage.outputs import OutputsError, read_outputs
from audits.lineage.rows import UnreadableDataset
from audits.lineage.tracing import Match, TraceResult

EXAMPLES = """\
examples:
  python manage.py trace --outputs outputs.jsonl --dataset train.jsonl
  python manage.py trace --outputs outputs.jsonl --dataset train.csv.gz --format json > lineage.json
  python manage.py trace --outputs outputs.jsonl --dataset labelled.csv --labels
  python manage.py trace --outputs outputs.jsonl --dataset shards/ --work /scratch/trace --format json > lineage.json

OUTPUTS holds one JSON object per line: {"id", "model", "text"}, and "prompt" where it is known.
DATASET is .jsonl .json .csv .tsv .txt (each also as .gz .bz2 .xz .zst), .parquet .arrow .feather .sqlite, or a folder of such
files, as the Hugging Face library saves it. Fields, nested ones and chats are found by themselves.
"""


class Command(BaseCommand):
    """Needs no database: outputs and data set are files."""

    help = "Find, for each row of a data set, the outputs of models that it derives from."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--outputs", type=Path, required=True, help="outputs of models, as JSON Lines")
        parser.add_argument("--dataset", type=Path, required=True, help="the data set, a file or folder: see below")
        parser.add_argument(
            "--labels",
            action="store_true",
            help="also find rows that took only a class or score over (needs prompts in OUTPUTS)",
        )
        parser.add_argument(
            "--work",
            type=Path,
            metavar="FOLDER",
            help="spill to this folder instead of memory; the same call goes on where it was stopped (no chains, no labels)",
        )
        parser.add_argument(
            "--workers", type=int, default=2, help="processes that share the work of --work (default 2)"
        )
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *, outputs: Path, dataset: Path, work: Path | None, format: str, **options: Any) -> None:
        """Trace in memory, or through a work folder."""
        if work is not None:
            self._on_disk(outputs, dataset, work, format, **options)
        else:
            self._in_memory(outputs, dataset, format, **options)

    def _on_disk(
        self, outputs: Path, dataset: Path, work: Path, format: str, labels: bool, workers: int, **options: Any
    ) -> None:
        if labels:
            raise CommandError("--labels needs the calls in memory: leave --work out.", returncode=2)
        spilling = importlib.import_module("audits.spilling.tracing")  # numpy is loaded for those who spill
        try:
            answer = spilling.trace_on_disk(outputs, dataset, work, workers=max(1, workers), progress=self._progress)
        except (OutputsError, UnreadableDataset, OSError, spilling.WorkFolderError, spilling.SpillingFailed) as error:
            raise CommandError(str(error), returncode=2) from error
        with answer.open() as document:
            if format == "json":
                self.stdout.ending = ""  # pieces of one document
                shutil.copyfileobj(document, self.stdout)
            else:
                self.stdout.write(_head(spilling.counts(work), answer))

    def _progress(self, phase: str, done: int, total: int) -> None:
        self.stderr.write(f"{phase}: {done:,} of {total:,}")

    def _in_memory(self, outputs: Path, dataset: Path, format: str, labels: bool, **options: Any) -> None:
        try:
            result, chains = trace_with_chains(read_outputs(outputs), read_rows(dataset))
            transfers = list(label_transfer(read_outputs(outputs), read_rows(dataset))) if labels else None
        except (OutputsError, UnreadableDataset) as error:
            raise CommandError(str(error), returncode=2) from error
        if format == "json":
            answer = result.as_json() | {"chains": [chain.as_json() for chain in chains]}
            if transfers is not None:
                answer["labels"] = [match.as_json() for match in transfers]
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(_table(result, chains, transfers))


def _head(counts: dict[str, Any], answer: Path) -> str:
    lines = [f"{counts['derived_rows']:,} of {counts['rows']:,} rows derive from an output.", ""]
    lines += [f"{_plain(model):<40} {rows:>10,}" for model, rows in counts["by_model"].items()]
    return "\n".join([*lines, "", f"Row by row: {answer}"])


def _table(result: TraceResult, chains: list[Chain], transfers: list[Match] | None) -> str:
    kinds = ("exact", "normalised", "contained", "near")
    lines = [f"{result.derived_rows:,} of {result.rows:,} rows derive from an output.", ""]
    lines.append(f"{'model':<40} {'rows':>10} {'words':>14}")
    lines += [
        f"{_plain(model):<40} {rows:>10,} {result.words_by_model[model]:>14,}"
        for model, rows in result.rows_by_model.most_common()
    ]
    lines += ["", f"{'kind':<40} {'matches':>10}"]
    lines += [f"{kind:<40} {sum(match.kind == kind for match in result.matches):>10,}" for kind in kinds]
    behind = Counter(model for _, model in {(chain.row, chain.models[-1]) for chain in chains})
    lines += [
        f"{rows:,} rows go back to {_plain(model)}, behind another answer." for model, rows in behind.most_common()
    ]
    if transfers is not None:
        rows = len({match.row for match in transfers})
        lines += ["", f"{rows:,} rows hold a label that a model gave for their text."]
    lines += _gaps(result)
    return "\n".join(lines)


def _gaps(result: TraceResult) -> list[str]:
    lines = [f"line {row.line} (row {row.number}): {_plain(row.reason)}" for row in result.malformed[:20]]
    lines += [f"line {row.line} (row {row.number}): {_plain(row.damage)}" for row in result.damaged[:20]]
    total = len(result.malformed) + len(result.damaged)
    if total > len(lines):
        lines.append(f"and {total - len(lines)} more; --format json names them all.")
    return ["", "Not readable as they stand:", *lines] if lines else []


def _plain(text: str) -> str:
    """Text of a file without the control characters that could steer a terminal."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
