"""What is kept under a project, where there is none yet."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from compliance.access import administers_installation, may_run_some_audits, require
from compliance.views.requests import PersonRequest


def project_first(request: PersonRequest, whose: str) -> HttpResponse | None:
    """None for whoever may run audits somewhere. Whoever makes projects may do so in each: there is none, and the answer leads
    to where the first is made. Raises PermissionDenied with `whose` for all others."""
    if may_run_some_audits(request.user):
        return None
    require(administers_installation(request.user), whose)
    messages.info(request, "Make a project first: pipelines and imports are kept under one.")
    return redirect("projects")
