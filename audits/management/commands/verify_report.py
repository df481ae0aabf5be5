"""`verify_report FILE.pdf`: was this report made here, is it unchanged, and what is its signature worth?"""

import sys
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audits.evidence.keys import KeyProblem
from audits.procedures.signing import identity, trust
from audits.procedures.verifying import Told, verify_file
from audits.reporting.paper.signing import Checked, check

EXAMPLES = """\
examples:
  python manage.py verify_report support-triage-run-12-report-1.pdf

exit status: 0 made here, unchanged, and its approval stands; 1 not so, and why; 2 the file could not be read.
Nothing leaves this machine; the signature is held against SIGNING_ROOTS, TIMESTAMP_ROOTS and our own certificate."""


class Command(BaseCommand):
    help = "Check a report's file against what this installation made, and its signature."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the PDF")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                told = verify_file(file)
            signature = check(path.read_bytes(), trust(identity()))
        except (OSError, KeyProblem) as problem:
            self.stderr.write(f"{path}: {problem}")
            sys.exit(2)
        for line in (*_answer(told), *_of_signature(signature)):
            self.stdout.write(line)
        if not told.stands or (signature.signed and not signature.good):
            sys.exit(1)


def _answer(told: Told) -> list[str]:
    if not told.made:
        return ["Not known: this installation did not make it, or nothing in it tells which report it was."]
    named = f"report {told.number}, case {told.case}, made {told.made_at:%d %B %Y, %H:%M} UTC"
    if not told.unchanged:
        return [f"CHANGED: it bears the mark of {named}, and is not that file any more.", *told.changes]
    lines = [f"Unchanged: {named}, {'final' if told.final else 'a draft'}."]
    if told.withdrawn_at:
        lines.append(f"The approval that it stands on was WITHDRAWN on {told.withdrawn_at:%d %B %Y}.")
    return [*lines, f"Report {told.newer} of the same run was made since."] if told.newer else lines


def _of_signature(found: Checked) -> list[str]:
    if not found.signed:
        return ["It bears no signature."]
    if found.problem:
        return [f"Signature: BROKEN; {found.problem}."]
    stamp = f", stamped {found.stamped_at:%d %B %Y, %H:%M} UTC" if found.stamped_at else ", no time stamp"
    words = (
        "leads to a trusted certificate" if found.trusted else "NOT trusted: its certificate leads to none of the roots"
    )
    whole = "over the whole file" if found.whole else "NOT over the whole file: something was added after it"
    return [f"Signature: by {found.subject}{stamp}; {whole}; {words} (certificate sha256:{found.fingerprint})."]
