"""Rulings on patterns: which traffic an indicator is told of, and of which it is not; over traffic drawn anew from each seed."""

from random import Random
from typing import Any

import pytest

import audits.patterns.reading as reading_module
from audits.patterns.calls import Call, Indicator
from audits.patterns.reading import Reading
from audits.patterns.regions import hours_off, quiet_hours
from audits.patterns.releases import release_day
from audits.patterns.words import KINDS, sentence, subject_words
from tests.patterns.traffic import CAMPAIGNS, DAY, ORDINARY, START

SEEDS = range(2)


def look(calls: list[Call]) -> list[Indicator]:
    return Reading().take(calls).indicators()


def world(kind: str, seed: int) -> list[Call]:
    return ({**CAMPAIGNS, **ORDINARY})[kind](Random(f"{kind} {seed}"))


@pytest.mark.parametrize("kind", CAMPAIGNS)
def test_of_a_campaign_several_indicators_are_told(kind: str) -> None:
    for seed in SEEDS:
        told = look(world(kind, seed))
        assert len({one.kind for one in told}) >= 2, seed
        assert all(sentence(one.kind, one.value, one.baseline, one.figures) for one in told)
        assert all(one.samples and one.calls for one in told if one.kind != "region")


@pytest.mark.parametrize("kind", ORDINARY)
def test_of_an_ordinary_product_at_most_one_indicator_is_told(kind: str) -> None:
    for seed in SEEDS:
        assert len({one.kind for one in look(world(kind, seed))}) <= 1, seed


def test_an_indicator_names_the_calls_and_the_numbers_that_it_rests_on() -> None:
    calls = world("pivoting", 1)
    for one in look(calls):
        for kept in one.samples:
            given = calls_by_reference(calls)[kept.reference]
            assert (given.prompt, given.sender, given.at) == (kept.prompt, kept.sender, kept.at)


def calls_by_reference(calls: list[Call]) -> dict[tuple[str, int], Call]:
    return {call.reference: call for call in calls}


def _calls(prompts: list[str], senders: int = 1, **more: Any) -> list[Call]:
    return [
        Call(START + number * 60, f"key {number % senders}", "m", prompt, ("entry", number))._replace(**more)
        for number, prompt in enumerate(prompts)
    ]


def test_the_same_questions_again_are_no_coverage_however_often() -> None:
    again = [f"Explain the theorem number {number % 90} of the old book in detail please" for number in range(1800)]
    assert not [one for one in look(_calls(again)) if one.kind in ("coverage", "focus", "elicitation")]


def test_a_refused_prompt_asked_again_by_the_same_key_is_a_retry() -> None:
    def refused(other: bool) -> list[Call]:
        calls = []
        for number in range(40):
            asked = Call(START + number * 100, "key 1", "m", f"question {number}", ("entry", 2 * number), 429, True)
            again = asked._replace(at=asked.at + 5, reference=("entry", 2 * number + 1), status=200, failed=False)
            calls += [asked, again._replace(sender="key 2") if other else again]
        return calls

    assert "evasion" not in {one.kind for one in look(refused(False))}
    [evasion] = [one for one in look(refused(True)) if one.kind == "evasion"]
    assert (evasion.figures["refused"], evasion.figures["by_others"], evasion.figures["mean_seconds"]) == (40, 40, 5.0)
    assert "came again from another account or key after 5 seconds" in sentence("evasion", 1.0, 0.15, evasion.figures)


def test_a_prompt_that_all_ask_in_any_case_is_asked_again_by_nobody() -> None:
    """As where what is kept of each prompt are the same instructions of a product that each tenant has a key for."""
    same = _calls(["Classify the ticket below by its urgency and answer with one word"] * 400, senders=40)
    refused = [one._replace(status=429, failed=True) if number % 3 == 1 else one for number, one in enumerate(same)]
    assert "evasion" not in {one.kind for one in look(refused)}


def test_calls_that_name_nobody_are_no_account() -> None:
    named = [one for sender in range(9) for one in _calls(["hello"] * 30, sender=f"key {sender}")]
    nameless = _calls([f"question {number} of many that nobody signs" for number in range(3000)], sender="")
    reading = Reading().take(sorted([*named, *nameless], key=lambda call: call.at))
    assert "" not in reading.senders
    assert "volume" not in {one.kind for one in reading.indicators()}
    subjects = [(one.kind, one.subject) for one in reading.indicators()]
    assert len(subjects) == len(set(subjects)), "all calls together are told of once"


def test_accounts_that_somebody_is_known_to_own_are_no_fan_out() -> None:
    reading = Reading().take(
        _calls([f"Summarise for the record what section {n} of it says" for n in range(900)], senders=30)
    )
    assert "fan_out" in {one.kind for one in reading.indicators()}
    known = {f"key {number}" for number in range(25)}
    assert "fan_out" not in {one.kind for one in reading.indicators(known=known)}


def test_calls_without_words_say_nothing_of_words() -> None:
    reading = Reading().take(_calls([""] * 500, senders=20))
    assert (reading.wordless, reading.indicators()) == (500, [])


def test_no_calls_show_nothing() -> None:
    assert look([]) == []


def test_a_night_tells_where_people_sleep() -> None:
    berlin_office = [0] * 7 + [30] * 11 + [2] * 6  # UTC
    assert quiet_hours(berlin_office) in range(24)
    assert hours_off(berlin_office, "DE") == 0
    shifted = berlin_office[9:] + berlin_office[:9]
    assert hours_off(shifted, "DE")
    assert hours_off([10] * 24, "DE") is None, "who calls around the clock has no night"
    assert hours_off(berlin_office, "XX") is None


def test_a_region_is_told_only_where_somebody_said_one() -> None:
    calls = _calls(["hello there"] * 300, region="us-east-1")
    reading = Reading().take(calls)
    assert [one.kind for one in reading.indicators({"key 0": "DE"}) if one.kind == "region"] == ["region"]
    assert not [one for one in reading.indicators({"key 0": "US"}) if one.figures.get("elsewhere")]
    assert "region" not in {one.kind for one in reading.indicators()}


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ("claude-sonnet-4-20250514", "2025-05-22"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "2025-05-22"),
        ("acme-large-20250514", "2025-05-14"),
        ("openai/gpt-4.1-2025-04-14", "2025-04-14"),
        ("gpt-4o", "2024-05-13"),
        ("mystery", None),
    ],
)
def test_a_release_is_known_by_a_dated_name_or_not_at_all(model: str, day: str | None) -> None:
    found = release_day(model)
    assert (None if found is None else found * DAY) == (None if day is None else _seconds(day))


def _seconds(day: str) -> float:
    from_start = {
        "2025-05-14": 1747180800.0,
        "2025-05-22": 1747872000.0,
        "2025-04-14": 1744588800.0,
        "2024-05-13": 1715558400.0,
    }
    return from_start[day]


def test_memory_stays_bounded_however_many_accounts_and_wordings_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MOST_SENDERS", 1500)
    monkeypatch.setattr(reading_module, "MOST_WORDINGS", 20)
    prompts = (
        f"wording {'abcdefghijklmnopqrst'[n % 20]} {n % 3} of this is new here {'xyz'[n % 3]}" for n in range(4000)
    )
    calls = (Call(START + n, f"key {n}", "m", prompt, ("entry", n)) for n, prompt in enumerate(prompts))
    reading = Reading().take(calls)
    assert (len(reading.senders), reading.unnamed) == (1500, 2500)
    assert 0 < len(reading.wordings) <= 20


def test_every_kind_has_words() -> None:
    assert all(kind.title and kind.looks_for and kind.also for kind in KINDS.values())
    assert subject_words("fan_out", "tell me of …") == "Prompts “tell me of …”"
    assert subject_words("rate", "") == "All calls together"
