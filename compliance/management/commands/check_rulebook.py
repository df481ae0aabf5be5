"""`manage.py check_rulebook`: do the published rules stand on texts that the library holds, without a gap in their days?"""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.embedded.supervisor import ensure_services
from compliance.engine.rulebook import RulebookError, load_reasons
from compliance.queries.rulebook_check import Check, check_rulebook

EXAMPLES = """
examples:
  manage.py import_terms ../shared/terms && manage.py check_rulebook
  manage.py check_rulebook --format json
  manage.py check_rulebook --reasons rulebook/   other recorded reasons than the shipped ones

exit status: 0 all is proved, 1 something is not, 2 nothing can be checked
"""


class Command(BaseCommand):
    help = (
        "Check the published rules against the imported library: each cited clause stands in the text of its version, each "
        "labelled clause of the texts that bears on building models has a rule or a recorded reason why not, and the days of "
        "each document have no gap and no overlap."
    )
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument(
            "--reasons", type=Path, default=settings.BASE_DIR / "compliance" / "rulebook", metavar="DIRECTORY",
            help="TOML files whose [[reason]] tables say why clauses have no rule",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ensure_services(database=True):
                check = check_rulebook(load_reasons(options["reasons"]))
        except (RulebookError, DatabaseError, OSError, RuntimeError) as error:
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
        f"clauses    {check.clauses}: {check.ruled} read by a rule, {check.explained} without one for a recorded reason",
        f"excused    {check.excused} texts or spans of days, for a recorded reason",
        f"problems   {len(check.problems)}",
    ]
    return "\n".join([*lines, *(f"{problem.where}: {problem.reason}" for problem in check.problems)])
