"""Setting a run's limits, answering its held calls, and replaying it, on its pages."""

import datetime as dt

import pytest
from django.utils import timezone

from audits.models import LimitEvent, ReplayDifference, Run
from audits.queries.review import newest_runs
from tests.factories import make_completed_run, make_pipeline, make_run
from tests.pages.conftest import SignedIn, World


def held(world: World, **fields: object) -> LimitEvent:
    run = make_run(make_pipeline(world.project), state=Run.State.RUNNING, limits={"calls": 5, "on": {"calls": "hold"}})
    now = timezone.now()
    told = {
        "limit": "calls",
        "what": "held",
        "why": "5 of 5 calls that this run may make are used up.",
        "host": "api.openai.com",
        "model": "gpt-4.1-mini",
        "excerpt": "What does <b>this</b> say?",
        "hold": "h1",
        "until": now + dt.timedelta(minutes=5),
        **fields,
    }
    return LimitEvent.objects.create(run=run, at=now, **told)


def test_a_held_call_says_what_to_whom_and_why_and_is_answered_once(world: World, signed_in: SignedIn) -> None:
    event = held(world)
    client = signed_in(world.engineer)
    page = client.get(f"/runs/{event.run_id}/").content.decode()
    for words in (event.why, "api.openai.com", "gpt-4.1-mini", "What does &lt;b&gt;this&lt;/b&gt; say?", "Let through"):
        assert words in page
    answer = {"event": event.pk, "answer": "pass"}
    assert client.post(f"/runs/{event.run_id}/hold/", answer).status_code == 302
    event.refresh_from_db()
    assert (event.wish, event.wished_by) == ("pass", world.engineer)
    again = client.post(f"/runs/{event.run_id}/hold/", {**answer, "answer": "stop"}, follow=True)
    assert "no longer waits" in again.content.decode()
    event.refresh_from_db()
    assert event.wish == "pass"


@pytest.mark.parametrize("who", ["member_legal", "legal", "outsider"])
def test_only_those_who_run_audits_answer_and_replay(world: World, signed_in: SignedIn, who: str) -> None:
    event = held(world)
    client = signed_in(getattr(world, who))
    statuses = {
        client.post(f"/runs/{event.run_id}/hold/", {"event": event.pk, "answer": "pass"}).status_code,
        client.post(f"/runs/{world.run.pk}/replay/").status_code,
    }
    assert statuses <= {403, 404}
    event.refresh_from_db()
    assert event.wish == ""


def test_a_call_whose_time_is_over_is_not_answered(world: World, signed_in: SignedIn) -> None:
    event = held(world, until=timezone.now() - dt.timedelta(seconds=1))
    signed_in(world.engineer).post(f"/runs/{event.run_id}/hold/", {"event": event.pk, "answer": "pass"})
    event.refresh_from_db()
    assert event.wish == ""


def test_the_form_sets_limits_and_what_is_kept(world: World, signed_in: SignedIn) -> None:
    pipeline = make_pipeline(world.project)
    asked = {
        "limit_calls": "50",
        "limit_money_usd": "2.50",
        "limit_hosts": "API.openai.com\n*.example.com",
        "limit_prohibited": "on",
        "on_money": "hold",
        "content": "hashes",
    }
    client = signed_in(world.engineer)
    assert client.post(f"/pipelines/{pipeline.pk}/audit/", asked).status_code == 302
    run = pipeline.runs.get()
    assert run.content == "hashes"
    assert run.limits == {
        "calls": 50,
        "money_usd": 2.5,
        "hosts": ["api.openai.com", "*.example.com"],
        "prohibited": True,
        "on": {"money": "hold"},
    }
    wrong = client.post(f"/pipelines/{pipeline.pk}/audit/", {"limit_hosts": "https://api.openai.com"})
    assert wrong.status_code == 422
    assert "Line 1" in wrong.content.decode()


def test_a_replay_is_marked_and_stands_for_nothing(world: World, signed_in: SignedIn) -> None:
    compared = {"reproduced": ["Training on output is barred"], "gone": [], "new": []}
    replay = {"name": "run 1", "counts": {"same": 7, "diverged": 1}, "findings_compared": compared}
    run = make_completed_run(world.run.pipeline, replay=replay, replay_of=world.run)
    ReplayDifference.objects.create(
        run=run, at=timezone.now(), kind="new", host="api.openai.com", excerpt="Something new"
    )
    page = signed_in(world.engineer).get(f"/runs/{run.pk}/").content.decode()
    for words in ("Nothing here counts as usage", "7 calls", "Training on output is barred", "Something new"):
        assert words in page
    assert "Replay without network" not in page
    assert world.run in newest_runs()
    assert run not in newest_runs()


def test_a_run_without_a_recorders_log_says_why_it_is_not_replayed(world: World, signed_in: SignedIn) -> None:
    said = signed_in(world.engineer).post(f"/runs/{world.run.pk}/replay/", follow=True).content.decode()
    assert "nothing to answer with" in said
