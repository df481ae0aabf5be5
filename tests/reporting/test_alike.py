"""Findings that differ only in their use are lines of one article, and not one of them is lost."""

import copy
import re
from typing import Any

from audits.matching.verdicts import ACTIVITY_WORDS
from audits.reporting.alike import ENDS, gathered, in_common, spans, topic
from audits.reporting.pdf import render_html, render_pdf
from tests.reporting import contexts, full_contexts
from tests.reporting.conftest import SHA
from tests.reporting.reading import page_texts, reader

ACTIVITIES = ("train_on_output", "evaluate", "filter_training_data")


def many(findings: int, each: int) -> contexts.Context:
    """Findings, `each` of them on one rule, of three activities and seven models; on the eleventh something was decided."""
    context = contexts.plain(findings=findings, calls=24)
    for at, one in enumerate(context["findings"]):
        rule, activity = at // each, ACTIVITIES[at % 3]
        one |= {
            "title": f"Competing models, rule {rule}: {ACTIVITY_WORDS[activity]}",
            "activity": activity,
            "section": f"{rule}.1",
        }
        one |= {
            "sentence": f"On {1 + at % 9} November 2026, section {rule}.1 bars the use, since the student competes."
        }
        one |= {"rule": one["rule"] | {"id": f"openai/terms:rule-{rule}"}, "calls": at, "outcome": "prohibited"}
        one["detail"] = one["detail"] | {"models": [f"model-{at % 7}"]}
    context["findings"][10]["decisions"] = copy.deepcopy(full_contexts.full(findings=1)["findings"][0]["decisions"])
    return contexts.sealed(context)


def test_a_list_of_a_hundred_findings_has_room_for_a_number_of_three_digits() -> None:
    widths = {}
    for findings in (99, 104):
        html = render_html(contexts.plain(findings=findings, calls=3), SHA)
        listed = html[html.index("All findings, strictest first.") :]
        widths[findings] = re.search(r"<col[^>]*?(\d+)mm", listed)
    assert {findings: found and found.group(1) for findings, found in widths.items()} == {99: "11", 104: "16"}


def test_findings_alike_but_for_the_use_are_told_together_and_each_has_a_line() -> None:
    context = many(36, 12)
    html = render_html(context, SHA)
    assert html.count('<article class="finding">') == 3
    assert sorted(map(int, re.findall(r'<tr id="finding-(\d+)">', html))) == list(range(1, 37))
    assert "findings F-1 to F-12" in html
    assert "On each of the days below, section 0.1 bars the use" in html
    for one in context["findings"]:
        line = html[html.index(f'<tr id="finding-{one["number"]}">') :].split("</tr>")[0]
        assert one["detail"]["models"][0] in line
        assert f'<td class="num">{one["calls"]}</td>' in line
    assert "The provider allowed the use in writing" in html[html.index('<tr id="finding-11">') :].split("</tr>")[0]


def test_another_outcome_another_fact_or_another_text_is_another_article() -> None:
    for change in (
        {"outcome": "needs_facts"}, {"missing_facts": ["student.kind"]}, {"clause_sha256": "other"}, {"provider": "meta"},
        {"because": [{"constraint": "c", "held": False, "fact": "student.kind", "value": "x", "source": "declared", "by": ""}]},
    ):  # fmt: skip
        context = many(12, 12)
        context["findings"][3] |= change
        assert [len(one.members) for one in gathered(context["findings"])] == [11, 1], change


def test_the_day_of_the_use_keeps_no_findings_apart() -> None:
    context = many(12, 12)
    for at, one in enumerate(context["findings"]):
        one["because"] = [
            *one["because"],
            {"constraint": f"day {at}", "held": True, "fact": "on", "value": f"2026-11-0{1 + at % 9}"},
        ]
    assert len(gathered(context["findings"])) == 1


def test_the_summary_leads_with_one_finding_of_each_kind() -> None:
    assert many(36, 12)["summary"]["key_findings"] == [1, 13, 25]


def test_a_title_loses_the_activity_that_stands_beside_it_and_nothing_else() -> None:
    assert topic({"title": "Competing models: training on output"}) == "Competing models"
    assert topic({"title": "Meta: the licence: evaluation with output"}) == "Meta: the licence"
    assert topic({"title": "Licence: who may use it"}) == "Licence: who may use it"
    assert topic({"title": "Usage Policies: no text held for 9 July 2026"}) == "Usage Policies: no text held"
    assert set(ACTIVITY_WORDS.values()) <= ENDS


def test_numbers_are_told_by_their_ends() -> None:
    assert spans([5, 1, 2, 3, 9, 8], "F-") == "F-1 to F-3, F-5, F-8, F-9"
    assert spans([]) == ""


def test_facts_that_every_set_has_are_told_once() -> None:
    shared: dict[str, Any] = {"fact": "organisation.name", "value": "Acme"}
    sets = [[shared, {"fact": "on", "value": day}] for day in range(3)]
    assert in_common(sets) == [shared]
    assert in_common(sets[:2]) == []


def test_work_that_is_alike_is_asked_for_once() -> None:
    context = full_contexts.full(findings=5)
    for at, one in enumerate(context["worklist"], 1):
        one |= {"title": "Drop the rows", "outcome": "prohibited", "questions": [], "remedies": [], "where": []}
        one["pipeline"] = f"Pipeline {at}"
    html = render_html(contexts.sealed(context), SHA)
    assert html.count('<div class="work">') == 1
    assert "F-1 to F-5" in html
    assert "1 thing to do" in html


def test_every_page_names_fonts_that_are_there_and_every_link_leads_somewhere() -> None:
    paper = render_pdf(many(36, 12), SHA)
    pdf = reader(paper)
    assert {f"finding-{number}" for number in range(1, 37)} <= set(pdf.named_destinations)
    assert fonts_missing(pdf) == []
    assert not any(text.count("Page") == 0 for text in page_texts(paper))
    assert fonts_missing(reader(render_pdf(contexts.empty(), SHA))) == []


def fonts_missing(pdf: Any) -> list[str]:
    """Names in any page's resources, and in those of what it draws, that lead to no font."""
    missing = []
    for at, page in enumerate(pdf.pages, 1):
        waiting = [page["/Resources"]]
        while waiting:
            held = waiting.pop().get_object()
            fonts = held.get("/Font", {})
            found = fonts.get_object() if hasattr(fonts, "get_object") else fonts
            missing += [
                f"page {at}: {name}" for name, font in found.items() if "/Subtype" not in (font.get_object() or {})
            ]
            drawn = held.get("/XObject", {})
            waiting += (
                [
                    one.get_object()["/Resources"]
                    for one in drawn.get_object().values()
                    if "/Resources" in one.get_object()
                ]
                if drawn
                else []
            )
    return missing
