"""`api_document`: the OpenAPI document of the interface for programs, and whether it keeps what the published one promised."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.api.site import document
from compliance.api.contract import broken_promises

PUBLISHED = Path(settings.BASE_DIR) / "docs" / "openapi-v1.json"
EXAMPLES = """\
examples:
  python manage.py api_document > openapi.json      print it
  python manage.py api_document --check             say what it breaks of the published one (docs/openapi-v1.json)
  python manage.py api_document --publish           write it there, unless it breaks something
  python manage.py api_document --publish --break   write it there all the same: programs will stop working

exit status: 0 nothing is broken, 1 something is, 2 it could not be done
"""


def as_text(told: dict[str, Any]) -> str:
    """The document as it is published: one text for the same content."""
    return json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Print, check or publish the OpenAPI document of /api/v1/."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="compare with the published document")
        parser.add_argument("--publish", action="store_true", help="write the published document anew")
        parser.add_argument("--break", action="store_true", dest="breaking", help="even if it breaks promises")

    def handle(self, *, check: bool, publish: bool, breaking: bool, **_: Any) -> None:
        told = document()
        if not (check or publish):
            self.stdout.write(as_text(told), ending="")
            return
        broken = broken_promises(json.loads(PUBLISHED.read_text()), told) if PUBLISHED.is_file() else []
        if broken and not (publish and breaking):
            raise CommandError("api_document: this breaks programs:\n  " + "\n  ".join(broken), returncode=1)
        if publish:
            PUBLISHED.write_text(as_text(told))
            self.stderr.write(f"{PUBLISHED.relative_to(settings.BASE_DIR)} is written.")
