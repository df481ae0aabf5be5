"""`manage.py import_terms`: a folder of dated terms, or an Open Terms Archive collection, into the library."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.actions.terms import Imported, import_archive
from compliance.embedded.supervisor import ensure_services
from compliance.management.commands.quietness import as_json, as_lines
from compliance.sources.captures import Rejection, UnreadableTerms
from compliance.sources.judging import quietness
from compliance.sources.keeping import Keeper, KeepingProblem
from compliance.sources.names import shown
from compliance.sources.reading import read_archive

EXAMPLES = """
examples:
  manage.py import_terms terms/                        provider/document/YYYY-MM-DD.md, .txt, .html or .pdf, INDEX.tsv or not
  manage.py import_terms collection/                   an Open Terms Archive checkout, with its history
  manage.py import_terms collection/ --source ota      a plain folder of Service/Kind of terms.md
  manage.py import_terms collection/ --quietness       imports nothing: as manage.py quietness

exit status: 0 done, with what was rejected named; 2 nothing could be read
"""


class Command(BaseCommand):
    help = "Import terms into the library. Running it twice changes nothing."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, help="a folder, or a git repository")
        parser.add_argument("--source", choices=["ota", "folder"], default="", help="how it is laid out (default: see)")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--quietness", action="store_true", help="measure alerts against distinct texts only")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer, lines, read = self._measure(options) if options["quietness"] else self._import(options)
        except (UnreadableTerms, KeepingProblem, OSError, DatabaseError, RuntimeError) as error:
            self.stderr.write(f"import_terms: {error}")
            sys.exit(2)
        if options["format"] == "json":
            self.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(map(shown_line, lines)))
        if not read:
            self.stderr.write(f"import_terms: {options['path']}: nothing in it could be read")
            sys.exit(2)

    def _import(self, options: dict[str, Any]) -> tuple[dict[str, Any], list[str], int]:
        with read_archive(options["path"], options["source"]) as archive, ensure_services(database=True):
            done = import_archive(archive, acting_user=None, keep=Keeper(settings.EVIDENCE_URL))
        return imported_as_json(done), imported_as_lines(done), done.read

    def _measure(self, options: dict[str, Any]) -> tuple[dict[str, Any], list[str], int]:
        with read_archive(options["path"], options["source"]) as archive:
            found = quietness(archive)
        return as_json(found), as_lines(found), found.recorded


def shown_line(line: str) -> str:
    """A line whose control characters can't reach a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def _named(rows: list[Rejection]) -> list[dict[str, str]]:
    return [{"where": shown(row.where), "reason": row.reason} for row in rows]


def imported_as_json(done: Imported) -> dict[str, Any]:
    """The answer for programs. `new` counts the `filled`; `changes` are what people are told of."""
    return {
        "read": done.read,
        "new": done.new,
        "filled": done.filled,
        "known": done.known,
        "changes": done.changes,
        "suspect": _named(done.suspects),
        "rejected": _named(done.rejected),
    }


def imported_as_lines(done: Imported) -> list[str]:
    """The answer for people."""
    lines = [
        f"read      {done.read}",
        f"new       {done.new}  ({done.filled} of them texts of versions that the rulebook cites)",
        f"known     {done.known}",
        f"suspect   {len(done.suspects)}",
        f"rejected  {len(done.rejected)}",
    ]
    lines += [f"suspect: {row}" for row in done.suspects]
    return lines + [f"rejected: {row}" for row in done.rejected]
