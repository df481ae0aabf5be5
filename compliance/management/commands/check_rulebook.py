"""`manage.py check_rulebook`: do the published rules stand on texts that the library holds, without a gap in their days?"""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.embedded.supervisor import ensure_services
from compliance.queries.rulebook_check import Check, check_rulebook


class Command(BaseCommand):
    help = (
        "Check every published rule against the imported library: its clause stands in the text of each version it cites, and "
        "its document's days have no gap and no overlap. Exit status: 0 all is proved, 1 something is not, 2 nothing to check."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["table", "json"], default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ensure_services(database=True):
                check = check_rulebook()
        except (DatabaseError, OSError, RuntimeError) as error:
            self.stderr.write(f"check_rulebook: {error}")
            sys.exit(2)
        if not check.citations:
            self.stderr.write("check_rulebook: no published rule cites a clause; run manage.py load_rulebook first")
            sys.exit(2)
        self.stdout.write(json.dumps(asdict(check), indent=1) if options["format"] == "json" else _table(check))
        sys.exit(bool(check.problems))


def _table(check: Check) -> str:
    lines = [
        f"rules      {check.rules}",
        f"citations  {check.citations}: {check.proved} found in the held text, {check.unheld} cite a text that is not held",
        f"problems   {len(check.problems)}",
    ]
    return "\n".join([*lines, *(f"{problem.where}: {problem.reason}" for problem in check.problems)])
