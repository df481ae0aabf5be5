"""The admin's site: who may enter it, and what stands in its sidebar.

It lies outside compliance.admin because Django makes the site before it collects what is registered with it.
"""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from unfold.sites import UnfoldAdminSite

from compliance.access import administers_installation, may_edit_rules, require
from compliance.models import User
from compliance.queries.desk import desk

ENTRANCE = "Rules, people and the record are kept by legal and administrators. Ask one of them for what you need."


def manages_people(request: HttpRequest) -> bool:
    """Administrators (and superusers) keep people, projects and what the installation knows of providers."""
    user = request.user
    return isinstance(user, User) and administers_installation(user)


def edits_rules(request: HttpRequest) -> bool:
    """Legal and administrators."""
    return isinstance(request.user, User) and may_edit_rules(request.user)


class ClausetrailAdminSite(UnfoldAdminSite):
    """Open to legal and administrators; everybody else reads why not. Signing in and out are the application's own."""

    site_header = site_title = "Clausetrail"
    index_title = "Rules and people"
    index_template = "admin/desk.html"

    def has_permission(self, request: HttpRequest) -> bool:
        return edits_rules(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits for whoever keeps the terms."""
        return super().index(request, {"desk": desk(timezone.localdate()), **(extra_context or {})})

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Where the admin sends whom it does not let in: to the sign-in page, or to the reason."""
        if request.user.is_authenticated:
            require(self.has_permission(request), ENTRANCE)
            return redirect("admin:index")
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


def mark(_: HttpRequest) -> str:
    """Address of our mark."""
    return static("images/mark.svg")


def script(_: HttpRequest) -> str:
    """Names for what the admin's own scripts leave without one."""
    return static("js/admin.js")


def stylesheet(_: HttpRequest) -> str:
    """Address of what we add to the admin's looks."""
    return static("css/admin.css")


def theme(request: HttpRequest) -> str | None:
    """Light or dark as chosen in the application; None leaves it to the admin's own switch, which begins with the system's."""
    chosen = request.COOKIES.get("theme", "")
    return chosen if chosen in ("light", "dark") else None


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar: terms, people, the record, and the way back. Only what the person may open."""
    groups: list[dict[str, Any]] = [
        {"title": "", "items": [_link("Overview of Clausetrail", "arrow_back", reverse("overview"))]},
        {"title": "Terms", "separator": True, "items": _items(request, TERMS)},
        {"title": "People", "separator": True, "items": _items(request, PEOPLE)},
        {"title": "Record", "separator": True, "items": _items(request, RECORD)},
    ]
    return [group for group in groups if group["items"]]


def _link(title: str, icon: str, link: str, active: bool = False) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": link, "active": active}


def _items(request: HttpRequest, entries: tuple[tuple[str, str, str, bool], ...]) -> list[dict[str, Any]]:
    shown = [entry for entry in entries if not entry[3] or manages_people(request)]
    return [_entry(request, title, icon, model) for title, icon, model, _ in shown]


def _entry(request: HttpRequest, title: str, icon: str, model: str) -> dict[str, Any]:
    link = reverse(f"admin:{model}_changelist")
    return _link(title, icon, link, request.path.startswith(link))


# Title, symbol, model, and whether administrators alone see it.
TERMS = (
    ("Providers", "domain", "compliance_provider", False),
    ("Documents", "description", "compliance_termsdocument", False),
    ("Sources", "language", "compliance_sourcedocument", False),
    ("Texts coming in", "move_to_inbox", "compliance_arrival", False),
    ("Clauses", "format_quote", "compliance_clause", False),
    ("Rules", "gavel", "compliance_rulerevision", False),
    ("Agreements", "handshake", "compliance_agreement", False),
    ("Model catalogue", "category", "compliance_catalogueentry", False),
    ("Governance", "account_tree", "compliance_governance", False),
)
PEOPLE = (
    ("People", "person", "compliance_user", True),
    ("Projects", "folder_shared", "compliance_project", True),
    ("Receiver tokens", "key", "audits_receivertoken", True),
)
RECORD = (
    ("Pipelines", "conversion_path", "audits_pipeline", False),
    ("Runs", "play_circle", "audits_run", False),
    ("Findings", "search_insights", "audits_finding", False),
    ("Decisions", "verified", "audits_decision", False),
    ("Evidence", "inventory_2", "audits_evidenceentry", False),
    ("Seals", "lock", "audits_seal", False),
    ("Reports", "picture_as_pdf", "audits_report", False),
    ("Audit trail", "history", "compliance_trailentry", False),
)
