"""`manage.py assess`: uses of models in, verdicts out."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.embedded.supervisor import ensure_services
from compliance.engine.assessment import Assessment, assess
from compliance.engine.facts import Use, UseError, parse_use
from compliance.engine.library import Library
from compliance.engine.rulebook import RulebookError, load_directory
from compliance.queries.library import library_from_database

SHIPPED_RULEBOOK = Path(settings.BASE_DIR) / "compliance" / "rulebook"
LARGEST_FILE = 512 * 1024 * 1024
EXAMPLES = """
examples:
  manage.py assess use.json                 one use or a list of uses, as a table
  manage.py assess uses.json --format json  the same for programs
  manage.py assess - < uses.json            from standard input
  manage.py assess use.json --shipped       judge by the shipped rulebook, without a database

exit status: 0 nothing prohibited, 1 something is prohibited, 2 the input can't be read
"""


class UnusableLibrary(RuntimeError):
    """There is nothing to judge by."""


class Command(BaseCommand):
    help = "Judge uses of models by the terms in force on their day."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="JSON file with one use or a list of uses; - reads standard input")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--shipped", action="store_true", help="judge by the rulebook's files, not the database")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            uses, is_list = read_uses(options["file"])
            library = _library(options["shipped"])
        except (UseError, RulebookError, OSError, DatabaseError, RuntimeError) as error:
            self.stderr.write(f"assess: {error}")
            sys.exit(2)
        assessments = [assess(use, library) for use in uses]
        if options["format"] == "json":
            self._print_json(assessments, is_list)
        else:
            for assessment in assessments:
                self.stdout.write(_table(assessment))
        sys.exit(any(assessment.outcome == "prohibited" for assessment in assessments))

    def _print_json(self, assessments: list[Assessment], is_list: bool) -> None:
        """One document, written answer by answer: ten thousand answers are tens of megabytes."""
        opening, closing = ("[", "]") if is_list else ("", "")
        self.stdout.write(opening, ending="")
        for index, assessment in enumerate(assessments):
            self.stdout.write((",\n" if index else "") + assessment.json_text(), ending="")
        self.stdout.write(closing)


def _library(shipped: bool) -> Library:
    """The shipped rulebook, or what the database has published; its servers run only while they are asked."""
    if shipped:
        return load_directory(SHIPPED_RULEBOOK)
    with ensure_services(database=True):
        library = library_from_database()
    if not library.rules:
        raise UnusableLibrary("the database holds no published rule; run manage.py load_rulebook, or add --shipped")
    return library


def read_uses(name: str) -> tuple[list[Use], bool]:
    """The uses of a file and whether it held a list. Raises UseError naming file, position and key; OSError."""
    text = _read(name)
    try:
        data = json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise UseError(f"{name}, line {error.lineno}, column {error.colno}: not JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        raise UseError(f"{name}: not readable as JSON: {error}") from error
    try:
        if isinstance(data, list):
            return [parse_use(item, f"uses[{index}]") for index, item in enumerate(data)], True
        return [parse_use(data, "use")], False
    except UseError as error:
        raise UseError(f"{name}: {error}") from error


def _read(name: str) -> str:
    raw = sys.stdin.buffer.read(LARGEST_FILE + 1) if name == "-" else Path(name).read_bytes()
    if len(raw) > LARGEST_FILE:
        raise UseError(f"{name}: larger than {LARGEST_FILE // 1024**2} MB; split the list")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UseError(f"{name}: not UTF-8 at byte {error.start}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a number that JSON knows")


def _table(assessment: Assessment) -> str:
    lines = [f"{assessment.use.id or 'use'}: {assessment.outcome.replace('_', ' ')}"]
    lines += [
        f"  governed by  {d.document} ({d.version.label if d.version else 'text not held'}): {d.why}"
        for d in assessment.governing
    ]
    lines += [f"  missing      {fact}" for fact in assessment.missing_facts]
    marks = {True: "applies", False: "does not", None: "unclear"}
    lines += [f"  {marks[v.applies]:<12} {v.rule.id}\n               {v.explanation}" for v in assessment.verdicts]
    return _printable("\n".join(lines) + "\n")


def _printable(text: str) -> str:
    """Text whose control characters can't reach a terminal: names come from logs and files."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
