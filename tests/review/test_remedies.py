"""Work on findings: asked for, claimed, and shown by the next run alone."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from audits.actions.remedies import ask_for_remedy, claim_remedy, drop_remedy, move_remedy, settle_remedies
from audits.actions.reminding import remind_of_work
from audits.actions.runs import move
from audits.actions.webhooks import add_webhook
from audits.models import Delivery, Finding, Gap, Notice, Remedy, Run
from tests.factories import NOON, make_finding, make_rule_revision, make_run, make_use, make_user
from tests.pages.conftest import SignedIn, World, signed_in, world

__all__ = ["signed_in", "world"]
pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
SOON = TODAY + dt.timedelta(days=5)


@pytest.fixture
def remedy(world: World) -> Remedy:
    return ask_for_remedy(
        finding=world.finding, what="Ask another model.", owner=world.engineer, due_on=SOON, acting_user=world.legal
    )


def next_run(world: World, *, outcome: str | None, key: str | None = None, **fields: Any) -> Run:
    """Another run of the same pipeline that completes; with `outcome`, it finds the same (or `key`) again."""
    run = make_run(world.run.pipeline, state=Run.State.ANALYSING, isolation=Run.Isolation.ENFORCED, **fields)
    make_use(run, provider="mistral", model="mistral-small", outcome="permitted", calls=12)
    if outcome is not None:
        make_finding(run, key=key or world.finding.key, outcome=outcome, rule_revision=world.finding.rule_revision)
    return run


def complete(run: Run) -> None:
    assert move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE)


def test_the_history_says_who_sees_to_it_and_until_when_as_people_say_it(world: World, remedy: Remedy):
    world.engineer.first_name, world.engineer.last_name = "Ada", "Okoye"
    world.engineer.save()
    move_remedy(remedy=remedy, acting_user=world.legal, owner=world.engineer, due_on=dt.date(2099, 12, 1))
    assert remedy.history.latest("pk").words == "Ada Okoye sees to it until 1 December 2099."


def test_saying_that_it_is_changed_settles_nothing(world: World, remedy: Remedy):
    claim_remedy(remedy=remedy, acting_user=world.engineer, words="Uses mistral-small now.")
    assert settle_remedies(world.run) == 0, "the run was there before the claim"
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.CLAIMED


def test_the_next_run_that_no_longer_finds_it_proves_the_work_and_says_by_what(world: World, remedy: Remedy):
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    run = next_run(world, outcome=None)
    complete(run)
    remedy.refresh_from_db()
    assert (remedy.state, remedy.settled_run) == (Remedy.State.PROVED, run)
    assert "no longer finds it. What it used: 12 calls to mistral-small." in remedy.why
    told = Notice.objects.filter(kind="remedy_settled")
    assert {one.user for one in told} == {world.engineer, world.legal, world.member_legal}, (
        "who decides hears of it too"
    )


def test_a_better_outcome_under_the_same_key_proves_it(world: World, remedy: Remedy):
    Finding.objects.filter(pk=world.finding.pk).update(outcome="prohibited")
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    complete(next_run(world, outcome="permitted_with_duties"))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.PROVED
    assert "permitted, with duties instead of prohibited" in remedy.why


def test_a_run_that_still_finds_it_opens_the_work_again_with_the_reason(world: World, remedy: Remedy):
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    complete(next_run(world, outcome=world.finding.outcome))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.DISPROVED
    assert "still finds it" in remedy.why
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    complete(next_run(world, outcome=None))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.PROVED
    complete(next_run(world, outcome=world.finding.outcome))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.DISPROVED, "a later run found it anew"
    said = list(remedy.history.values_list("what", flat=True))
    assert said == ["asked", "claimed", "disproved", "claimed", "proved", "disproved"]


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("gap", "saw nothing proves nothing"),
        ("simulated", "asked stand-ins"),
        ("needs_facts", "facts are missing"),
        ("renamed", "the same rule in another place"),
    ],
)
def test_a_run_that_cant_tell_proves_nothing(world: World, remedy: Remedy, how: str, why: str):
    revision = make_rule_revision("openai/another-agreement:competing-models")
    Finding.objects.filter(pk=world.finding.pk).update(outcome="prohibited", rule_revision=revision)
    Run.objects.filter(pk=world.run.pk).update(upstreams={})
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    outcome = {"needs_facts": "needs_facts", "renamed": "prohibited"}.get(how)
    rule = world.finding.key.partition("|")[0]
    upstreams = {"api.openai.com": "http://127.0.0.1:1"} if how == "simulated" else {}
    run = next_run(world, outcome=outcome, key=f"{rule}|another" if how == "renamed" else None, upstreams=upstreams)
    if how == "gap":
        Gap.objects.create(run=run, at=NOON, step="execute", kind="pinned", subject="api.openai.com")
    complete(run)
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.CLAIMED
    assert why in remedy.why
    assert remedy.history.latest("pk").what == "unclear"


@pytest.mark.parametrize("fields", [{"replay": {"run": 1}}, {"record_only": True}])
def test_a_replay_and_a_run_that_judged_nothing_show_nothing(world: World, remedy: Remedy, fields: dict[str, Any]):
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    complete(next_run(world, outcome=None, **fields))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.CLAIMED


def test_a_run_that_failed_shows_nothing(world: World, remedy: Remedy):
    claim_remedy(remedy=remedy, acting_user=world.engineer)
    move(next_run(world, outcome=None).pk, Run.State.FAILED, since=Run.ACTIVE)
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.CLAIMED


def test_work_that_nobody_claimed_is_proved_too_when_a_run_shows_it(world: World, remedy: Remedy):
    add_webhook(
        project=world.project, name="Chat", url="https://hooks.example/", form="signed", events=("remedy.proved",),
        acting_user=world.administrator,
    )  # fmt: skip
    complete(next_run(world, outcome=None))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.PROVED
    assert Delivery.objects.get().payload["data"]["title"] == world.finding.title


def test_who_may_do_what_with_work(world: World, remedy: Remedy):
    with pytest.raises(ValidationError, match="Only its owner"):
        claim_remedy(remedy=remedy, acting_user=world.legal)
    with pytest.raises(ValidationError, match="does not belong"):
        move_remedy(remedy=remedy, acting_user=world.legal, owner=world.outsider, due_on=SOON)
    with pytest.raises(ValidationError, match="Say why"):
        drop_remedy(remedy=remedy, reason=" ", acting_user=world.legal)
    other = make_user("legal")
    move_remedy(remedy=remedy, acting_user=world.legal, owner=other, due_on=SOON)
    assert Notice.objects.filter(user=other, kind="remedy_asked").count() == 1
    drop_remedy(remedy=remedy, reason="The pipeline is shut down.", acting_user=world.legal)
    with pytest.raises(ValidationError, match="not open"):
        claim_remedy(remedy=remedy, acting_user=other)
    complete(next_run(world, outcome=None))
    remedy.refresh_from_db()
    assert remedy.state == Remedy.State.DROPPED


def test_reminders_come_before_the_day_and_each_week_after_it_once_each(world: World, remedy: Remedy):
    told = [remind_of_work(SOON + dt.timedelta(days=days)) for days in (-2, -1, -1, 0, 3, 7, 8)]
    assert told == [0, 1, 0, 1, 0, 1, 0]
    texts = list(Notice.objects.filter(kind="remedy_due").order_by("pk").values_list("text", flat=True))
    assert [text.split(" on ")[0] for text in texts] == ["Work is due", "Work is due", "Work was due"]


def test_work_is_given_claimed_and_followed_in_the_page(world: World, signed_in: SignedIn):
    legal, engineer = signed_in(world.legal), signed_in(world.engineer)
    page = reverse("work-add", args=[world.finding.pk])
    assert legal.post(page, {"what": "", "owner": world.engineer.pk, "due_on": SOON}).status_code == 422
    assert legal.post(page, {"what": "x", "owner": world.outsider.pk, "due_on": SOON}).status_code == 422
    legal.post(page, {"what": "Ask another model.", "owner": world.engineer.pk, "due_on": SOON})
    made = Remedy.objects.get()
    detail = reverse("work-remedy", args=[made.pk])
    assert "It is changed" not in legal.get(detail).content.decode(), "not the lawyer’s to say"
    assert "It is changed" in engineer.get(detail).content.decode()
    assert legal.post(reverse("work-claim", args=[made.pk])).status_code == 403
    engineer.post(reverse("work-claim", args=[made.pk]), {"words": "Done."})
    assert "only a run that begins later shows it" in engineer.get(detail).content.decode()
    complete(next_run(world, outcome=None))
    shown = engineer.get(detail).content.decode()
    assert "Shown by run 2" in shown
    assert reverse("run-evidence", args=[Run.objects.latest("pk").pk]) in shown
