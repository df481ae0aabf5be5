"""`manage.py clauses`: what in a text of terms bears on models built from its outputs."""

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from compliance.text.clauses import Clause, find_clauses

EXAMPLES = """
examples:
  manage.py clauses terms.md                     each clause with its labels, and why
  manage.py clauses terms/*.md --format json     {file: [{start, end, text, labels, mode, score, because}, …]}

Offsets count the characters of the file read as UTF-8. What is found is a suggestion; a person accepts it.
exit status: 0 done, 2 a file can't be read (named on standard error; nothing is printed)
"""


class Command(BaseCommand):
    help = "Find and label the clauses of texts of terms that bear on models built from outputs. Needs no database."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE.md", help="texts of terms in UTF-8")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        texts = {name: _read(Path(name)) for name in options["files"]}
        answers = {name: find_clauses(text) for name, text in texts.items()}
        if options["format"] == "json":
            self.stdout.write(json.dumps(_as_json(answers), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n\n".join(_as_table(name, clauses) for name, clauses in answers.items()))


def _read(path: Path) -> str:
    """The text of `path`, its line ends as they are, so that offsets fit the file."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CommandError(f"{path}: can't be read ({error.strerror}); name a text file", returncode=2) from error
    except UnicodeDecodeError as error:
        message = f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8 and try again"
        raise CommandError(message, returncode=2) from error


def _as_json(answers: dict[str, list[Clause]]) -> dict[str, list[dict[str, Any]]]:
    return {name: [_clause_as_json(clause) for clause in clauses] for name, clauses in answers.items()}


def _clause_as_json(clause: Clause) -> dict[str, Any]:
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
    """Per clause: where, what, how sure; its wording; why."""
    lines = [f"{name}: {len(clauses)} clause{'' if len(clauses) == 1 else 's'}"]
    for clause in clauses:
        lines.append(
            f"\n  {clause.start}-{clause.end}  {clause.mode}  {', '.join(clause.labels)}  ({clause.score:.2f})"
        )
        lines.append(f"    {_printable(clause.text)}")
        lines.extend(f"    {reason.label}: {reason.cue}: {_printable(reason.words)!r}" for reason in clause.because)
    return "\n".join(lines)


def _printable(text: str) -> str:
    """On one line, without what could command a terminal."""
    return "".join(character if character.isprintable() else " " for character in " ".join(text.split()))
