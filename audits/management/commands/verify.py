"""`verify BUNDLE.zip`: is an evidence bundle intact?"""

import json
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from audits.evidence.verifier import Unreadable, as_json, as_text, verify_bundle

EXAMPLES = """\
examples:
  python manage.py verify run-12.zip
  python manage.py verify run-12.zip --key sha256:6b1f… --format json

exit status: 0 intact; 1 broken, the first broken link is named; 2 the file could not be read.
The same check runs without an installation: python3 verify.py run-12.zip, with the verify.py inside the bundle."""


class Command(BaseCommand):
    help = "Check an evidence bundle with nothing but the file itself; needs no database."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("bundle", help="the ZIP file")
        parser.add_argument("--key", metavar="sha256:…", help="fingerprint of the only key that may have signed it")
        parser.add_argument(
            "--tsa", metavar="sha256:…", help="fingerprint of the only certificate that may have stamped it"
        )
        parser.add_argument("--format", choices=("table", "json"), default="table")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["bundle"]
        try:
            found = verify_bundle(path, options["key"], options["tsa"])
        except Unreadable as problem:
            self.stderr.write(str(problem))
            sys.exit(2)
        in_json = options["format"] == "json"
        self.stdout.write(json.dumps(as_json(path, found), indent=2) if in_json else as_text(path, found))
        if not found.ok:
            sys.exit(1)
