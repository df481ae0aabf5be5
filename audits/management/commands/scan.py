"""`scan`: a source tree in, uses of models out."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.scan.directory import directory_of
from audits.scan.result import ScanResult
from audits.scan.sarif import as_sarif
from audits.scan.scanning import scan_tree
from compliance.engine.rulebook import RulebookError, load_directory

SHIPPED_RULEBOOK = Path(settings.BASE_DIR) / "compliance" / "rulebook"
EXAMPLES = """\
examples:
  python manage.py scan ../my-pipeline
  python manage.py scan ../my-pipeline --format json > uses.json
  python manage.py scan . --format sarif > uses.sarif

Nothing in PATH is executed or imported. Needs no database.
"""


class Command(BaseCommand):
    help = "Find which models a source tree uses, through whom and for what."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the folder to read")
        parser.add_argument("--format", choices=("table", "json", "sarif"), default="table")

    def handle(self, *, path: Path, format: str, **options: Any) -> None:
        try:
            result = scan_tree(path, directory_of(load_directory(SHIPPED_RULEBOOK)))
        except (NotADirectoryError, RulebookError) as error:
            raise CommandError(str(error), returncode=2) from error
        if format == "table":
            self.stdout.write(_table(result))
        else:
            self.stdout.write(json.dumps(result.as_json() if format == "json" else as_sarif(result)))


def _table(result: ScanResult) -> str:
    lines = [f"{result.files:,} files read. Called from outside: {', '.join(result.providers) or 'nobody'}."]
    for use in result.uses:
        models = ", ".join(use.models) or "model not known"
        lines.append(
            f"\n{use.purpose:<13}{use.provider} by way of {use.served_by}: {models} ({use.status}, {use.confidence:.2f})"
        )
        lines += [f"    {place.file}:{place.line}  {place.snippet[:100]}" for place in use.evidence[:5]]
        more = len(use.evidence) - 5
        lines += [f"    and {more} more {'place' if more == 1 else 'places'}"] if more > 0 else []
    if result.datasets:
        lines.append("\nPublic data sets that come in:")
        lines += [f"    {d.id}: {', '.join(d.models) or 'not known who wrote it'}" for d in result.datasets[:40]]
    if result.unresolved:
        lines.append("\nTo be looked at:")
        lines += [f"    {item.file}:{item.line}  {item.reason}" for item in result.unresolved[:40]]
    return "\n".join("".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in line) for line in lines)
