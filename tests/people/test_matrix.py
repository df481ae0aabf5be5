"""Every address and every role: what a person may do follows from compliance.roles, on each page and for each deed.

Three things are asked of each address of a project: who does not belong to it finds nothing (404), who belongs to it and lacks
the deed is refused in words (403), who has the deed gets further. An address that stands in none of the tables fails the test.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from audits.actions.webhooks import add_webhook, tell
from audits.evidence.store import open_store
from audits.models import Delivery, FactRequest, Import, Pipeline, Remedy, Report
from audits.procedures.approving import ask_for_approval
from audits.procedures.concluding import Piece, seal_run
from compliance.models import Invitation, Membership, User
from compliance.roles import EVERYWHERE, IN_PROJECT, NOTHING, Deed, deeds_of
from tests.factories import NOON, make_user, sha
from tests.pages.conftest import World, world

__all__ = ["world"]
pytestmark = pytest.mark.django_db
Args = Callable[["Places"], list[Any]]


@dataclass(frozen=True)
class Places:
    """What addresses point at."""

    world: World
    report: Report
    imported: Import
    approval: int
    invitation: int
    member: int
    webhook: int
    asked: int
    remedy: int

    def delivery(self) -> int:
        return Delivery.objects.filter(webhook=self.webhook).values_list("pk", flat=True)[0]

    def run(self) -> list[Any]:
        return [self.world.run.pk]

    def uploaded(self) -> list[Any]:
        made = {"name": "Uploaded", "origin": Pipeline.Origin.UPLOAD, "archive_sha256": sha("archive")}
        return [Pipeline.objects.get_or_create(project=self.world.project, slug="uploaded", defaults=made)[0].pk]

    def finding(self) -> list[Any]:
        return [self.world.finding.pk]

    def slug(self) -> list[Any]:
        return [self.world.project.slug]

    def call(self) -> list[Any]:
        exchange = self.world.run.exchanges.order_by("pk").first()
        assert exchange is not None
        return [exchange.pk]


@pytest.fixture
def places(world: World) -> Places:
    run = world.run
    for content in (b"manifest", b"pdf"):
        open_store(settings.EVIDENCE_URL).put(content)
    seal_run(run, [Piece("manifest", "audit.toml", sha("manifest"), 8)], Path(settings.VAR_DIR))
    keeper = make_user()
    held = Membership.objects.create(project=world.project, user=keeper, role="engineer")
    asked = Invitation.objects.create(
        project=world.project,
        email="a@firm.example",
        digest=sha("link"),
        invited_by=keeper,
        expires_at=NOON.replace(year=2099),
    )
    return Places(
        world=world,
        report=Report.objects.create(
            run=run, number=1, state=Report.State.READY, pdf_sha256=sha("pdf"), context_sha256=sha("manifest")
        ),
        imported=Import.objects.create(
            pipeline=run.pipeline, source="litellm", name="log.jsonl", state=Import.State.DONE
        ),
        approval=ask_for_approval(run, [{"name": "Legal", "quorum": 1}], keeper).pk,
        invitation=asked.pk,
        member=held.pk,
        webhook=_webhook(world, keeper),
        asked=_asked(world, keeper),
        remedy=Remedy.objects.create(
            project=world.project, finding_key=world.finding.key, finding=world.finding, what="Change it.",
            owner=keeper, asked_by=keeper, due_on=NOON.date(),
        ).pk,
    )  # fmt: skip


def _asked(world: World, keeper: User) -> int:
    """A request with a document as its answer."""
    open_store(settings.EVIDENCE_URL).put(b"letter")
    return FactRequest.objects.create(
        project=world.project, finding=world.finding, question="Which letter?", form="document", asked_by=keeper,
        asked_of=keeper, replied_by=keeper, replied_at=NOON, document_name="letter.pdf", document_sha256=sha("letter"),
        document_size=6,
    ).pk  # fmt: skip


def _webhook(world: World, keeper: User) -> int:
    hook = add_webhook(
        project=world.project, name="Chat", url="https://hooks.example/in", form="signed", events=(), acting_user=keeper
    ).webhook
    tell(project=world.project, event="run.ended", payload={}, key="1")
    return hook.pk


# Address → what it takes, and the deed that it asks for beyond seeing the project.
READ: dict[str, tuple[Args, Deed | None]] = {
    "project-people": (Places.slug, None),
    "project-trail": (Places.slug, Deed.READ_TRAIL),
    "pipeline": (lambda at: [at.world.run.pipeline_id], None),
    "run": (Places.run, None),
    "run-live": (Places.run, None),
    "run-calls": (Places.run, None),
    "run-code": (Places.run, None),
    "run-lineage": (Places.run, None),
    "run-findings": (Places.run, None),
    "run-gaps": (Places.run, None),
    "run-evidence": (Places.run, None),
    "run-report": (Places.run, None),
    "report": (lambda at: [at.report.pk], None),
    "report-changes": (lambda at: [at.report.pk], None),
    "report-brand": (Places.slug, Deed.REPORT),
    "run-approval": (Places.run, None),
    "report-form": (lambda at: [at.report.pk, "json"], None),
    "run-log": (Places.run, Deed.READ_CONTENTS),
    "run-log-after": (lambda at: [at.world.run.pk, 0], Deed.READ_CONTENTS),
    "run-lineage-rows": (lambda at: [at.world.run.pk, at.world.run.datasets.get().pk], Deed.READ_CONTENTS),
    "run-bundle": (Places.run, Deed.READ_CONTENTS),
    "report-links": (lambda at: [at.report.pk], Deed.SHARE),
    "call": (Places.call, Deed.READ_CONTENTS),
    "finding": (Places.finding, None),
    "work-finding": (Places.finding, None),
    "work-remedy": (lambda at: [at.remedy], None),
    "asked-document": (lambda at: [at.asked], Deed.READ_CONTENTS),
    "finding-entries": (Places.finding, Deed.READ_CONTENTS),
    "project-webhooks": (Places.slug, Deed.ADMINISTER),
    "project-webhook": (lambda at: [*at.slug(), at.webhook], Deed.ADMINISTER),
    "webhook-delivery": (lambda at: [*at.slug(), at.webhook, at.delivery()], Deed.ADMINISTER),
    "questions-student": (Places.slug, None),
    "import": (lambda at: [at.imported.pk], None),
    "import-live": (lambda at: [at.imported.pk], None),
    "import-erase": (lambda at: [at.imported.pk], Deed.KEEP),
    "import-calls": (lambda at: [at.imported.pk], Deed.READ_CONTENTS),
    "import-rejected": (lambda at: [at.imported.pk], Deed.READ_CONTENTS),
}
DO: dict[str, tuple[Args, Deed | tuple[Deed, ...], dict[str, str]]] = {
    "project-invite": (Places.slug, Deed.ADMINISTER, {}),
    "project-member": (lambda at: [*at.slug(), at.member], Deed.ADMINISTER, {"role": "viewer"}),
    "project-withdraw": (lambda at: [*at.slug(), at.invitation], Deed.ADMINISTER, {}),
    "project-webhook-deed": (lambda at: [*at.slug(), at.webhook, "test"], Deed.ADMINISTER, {}),
    "webhook-delivery-again": (lambda at: [*at.slug(), at.webhook, at.delivery()], Deed.ADMINISTER, {}),
    "pipeline-source": (Places.uploaded, Deed.RUN, {}),
    "pipeline-audit": (lambda at: [at.world.run.pipeline_id], Deed.RUN, {"upstreams": "no such"}),
    "import-again": (lambda at: [at.imported.pk], Deed.RUN, {}),
    "run-cancel": (Places.run, Deed.RUN, {}),
    "finding-decide": (Places.finding, Deed.DECIDE, {"kind": "confirm", "reason": "Right."}),
    "finding-ask": (Places.finding, Deed.DECIDE, {}),
    "work-add": (Places.finding, (Deed.DECIDE, Deed.RUN), {}),
    "work-move": (lambda at: [at.remedy], (Deed.DECIDE, Deed.RUN), {}),
    "work-drop": (lambda at: [at.remedy], (Deed.DECIDE, Deed.RUN), {}),
    "asked-withdraw": (lambda at: [at.asked], Deed.DECIDE, {}),
    "finding-assign": (Places.finding, (Deed.DECIDE, Deed.RUN), {}),
    "finding-remark": (Places.finding, Deed.COMMENT, {"body": "Hello."}),
    "run-report": (Places.run, Deed.REPORT, {}),
    "report-cancel": (lambda at: [at.report.pk], Deed.REPORT, {}),
    "report-brand": (Places.slug, Deed.REPORT, {"colour": "nonsense"}),
    "run-approval": (Places.run, (Deed.DECIDE, Deed.RUN), {"steps": "nonsense"}),
    "report-links": (lambda at: [at.report.pk], Deed.SHARE, {"recipient": ""}),
    "approval-sign": (lambda at: [at.approval], Deed.APPROVE, {"word": "approved"}),
    "approval-withdraw": (lambda at: [at.approval], (Deed.DECIDE, Deed.RUN), {"reason": "New terms."}),
}
# Open to whoever is signed in; what each shows is narrowed to what the person sees (test_permissions).
EVERYBODYS = {
    "api-docs", "api-openapi", "account-tokens", "projects", "portfolio-policies", "report-schedules", "terms",
    "terms-in-force", "overview", "search",
    "pipelines", "imports", "runs", "work", "work-export", "asked", "findings", "notices", "notices-count",
    "questions", "questions-organisation", "models",
    "graph", "graph-data", "reports", "report-new", "report-preview-frame", "report-preview",
    "reconciliation", "import-accounts", "import-patterns",
}  # fmt: skip
# One's own things, the terms library, and what has tests of its own beside its feature.
ELSEWHERE = {
    "rejudgings",
    "coming",
    "terms-compare",
    "terms-in-force-json",
    "sign-in", "sign-out", "account-token-revoke", "invitation", "theme", "notices-read", "notices-mail", "notice",
    "findings-together", "findings-view-keep", "findings-view-forget", "finding-enclosure", "work-claim",
    "work-view-keep", "asked-reply", "approval-certificate",
    "terms-review", "terms-suggestions", "terms-settle", "terms-suggestion", "terms-suggestion-reject", "terms-draft",
    "terms-incoming", "terms-held", "terms-arrival", "terms-arrival-bytes", "terms-dates", "terms-dates-set",
    "terms-provider",
    "terms-document", "terms-version", "terms-version-bytes", "terms-mark", "terms-rule", "pipeline-add", "import-add",
    "import-map", "import-account-remove", "import-entry", "import-snippet", "reconciliation-export", "receive-traces",
    "run-again", "run-hold", "run-replay", "student-answers", "project-evidence", "project-retention", "project-hold",
    "project-lift", "project-erase", "use-why", "project-looks", "call-raw", "agreement-uses", "rule-uses", "rule-impact",
    "questions-organisation-answer", "questions-student-answer", "model-name", "coming-notice", "rejudging", "graph-node",
    "graph-clean", "graph-export", "report-download", "report-draft", "report-preset-forget",
    "report-brand-organisation", "report-logo",
    "report-schedule-add", "report-schedule", "report-schedule-change", "report-schedule-do", "house", "house-trail",
    "openid-callback", "saml-finished", "share-revoke", "shared",
    "shared-file", "verify-report",
    "portfolio", "portfolio-cell", "portfolio-export", "portfolio-policy", "portfolio-policy-file",
}  # fmt: skip
STANDINGS = [*(("member", role) for role in IN_PROJECT), *((role, None) for role in EVERYWHERE)]


def person(everywhere: str, in_project: str | None, at: Places) -> User:
    made = make_user(everywhere)
    if in_project:
        Membership.objects.create(project=at.world.project, user=made, role=in_project)
    return made


def signed_in(somebody: User) -> Client:
    client = Client()
    client.force_login(somebody)
    return client


def undone(act: Callable[[], int]) -> int:
    """The status of a request whose changes are taken back."""
    with transaction.atomic():
        status = act()
        transaction.set_rollback(True)
    return status


def expected(everywhere: str, in_project: str | None, needed: Deed | tuple[Deed, ...] | None) -> str:
    mine = deeds_of(everywhere, in_project)
    if Deed.SEE not in mine:
        return "nothing there"
    wanted = (needed,) if isinstance(needed, Deed) else needed or (Deed.SEE,)
    return "done" if mine & frozenset(wanted) else "refused"


def told(status: int) -> str:
    return {404: "nothing there", 403: "refused"}.get(status, "done" if status < 500 else f"broken: {status}")


@pytest.mark.parametrize(("everywhere", "in_project"), STANDINGS)
def test_who_reads_what(places: Places, everywhere: str, in_project: str | None):
    client = signed_in(person(everywhere, in_project, places))
    seen = {name: told(client.get(reverse(name, args=args(places))).status_code) for name, (args, _) in READ.items()}
    assert seen == {name: expected(everywhere, in_project, deed) for name, (_, deed) in READ.items()}


@pytest.mark.parametrize(("everywhere", "in_project"), STANDINGS)
def test_who_does_what(places: Places, everywhere: str, in_project: str | None):
    client = signed_in(person(everywhere, in_project, places))

    def attempt(name: str, args: Args, data: dict[str, str]) -> str:
        return told(undone(lambda: client.post(reverse(name, args=args(places)), data).status_code))

    done = {name: attempt(name, args, data) for name, (args, _, data) in DO.items()}
    assert done == {name: expected(everywhere, in_project, deed) for name, (_, deed, _) in DO.items()}


@pytest.mark.parametrize(("everywhere", "in_project"), STANDINGS)
def test_listings_open_for_everybody(places: Places, everywhere: str, in_project: str | None):
    client = signed_in(person(everywhere, in_project, places))
    answers = {name: client.get(reverse(name)).status_code for name in sorted(EVERYBODYS)}
    assert answers == dict.fromkeys(sorted(EVERYBODYS), 200)


def test_a_stranger_is_asked_to_sign_in_everywhere(places: Places):
    client = Client()
    of_project = [reverse(name, args=args(places)) for name, (args, _) in READ.items()]
    for address in [*of_project, *(reverse(name) for name in EVERYBODYS)]:
        assert client.get(address).headers.get("Location", "").startswith(reverse("sign-in")), address
    for name, (args, _, data) in DO.items():
        answer = client.post(reverse(name, args=args(places)), data)
        assert answer.headers.get("Location", "").startswith(reverse("sign-in")), name


def names() -> Iterator[str]:
    """The names of our own addresses; the admin's and the account's have tests of their own."""
    for part in _patterns(get_resolver().url_patterns):
        if part.name:
            yield part.name


def _patterns(parts: list[Any]) -> Iterator[URLPattern]:
    for part in parts:
        if isinstance(part, URLPattern):
            yield part
        elif getattr(part, "namespace", None) != "admin" and str(part.pattern) != "account/":
            yield from _patterns(part.url_patterns)


def test_every_address_stands_in_a_table():
    tables = [set(READ) | set(DO), EVERYBODYS, ELSEWHERE]
    known = set().union(*tables)
    assert set(names()) - known == set(), "say who may open these"
    assert known - set(names()) == set(), "these are gone"
    assert frozenset() == NOTHING
