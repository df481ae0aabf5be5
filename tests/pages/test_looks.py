"""How dates, counts, outcomes and strings of others are written on every page."""

import datetime as dt
import re
from pathlib import Path

import pytest

from compliance.queries.names import cited_title
from compliance.templatetags import icons, looks

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


def test_markup_in_captured_text_is_escaped() -> None:
    assert looks.visible('<img src=x onerror="alert(1)">') == "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛"),
        ("\x00", "␀"),
        ("\u202egpj.exe", "U+202E"),
        ("\u2066", "U+2066"),
        ("\u200b", "U+200B"),
        ("\ufeff", "U+FEFF"),
        ("\x85", "U+0085"),
        ("\U000e0041", "U+E0041"),
        ("\ud800", "U+D800"),
    ],
)
def test_characters_that_hide_or_turn_text_round_are_shown_by_name(text: str, shown: str) -> None:
    written = looks.visible(text)
    assert shown in written
    assert text[0] not in written
    written.encode("utf-8")


def test_line_ends_tabs_and_joiners_of_scripts_stay_as_they_are() -> None:
    assert looks.visible("a\n\tb") == "a\n\tb"
    assert looks.visible("نمی\u200cخواهم") == "نمی\u200cخواهم"


def test_dates_counts_and_durations_are_written_one_way() -> None:
    assert looks.day_text(dt.date(2026, 7, 8)) == "8 July 2026"
    assert "8 July 2026, 14:03 UTC" in looks.moment(dt.datetime(2026, 7, 8, 14, 3, tzinfo=dt.UTC))
    assert looks.count(18022) == "18,022"
    assert looks.count(None) == "–"
    assert looks.counted(1, "call") == "1 call"
    assert looks.counted(4211, "entry,entries") == "4,211 entries"
    assert looks.lasting(0.34) == "340 ms"
    assert looks.lasting(dt.timedelta(seconds=200)) == "3 min 20 s"
    assert looks.percent(4211, 18022) == "23.4\N{NO-BREAK SPACE}%"
    assert looks.percent(1, 100_000) == "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    assert looks.percent(1, 0) == "–"
    assert looks.sentence_case(" Two-Factor Authentication ") == "Two-factor authentication"
    assert looks.sentence_case("Recovery codes by TOTP App") == "Recovery codes by TOTP app"


def test_the_end_of_a_range_is_the_last_day_in_force() -> None:
    class Span:
        lower, upper = dt.date(2024, 5, 1), dt.date(2025, 5, 31)

    assert re.sub(r"<[^>]+>", "", looks.days_in_force(Span)) == "1 May 2024 to 30 May 2025"


def test_a_clause_is_cited_by_number_or_by_heading() -> None:
    assert looks.section("10.1(ix)") == "section 10.1(ix)"
    assert looks.section("D.4(a)") == "section D.4(a)"
    assert looks.section("What you cannot do") == "“What you cannot do”"


def test_a_version_is_called_by_its_day_written_out_or_by_its_own_label() -> None:
    assert looks.version_words("2026-03-11") == "version of 11 March 2026"
    assert looks.version_words("2.0") == "version 2.0"


def test_days_in_a_sentence_are_written_out_and_its_markup_is_harmless() -> None:
    assert looks.prose("On 2026-03-11 <b>") == "On 11 March 2026 &lt;b&gt;"
    assert looks.prose("part 2026-13-45") == "part 2026-13-45"


def test_a_day_in_the_name_of_a_model_stays_as_it_is() -> None:
    said = "The model is gpt-4o-2024-08-06, asked on 2026-11-22."
    assert looks.prose(said) == "The model is gpt-4o-2024-08-06, asked on 22 November 2026."


def test_providers_are_called_by_name_and_an_unknown_one_is_called_unknown() -> None:
    assert looks.called("openai", {"openai": "OpenAI"}) == "OpenAI"
    assert looks.called("not-catalogued", {}) == "not-catalogued"
    assert looks.called("", {}) == looks.called("unknown", {}) == "Unknown provider"


def test_a_document_is_cited_with_its_provider_once() -> None:
    assert cited_title("OpenAI", "OpenAI Services Agreement") == "OpenAI Services Agreement"
    assert cited_title("Meta", "LLaMA License Agreement") == "Meta, LLaMA License Agreement"


def test_what_an_agreement_allows_reads_as_words() -> None:
    assert looks.activities(["evaluate"]) == "evaluating models with output"
    assert looks.activities([]) == "nothing"


@pytest.mark.parametrize("outcome", looks.OUTCOME_WORDS)
def test_each_outcome_has_a_shape_and_a_word_of_its_own(outcome: str) -> None:
    others = [icons.DRAWINGS[other] for other in looks.OUTCOME_WORDS if other != outcome]
    assert icons.DRAWINGS[outcome] not in others
    badge = looks.outcome(outcome)
    assert looks.OUTCOME_WORDS[outcome] in badge
    assert "<svg" in badge


def test_a_declared_fact_names_who_declared_it() -> None:
    assert "Declared by audit.toml" in looks.source_mark("declared", "audit.toml")
    assert "&lt;b&gt;" in looks.source_mark("declared", "<b>")


def templates() -> list[Path]:
    return sorted(TEMPLATES.rglob("*.html"))


def test_no_template_of_a_page_turns_escaping_off_or_writes_inline_code() -> None:
    forbidden = re.compile(r"\|\s*safe\b|autoescape off|\bstyle=|\son[a-z]+=|<script(?! src=)|<style|javascript:")
    pages = [path for path in templates() if "reports" not in path.relative_to(TEMPLATES).parts]
    assert len(pages) > 20
    for path in pages:
        assert not forbidden.search(path.read_text()), path


def test_the_pages_never_cheer() -> None:
    for path in templates():
        if "reports" in path.relative_to(TEMPLATES).parts:
            continue
        words = re.sub(r"{[%#{].*?[%#}]}|<[^>]*>", " ", path.read_text(), flags=re.DOTALL)
        assert "!" not in words, path
        assert "successfully" not in words.lower(), path
