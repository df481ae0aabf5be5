"""Rulings on reconciliation: what stands side by side, and what is left that nobody explains."""

import csv
import datetime as dt
import json

import pytest
from django.test import Client
from django.urls import reverse

from audits.actions.owners import say_owners
from audits.models import Run
from audits.queries.reconciling import Line, Side, plain_model, reconcile
from compliance.models import Project, User
from tests.factories import make_pipeline, make_run, make_user
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import litellm_call
from tests.ingest.shapes import OPENAI_COSTS, OPENAI_USAGE

DAY = dt.date(2026, 11, 20)


def recorded(project: Project, *, calls: int, tokens: int, simulated: bool = False) -> Run:
    run = make_run(make_pipeline(project), Run.State.COMPLETED)
    noon = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    run.signatures.create(
        day=DAY, provider="openai", served_by="openai", model="gpt-4.1-mini", operation="chat", calls=calls,
        input_tokens=tokens, output_tokens=0, simulated=simulated, first_at=noon, last_at=noon,
    )  # fmt: skip
    return run


def test_the_three_sides_of_a_day_meet_in_one_line(give: Give, project: Project) -> None:
    recorded(project, calls=1, tokens=300)
    recorded(project, calls=50, tokens=9000, simulated=True)
    give(as_lines(litellm_call(number) for number in range(2)), "litellm")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage", "usage.json")
    give(json.dumps(OPENAI_COSTS).encode(), "openai-usage", "costs.json")
    found = reconcile(Project.objects.all(), "openai", DAY, DAY)
    [line] = found.lines
    assert (line.day, line.model) == (DAY, "gpt-4.1-mini"), "the bill's dated name is the same model"
    assert (line.recorded.calls, line.recorded.tokens) == (1, 300), "no provider bills what a stand-in answered"
    assert (line.logged.calls, line.logged.tokens) == (2, 400)
    assert (line.billed.calls, line.billed.tokens, str(line.billed.cost)[:4]) == (5, 1500, "0.06")
    assert line.rest == (800, 1100)
    assert line.rest_calls == (2, 3)
    assert found.simulated == 50


def test_a_day_without_a_bill_does_not_make_good_what_another_day_leaves_open(give: Give) -> None:
    give(as_lines(litellm_call(number, startTime=1795262400.0 + number) for number in range(9)), "litellm")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    found = reconcile(Project.objects.all(), "openai", DAY, DAY + dt.timedelta(days=2))
    assert [line.rest for line in found.lines] == [(1500, 1500), None]
    assert found.total.rest == (1500, 1500)
    assert found.total.rest_calls == (5, 5)


def test_a_day_without_a_bill_has_no_rest(give: Give) -> None:
    give(as_lines([litellm_call()]), "litellm")
    [line] = reconcile(Project.objects.all(), "openai", DAY, DAY).lines
    assert line.rest is None


def test_more_seen_than_billed_is_told_too() -> None:
    line = Line(DAY, "m", recorded=Side(3, 900, there=True), billed=Side(1, 500, there=True))
    assert (line.rest, line.over) == ((0, 0), 400)


def test_a_bill_that_grows_is_taken_up_and_never_counts_twice(give: Give) -> None:
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    grown = json.dumps(OPENAI_USAGE).replace('"num_model_requests": 5', '"num_model_requests": 9')
    later = give(grown.encode(), "openai-usage")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    [line] = reconcile(Project.objects.all(), "openai", DAY, DAY).lines
    assert line.billed.calls == 9
    assert (later.new, later.known) == (0, 1)


@pytest.mark.parametrize(
    ("billed", "plain"),
    [
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku"),
        ("openai/gpt-4.1", "gpt-4.1"),
    ],
)
def test_a_dated_name_is_the_same_model(billed: str, plain: str) -> None:
    assert plain_model(billed) == plain


def test_the_page_shows_the_rest_and_only_what_one_may_see(give: Give, project: Project) -> None:
    give(as_lines([litellm_call()]), "litellm")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage")
    client = Client()
    person = make_user()
    client.force_login(person)
    assert "Nothing to compare yet" in client.get(reverse("reconciliation")).content.decode()
    project.memberships.create(user=person, role="engineer")
    page = client.get(reverse("reconciliation"), {"channel": "openai"}).content.decode()
    assert "1,300 tokens" in page
    wrong = client.get(reverse("reconciliation"), {"channel": "openai", "since": "2026-11-20", "until": "2020-01-01"})
    assert wrong.status_code == 422


def test_the_lines_can_be_downloaded_and_logged_calls_are_told_by_owner(give: Give, project: Project) -> None:
    give(as_lines(litellm_call(number) for number in range(2)), "litellm")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage", "usage.json")
    say_owners(project=project, named=[("key", "triage-*")], team="Quarry", acting_user=None)
    client = Client()
    client.force_login(make_user(User.Role.ADMINISTRATOR))
    period = {"channel": "openai", "since": DAY.isoformat(), "until": DAY.isoformat()}
    assert "Quarry" in client.get(reverse("reconciliation"), period).text
    head, line = csv.reader(client.get(reverse("reconciliation-export"), period).text.splitlines())
    told = dict(zip(head, line, strict=True))
    assert (told["day"], told["model"], told["recorded_tokens"]) == (DAY.isoformat(), "gpt-4.1-mini", "")
    assert (told["logged_tokens"], told["billed_tokens"], told["unexplained_tokens_least"]) == ("400", "1500", "1100")
