"""Every part of a report in every state: full, of several runs, empty, in far scripts; and only what was chosen."""

import re

import pytest

from audits.reporting.options import ANNEXES, BARRED, PARTS, OptionsError, parts_for, places_of, read_options
from audits.reporting.pdf import render_html
from tests.reporting import contexts, full_contexts
from tests.reporting.conftest import SHA

RUN = {"scope": {"kind": "run", "ids": ["7"]}}


@pytest.mark.parametrize("make", [full_contexts.full, full_contexts.several, full_contexts.bare, full_contexts.far])
def test_every_part_is_set_and_every_link_has_a_target(make) -> None:
    context = contexts.round_trip(make())
    html = render_html(context, SHA)
    targets = re.findall(r'id="([^"]+)"', html)
    assert len(targets) == len(set(targets)), "no target twice"
    assert set(context["report"]["parts"]) <= set(targets)
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(targets)
    assert "None" not in re.sub(r"<[^>]+>", " ", html).replace("None is on record", "").replace("None was recorded", "").replace(
        "None: every", "").replace("None of these", "").replace("None of the", "")  # fmt: skip


def test_only_what_was_chosen_is_set_in_the_order_chosen_and_numbered_without_a_gap() -> None:
    context = full_contexts.full()
    context["report"] |= {"parts": ["gaps", "findings", "summary", "annex-scan", "glossary"], "depth": "summary"}
    html = render_html(contexts.sealed(context), SHA)
    headings = re.findall(r'<h1 id="([\w-]+)"><span class="n">(\w)</span>', html)
    assert headings == [("gaps", "1"), ("findings", "2"), ("summary", "3"), ("annex-scan", "A"), ("glossary", "B")]
    printed = re.findall(r'<h2 id="finding-(\d+)">', html)
    assert printed == [str(number) for number in context["summary"]["key_findings"]]
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(re.findall(r'id="([^"]+)"', html))


def test_a_report_made_before_there_was_a_choice_reads_as_it_did() -> None:
    context = contexts.plain()
    assert "parts" not in context["report"]
    headings = re.findall(r'<h1 id="([\w-]+)"><span class="n">(\w)</span>', render_html(context, SHA))
    assert [place for _, place in headings] == [*"123456789", *"ABCDE"]


def test_colour_and_name_of_the_house_stand_on_the_cover() -> None:
    context = full_contexts.full()
    context["report"]["brand"] |= {"name": "Byron & Partner", "colour": "#7A3FB0", "logo": "data:image/png;base64,AAAA"}
    html = render_html(context, SHA)
    assert '<img class="logo" src="data:image/png;base64,AAAA" alt="Byron &amp; Partner">' in html
    assert "#7A3FB0" in html


@pytest.mark.parametrize("profile", list(BARRED))
def test_the_parts_that_are_given_unasked_are_those_that_the_audience_may_have(profile: str) -> None:
    for depth in ("summary", "standard", "full"):
        for kind in ("run", "project"):
            parts = parts_for(depth, profile, kind, since=True)
            assert not set(parts) & BARRED[profile]
            assert "changes" in parts
            assert [name in ANNEXES for name in parts] == sorted(name in ANNEXES for name in parts)
            read_options({"scope": {"kind": kind, "ids": ["7"]}, "profile": profile, "parts": parts, "since": 1})


def test_options_come_back_from_json_as_they_were() -> None:
    options = read_options(RUN | {"depth": "full", "paper": "letter", "brand": {"name": "A", "colour": "#123456"}})
    assert read_options(options.as_json()) == options
    assert places_of(options.parts)["summary"] == "1"
    assert set(PARTS) >= set(options.parts)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "scope: expected an object"),
        ({"scope": {"kind": "galaxy"}}, "scope.kind: 'galaxy' is not one of run, project"),
        ({"scope": {"kind": "run", "ids": ["a"]}}, "scope.ids: a report on a run names one run"),
        ({"scope": {"kind": "period", "from": "2026-13-01", "to": "x"}}, "scope.from: '2026-13-01' is no day"),
        ({"scope": {"kind": "period", "from": "2026-02-01", "to": "2026-01-01"}}, "scope.to: 2026-01-01 is before"),
        (RUN | {"parts": ["magic"]}, "parts: 'magic' is no part"),
        (RUN | {"parts": ["summary", "summary"]}, "parts: summary is named twice"),
        (RUN | {"parts": ["changes"]}, "since: say which earlier report"),
        (RUN | {"profile": "outside", "parts": ["annex-rows"]}, "annex-rows never goes to this audience"),
        ({"scope": {"kind": "organisation"}, "parts": ["pipeline"]}, "pipeline speaks of one run"),
        (RUN | {"brand": {"colour": "red"}}, "brand.colour: expected # and six digits"),
        (RUN | {"brand": {"colour": "#888888"}}, "brand.colour: #888888 has a contrast of 3.5:1"),
        (RUN | {"size": 3}, "options: 'size' is not known here"),
    ],
)
def test_wrong_options_are_refused_by_the_field(wrong, said: str) -> None:
    with pytest.raises(OptionsError, match=re.escape(said)):
        read_options(wrong)
