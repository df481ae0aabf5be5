"""Putting on record who looks at evidence, from where."""

from collections.abc import Iterable

from django.http import HttpRequest

from audits.actions.retention import note_look
from audits.models import Finding, Look, Remark, Run
from compliance.models import Project
from compliance.views.requests import PersonRequest


def looked(request: PersonRequest, what: str, subject: str, *, run: Run, sha256: str = "") -> None:
    """Note a look at something of a run, before it is given out."""
    looked_in(request, what, subject, project=run.pipeline.project, run=run, sha256=sha256)


def looked_in(
    request: PersonRequest, what: str, subject: str, *, project: Project, run: Run | None = None, sha256: str = ""
) -> None:
    """The same for what belongs to a project and no run."""
    note_look(
        acting_user=request.user,
        what=what,
        project=project,
        subject=subject,
        run=run,
        sha256=sha256,
        address=address_of(request),
    )


def looked_at_notes(request: PersonRequest, finding: Finding, remarks: Iterable[Remark]) -> None:
    """Note that somebody read what lawyers keep among themselves, if any of these remarks is such."""
    if any(one.privileged for one in remarks):
        looked(request, Look.What.NOTES, f"notes on finding {finding.number}", run=finding.run)


def address_of(request: HttpRequest) -> str:
    """Where a request came from: the peer's address, and what a proxy in front said of it, which is not proved."""
    peer, told = request.META.get("REMOTE_ADDR") or "local", request.headers.get("X-Forwarded-For", "")
    return f"{peer} for {told}"[:64] if told else peer
