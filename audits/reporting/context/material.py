"""What a report is made from: its runs, what it is narrowed to, and who asked for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from audits.models import Finding, ModelCall, Report, Run
from audits.queries.report_scope import reach
from audits.reporting.context.usage import calls_of
from audits.reporting.options import ReportOptions, of_run, read_options
from compliance.models import Project, User


@dataclass(frozen=True)
class Material:
    """`runs`: oldest first; `providers`: only their use counts, empty for all; `projects`: whose material it is."""

    options: ReportOptions
    runs: tuple[Run, ...]
    projects: tuple[Project, ...]
    providers: tuple[str, ...] = ()
    reader: User | None = None
    title: str = ""

    @property
    def several(self) -> bool:
        """Whether it is about runs in general, not about one."""
        return self.options.scope.kind != "run"

    @cached_property
    def newest(self) -> tuple[Run, ...]:
        """The newest of these runs of each pipeline, oldest first: what is true of it today."""
        return tuple({run.pipeline_id: run for run in self.runs}.values())

    @cached_property
    def days(self) -> tuple[Any, Any]:
        """First and last day: those asked for, else those on which the runs began and ended; None without runs."""
        scope = self.options.scope
        began = [run.started_at.date() for run in self.runs if run.started_at]
        ended = [run.finished_at.date() for run in self.runs if run.finished_at]
        return scope.first or min(began, default=None), scope.last or max(ended or began, default=None)

    def calls(self) -> QuerySet[ModelCall]:
        return calls_of(self.runs, self.providers)

    def findings(self, runs: Sequence[Run] | None = None) -> QuerySet[Finding]:
        """The findings of the runs, or of some of them."""
        held = Finding.objects.filter(run__in=[run.pk for run in (self.runs if runs is None else runs)])
        return held.filter(provider__in=self.providers) if self.providers else held

    def shows(self, part: str) -> bool:
        return part in self.options.parts


def material_of(report: Report) -> Material:
    """Read a report's options and follow them among its own projects; without options it is the standard one on its run."""
    run_id = report.run_id
    if run_id is not None and not report.options:
        run = Run.objects.select_related("pipeline__project", "requested_by").get(pk=run_id)
        return Material(of_run(run_id), (run,), (run.pipeline.project,), (), report.requested_by, str(run))
    options = read_options(report.options)
    if run_id is not None:
        run = Run.objects.select_related("pipeline__project", "requested_by").get(pk=run_id)
        return Material(options, (run,), (run.pipeline.project,), (), report.requested_by, report.title or str(run))
    found = reach(options.scope.as_json(), report.projects.all())
    runs = tuple(found.runs.select_related("pipeline__project", "requested_by", "student"))
    return Material(options, runs, found.projects, found.providers, report.requested_by, report.title)


def material_for(options: ReportOptions, reader: User, among: QuerySet[Project]) -> Material:
    """The same for a report that nobody has asked for yet: what its preview is made from. Raises OutOfReach."""
    found = reach(options.scope.as_json(), among)
    runs = tuple(found.runs.select_related("pipeline__project", "requested_by", "student"))
    return Material(options, runs, found.projects, found.providers, reader, found.title)
