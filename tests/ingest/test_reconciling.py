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


def test_a_bill_that_was_exported_twice_under_other_groups_is_told_and_both_are_counted(give: Give) -> None:
    by_project = give(json.dumps(OPENAI_USAGE).encode(), "openai-usage", "by-project.json")
    give(json.dumps(OPENAI_USAGE).encode(), "openai-usage", "again.json")
    assert reconcile(Project.objects.all(), "openai", DAY, DAY).billed_twice == (), (
        "the same export again brings nothing"
    )
    whole = json.dumps(OPENAI_USAGE).replace('"proj_1"', "null")
    by_model = give(whole.encode(), "openai-usage", "by-model.json")
    costs = json.dumps(OPENAI_COSTS)
    of_costs = [give(one.encode(), "openai-usage") for one in (costs, costs.replace('"proj_1"', "null"))]
    found = reconcile(Project.objects.all(), "openai", DAY, DAY)
    assert [(one.one, one.other, one.first, one.days) for one in found.billed_twice] == [
        (by_project.pk, by_model.pk, DAY, 1), (of_costs[0].pk, of_costs[1].pk, DAY, 1),
    ]  # fmt: skip
    assert found.total.billed.tokens == 3000
    client = Client()
    client.force_login(make_user(User.Role.ADMINISTRATOR))
    page = client.get(reverse("reconciliation"), {"channel": "openai"}).text
    assert "come to the same sums on 1 day" in page
    assert reverse("import", args=[by_model.pk]) in page


def test_costs_of_several_currencies_are_not_added_up(give: Give) -> None:
    options = {
        "columns": {"at": "day", "model": "model", "cost": "cost", "currency": "currency"}, "constants": {"channel": "openai"},
    }  # fmt: skip
    table = b"day,model,cost,currency\n2026-11-20,a,100,USD\n2026-11-20,b,2,USD\n2026-11-20,b,3,EUR\n"
    give(table, "csv", "costs.csv", options=options)
    found = reconcile(Project.objects.all(), "openai", DAY, DAY)
    told = [(line.model, line.logged.amount, line.logged.currency) for line in (*found.lines, found.total)]
    assert told == [("a", "100", "USD"), ("b", "", "EUR USD"), ("", "", "EUR USD")]
    client = Client()
    client.force_login(make_user(User.Role.ADMINISTRATOR))
    period = {"channel": "openai", "since": DAY.isoformat(), "until": DAY.isoformat()}
    page = client.get(reverse("reconciliation"), period).text
    assert "100.00 USD" in page
    assert "costs in several currencies (EUR USD)" in page
    rows = list(csv.DictReader(client.get(reverse("reconciliation-export"), period).text.splitlines()))
    assert [(row["logged_cost"], row["logged_currency"]) for row in rows] == [("100", "USD"), ("", "EUR USD")]


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


def test_a_period_in_which_stand_ins_alone_answered_says_so(project: Project) -> None:
    recorded(project, calls=113, tokens=9000, simulated=True)
    client = Client()
    client.force_login(make_user("legal"))
    page = client.get(reverse("reconciliation")).content.decode()
    assert "Nothing that a provider could bill" in page
    assert "Neither a run" not in page
