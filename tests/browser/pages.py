"""Every page of the site, by the name of its address: where it is in an installation, and who opens it.

An address that is in none of the tables fails a test (test_every_page): say where its page is, or that it is none.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from django.contrib import admin
from django.urls import URLPattern, get_resolver, reverse

from audits.models import Pipeline
from compliance.models import RuleRevision, TermsDocument
from tests.browser import at_work, handed_out
from tests.browser.installation import LONG_MODEL, Installation
from tests.factories import NOON

Address = Callable[[Installation], str]


def _named(name: str, part: Callable[[Installation], object] | None = None) -> Address:
    """The address `name` of what `part` picks; with nothing to pick, of nothing."""
    return lambda at: reverse(name, args=[part(at)] if part else [])


def _plain(*names: str) -> dict[str, Address]:
    return {name: _named(name) for name in names}


def _of_run(*names: str) -> dict[str, Address]:
    return {name: _named(name, lambda at: at.run.pk) for name in names}


def _of_project(*names: str) -> dict[str, Address]:
    return {name: _named(name, lambda at: at.project.slug) for name in names}


def _of(part: str, *names: str) -> dict[str, Address]:
    return {name: _named(name, lambda at: getattr(at, part).pk) for name in names}


def _revision(_at: Installation) -> int:
    return RuleRevision.objects.filter(status="published").earliest("pk").pk


def _uploaded(at: Installation) -> str:
    made = {"name": "Uploaded", "origin": Pipeline.Origin.UPLOAD, "archive_sha256": "0" * 64}
    return reverse("pipeline-source", args=[at.project.pipelines.get_or_create(slug="uploaded", defaults=made)[0].pk])


RUNS: Final[Mapping[str, Address]] = {
    **_of_run(
        "run", "run-calls", "run-code", "run-lineage", "run-findings", "run-gaps", "run-evidence", "run-report",
        "run-approval", "run-log", "student-answers",
    ),
    "run going on": lambda at: reverse("run", args=[at.world.going.pk]),
    "run that failed": lambda at: reverse("run", args=[at.long.runs.get().pk]),
    "run-calls sorted": lambda at: reverse("run-calls", args=[at.run.pk]) + "?sort=-at",
    "run-lineage-rows": lambda at: reverse(
        "run-lineage-rows", args=[at.run.pk, at.run.datasets.get(role="training").pk]
    ),
    "call": lambda at: reverse("call", args=[at.run.exchanges.earliest("seq").pk]),
    "call not read": lambda at: reverse("call", args=[at.run.exchanges.get(seq=24).pk]),
    "pipeline": lambda at: reverse("pipeline", args=[at.run.pipeline_id]),
    "pipeline-source": _uploaded,
    "pipeline with a long name": lambda at: reverse("pipeline", args=[at.long.pk]),
    "finding": lambda at: reverse("finding", args=[at.world.finding.pk]),
    "finding-entries": lambda at: reverse("finding-entries", args=[at.world.finding.pk]),
    "finding of silence": lambda at: reverse("finding", args=[at.run.findings.get(kind="silence").pk]),
    **_of("use", "use-why"),
}  # fmt: skip
PLACES: Final[Mapping[str, Address]] = {
    **_plain(
        "overview", "search", "pipelines", "pipeline-add", "imports", "import-add", "import-accounts", "import-patterns",
        "reconciliation", "runs", "findings", "notices", "questions", "questions-organisation", "models", "coming",
        "rejudgings", "graph", "reports", "projects", "account-tokens",
    ),
    "search for something": lambda _at: reverse("search") + "?q=gpt",
    "search for nothing": lambda _at: reverse("search") + "?q=no-such-thing",
    "findings narrowed": lambda _at: reverse("findings") + "?outcome=prohibited",
    "model-name": lambda _at: f"{reverse('model-name')}?name={LONG_MODEL}",
    **_of("imported", "import", "import-calls", "import-rejected", "import-erase"),
    **_of("table", "import-map"),
    **_of("entry", "import-entry"),
    **_of("agreement", "agreement-uses"),
    **_of("rejudging", "rejudging"),
    "rule-uses": lambda at: reverse("rule-uses", args=[RuleRevision.objects.get(pk=_revision(at)).rule_id]),
    "rule-impact": lambda at: reverse("rule-impact", args=[_revision(at)]),
    **_of_project("project-people", "project-trail", "project-evidence", "project-looks", "questions-student"),
}  # fmt: skip
REPORTS: Final[Mapping[str, Address]] = {
    **_plain("report-new", "report-brand-organisation"),
    "report-new about a run": lambda at: f"{reverse('report-new')}?kind=run&id={at.run.pk}",
    "report": lambda at: reverse("report", args=[at.run.reports.earliest("pk").pk]),
    "report-changes": lambda at: (
        f"{reverse('report-changes', args=[handed_out.frozen(at).pk])}?since={handed_out.frozen(at).pk}"
    ),
    **_of_project("report-brand"),
    "report-form": lambda at: f"{reverse('report-form', args=[handed_out.frozen(at).pk, 'xlsx'])}?state",
    "report-draft": lambda at: reverse("report-draft", args=[handed_out.frozen(at).pk, "ai-act"]),
    "report-draft of California": lambda at: reverse("report-draft", args=[handed_out.frozen(at).pk, "ab2013"]),
}
HANDED_OUT: Final[Mapping[str, Address]] = {
    **REPORTS,
    **_plain("portfolio", "portfolio-policies", "report-schedules", "report-schedule-add", "house-trail"),
    "portfolio of weights": lambda _at: f"{reverse('portfolio')}?shown=weights&provider=meta&competes=yes",
    "portfolio-cell": lambda _at: reverse("portfolio-cell", args=["train_on_output", "openai/api/openai"]),
    "portfolio-policy": lambda at: reverse("portfolio-policy", args=[handed_out.policy(at).pk]),
    "report-links": lambda at: reverse("report-links", args=[handed_out.report(at).pk]),
    "report-schedule": lambda at: reverse("report-schedule", args=[handed_out.schedule(at).pk]),
    "report-schedule-change": lambda at: reverse("report-schedule-change", args=[handed_out.schedule(at).pk]),
    "shared": handed_out.shared,
    "shared with a password": lambda at: handed_out.shared(at, "a long walk"),
}
WORK: Final[Mapping[str, Address]] = {
    **_plain("work", "asked", "api-docs"),
    "asked of somebody": lambda at: f"{reverse('asked')}?of={at_work.asked(at).pk}",
    "work-finding": lambda at: reverse("work-finding", args=[at.world.finding.pk]),
    "work-remedy": lambda at: reverse("work-remedy", args=[at_work.remedy(at).pk]),
    "project-webhooks": lambda at: reverse("project-webhooks", args=[at_work.delivery(at).webhook.project.slug]),
    "project-webhook": lambda at: reverse("project-webhook", args=[at.project.slug, at_work.delivery(at).webhook_id]),
    "webhook-delivery": lambda at: reverse(
        "webhook-delivery", args=[at.project.slug, at_work.delivery(at).webhook_id, at_work.delivery(at).pk]
    ),
}
HOUSE: Final[Mapping[str, Address]] = _plain("house")  # for administrators
TERMS: Final[Mapping[str, Address]] = {
    **_plain("terms", "terms-in-force", "terms-review", "terms-suggestions", "terms-incoming", "terms-held", "terms-dates"),
    "terms-provider": lambda _at: reverse("terms-provider", args=["openai"]),
    "terms-document": lambda at: reverse("terms-document", args=[at.versions[0].document_id]),
    "terms-document shipped": lambda _at: reverse("terms-document", args=[TermsDocument.objects.filter(shipped=True)[0].pk]),
    "terms-version": lambda at: reverse("terms-version", args=[at.versions[0].pk]),
    "terms-mark": lambda at: reverse("terms-mark", args=[at.versions[0].pk]),
    "terms-compare": lambda at: f"{reverse('terms-compare')}?old={at.versions[0].pk}&new={at.versions[2].pk}",
    "terms-in-force on a day": lambda _at: f"{reverse('terms-in-force')}?provider=openai&on={NOON.date()}",
    "terms-rule": lambda at: reverse("terms-rule", args=[_revision(at)]),
    **_of("suggestion", "terms-suggestion"),
    **_of("arrival", "terms-arrival"),
    **_of("dated", "terms-dates-set"),
}  # fmt: skip
ACCOUNT: Final[Mapping[str, Address]] = {
    **_plain(
        "mfa_index", "mfa_activate_totp", "mfa_list_webauthn", "account_change_password", "account_reauthenticate",
        "socialaccount_connections", "usersessions_list", "account_email",
    ),
}  # fmt: skip
NOT_SIGNED_IN: Final[Mapping[str, Address]] = {
    **_plain("sign-in", "verify-report", "account_reset_password", "account_reset_password_done"),
    "invitation": lambda at: reverse("invitation", args=[at.invitation]),
    "invitation that is gone": lambda _at: reverse("invitation", args=["no-such-link"]),
    "nothing there": lambda _at: "/no/such/place/",
}
EMPTY: Final[Mapping[str, Address]] = {f"empty {name}": address for name, address in PLACES.items() if name in (
    "overview", "pipelines", "imports", "runs", "findings", "notices", "questions", "graph", "reports", "projects",
    "reconciliation", "import-patterns", "account-tokens",
)}  # fmt: skip
PAGES: Final = {**RUNS, **WORK, **PLACES, **HANDED_OUT, **HOUSE, **TERMS, **ACCOUNT, **NOT_SIGNED_IN}

# No page of its own: parts of pages, files, and what is only posted to.
NO_PAGES: Final = {
    "api-openapi", "asked-document", "asked-reply", "asked-withdraw", "finding-ask", "project-webhook-deed",
    "webhook-delivery-again", "work-add", "work-claim", "work-drop", "work-export", "work-move", "work-view-keep",
    "run-live", "run-log-after", "import-live", "notices-count", "coming-notice", "graph-data", "graph-node", "notice",
    "run-bundle", "call-raw", "report-download", "terms-version-bytes", "terms-arrival-bytes", "terms-in-force-json",
    "finding-enclosure", "approval-certificate", "import-snippet", "reconciliation-export", "graph-export", "graph-clean",
    "receive-traces", "sign-out", "theme", "account-token-revoke", "project-invite", "project-member", "project-withdraw",
    "terms-settle", "terms-suggestion-reject", "terms-draft", "pipeline-audit", "import-again", "import-account-remove",
    "run-cancel", "run-again", "run-hold", "run-replay", "project-retention", "project-hold", "project-lift",
    "project-erase", "findings-together", "findings-view-keep", "findings-view-forget", "finding-assign", "finding-decide",
    "finding-remark", "notices-read", "notices-mail", "approval-sign", "approval-withdraw", "questions-organisation-answer",
    "questions-student-answer",
    "portfolio-export", "portfolio-policy-file", "report-schedule-do", "share-revoke", "shared-file", "openid-callback",
    "saml-finished", "report-preview-frame", "report-preview", "report-preset-forget", "report-logo", "report-cancel",
}  # fmt: skip
# django-allauth's own ways in and out, which redirect, answer another server, or need what a sign-in has begun.
OF_ALLAUTH: Final = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_email_verification_sent",
    "account_set_password", "account_confirm_login_code", "account_confirm_email", "account_reset_password_from_key_done",
    "account_reset_password_from_key", "mfa_authenticate", "mfa_reauthenticate", "mfa_deactivate_totp",
    "mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn", "mfa_login_webauthn",
    "socialaccount_login_cancelled", "socialaccount_login_error", "socialaccount_signup", "saml_acs", "saml_finish_acs",
    "saml_sls", "saml_metadata", "saml_login", "openid_connect_login", "openid_connect_callback",
}  # fmt: skip


def of_admin(_at: Installation) -> dict[str, str]:
    """The admin's index, and of every model its list, its form for a new row, and its form and history of one."""
    found = {"admin": reverse("admin:index")}
    for model, of_model in admin.site._registry.items():
        part = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found[f"{part} list"] = reverse(f"{part}_changelist")
        row: Any = model._default_manager.first()
        if row is not None:
            found[f"{part} form"] = reverse(f"{part}_change", args=[row.pk])
            found[f"{part} removal"] = reverse(f"{part}_delete", args=[row.pk])
        if type(of_model).has_add_permission is admin.ModelAdmin.has_add_permission:
            found[f"{part} new"] = reverse(f"{part}_add")
    return found | {"admin rule files": reverse("admin:compliance_rulerevision_files")}


def names() -> Iterator[str]:
    """The names of our own addresses and of the account's; the admin's are walked by `of_admin`."""
    for part in _patterns(get_resolver().url_patterns):
        if part.name:
            yield part.name


def _patterns(parts: list[Any]) -> Iterator[URLPattern]:
    for part in parts:
        if isinstance(part, URLPattern):
            yield part
        elif getattr(part, "namespace", None) != "admin":
            yield from _patterns(part.url_patterns)


__all__ = [
    "ACCOUNT",
    "EMPTY",
    "HANDED_OUT",
    "HOUSE",
    "NOT_SIGNED_IN",
    "NO_PAGES",
    "OF_ALLAUTH",
    "PAGES",
    "PLACES",
    "RUNS",
    "TERMS",
    "WORK",
    "names",
    "of_admin",
]
