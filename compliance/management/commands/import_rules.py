"""`manage.py import_rules`: drafts from files of rules."""

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from compliance.access import may_edit_rules
from compliance.actions.importing_rules import RulesUnreadable, import_rules, read_rules
from compliance.embedded.supervisor import ensure_services
from compliance.models import User

EXAMPLES = """
examples:
  manage.py import_rules rules.toml --as ada          drafts, written in Ada's name
  manage.py import_rules rules.jsonld more.toml --as ada

Each rule that says something new becomes a draft; a second person publishes it in the admin. Twice in a row changes nothing.
exit status: 0 done, 2 a file can't be read or taken up (nothing of that file is)
"""


class Command(BaseCommand):
    help = "Make drafts of the rules in TOML or ODRL files."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--as", dest="person", required=True, metavar="USERNAME", help="who drafts: legal or administrator"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with ensure_services(database=True):
                person = _person(options["person"])
                for file in options["files"]:
                    self._take(file, person)
        except (RulesUnreadable, DatabaseError, OSError, RuntimeError) as error:
            self.stderr.write(f"import_rules: {error}")
            sys.exit(2)

    def _take(self, file: Path, person: User) -> None:
        done = import_rules(acting_user=person, rules=read_rules(file.read_bytes(), file.name), filename=file.name)
        self.stderr.write(f"{file.name}: {len(done.drafts)} drafts, {len(done.unchanged)} say nothing new")
        for draft in done.drafts:
            self.stdout.write(f"{draft.rule.identifier} revision {draft.number}")


def _person(username: str) -> User:
    person = User.objects.filter(username=username).first()
    if person is None or not may_edit_rules(person):
        raise RulesUnreadable(f"{username}: nobody of that name may draft rules; legal and administrators do")
    return person
