"""`clauses`: find what bears on building models from outputs in texts of terms."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from compliance.text.clauses import Clause, find_clauses


class Command(BaseCommand):
    """Reads files, needs no database."""

    help = (
        "Find and label the clauses in texts of terms that bear on models built from outputs.\n\n"
        "  clauses terms.md\n  clauses terms/*.md --format json\n\n"
        "Offsets count characters of the file read as UTF-8. Exit code 0: done; 2: a file could not be read."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE.md", help="texts of terms, in UTF-8")
        parser.add_argument(
            "--format", choices=("table", "json"), default="table", help="table for people, json for programs"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        texts = [(name, _read(Path(name))) for name in options["files"]]
        answers = [(name, find_clauses(text)) for name, text in texts]
        if options["format"] == "json":
            self.stdout.write(
                json.dumps(
                    {name: [_as_json(clause) for clause in clauses] for name, clauses in answers},
                    ensure_ascii=False,
                    indent=1,
                )
            )
            return
        for name, clauses in answers:
            self.stdout.write(_as_table(name, clauses))


def _read(path: Path) -> str:
    """The text of `path` with its line ends as they are, so that offsets fit the file."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as problem:
        raise CommandError(
            f"{path}: cannot be read ({problem.strerror}); give the path of a text file", returncode=2
        ) from problem
    except UnicodeDecodeError as problem:
        message = f"{path}: byte {problem.start} is not UTF-8; save the file as UTF-8 and try again"
        raise CommandError(message, returncode=2) from problem


def _as_json(clause: Clause) -> dict[str, Any]:
    return {
        "start": clause.start,
        "end": clause.end,
        "text": clause.text,
        "labels": list(clause.labels),
        "mode": clause.mode.value,
        "score": clause.score,
        "modal": clause.modal,
        "because": [
            {"label": reason.label, "cue": reason.cue, "words": reason.words, "score": reason.score}
            for reason in clause.because
        ],
    }


def _as_table(name: str, clauses: list[Clause]) -> str:
    """One paragraph per clause: where, what, how sure; its wording; why."""
    lines = [f"{name}: {len(clauses)} clause{'' if len(clauses) == 1 else 's'}"]
    for clause in clauses:
        lines.append(
            f"\n  {clause.start}-{clause.end}  {clause.mode}  {', '.join(clause.labels)}  ({clause.score:.2f})"
        )
        lines.append(f"    {' '.join(clause.text.split())}")
        lines.extend(f"    because: {reason.label}: {reason.cue} ({reason.words[:80]!r})" for reason in clause.because)
    return "\n".join(lines)
