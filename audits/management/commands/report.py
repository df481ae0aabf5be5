"""`report RUN OUT.pdf`: a run on paper, or in the form that the name of the file asks for."""

import shutil
from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.actions.report_forms import ask_for_form
from audits.actions.reports import request_report
from audits.evidence.store import open_store
from audits.models import Report, ReportForm, Run
from audits.procedures.report import make_report
from audits.procedures.report_forms import AS_KEPT, make_form
from audits.reporting.pdf import PAPERS
from compliance.embedded.supervisor import ensure_services

PAPER = "pdf"
FORM_OF = {".pdf": PAPER, ".docx": "docx", ".xlsx": "xlsx", ".zip": "csv", ".json": AS_KEPT, ".sarif": "sarif"}
EXAMPLES = """\
examples:
  python manage.py report 12 audit.pdf
  python manage.py report 12 audit.pdf --paper letter --marking final
  python manage.py report 12 audit.pdf --number 2     (report 2 as it was kept, not a new one)
  python manage.py report 12 audit.docx               (.docx Word, .xlsx spreadsheet, .zip CSV files,
                                                       .json frozen context, .sarif findings)

exit status: 0 written; 2 could not be done."""


class Command(BaseCommand):
    help = (
        "Write a report on an audited run: freeze what is known now, render it, keep both, and copy the form asked for."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name, subcommand, epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("run", type=int, help="id of the run, as the audit command prints it")
        parser.add_argument("out", type=Path, metavar="OUT.pdf", help="where to write it; the suffix says the form")
        parser.add_argument("--paper", choices=PAPERS, default="A4", help="size of the pages (default: A4)")
        parser.add_argument("--marking", choices=Report.Marking.values, default=Report.Marking.DRAFT)
        parser.add_argument("--number", type=int, metavar="N", help="copy the kept report N instead of making one")

    def handle(self, *args: Any, **options: Any) -> None:
        form = _form(options["out"])
        with ensure_services(database=True):
            run = _run(options["run"])
            report = _kept(run, options["number"]) if options["number"] else _made(run, options)
            _copy(_in_form(report, form), options["out"])
        pages = f"{report.pages} pages" if form == PAPER else form
        self.stderr.write(f"Report {report.number} on {run}: {pages}, {options['out']}")


def _form(out: Path) -> str:
    """The form that the file's suffix asks for."""
    form = FORM_OF.get(out.suffix.lower())
    if form is None:
        told = f"“{out.suffix}” is no form of a report" if out.suffix else "the file’s name says no form"
        raise CommandError(f"{out}: {told}; end it in {', '.join(FORM_OF)}", returncode=2)
    return form


def _in_form(report: Report, form: str) -> str:
    """The hash under which the report is kept in that form; made now if it was not before."""
    if form == PAPER:
        return report.pdf_sha256
    if form == AS_KEPT:
        return report.context_sha256
    made, _ = ask_for_form(report=report, name=form)
    make_form(made.pk)
    made.refresh_from_db()
    if made.state != ReportForm.State.READY:
        last = (made.error.strip().splitlines() or ["another process is making it"])[-1]
        raise CommandError(f"report {report.number} could not be made as {form}: {last}", returncode=2)
    return made.sha256


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
