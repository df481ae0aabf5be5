"""Projects that a request's body names."""

from compliance.access import get_project, may_run_audits, require
from compliance.models import Project, User


def project_for_runs(user: User, slug: str) -> Project:
    """The project, if the person runs its audits: Http404 when it is not theirs to see, PermissionDenied otherwise."""
    project = get_project(user, slug)
    sentence = f"Pipelines and usage of {project} are added by its engineers or an administrator."
    require(may_run_audits(user, project), sentence)
    return project
