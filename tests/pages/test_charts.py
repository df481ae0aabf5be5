"""Charts and the picture of lineage: what they say, and that names of others do no harm in them."""

import datetime as dt
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audits.charts import (
    Chart,
    DailyUse,
    ProviderUse,
    Share,
    calls_by_provider,
    shares_of_dataset,
    uses_per_provider_over_time,
)
from audits.pictures import DatasetPart, picture_of_lineage
from compliance.templatetags.unseen import UNSEEN

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\x1b'
DAY = dt.date(2026, 7, 1)


def days(count: int, provider: str = "openai") -> list[DailyUse]:
    return [DailyUse(DAY + dt.timedelta(days=number), provider, 1) for number in range(count)]


def hostile_charts() -> list[Chart]:
    picture = picture_of_lineage([DatasetPart(HOSTILE, HOSTILE, 10, 4, {HOSTILE: 6})], HOSTILE)
    assert picture is not None
    return [
        uses_per_provider_over_time([DailyUse(DAY, HOSTILE, 3)]),
        calls_by_provider([ProviderUse(HOSTILE, 3)], [DAY]),
        shares_of_dataset(HOSTILE, 10, [Share(HOSTILE, 6)]),
        picture,
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_hostile_name_stays_text_in_a_drawing(number: int) -> None:
    root = ET.fromstring(hostile_charts()[number].svg)
    for element in root.iter():
        assert element.tag.rpartition("}")[2] in {
            "svg",
            "g",
            "path",
            "rect",
            "line",
            "text",
            "title",
            "clipPath",
            "defs",
        }
        assert not UNSEEN.search("".join(element.itertext()) + "".join(element.attrib.values()))
        assert not [name for name in element.attrib if name.startswith("on") or name in ("style", "href")]


@given(st.text(max_size=90))
@example("😀" * 40)
@example("\x00\x1b\ufffe\ud800")
@settings(max_examples=60, deadline=None)
def test_no_name_whatever_breaks_a_drawing(name: str) -> None:
    """Vega's text measuring ends the process on a character that XML does not allow, and fails on half an emoji."""
    for chart in (
        calls_by_provider([ProviderUse(name, 3)]),
        shares_of_dataset(name, 9, [Share(name, 4), Share(name + "x", 1)]),
    ):
        ET.fromstring(chart.svg)
    picture = picture_of_lineage([DatasetPart(name, "Training", 10, 4, {name: 6})], name)
    assert picture is not None
    ET.fromstring(picture.svg)


def test_long_names_that_look_alike_when_cut_are_told_apart() -> None:
    names = [f"organisation/{'x' * 60}-{letter}-instruct-v1" for letter in "ab"]
    text = list(ET.fromstring(calls_by_provider([ProviderUse(name, 3) for name in names]).svg).itertext())
    shown = [word for word in text if word.startswith("organisation/")]
    assert len(set(shown)) == 2


def test_the_chart_over_time_says_its_question_period_and_number_of_records() -> None:
    chart = uses_per_provider_over_time(
        [DailyUse(DAY, "openai", 1200), DailyUse(DAY + dt.timedelta(days=6), "meta", 3)]
    )
    text = " ".join(ET.fromstring(chart.svg).itertext())
    assert "Calls to each provider per day" in text
    assert "1 July 2026 to 7 July 2026; 1,203 calls" in text
    assert "openai 1,200" in text, "the series are labelled directly, with their totals"


@pytest.mark.parametrize(("count", "unit"), [(10, "day"), (100, "week"), (500, "month")])
def test_a_longer_period_is_counted_in_longer_steps(count: int, unit: str) -> None:
    assert uses_per_provider_over_time(days(count)).title == f"Calls to each provider per {unit}"


def test_at_most_six_series_are_drawn_and_the_rest_is_gathered() -> None:
    uses = [DailyUse(DAY, f"provider-{number}", 100 - number) for number in range(9)]
    words = uses_per_provider_over_time(uses).words
    assert "provider-4" in words
    assert "provider-5" not in words
    assert "others 374" in words


def test_bars_begin_at_zero() -> None:
    svg = calls_by_provider([ProviderUse("a", 100), ProviderUse("b", 50)]).svg
    widths = [float(width) for width in re.findall(r'd="M0,[\d.]+h([\d.]+)v14', svg)]
    assert len(widths) == 4, "two grounds and two bars"
    assert sorted(set(widths))[0] * 2 == pytest.approx(max(widths))


def test_rows_of_no_recorded_answer_are_shown_too() -> None:
    words = shares_of_dataset("out/train.jsonl", 100, [Share("gpt-4o", 40)]).words
    assert "gpt-4o: 40 (40.0 %)" in words
    assert "no recorded answer: 60 (60.0 %)" in words


def test_the_picture_tells_the_same_in_words() -> None:
    part = DatasetPart("out/train.jsonl", "Training", 31, 13, {"gpt-4.1-mini": 18})
    picture = picture_of_lineage([part], "acme-7b")
    assert picture is not None
    assert "18 of 31 rows derive from gpt-4.1-mini" in picture.words
    assert "Student: acme-7b" in picture.words
    assert picture_of_lineage([], "acme-7b") is None


def test_the_same_rows_give_the_same_drawing() -> None:
    assert uses_per_provider_over_time(days(5)).svg == uses_per_provider_over_time(list(reversed(days(5)))).svg
