"""“Remediated” and the work behind it are one story: the decision rests on what a run shows, and what a run shows proposes it."""

from typing import Any

import pytest
from django.urls import reverse

from audits.actions.assigning import assign
from audits.actions.decisions import decide
from audits.actions.remedies import ask_for_remedy, claim_remedy
from audits.models import Decision, Notice, Remedy
from audits.queries.standing import with_standing
from compliance.models import TrailEntry
from tests.pages.conftest import SignedIn, World, signed_in, world
from tests.review.test_remedies import SOON, complete, next_run

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def remedy(world: World) -> Remedy:
    return ask_for_remedy(
        finding=world.finding, what="Ask another model.", owner=world.engineer, due_on=SOON, acting_user=world.legal
    )


def remediated(world: World) -> Decision:
    return decide(finding=world.finding, kind="remediated", reason="Mistral writes them now.", acting_user=world.legal)


def standing(world: World) -> str:
    return str(with_standing(type(world.finding).objects.filter(pk=world.finding.pk)).get().standing)


def test_deciding_it_claims_the_open_work_and_the_next_run_settles_both(world: World, remedy: Remedy):
    decision = remediated(world)
    remedy.refresh_from_db()
    assert (decision.remedy, remedy.state, standing(world)) == (remedy, "claimed", "to_be_shown")
    step = remedy.history.get(what="claimed")
    assert (step.by, step.words) == (world.legal, "Decided as remediated: Mistral writes them now.")
    assert Notice.objects.filter(user=world.engineer, text__contains="the next run has to show it").exists()
    assert TrailEntry.objects.get(action="finding decided").detail["remedy"] == remedy.pk
    complete(next_run(world, outcome=None))
    remedy.refresh_from_db()
    assert (remedy.state, standing(world)) == ("proved", "decided")


def test_a_run_that_still_finds_it_opens_both_again(world: World, remedy: Remedy):
    remediated(world)
    run = next_run(world, outcome=world.finding.outcome)
    run.findings.update(basis_sha256=world.finding.basis_sha256)
    complete(run)
    remedy.refresh_from_db()
    assert remedy.state == "disproved"
    assert with_standing(run.findings.all()).get().standing == "found_again"


def test_where_nobody_was_asked_the_decision_makes_the_work_of_whoever_sees_to_the_finding(world: World):
    assign(findings=[world.finding], assignee=world.engineer, due_on=SOON, acting_user=world.legal)
    decision = remediated(world)
    made = Remedy.objects.get()
    assert (decision.remedy, made.owner, made.asked_by, made.state) == (made, world.engineer, world.legal, "claimed")
    assert made.what == "Mistral writes them now."
    assert remediated(world).remedy == made, "deciding it once more makes no second piece of work"


def test_work_that_was_dropped_stands_behind_nothing(world: World, remedy: Remedy):
    Remedy.objects.filter(pk=remedy.pk).update(state="dropped")
    decision = remediated(world)
    assert decision.remedy != remedy
    assert decision.remedy is not None
    assert decision.remedy.owner == world.legal


def test_what_a_run_has_shown_proposes_the_decision_to_those_who_decide(
    world: World, remedy: Remedy, signed_in: SignedIn
):
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    run = next_run(world, outcome=None)
    complete(run)
    remedy.refresh_from_db()
    assert standing(world) == "open", "no run decides"
    address = reverse("finding", args=[world.finding.pk])
    page = signed_in(world.legal).get(address)
    assert page.context["form"]["kind"].value() == "remediated"
    assert page.context["form"]["reason"].value() == remedy.why
    assert "nothing is decided until you record it" in page.content.decode()
    assert (
        "is proposed there" in signed_in(world.engineer).get(reverse("work-remedy", args=[remedy.pk])).content.decode()
    )
    told: dict[str, Any] = signed_in(world.engineer).get(f"/api/v1/findings/{world.finding.pk}").json()
    assert told["proposed"] == {"kind": "remediated", "reason": remedy.why, "remedy": remedy.pk}
    decision = remediated(world)
    assert (decision.remedy, standing(world)) == (remedy, "decided")
    told = signed_in(world.engineer).get(f"/api/v1/findings/{world.finding.pk}").json()
    assert (told["proposed"], told["decisions"][0]["remedy"]) == (None, remedy.pk)
    assert signed_in(world.engineer).get(f"/api/v1/remedies/{remedy.pk}").json()["decisions"] == [decision.pk]
    assert f"Shown by run {run.number}" in signed_in(world.legal).get(address).content.decode()
    assert "Decided upon it" in signed_in(world.engineer).get(reverse("work-remedy", args=[remedy.pk])).content.decode()


def test_other_decisions_have_no_work_behind_them(world: World, remedy: Remedy):
    assert decide(finding=world.finding, kind="confirm", reason="So.", acting_user=world.legal).remedy is None
    remedy.refresh_from_db()
    assert remedy.state == "open"
