"""What the report says: the same from the stored context, true to its counts, in dates and names people use."""

import re

import pytest

from audits.reporting.pdf import render_html
from audits.reporting.wording import OUTCOME_WORDS, listed, percent
from tests.reporting import contexts
from tests.reporting.conftest import SHA

TAGS = re.compile(r"<[^>]+>")


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", TAGS.sub(" ", html))


def test_the_stored_context_renders_to_the_same_bytes(context: contexts.Context) -> None:
    assert render_html(contexts.round_trip(context), SHA) == render_html(context, SHA)


def test_rendering_does_not_change_the_context(context: contexts.Context) -> None:
    before = contexts.round_trip(context)
    render_html(context, SHA)
    assert contexts.round_trip(context) == before


def test_counts_by_outcome_are_those_of_the_findings_and_strictest_first() -> None:
    context = contexts.plain(findings=11)
    counts = context["summary"]["counts"]
    assert [one["outcome"] for one in counts] == list(OUTCOME_WORDS)
    assert sum(one["findings"] for one in counts) == 11
    html = render_html(context, SHA)
    shown = [int(number) for number in re.findall(r'<div class="\w+"><b>(\d+)</b>', html)]
    assert shown == [one["findings"] for one in counts]


def test_counts_in_the_text_equal_the_context() -> None:
    context = contexts.plain(calls=1234, findings=2)
    text = words_of(render_html(context, SHA))
    assert "1,234 calls of models were recorded" in text
    assert "1,234 calls of models of OpenAI and Anthropic" in text
    assert "Of 1,234 rows of out/train.jsonl, 617 hold text of recorded answers: 617 from openai-large-1 (50 %)" in text
    assert "1,234 exchanges (1.1 MB)" in text


def test_days_are_written_out() -> None:
    text = words_of(render_html(contexts.plain(), SHA))
    body = text[: text.index("Annex: calls", text.index("Annex: calls") + 1)]
    assert "(version of 31 May 2025)" in body
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", body)


def test_providers_go_by_their_names() -> None:
    html = render_html(contexts.plain(), SHA)
    assert '<h2 id="provider-2">Anthropic</h2>' in html
    assert "Models of Anthropic" in html


def test_the_same_rule_for_two_activities_is_told_apart_in_the_lists() -> None:
    context = contexts.plain(findings=2)
    context["findings"][1] |= {"activity": "filter_training_data", "title": context["findings"][0]["title"]}
    text = words_of(render_html(context, SHA))
    assert "Competing models 1: training a model on output" in text
    assert "Competing models 1: choosing training data with output" in text


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (contexts.empty, ["No call of a model was recorded", "audit.toml declares no dataset", "audit.toml declares no student",
                          "No finding was computed", "No use was judged, so no document is listed", "No gap was recorded",
                          "The evidence log has no entries", "No manifest was read", "This record was not sealed"]),
        (contexts.failed, ["ended as failed", "python distill.py ended with exit status 3", "proxy only",
                           "the kernel refuses network namespaces; bubblewrap is missing", "out/train.jsonl is missing",
                           "before its calls were held against the terms"]),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(make, said: list[str]) -> None:
    text = words_of(render_html(contexts.round_trip(make()), SHA))
    for words in said:
        assert words in text


def test_a_run_that_was_only_recorded_says_that_nothing_was_judged() -> None:
    context = contexts.plain(findings=0)
    context["run"] |= {"record_only": True, "outcome": ""}
    text = words_of(render_html(contexts.sealed(context), SHA))
    assert "recorded and traced only; no use was held against the terms" in text
    assert "No finding was computed: the run was recorded only" in text


def test_a_report_without_simulation_does_not_speak_of_it() -> None:
    context = contexts.plain()
    context["run"]["simulated"] = []
    body = words_of(render_html(context, SHA)).split("Annex: glossary")[-2]
    assert "imulated upstream" not in body


def test_a_decision_is_printed_with_name_day_and_reason() -> None:
    context = contexts.plain(findings=1)
    context["findings"][0]["decisions"] = [
        {"kind": "confirm", "words": "Confirm", "reason": "Read with <counsel>.", "by": "Ada Byron",
         "at": "2026-11-21T09:00:00+00:00", "still_holds": False},
    ]  # fmt: skip
    html = render_html(context, SHA)
    text = words_of(html)
    assert "Confirmed , Ada Byron, 21 November 2026, 09:00:00 UTC (no longer holds)" in text
    assert "Read with &lt;counsel&gt;." in html


def test_a_waiver_is_printed_with_its_last_day_and_what_it_holds_for() -> None:
    context = contexts.plain(findings=1)
    context["findings"][0]["decisions"] = [
        {"kind": "waive", "words": "Waive until a day", "reason": "Renewal.", "by": "Ada Byron",
         "at": "2026-11-21T09:00:00+00:00", "still_holds": True, "scope": "student",
         "scope_words": "This rule, for this student", "until": "2027-01-31"},
    ]  # fmt: skip
    text = words_of(render_html(context, SHA))
    assert (
        "Waived until 31 January 2027 , Ada Byron, 21 November 2026, 09:00:00 UTC; this rule, for this student" in text
    )


def test_several_calls_of_one_exchange_share_one_place_in_the_annex() -> None:
    context = contexts.plain()
    context["calls"]["rows"][1]["seq"] = 0
    html = render_html(context, SHA)
    assert html.count('id="call-0"') == 1


def test_every_link_inside_the_report_has_a_target() -> None:
    html = render_html(contexts.plain(findings=7), SHA)
    targets = set(re.findall(r'id="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= targets


def test_shares_never_round_a_rest_away() -> None:
    said = [percent(part, 1000).split("\N{NO-BREAK SPACE}") for part in (0, 1, 500, 999, 1000)]
    assert said == [[number, "%"] for number in ("0", "1", "50", "99", "100")]
    assert percent(0, 0) == "–"
    assert listed(["a", "b", "c", "d"], most=3) == "a, b and 2 more"
