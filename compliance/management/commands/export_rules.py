"""`manage.py export_rules`: published rules as TOML or as ODRL."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.embedded.supervisor import ensure_services
from compliance.engine.rules import RuleError
from compliance.exchange.odrl import rules_to_odrl
from compliance.exchange.toml import rules_to_toml
from compliance.queries.exporting_rules import rules_to_export

EXAMPLES = """
examples:
  manage.py export_rules                                          every published rule as TOML, on standard output
  manage.py export_rules --format odrl --output rules.jsonld      as ODRL 2.2 in JSON-LD
  manage.py export_rules --document openai/services-agreement     one document's rules

exit status: 0 written, 2 nothing to write or nowhere to write it
"""


class Command(BaseCommand):
    help = "Write the published rules as TOML (which import_rules reads back without loss) or as ODRL 2.2 in JSON-LD."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["toml", "odrl"], default="toml")
        parser.add_argument("--document", action="append", default=[], metavar="PROVIDER/DOCUMENT")
        parser.add_argument("--output", type=Path, metavar="FILE", help="without it: standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ensure_services(database=True):
                rules = rules_to_export(options["document"])
            if not rules:
                raise RuleError("no published rule" + (" of these documents" if options["document"] else ""))
            text = rules_to_toml(rules) if options["format"] == "toml" else _as_odrl(rules)
            if options["output"]:
                options["output"].write_text(text, encoding="utf-8")
            else:
                self.stdout.write(text, ending="")
        except (RuleError, DatabaseError, OSError, RuntimeError) as error:
            self.stderr.write(f"export_rules: {error}")
            sys.exit(2)
        self.stderr.write(f"{len(rules)} rules")


def _as_odrl(rules: Any) -> str:
    return json.dumps(rules_to_odrl(rules), ensure_ascii=False, indent=1) + "\n"
