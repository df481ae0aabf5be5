"""Whose material a report holds. Reads only."""

from collections.abc import Sequence

from audits.models import Report
from compliance.models import Project


def projects_of(report: Report) -> Sequence[Project]:
    """The projects whose material a report holds."""
    return [report.run.pipeline.project] if report.run else list(report.projects.order_by("pk"))
