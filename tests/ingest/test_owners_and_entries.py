"""Rulings on whose accounts are, on single entries, and on the patterns' page."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audits.actions.owners import say_owners
from audits.ingest.owners import Owner, Owners
from audits.models import AccountOwner, Finding, PatternReading, UsageEntry
from audits.procedures.reading_patterns import read_patterns, read_what_is_new
from audits.queries.owners import by_owner, senders
from compliance.models import Membership, Project
from tests.factories import make_user
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import acme_call, litellm_call

DAY = dt.date(2026, 2, 3)


def owner(number: int, field: str, pattern: str, team: str, **more: Any) -> Owner:
    return Owner(number, field, pattern, team=team, **more)


def team_of(
    owners: Owners, account: str = "", person: str = "", key: str = "", day: dt.date = DAY, by: str = "openai"
) -> str:
    found = owners.of(by, account, person, key, day)
    return found.team if found else ""


def test_a_key_says_more_than_a_user_and_a_user_more_than_an_account() -> None:
    owners = Owners([owner(1, "account", "acme", "A"), owner(2, "person", "ada", "B"), owner(3, "key", "k1", "C")])
    assert [team_of(owners, "acme", "ada", "k1"), team_of(owners, "acme", "ada", "k2"), team_of(owners, "acme")] == [
        "C",
        "B",
        "A",
    ]


def test_a_name_goes_before_a_pattern_and_a_longer_pattern_before_a_shorter() -> None:
    owners = Owners(
        [owner(1, "account", "team-*", "A"), owner(2, "account", "team-7*", "B"), owner(3, "account", "team-71", "C")]
    )
    assert [team_of(owners, name) for name in ("team-1", "team-72", "team-71", "steam-1")] == ["A", "B", "C", ""]


def test_a_mapping_holds_for_its_days_and_its_channel_only() -> None:
    until = owner(1, "key", "k", "A", last_day=DAY)
    since = owner(2, "key", "k", "B", first_day=DAY + dt.timedelta(days=1), served_by="azure")
    owners = Owners([until, since])
    later = DAY + dt.timedelta(days=9)
    assert [
        team_of(owners, key="k"),
        team_of(owners, key="k", day=later),
        team_of(owners, key="k", day=later, by="azure"),
    ] == ["A", "", "B"]


def test_a_pattern_is_no_regular_expression() -> None:
    owners = Owners([owner(1, "account", "a.c(", "A")])
    assert [team_of(owners, "a.c("), team_of(owners, "abc(")] == ["A", ""]


@pytest.fixture
def engineer(project: Project) -> Client:
    person = make_user()
    Membership.objects.create(project=project, user=person, role=Membership.Role.ENGINEER)
    client = Client()
    client.force_login(person)
    return client


def test_unmapped_senders_are_listed_by_volume_and_mapped_together(
    give: Give, project: Project, engineer: Client
) -> None:
    give(as_lines(litellm_call(number) for number in range(5)), "litellm")
    entry = UsageEntry.objects.first()
    assert entry is not None
    assert entry.account or entry.person or entry.key_hint
    page = reverse("import-accounts")
    [sender] = {one.token: one for one in senders(project, entry.at.date(), entry.at.date())}.values()
    assert sender.token in engineer.get(page).text
    assert "Say which team" in engineer.post(page, {"sender": [sender.token]}).text
    assert engineer.post(page, {"sender": [sender.token], "team": "Quarry"}).status_code == 302
    [row] = by_owner(senders(project, entry.at.date(), entry.at.date()))
    assert (row["owner"], row["calls"]) == ("Quarry", 5)
    assert "somebody has said whose it is" in engineer.get(page).text
    said = AccountOwner.objects.get()
    assert engineer.post(reverse("import-account-remove", args=[said.pk])).status_code == 302
    assert not AccountOwner.objects.exists()


def test_an_outsider_maps_nothing_and_sees_no_entry(give: Give, project: Project) -> None:
    give(as_lines([litellm_call()]), "litellm")
    say_owners(project=project, named=[("key", "k")], team="Quarry", acting_user=None)
    outsider = Client()
    outsider.force_login(make_user())
    assert outsider.post(reverse("import-account-remove", args=[AccountOwner.objects.get().pk])).status_code == 404
    assert outsider.get(reverse("import-entry", args=[UsageEntry.objects.get().pk])).status_code == 404
    assert "Quarry" not in outsider.get(reverse("import-accounts")).text


def test_a_viewer_sees_of_an_entry_all_but_what_was_said(give: Give, project: Project, engineer: Client) -> None:
    give(as_lines([litellm_call()]), "litellm")
    entry = UsageEntry.objects.get()
    viewer = make_user()
    Membership.objects.create(project=project, user=viewer, role=Membership.Role.VIEWER)
    client = Client()
    client.force_login(viewer)
    address = reverse("import-entry", args=[entry.pk])
    assert entry.prompt_excerpt in engineer.get(address).text
    assert entry.prompt_excerpt not in client.get(address).text


def test_a_finding_of_a_log_shows_its_entries(give: Give, engineer: Client) -> None:
    give(as_lines(acme_call(number) for number in range(9)), "litellm", declared={"purpose": "train"})
    finding = Finding.objects.filter(use__isnull=False).first()
    assert finding is not None
    few = engineer.get(reverse("finding-entries", args=[finding.pk]), {"few": ""}).text
    assert few.count("/imports/entries/") == 6
    assert "All entries" in few
    assert engineer.get(reverse("finding-entries", args=[finding.pk])).text.count("/imports/entries/") == 9
    assert reverse("finding-entries", args=[finding.pk]) in engineer.get(reverse("finding", args=[finding.pk])).text


def test_patterns_are_looked_for_once_for_what_is_new_and_shown_in_words(
    give: Give, project: Project, engineer: Client
) -> None:
    lines = []
    for number in range(400):
        call = litellm_call(number)
        call["metadata"] = {"user_api_key_team_alias": f"team-{number % 20}"}
        call["messages"] = [
            {
                "role": "user",
                "content": f"Write out your full reasoning on the subject of matter-{number * 7919} in detail",
            }
        ]
        lines.append(call)
    give(as_lines(lines), "litellm")
    [made] = read_what_is_new()
    reading = read_patterns(made)
    assert (reading.logged, reading.accounts, reading.wordless) == (400, 20, 0)
    assert {"elicitation", "fan_out"} <= set(reading.indicators.values_list("kind", flat=True))
    assert read_what_is_new() == []
    page = engineer.get(reverse("import-patterns")).text
    assert "400 of 400 prompts (100%) have reasoning written out" in page
    assert "not verdicts" in page
    say_owners(project=project, named=[("account", "team-*")], team="Evaluation", acting_user=None)
    assert "fan_out" not in read_patterns(made).indicators.values_list("kind", flat=True), "whose they are is known"
    assert PatternReading.objects.count() == 1


def test_what_is_embedded_is_no_task_that_is_asked_of_a_model(give: Give, engineer: Client) -> None:
    def embedded(number: int, call_type: str) -> dict[str, Any]:
        code = f"def function_{number * 7919}(frame): return frame.groupby('region').agg(sum) # pandas dataframe"
        return litellm_call(number, call_type=call_type, messages=code)

    give(as_lines(embedded(number, "aembedding") for number in range(300)), "litellm")
    [made] = read_what_is_new()
    reading = read_patterns(made)
    assert (reading.logged, reading.wordless, reading.indicators.count()) == (300, 300, 0)
    assert "none that asks a model for an answer (embeddings)" in engineer.get(reverse("import-patterns")).text
