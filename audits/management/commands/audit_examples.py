"""Audit the two example pipelines against the local teacher, and write their reports."""

import shutil
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from audits.actions.pipelines import add_pipeline
from audits.actions.runs import request_run
from audits.evidence.store import open_store
from audits.examples.catalogue import EXAMPLES, Example, TeacherFailed, start_teacher
from audits.management.following import follow
from audits.models import Pipeline, Report, Run
from audits.tasks import run_audit
from compliance.embedded.supervisor import ensure_services
from compliance.models import Project


class Command(BaseCommand):
    help = (
        "Audit the two example pipelines. Their providers are simulated by a local program, which every run, finding and "
        "report says. An example that was audited already is left as it is, unless --again is given."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--again", action="store_true", help="audit them again")
        parser.add_argument("--reports", type=Path, default=settings.VAR_DIR / "reports", help="folder for the PDFs")

    def handle(self, *args: Any, again: bool, reports: Path, **options: Any) -> None:
        with ensure_services(database=True, broker=True, worker=True):
            pipelines = {example.slug: _pipeline(example) for example in EXAMPLES}
            due = [example for example in EXAMPLES if again or not _finished(pipelines[example.slug])]
            try:
                ended = self._audit(due, pipelines) if due else []
            except (TeacherFailed, TimeoutError) as error:
                raise CommandError(str(error), returncode=2) from error
            papers = [_write_report(pipelines[example.slug], reports) for example in EXAMPLES]
        for example, paper in zip(EXAMPLES, papers, strict=True):
            self.stdout.write(f"{example.title}: {paper or 'no report was made; its run says why'}")
        if any(run.state != Run.State.COMPLETED for run in ended):
            sys.exit(2)

    def _audit(self, examples: list[Example], pipelines: dict[str, Pipeline]) -> list[Run]:
        """One after the other: two environments at once would only fight over the processors."""
        ended = []
        for example in examples:
            log = Path(settings.VAR_DIR) / "log" / f"teacher-{example.slug}.jsonl"
            log.unlink(missing_ok=True)
            with start_teacher(log) as teacher:
                upstreams = example.upstreams(teacher.url)
                run = request_run(pipeline=pipelines[example.slug], acting_user=None, upstreams=upstreams)
                run_audit.delay(run.pk)
                hosts = ", ".join(example.upstream_hosts)
                self.stderr.write(f"{example.title}: run {run.number}, simulated upstream for {hosts}")
                ended.append(follow(run.pk, self.stderr.write, prefix="  ", log=False))
            self.stderr.write(f"  {ended[-1].get_state_display().lower()} {ended[-1].reason}".rstrip())
        return ended


def _pipeline(example: Example) -> Pipeline:
    project, _ = Project.objects.get_or_create(slug="examples", defaults={"name": "Examples"})
    found = Pipeline.objects.filter(project=project, slug=example.slug).first()
    if found is None:
        return add_pipeline(
            project=project,
            name=example.title,
            acting_user=None,
            path=example.path,
            origin=Pipeline.Origin.EXAMPLE,
            slug=example.slug,
        )
    if found.path != str(example.path):  # the checkout was moved
        Pipeline.objects.filter(pk=found.pk).update(path=str(example.path))
        found.refresh_from_db()
    return found


def _finished(pipeline: Pipeline) -> bool:
    return Report.objects.filter(
        run__pipeline=pipeline, run__state=Run.State.COMPLETED, state=Report.State.READY
    ).exists()


def _write_report(pipeline: Pipeline, folder: Path) -> Path | None:
    ready = (
        Report.objects.filter(run__pipeline=pipeline, state=Report.State.READY)
        .order_by("-run__number", "-number")
        .first()
    )
    if ready is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{pipeline.slug}.pdf"
    with open_store(settings.EVIDENCE_URL).open(ready.pdf_sha256) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target)
    return path
