"""`manage.py quietness`: how often people would have been told, had an archive's documents been watched."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from compliance.sources.captures import UnreadableTerms
from compliance.sources.judging import DocumentQuietness, Passed, Quietness, quietness
from compliance.sources.names import shown
from compliance.sources.reading import read_archive

EXAMPLES = """
examples:
  manage.py quietness collection/                        an Open Terms Archive checkout or bare repository
  manage.py quietness collection/ --provider mistral     documents whose name holds this word
  manage.py quietness collection/ --documents            one line for each document
  manage.py quietness collection/ --passed 20            what was not told: up to 20 differences, to look at
  manage.py quietness collection/ --suspects 20          what was held back, and why

Nothing is imported, and no database is needed.

exit status: 0 measured; 2 nothing could be read
"""


class Command(BaseCommand):
    help = "Measure on an archive how many alerts would have gone out, against the number of distinct texts."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("archive", type=Path, help="a folder, or a git repository")
        parser.add_argument("--provider", default="", help="only documents whose provider's name holds this")
        parser.add_argument("--source", choices=["ota", "folder"], default="", help="how it is laid out (default: see)")
        parser.add_argument("--documents", action="store_true", help="name every document")
        parser.add_argument("--passed", type=int, default=0, metavar="N", help="show N differences nobody is told of")
        parser.add_argument("--suspects", type=int, default=0, metavar="N", help="show N captures that are held back")
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with read_archive(options["archive"], options["source"]) as archive:
                found = quietness(
                    archive, provider=options["provider"], passed=options["passed"], suspects=options["suspects"]
                )
        except (UnreadableTerms, OSError) as error:
            self.stderr.write(f"quietness: {error}")
            sys.exit(2)
        if options["format"] == "json":
            self.stdout.write(json.dumps(as_json(found), ensure_ascii=False, indent=1))
        else:
            self.stdout.write("\n".join(map(_printable, as_lines(found, options["documents"]))))
        if not found.recorded:
            self.stderr.write(f"quietness: {options['archive']}: nothing in it could be read")
            sys.exit(2)


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)


def as_json(found: Quietness) -> dict[str, Any]:
    """The measure for programs."""
    return {
        "documents": len(found.documents),
        "recorded_versions": found.recorded,
        "distinct_files": found.distinct_bytes,
        "distinct_texts": found.distinct_texts,
        "alerts": found.alerts,
        "alerts_per_distinct_text": round(found.alerts_per_text, 3),
        "held_back": found.held_back,
        "judgements": dict(found.judgements),
        "by_document": [_document(one) for one in sorted(found.documents, key=lambda one: -one.alerts)],
        "passed": [_passed(one) for one in found.passed],
        "suspects": [_passed(one) for one in found.suspects],
        "rejected": [{"where": shown(row.where), "reason": row.reason} for row in found.rejections],
    }


def _document(one: DocumentQuietness) -> dict[str, Any]:
    return {
        "document": one.identifier,
        "recorded_versions": one.recorded,
        "distinct_texts": one.distinct_texts,
        "alerts": one.alerts,
        "alerts_per_distinct_text": round(one.alerts_per_text, 3),
        "held_back": one.held_back,
    }


def _passed(one: Passed) -> dict[str, Any]:
    return {
        "where": shown(one.where),
        "judgement": one.judgement,
        "reason": one.reason,
        "added": list(one.added),
        "gone": list(one.gone),
    }


def as_lines(found: Quietness, documents: bool = False) -> list[str]:
    """The measure for people; the loudest ten documents, or all."""
    judgements = ", ".join(f"{number} {name}" for name, number in found.judgements.most_common())
    lines = [
        f"documents                 {len(found.documents)}",
        f"recorded versions         {found.recorded}",
        f"distinct files            {found.distinct_bytes}",
        f"distinct texts            {found.distinct_texts}",
        f"alerts                    {found.alerts}",
        f"alerts per distinct text  {found.alerts_per_text:.2f}",
        f"held back                 {found.held_back}",
        f"judged                    {judgements}",
        "",
        f"{'recorded':>9}{'texts':>7}{'alerts':>8}{'ratio':>7}{'held':>6}  document",
    ]
    shown_documents = sorted(found.documents, key=lambda one: -one.alerts)
    lines += [
        f"{one.recorded:>9}{one.distinct_texts:>7}{one.alerts:>8}{one.alerts_per_text:>7.2f}{one.held_back:>6}"
        f"  {one.identifier}"
        for one in (shown_documents if documents else shown_documents[:10])
    ]
    lines += [line for one in found.passed for line in _passage("not told", one)]
    lines += [line for one in found.suspects for line in _passage("held back", one)]
    return lines + [f"rejected: {row}" for row in found.rejections]


def _passage(what: str, one: Passed) -> list[str]:
    head = ["", f"{what}: {one.where} ({one.judgement}: {one.reason})"]
    return head + [f"  + {words}" for words in one.added] + [f"  - {words}" for words in one.gone]
