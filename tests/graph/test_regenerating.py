"""Which teachers are offered instead, and at what price: only those whose terms permit this use, by the price list's figures."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from audits.capture.allowance import Prices
from audits.models import Run, TaughtCalls
from audits.procedures import regenerating as module
from audits.procedures.lifecycle import AuditErrored
from compliance.engine.library import Library
from compliance.engine.rulebook import join, parse_rulebook
from tests.graph.conftest import House

TEACHER = "model:openai/gpt-4.1-mini"


def _book(slug: str, effect: str) -> str:
    rule = f"""
[[rule]]
id = "{slug}/terms:students"
effect = "{effect}"
title = "Students"
statement = "speaks of students"
actions = ["train_on_output"]
citations = [{{ versions = ["1"], section = "2", sha256 = "{"ab" * 32}" }}]
"""
    return f"""
[[provider]]
slug = "{slug}"
name = "{slug.title()}"
hosts = ["api.{slug}.example"]

[[document]]
id = "{slug}/terms"
title = "{slug.title()} Terms"
kind = "terms"
versions = [{{ label = "1", since = 2020-01-01 }}]

[[governs]]
document = "{slug}/terms"
role = "principal"
why = "these terms cover the API"
developers = ["{slug}"]
access = ["api"]
served_by = ["developer"]

[[family]]
id = "{slug}-1"
developer = "{slug}"
title = "{slug.title()} 1"
match = ["{slug}-1-*"]
{rule if effect else ""}
"""


def _library() -> Library:
    effects = {"fair": "permission", "dear": "permission", "strict": "prohibition", "mute": ""}
    return join([parse_rulebook(_book(slug, effect), f"{slug}.toml") for slug, effect in effects.items()])


def _prices(_: Path) -> Prices:
    """Dollars per million tokens in and out; a model nobody has catalogued, and one that draws, are listed too."""
    listed = {"fair": (1.0, 2.0), "dear": (10.0, 20.0), "strict": (0.1, 0.1), "mute": (0.1, 0.1)}
    providers = tuple(
        {
            "id": slug,
            "api": rf"https://api\.{slug}\.example",
            "models": [
                {"id": name, "match": {"equals": name}, "input": asked, "output": told}
                for name in (f"{slug}-1-chat", f"{slug}-1-image", f"{slug}-unknown")
            ],
        }
        for slug, (asked, told) in listed.items()
    )
    return Prices("an invented list of 1 March 2026", providers)


@pytest.fixture(autouse=True)
def invented(monkeypatch: pytest.MonkeyPatch) -> None:
    library = _library()
    monkeypatch.setattr(module, "library_from_database", lambda: library)
    monkeypatch.setattr(module, "prices_today", _prices)


def test_only_teachers_whose_terms_permit_the_use_are_offered_cheapest_first(house: House) -> None:
    answer = house.client(house.engineer).get(reverse("graph-data"), {"without": TEACHER, "prices": "1"}).json()
    cost = answer["without"]["to_regenerate"]["cost"]
    assert [(one["model"], one["outcome"]) for one in cost["teachers"]] == [
        ("fair-1-chat", "permitted"),
        ("dear-1-chat", "permitted"),
    ]
    assert cost["left_out"] == {"prohibited": 1, "not_addressed": 1}
    assert cost["teachers"][0]["cost"] == pytest.approx((480 * 1 + 320 * 2) / 1_000_000)
    assert (cost["estimate"], cost["prices"]) == (True, "an invented list of 1 March 2026")


def test_calls_that_told_no_tokens_are_not_counted_and_that_is_said(house: House) -> None:
    TaughtCalls.objects.filter(run=house.first).update(input_tokens=0, output_tokens=0)
    client = house.client(house.engineer)
    cost = client.get(reverse("graph-data"), {"without": TEACHER, "prices": "1"}).json()["without"]["to_regenerate"][
        "cost"
    ]
    assert (cost["teachers"], cost["calls_counted"], cost["calls"]) == ([], 0, 4)
    assert (
        "no cost can be estimated" in client.get(reverse("graph"), {"without": TEACHER, "prices": "1"}).content.decode()
    )


def test_the_page_says_which_prices_of_which_day_and_that_it_is_an_estimate(house: House) -> None:
    client = house.client(house.engineer)
    assert "Which teachers may be asked instead" in client.get(reverse("graph"), {"without": TEACHER}).content.decode()
    text = client.get(reverse("graph"), {"without": TEACHER, "prices": "1"}).content.decode()
    for words in ("an invented list of 1 March 2026", "estimate", "fair-1-chat", "Not offered:"):
        assert words in text
    assert "strict-1-chat" not in text


def test_a_price_list_that_can_not_be_read_is_said_and_loses_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: Path) -> Prices:
        raise AuditErrored("The price list can't be read: it is not there")

    monkeypatch.setattr(module, "prices_today", unreadable)
    client = house.client(house.engineer)
    text = client.get(reverse("graph"), {"without": TEACHER, "prices": "1"}).content.decode()
    assert "it is not there" in text
    assert "training rows lost" in text


def test_the_command_prints_them_and_wants_a_teacher(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("graph", "--without", TEACHER, "--prices")
    assert "fair-1-chat (fair): permitted" in capsys.readouterr().out
    with pytest.raises(CommandError, match="wants --without"):
        call_command("graph", "--prices")
    assert Run.objects.count() == 3
