"""Rulings on previews that a worker works out: the page waits for them, shows the same, and tells when they are of yesterday."""

import datetime as dt
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.actions.rule_impacts import AGAIN_AFTER, LOST_AFTER, ask_for_impact, begin_impact, keep_impact
from audits.models import KeptImpact, Run
from audits.procedures.rule_impacts import work_out
from audits.queries import rule_impact
from audits.queries.rule_impact import impact_of_revision, rows_behind
from compliance.models import RuleRevision
from tests.factories import make_run, make_use
from tests.rules.conftest import OBSERVED, Recorded
from tests.rules.test_impact_previews import drafted


@pytest.fixture
def revision(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> RuleRevision:
    """A draft that changes something, where too much is recorded to judge it at once."""
    monkeypatch.setattr(rule_impact, "QUICK", 0)
    return drafted(recorded, effect="permission")


@pytest.fixture
def lawyer(recorded: Recorded) -> Client:
    return recorded.desk.client(recorded.desk.second)


def page(lawyer: Client, revision: RuleRevision) -> str:
    return lawyer.get(reverse("rule-impact", args=[revision.pk])).text


def asked(lawyer: Client, revision: RuleRevision) -> str:
    """The page after the button in it was pressed, as the page itself does when it opens."""
    return lawyer.post(reverse("rule-impact", args=[revision.pk]), follow=True).text


def kept() -> KeptImpact:
    return KeptImpact.objects.get()


def another_run(recorded: Recorded) -> Run:
    """A second run with the same use, of seven calls, judged."""
    run = make_run(recorded.run.pipeline, Run.State.COMPLETED, manifest=recorded.run.manifest)
    make_use(
        run, calls=7, facts={path: {"value": value, "source": "observed", "by": ""} for path, value in OBSERVED.items()}
    )
    return run


def later(by: dt.timedelta) -> None:
    """As if that much time had passed since anything was heard of the preview."""
    KeptImpact.objects.update(heard_at=timezone.now() - by - dt.timedelta(seconds=1))


def test_the_page_waits_for_a_worker_and_then_says_what_it_would_have_said_at_once(
    revision: RuleRevision, lawyer: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("audits.views.rule_impact.preview_rule.delay", sent.append)
    with django_capture_on_commit_callbacks(execute=True):
        assert 'hx-trigger="load, submit"' in page(lawyer, revision)
        assert (sent, KeptImpact.objects.count()) == ([], 0), "looking asks nobody"
        first, second, _ = asked(lawyer, revision), page(lawyer, revision), asked(lawyer, revision)
    assert sent == [kept().pk], "whoever asks again while it is judged asks nobody"
    assert "Everything recorded is being judged." in first
    assert 'hx-trigger="every 1s"' in second
    assert work_out(kept().pk)
    by_worker = page(lawyer, revision)
    monkeypatch.setattr(rule_impact, "QUICK", 300)
    assert _body(by_worker) == _body(page(lawyer, revision))
    assert "30 calls" in by_worker
    assert not work_out(kept().pk), "delivered twice, it is judged once"


def _body(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page[page.index("<main") : page.index("</main>")])


def test_programs_are_told_the_same_before_and_after_it_is_kept(
    recorded: Recorded, revision: RuleRevision, lawyer: Client
) -> None:
    second = another_run(recorded)
    address = f"/api/v1/rule-revisions/{revision.pk}/impact"
    at_once = lawyer.get(address).json()
    asked(lawyer, revision)
    work_out(kept().pk)
    assert lawyer.get(address).json() == at_once
    assert [(one["run"], one["calls"]) for one in at_once["runs"]] == [(second.pk, 7), (recorded.run.pk, 30)]


def test_what_is_recorded_since_makes_it_one_of_yesterday(
    recorded: Recorded, revision: RuleRevision, lawyer: Client
) -> None:
    asked(lawyer, revision)
    work_out(kept().pk)
    another_run(recorded)
    for shown in (page(lawyer, revision), asked(lawyer, revision)):
        assert "Something was recorded or changed since then; load this page again in a minute" in shown
        assert "30 calls" in shown
    later(AGAIN_AFTER)
    shown = page(lawyer, revision)
    assert ("Judge everything anew" in shown, "30 calls" in shown) == (True, True)
    assert "Everything recorded is being judged." in asked(lawyer, revision)


def test_a_worker_that_died_is_followed_by_another_and_its_word_comes_too_late(
    revision: RuleRevision, lawyer: Client
) -> None:
    asked(lawyer, revision)
    begin_impact(kept().pk, basis="of the first", total=1)
    later(LOST_AFTER)
    assert "Nothing has been heard of the worker" in page(lawyer, revision)
    assert ask_for_impact(revision=revision, basis=rows_behind()) == (kept(), True)
    assert not keep_impact(kept().pk, impact_of_revision(revision), basis="of the first")
    assert work_out(kept().pk)


def test_a_preview_that_failed_is_said_so_and_asked_for_anew(
    revision: RuleRevision, lawyer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked(lawyer, revision)
    with monkeypatch.context() as broken:
        broken.setattr("audits.procedures.rule_impacts.impact_of_revision", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            work_out(kept().pk)
    assert "It could not be judged." in page(lawyer, revision)
    later(AGAIN_AFTER)
    assert "Judge everything anew" in page(lawyer, revision)
    assert "Everything recorded is being judged." in asked(lawyer, revision)


def test_every_table_that_it_is_worked_out_from_is_watched(revision: RuleRevision) -> None:
    with CaptureQueriesContext(connection) as asked:
        impact_of_revision(revision)
    tables = {
        name for query in asked for name in re.findall(r'(?:FROM|JOIN) "(audits_\w+|compliance_\w+)"', query["sql"])
    }
    with CaptureQueriesContext(connection) as watched:
        rows_behind()
    assert tables
    assert [name for name in tables if not any(name in query["sql"] for query in watched)] == []


def test_a_preview_that_breaks_off_is_put_down_as_failed_and_raises_what_broke_it(
    revision: RuleRevision, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("audits.procedures.rule_impacts.impact_of_revision", broken)
    asked, _ = ask_for_impact(revision=revision, basis=rows_behind())
    with pytest.raises(ZeroDivisionError):
        work_out(asked.pk)
    assert kept().state == KeptImpact.State.FAILED
