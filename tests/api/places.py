"""A world in which every operation of the interface finds what its address points at."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone
from psycopg.types.range import DateRange

from audits.actions.owners import say_owners
from audits.models import (
    AccountOwner,
    Delivery,
    Enclosure,
    FactRequest,
    LegalHold,
    LimitEvent,
    PatternReading,
    Rejudging,
    Remark,
    Remedy,
    ShareLink,
    UsageEntry,
    Webhook,
)
from compliance.actions.dates import dates_as_json
from compliance.models import (
    Agreement,
    Anchoring,
    Arrival,
    Clause,
    ClauseText,
    Provider,
    RuleRevision,
    Snapshot,
    SourceDocument,
    Suggestion,
    TermsDocument,
    Version,
)
from compliance.sources.dates import propose_dates
from tests.factories import NOON, make_rule_revision, make_user, sha
from tests.pages.conftest import world
from tests.people.test_matrix import Places, places

__all__ = ["Everything", "everything", "places", "rule", "world"]
TEXT = "You may use what the service returns. You may not use it to build models that compete with ours.\n"


@dataclass(frozen=True)
class Everything:
    """Places of pages, and the keys of all that only the interface addresses by themselves."""

    places: Places
    keys: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        keys: dict[str, Any] = object.__getattribute__(self, "keys")
        return keys[name] if name in keys else getattr(self.places, name)


@pytest.fixture
def rule(db: None) -> RuleRevision:
    """A rule that the engine reads; what else is made takes the first rule that there is."""
    identifier = "openai/services-agreement:competing-models"
    definition = {
        "id": identifier, "effect": "prohibition", "title": "No competing models", "actions": ["train_on_output"],
        "statement": "use output to develop models that compete with the provider",
        "citations": [{"versions": ["2025-05-31"], "section": "3.3(e)", "sha256": sha("clause")}],
    }  # fmt: skip
    return make_rule_revision(identifier, definition=definition)


@pytest.fixture
def everything(rule: RuleRevision, places: Places) -> Everything:
    world, keeper = places.world, make_user()
    run, project, finding = world.run, world.project, world.finding
    remark = Remark.objects.create(
        project=project, finding_key=finding.key, finding=finding, author=keeper, body="See."
    )
    say_owners(project=project, named=[("key", "k-1")], acting_user=keeper, team="Search")
    keys = {
        "hold": LegalHold.objects.create(project=project, reason="A matter.", placed_by=keeper).pk,
        "event": LimitEvent.objects.create(run=run, at=NOON, limit="calls", what="held", why="The last call.").pk,
        "enclosure": Enclosure.objects.create(remark=remark, name="a.txt", sha256=sha("pdf"), size=3).pk,
        "owner": AccountOwner.objects.get().pk,
        "reading": PatternReading.objects.create(project=project, first_day=NOON.date(), last_day=NOON.date()).pk,
        "rejudging": Rejudging.objects.create(
            cause="A rule changed.", at=NOON, seconds=1, runs=1, uses=1, calls=1, changed_runs=0, changed_uses=0,
            changed_calls=0, changed_findings=0,
        ).pk,
        "entry": UsageEntry.objects.create(
            imported=places.imported, pipeline=places.imported.pipeline, key="00000000-0000-0000-0000-000000000001",
            line=1, kind="call", at=NOON,
        ).pk,
        **_of_work(run, finding, keeper),
        **_outward(project, places.report, keeper),
        "dataset": run.datasets.get().pk, "run": run.pk, "finding": finding.pk, "slug": project.slug,
    }  # fmt: skip
    return Everything(places, keys | _library(project))


def _of_work(run: Any, finding: Any, keeper: Any) -> dict[str, Any]:
    project = run.pipeline.project
    asked = {"project": project, "finding": finding, "asked_by": keeper}
    return {
        "remedy": Remedy.objects.create(
            **asked, finding_key=finding.key, what="Use another model.", owner=keeper, due_on=NOON.date()
        ).pk,
        "asked": FactRequest.objects.create(
            **asked, asked_of=keeper, question="Who reads it?", document_name="a.txt", document_sha256=sha("pdf")
        ).pk,
    }


def _outward(project: Any, report: Any, keeper: Any) -> dict[str, Any]:
    hook = Webhook.objects.create(project=project, name="hook", url="https://hooks.example/", made_by=keeper)
    delivery = Delivery.objects.create(webhook=hook, event="run.ended", key="k", payload={}, state="given_up")
    link = ShareLink.objects.create(
        report=report, recipient="A firm", forms=["pdf"], digest=sha("secret"), expires_at=NOON.replace(year=2099),
        made_by=keeper,
    )  # fmt: skip
    return {"webhook": hook.pk, "delivery": delivery.pk, "link": link.pk}


def _library(project: Any) -> dict[str, Any]:
    provider = Provider.objects.get(slug="openai")
    revision = RuleRevision.objects.get()
    document: TermsDocument = revision.rule.document
    version = Version.objects.create(
        document=document, label="2024-01-01", in_force=DateRange(dt.date(2024, 1, 1), dt.date(2025, 5, 31)),
        basis="as captured", text=TEXT, text_sha256=sha(TEXT),
    )  # fmt: skip
    clause = Clause.objects.create(document=document, key="competing", labels=["competing_models"])
    source = SourceDocument.objects.create(document=document, url="https://openai.example/terms")
    snapshot = Snapshot.objects.create(source=source, fetched_at=NOON, media_type="text/plain", sha256=sha("t"), size=1)
    return {
        "document": document.pk, "version": version.pk, "revision": revision.pk, "rule": revision.rule_id,
        "agreement": Agreement.objects.create(
            provider=provider, project=project, reference="order form", starts_on=NOON.date()
        ).pk,
        "suggestion": Suggestion.objects.create(
            version=version, start=39, end=len(TEXT) - 1, sha256=sha("s"), labels=["competing_models"],
            mode="prohibition", score=0.9,
        ).pk,
        "clause_text": ClauseText.objects.create(clause=clause, version=version, start=39, end=60).pk,
        "anchoring": Anchoring.objects.create(
            clause=clause, version=Version.objects.get(label="2025-05-31"), fate="gone", state="waiting"
        ).pk,
        "arrival": Arrival.objects.create(
            document=document, snapshot=snapshot, origin="upload", captured_at=timezone.now(), text=TEXT, mark="1",
            detail={"name": "terms.txt", "dates": dates_as_json(propose_dates(TEXT, timezone.localdate()))},
        ).pk,
    }  # fmt: skip
