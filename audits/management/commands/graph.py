"""`graph`: the graph of teachers and students, what a clause touches, what goes without a teacher, and exports."""

import datetime as dt
import json
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils import timezone

from audits.graph.exports import EXPORTS
from audits.graph.model import KINDS
from audits.models import Dataset, Run
from audits.procedures.cleaning import CannotClean, write_clean
from audits.procedures.lifecycle import AuditErrored
from audits.procedures.regenerating import Regenerating, regenerating
from audits.queries.charges import clauses
from audits.queries.graph_answers import Answer, Question, answer, keys_without
from audits.queries.graph_data import HOW, as_json
from compliance.embedded.supervisor import ensure_services
from compliance.models import Project

EXAMPLES = """\
examples:
  python manage.py graph
  python manage.py graph --clause openai/services-agreement:competing-models --since 2026-01-01 --format json
  python manage.py graph --without model:openai/gpt-4.1
  python manage.py graph --without model:openai/gpt-4.1 --prices
  python manage.py graph --without model:openai/gpt-4.1 --clean 12 --output clean.zip
  python manage.py graph --project acme --format cyclonedx --output graph.cdx.json

exit status: 0 done; 1 done, and a student or training row is touched by the clause; 2 could not be done."""


class Command(BaseCommand):
    help = "Print the graph of teachers and students of the newest runs, ask it a question, or export it."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", help="slug of one project; all of them without it")
        parser.add_argument("--all-runs", action="store_true", help="all ended runs, not only each pipeline's newest")
        parser.add_argument("--clause", default="", help="rule whose blast radius is asked for")
        parser.add_argument("--since", type=dt.date.fromisoformat, help="only calls since this day (YYYY-MM-DD)")
        parser.add_argument(
            "--without", action="append", default=[], metavar="NODE", help="model or provider, by node id"
        )
        parser.add_argument("--clean", type=int, metavar="DATASET", help="export this data set without those answers")
        parser.add_argument("--further", action="store_true", help="with --clean: without its students' answers too")
        parser.add_argument(
            "--prices", action="store_true", help="with --without: allowed teachers and their estimated cost"
        )
        parser.add_argument("--format", choices=("table", "json", *EXPORTS), default="table")
        parser.add_argument("--output", type=Path, help="write here instead of to standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        with ensure_services(database=True):
            runs = _runs(options["project"])
            question = _question(runs, options)
            found = answer(runs, question)
            _check_nodes(found, question.without)
            if options["clean"] is not None:
                self._clean(found, question, options)
            else:
                self._write(
                    _text(found, options["format"], _cost(found) if options["prices"] else None), options["output"]
                )
        if found.blast and (found.blast.rows or found.blast.students):
            raise SystemExit(1)

    def _clean(self, found: Answer, question: Question, options: dict[str, Any]) -> None:
        dataset = Dataset.objects.select_related("run__pipeline__project").filter(pk=options["clean"]).first()
        if dataset is None or not question.without or not options["output"]:
            raise CommandError("--clean wants a data set's id, --without NODE and --output FILE.zip", returncode=2)
        keys = keys_without(found.whole, question.without, further=options["further"])
        try:
            with options["output"].open("wb") as file:
                manifest = write_clean(dataset, keys, file, None)
        except (CannotClean, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(json.dumps(manifest, indent=2))

    def _write(self, text: str, output: Path | None) -> None:
        if output is None:
            self.stdout.write(text)
            return
        try:
            output.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{output}: could not be written ({error.strerror})", returncode=2) from error


def _runs(project: str | None) -> QuerySet[Run]:
    if project and not Project.objects.filter(slug=project).exists():
        known = ", ".join(Project.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise CommandError(f"project {project}: there is no such project; there are: {known or 'none'}", returncode=2)
    return Run.objects.filter(pipeline__project__slug=project) if project else Run.objects.all()


def _question(runs: QuerySet[Run], options: dict[str, Any]) -> Question:
    clause = options["clause"]
    if clause and clause not in (known := [one.rule for one in clauses(runs)]):
        raise CommandError(
            f"clause {clause}: no finding rests on it; there are: {', '.join(known) or 'none'}", returncode=2
        )
    return Question(every=options["all_runs"], clause=clause, since=options["since"], without=tuple(options["without"]))


def _check_nodes(found: Answer, asked: tuple[str, ...]) -> None:
    for key in asked:
        if key not in found.whole.nodes:
            raise CommandError(f"--without {key}: there is no such node; graph --format json lists them", returncode=2)


def _cost(found: Answer) -> Regenerating:
    if found.what_if is None:
        raise CommandError("--prices wants --without NODE: whose answers would have to be made again", returncode=2)
    try:
        return regenerating(found.what_if.kept, timezone.localdate())
    except AuditErrored as error:
        raise CommandError(str(error), returncode=2) from error


def _text(found: Answer, form: str, cost: Regenerating | None) -> str:
    if form == "table":
        return _table(found, cost)
    document = (
        as_json(found, cost.as_json() if cost else None)
        if form == "json"
        else EXPORTS[form].write(found.part, timezone.now())
    )
    return json.dumps(document, cls=DjangoJSONEncoder)


def _table(found: Answer, cost: Regenerating | None) -> str:
    lines = [f"{len(found.part.of_kind(kind)):>8,}  {words}" for kind, words in KINDS.items()]
    if found.blast:
        lines += ["", f"{found.blast.rows:,} training rows touched by {found.blast.clause}:"]
        lines += [f"  {one.rows:>9,} of {one.of:,}  {one.node.label}" for one in found.blast.datasets]
        lines += [f"  {HOW[one.standing]:<24} {one.node.label}: {one.why}" for one in found.blast.students]
    if found.what_if:
        lines += ["", f"{found.what_if.rows_lost:,} training rows lost; to train again:"]
        lines += [f"  {HOW[one.standing]:<24} {one.node.label}" for one in found.what_if.students]
        lines += [
            f"  data set {one.node.facts.get('datasets')}: {one.rows:,} of {one.of:,} rows"
            for one in found.what_if.datasets
        ]
    if cost:
        lines += ["", f"{cost.calls:,} answers again, estimated in US dollars with {cost.source}:"]
        lines += [f"  {one.cost:>12,.2f}  {one.model} ({one.developer}): {one.outcome}" for one in cost.teachers]
    lines += [
        "",
        *(
            f"{found.outcomes.get(node.id, '-'):<24} {node.label} ({node.group})"
            for node in found.part.of_kind("student")
        ),
    ]
    return "\n".join("".join(c if c.isprintable() else "\ufffd" for c in line) for line in lines)
