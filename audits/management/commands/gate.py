"""`gate`: scan and judge a source tree, for continuous integration."""

import datetime as dt
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audits.gating.codequality import gate_as_code_quality
from audits.gating.judging import GateFinding, GateResult
from audits.gating.sarif import gate_as_sarif
from audits.gating.waivers import NAME
from audits.procedures.gate import check_tree, read_text
from audits.text import visible
from compliance.embedded.supervisor import ensure_services
from compliance.engine.library import Library
from compliance.engine.rulebook import RulebookError, load_directory
from compliance.queries.library import library_from_database

SHIPPED_RULEBOOK = Path(settings.BASE_DIR) / "compliance" / "rulebook"
WRITERS: dict[str, Callable[[GateResult], object] | None] = {
    "table": None,
    "json": GateResult.as_json,
    "sarif": gate_as_sarif,
    "codequality": gate_as_code_quality,
}
EXAMPLES = f"""\
examples:
  python manage.py gate ../my-pipeline
  python manage.py gate . --fail-on needs_facts --format sarif > gate.sarif
  python manage.py gate . --format json --baseline main.json     fail only on what main.json did not hold

Nothing in PATH is executed or imported. What PATH/audit.toml declares of the student and of the purpose is taken into
account. Waivers stand in PATH/{NAME} or in the file named by --waivers:

  [[waiver]]
  id = "openai/services-agreement:competing-models@openai"
  reason = "Order form 2026-17 allows it."
  by = "Dana Reyes, legal"
  until = 2027-01-31

The rules are those published in the database that DATABASE_URL names; without one, or with --shipped, those shipped.

exit status: 0 below the threshold, 1 the threshold is met, 2 the check could not be made
"""


class Command(BaseCommand):
    help = "Tell whether a source tree uses models in a way that their terms bar, and where."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(prog_name, subcommand, epilog=EXAMPLES, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the folder to read")
        parser.add_argument("--fail-on", choices=("prohibited", "needs_facts"), default="prohibited")
        parser.add_argument("--format", choices=tuple(WRITERS), default="table")
        parser.add_argument("--manifest", type=Path, help="audit.toml, when it is not PATH/audit.toml")
        parser.add_argument("--waivers", type=Path, help=f"when they are not in PATH/{NAME}")
        parser.add_argument(
            "--baseline", type=Path, help="an earlier answer of --format json: what it held does not fail"
        )
        parser.add_argument(
            "--on", type=dt.date.fromisoformat, help="judge by the terms of this day instead of today's"
        )
        parser.add_argument("--shipped", action="store_true", help="judge by the shipped rules, without a database")

    def handle(self, *, path: Path, fail_on: str, format: str, **options: Any) -> None:
        try:
            result = self._judge(path, options)
        except (OSError, ValueError, RulebookError, DatabaseError, RuntimeError) as error:
            raise CommandError(f"gate: {visible(str(error))}", returncode=2) from error
        write = WRITERS[format]
        self.stdout.write(_table(result, fail_on) if write is None else json.dumps(write(result)))
        sys.exit(result.fails(fail_on))

    def _judge(self, path: Path, options: dict[str, Any]) -> GateResult:
        """Raises OSError and ValueError (ManifestError, WaiverError among them) for what the user can mend."""
        known = _known(options["baseline"])
        library = _library(options["shipped"] or not os.environ.get("DATABASE_URL"))
        on = options["on"] or dt.datetime.now(dt.UTC).date()
        return check_tree(path, library, on, manifest=options["manifest"], waivers=options["waivers"], known=known)


def _library(shipped: bool) -> Library:
    if shipped:
        return load_directory(SHIPPED_RULEBOOK)
    with ensure_services(database=True):
        library = library_from_database()
    if not library.rules:
        raise RuntimeError("the database holds no published rule; run manage.py load_rulebook, or add --shipped")
    return library


def _known(baseline: Path | None) -> frozenset[str]:
    """Ids of the findings of an earlier answer that counted then: what was waived then must be waived still."""
    if baseline is None:
        return frozenset()
    text, _ = read_text(baseline, baseline) or ("", "")
    try:
        findings = json.loads(text)["findings"]
        return frozenset(str(one["id"]) for one in findings if not one["waived"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{baseline}: not an answer of gate --format json") from error


def _table(result: GateResult, fail_on: str) -> str:
    lines = [_headline(result, fail_on)]
    for finding in result.findings:
        lines += _told(finding)
    lines += [f"\nTo be looked at: {item.file}:{item.line}  {item.reason}" for item in result.unresolved[:40]]
    lines += [f"\nA waiver has ended and covers nothing: {waiver.id} ({waiver.until})" for waiver in result.ended]
    lines += [f"\nA waiver covers nothing that was found: {waiver.id}" for waiver in result.idle]
    return "\n".join(visible(line) for line in lines)


def _headline(result: GateResult, fail_on: str) -> str:
    uses = len(result.uses)
    verdict = "fails" if result.fails(fail_on) else "passes"
    strictest = result.outcome.replace("_", " ") if result.outcome else "no use of models found"
    return (
        f"{result.files:,} files read, {uses} {'use' if uses == 1 else 'uses'} of models; strictest: {strictest}. "
        f"The check {verdict} (it fails on {fail_on.replace('_', ' ')})."
    )


def _told(finding: GateFinding) -> list[str]:
    mark = "waived" if finding.waiver else "known" if finding.known else finding.outcome.replace("_", " ")
    lines = [f"\n{mark.upper()}  {finding.title}", f"  {finding.sentence}", f"  To mend it: {finding.fix}"]
    lines += [f"    {place.file}:{place.line}  {place.snippet[:100]}" for place in finding.evidence[:5]]
    more = len(finding.evidence) - 5
    lines += [f"    and {more} more {'place' if more == 1 else 'places'}"] if more > 0 else []
    if finding.waiver:
        lines.append(f"  Waived by {finding.waiver.by} until {finding.waiver.until}: {finding.waiver.reason}")
    else:
        lines.append(f"  To waive it: {finding.id}")
    return lines
