"""`manage.py import_usage`: a log of a gateway, a trace, a provider's usage export, into the usage on record."""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from audits.actions.ingesting import request_import
from audits.evidence import Damaged, Missing, StoreProblem
from audits.ingest.readers.mapped import MEANINGS, BadMapping, mapping_of
from audits.ingest.sources import SOURCES
from audits.ingest.unpacking import Unacceptable
from audits.models import Import
from audits.procedures.importing import carry_out, keep_file
from audits.queries.imports import answer_of
from audits.text import visible
from compliance.embedded.supervisor import ensure_services
from compliance.models import Project

SHOWN = 20
EXAMPLES = f"""
sources:
{chr(10).join(f"  {one.name:<16} {one.title}: {one.files}" for one in SOURCES.values())}
  Files may be packed with gzip; a ZIP is read file by file.

examples:
  manage.py import_usage spend.csv --source litellm
  manage.py import_usage traces.jsonl --source otlp --purpose train --student acme-7b --project research
  manage.py import_usage bill.csv --source csv --map at=Date --map model=Model --map cost=Amount --constant channel=openai
  meanings of columns: {", ".join(MEANINGS)}

exit status: 0 read, with every rejected line named and kept; 2 nothing of it could be read
"""


class Command(BaseCommand):
    help = "Import usage that another tool logged or a provider billed. Running it twice changes nothing."
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the log or export")
        parser.add_argument("--source", required=True, choices=list(SOURCES), help="what wrote it")
        parser.add_argument("--format", choices=["table", "json"], default="table")
        parser.add_argument("--project", default="default", help="project to keep it under (made when missing)")
        parser.add_argument("--log", default="", help="which log it belongs to (default: one for each source)")
        parser.add_argument(
            "--purpose", choices=["train", "filter", "evaluate"], default="", help="what answers were for"
        )
        parser.add_argument("--student", default="", help="name of the model that they went into")
        parser.add_argument(
            "--map", action="append", default=[], metavar="MEANING=COLUMN", help="what a column of a CSV means"
        )
        parser.add_argument(
            "--constant",
            action="append",
            default=[],
            metavar="MEANING=VALUE",
            help="what holds for every line of a CSV",
        )
        parser.add_argument("--time-format", default="", help="how the CSV writes times, as in %%d.%%m.%%Y")
        parser.add_argument(
            "--time-zone", default="", help="of its times that name none, as in Europe/Berlin (default: UTC)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            wanted = _options(options)
            with ensure_services(database=True):
                imported = self._import(options, wanted)
                answer = answer_of(imported)
        except (
            Unacceptable,
            BadMapping,
            Missing,
            Damaged,
            StoreProblem,
            OSError,
            DatabaseError,
            RuntimeError,
        ) as error:
            self._fail(str(error))
        self.stdout.write(json.dumps(answer, indent=1) if options["format"] == "json" else "\n".join(_lines(answer)))
        if imported.state != Import.State.DONE:
            self._fail(f"{options['file']}: {imported.reason}")

    def _fail(self, words: str) -> None:
        self.stderr.write(f"import_usage: {visible(words)}")
        sys.exit(2)

    def _import(self, options: dict[str, Any], wanted: dict[str, Any]) -> Import:
        path: Path = options["file"]
        slug = options["project"]
        with path.open("rb") as file:
            kept = keep_file(file, path.name, SOURCES[options["source"]])
        project, _ = Project.objects.get_or_create(slug=slug, defaults={"name": slug.replace("-", " ").capitalize()})
        imported = request_import(
            project=project, acting_user=None, source=options["source"], name=path.name, log=options["log"],
            sha256=kept.sha256, size=kept.size, parts=kept.parts, **wanted,
        )  # fmt: skip
        return carry_out(imported.pk, lambda one: self._say(one))

    def _say(self, imported: Import) -> None:
        imported.refresh_from_db(fields=["read", "rejected"])
        self.stderr.write(f"{imported.read:,} read, {imported.rejected:,} rejected")


def _options(options: dict[str, Any]) -> dict[str, Any]:
    mapping = {
        "columns": _pairs(options["map"], "--map"),
        "constants": _pairs(options["constant"], "--constant"),
        "time_format": options["time_format"],
        "time_zone": options["time_zone"],
    }
    declared = {"purpose": options["purpose"], "student": {"name": options["student"]} if options["student"] else {}}
    wanted: dict[str, Any] = {"declared": {key: value for key, value in declared.items() if value}}
    if options["source"] == "csv":
        wanted["options"] = mapping_of(mapping).as_json()
    elif any(mapping.values()):
        raise BadMapping(
            "--map, --constant, --time-format and --time-zone are for --source csv: the other sources say themselves what "
            "columns mean"
        )
    return wanted


def _pairs(given: list[str], option: str) -> dict[str, str]:
    found = {}
    for pair in given:
        meaning, sign, value = pair.partition("=")
        if not sign or not value:
            raise BadMapping(f"{option} {pair}: write MEANING=NAME, as in at=Date")
        found[meaning.strip()] = value
    return found


def _lines(answer: dict[str, Any]) -> list[str]:
    lines = [f"{name.replace('_', ' '):<13}{answer[name]:,}" for name in ("read", "new", "known", "passed_over")]
    lines.append(f"{'rejected':<13}{answer['rejected_lines']:,}")
    if answer["from"]:
        lines.append(f"{'period':<13}{answer['from']} to {answer['to']}")
    judged = answer["outcome"] or ("not judged" if answer["new"] else "nothing new to judge")
    lines.append(f"{'findings':<13}{answer['findings']} ({judged})")
    lines += [
        f"{one['calls']:,} of its calls are counted by {visible(one['by'])}" for one in answer["counted_elsewhere"]
    ]
    if answer["told_otherwise"]:
        lines.append(
            f"{answer['told_otherwise']:,} of its calls are told otherwise by another source; its page shows them"
        )
    lines += [f"rejected: {visible(_where(one))}: {visible(one['reason'])}" for one in answer["rejected"][:SHOWN]]
    if answer["rejected_lines"] > SHOWN:
        lines.append(f"and {answer['rejected_lines'] - SHOWN:,} more; --format json names them all")
    return lines


def _where(one: dict[str, Any]) -> str:
    return f"{one['part']}, line {one['line']}" if one["part"] else f"line {one['line']}"
