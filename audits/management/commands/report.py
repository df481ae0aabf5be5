"""`report RUN OUT.pdf`: a run on paper."""

import shutil
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.actions.reports import request_report
from audits.evidence.store import open_store
from audits.models import Report, Run
from audits.procedures.report import make_report
from audits.reporting.pdf import PAPERS
from compliance.embedded.supervisor import ensure_services

EXAMPLES = """\
examples:
  python manage.py report 12 audit.pdf
  python manage.py report 12 audit.pdf --paper letter --marking final
  python manage.py report 12 audit.pdf --number 2     (report 2 as it was kept, not a new one)

exit status: 0 written; 2 could not be done."""


class Command(BaseCommand):
    help = "Write a report on an audited run: freeze what is known now, render it, keep both, and copy the PDF."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, help="id of the run, as the audit command prints it")
        parser.add_argument("out", type=Path, metavar="OUT.pdf", help="where to write the PDF")
        parser.add_argument("--paper", choices=PAPERS, default="A4", help="size of the pages (default: A4)")
        parser.add_argument("--marking", choices=Report.Marking.values, default=Report.Marking.DRAFT)
        parser.add_argument("--number", type=int, metavar="N", help="copy the kept report N instead of making one")

    def handle(self, *args: Any, **options: Any) -> None:
        with ensure_services(database=True):
            run = _run(options["run"])
            report = _kept(run, options["number"]) if options["number"] else _made(run, options)
            _copy(report.pdf_sha256, options["out"])
        self.stderr.write(f"Report {report.number} on {run}: {report.pages} pages, {options['out']}")


def _run(pk: int) -> Run:
    run = Run.objects.select_related("pipeline__project").filter(pk=pk).first()
    if run is None:
        raise CommandError(f"run {pk}: there is no such run", returncode=2)
    if run.is_active:
        raise CommandError(f"run {pk} is still {run.state}; a report is made when it has ended", returncode=2)
    return run


def _kept(run: Run, number: int) -> Report:
    report = run.reports.filter(number=number, state=Report.State.READY).first()
    if report is None:
        known = ", ".join(str(one.number) for one in run.reports.filter(state=Report.State.READY).order_by("number"))
        raise CommandError(f"run {run.pk} has no finished report {number}; it has: {known or 'none'}", returncode=2)
    return report


def _made(run: Run, options: dict[str, Any]) -> Report:
    report = request_report(run=run, acting_user=None, marking=options["marking"])
    done = make_report(report.pk, paper=options["paper"])
    report.refresh_from_db()
    if not done:
        last = (report.error.strip().splitlines() or ["no reason is recorded"])[-1]
        raise CommandError(f"report {report.number} on run {run.pk} could not be made: {last}", returncode=2)
    return report


def _copy(sha256: str, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_store(settings.EVIDENCE_URL).open(sha256) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise CommandError(f"{target}: could not be written ({error.strerror})", returncode=2) from error
