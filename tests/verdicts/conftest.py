"""A recorded run of an invented pipeline, judged by the invented provider's terms, in the database."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest

from audits.matching.outcomes import outcome_of
from audits.models import Finding, Run
from audits.procedures.judging import judge
from audits.procedures.rejudging import rejudge_after_changes
from compliance.actions import rules
from compliance.actions.rulebook import load_rulebook
from compliance.models import RuleRevision, User
from compliance.queries.library import library_from_database
from tests.engine.acme import acme
from tests.factories import make_call, make_exchange, make_pipeline, make_project, make_run, make_user

COMPETING = "acme/terms:competing-models"


@dataclass
class World:
    """One project with an engineer and counsel, and the library loaded."""

    engineer: User
    counsel: User
    second: User

    def __post_init__(self) -> None:
        load_rulebook(acme())
        rejudge_after_changes()
        self.project = make_project(engineers=(self.engineer,), legal=(self.counsel,))
        self.pipeline = make_pipeline(self.project)

    def run(self, *days: str, student: dict[str, Any] | None = None, **fields: Any) -> Run:
        """A completed, judged run that trained "tutor" on one answer of each day (several of a day named twice)."""
        manifest = {"student": {"name": "tutor", **(student or {})}}
        run = make_run(fields.pop("pipeline", self.pipeline), Run.State.COMPLETED, manifest=manifest)
        made = {"provider": "acme", "served_by": "acme", "request_model": "acme-large", **fields}
        for day in days:
            at = dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")
            make_call(run, make_exchange(run, started_at=at, host="api.acme.example"), **made)
        judge(run, library_from_database(self.project.pk))
        Run.objects.filter(pk=run.pk).update(outcome=outcome_of(run))
        run.refresh_from_db()
        return run

    def publish(self, identifier: str = COMPETING, **changes: Any) -> RuleRevision:
        """A new revision with those changes, written by counsel and published by the second person."""
        rule = RuleRevision.objects.get(rule__identifier=identifier, status="published").rule
        draft = rules.draft_revision(acting_user=self.counsel, rule=rule)
        draft = rules.change_draft(
            acting_user=self.counsel, revision=draft, definition={**draft.definition, **changes}, clauses=[],
            based_on=draft.content_sha256,
        )  # fmt: skip
        rules.submit(acting_user=self.counsel, revision=draft)
        return rules.publish(acting_user=self.second, revision=draft)


@pytest.fixture
def world(db: None) -> World:
    return World(make_user(username="eng"), make_user("legal", "counsel"), make_user("administrator", "second"))


def finding(run: Run, key: str) -> Finding:
    """The run's finding whose key begins so, whether it stands or has gone."""
    return Finding.every.get(run=run, key__startswith=key)
