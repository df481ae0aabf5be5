"""A report in another language: fixed words translated, frozen sentences left as they were written and marked."""

import re
from pathlib import Path

from audits.gap_kinds import GAP_KINDS, SET_UP, WHY_NOT
from audits.models import Decision
from audits.reporting.language import catalogue, translated
from audits.reporting.options import LANGUAGES, PARTS
from audits.reporting.pdf import TEMPLATES, render_html
from audits.reporting.wording import NOTHING_TO_JUDGE, OUTCOME_WORDS
from tests.reporting import full_contexts
from tests.reporting.conftest import SHA

FIXED = re.compile(r"<(?:th|h1|h2|h3)[^>]*>([^<{]+)<")
OTHERS = [name for name in LANGUAGES if name != "en"]


def templates() -> str:
    return " ".join(
        " ".join(path.read_text(encoding="utf-8").split()) for path in sorted(Path(TEMPLATES).glob("*.html"))
    )


def test_headings_heads_of_tables_and_outcomes_have_words_in_every_language() -> None:
    source = templates()
    fixed = {text.strip() for text in FIXED.findall(source)} | set(PARTS.values()) | set(OUTCOME_WORDS.values())
    for language in OTHERS:
        assert {text for text in fixed if text not in catalogue(language)["words"]} <= {"SHA-256", "Signature"}, (
            language
        )


def test_no_word_of_a_catalogue_is_without_its_template() -> None:
    gaps = [text for one in GAP_KINDS.values() for text in (one.name, one.words, one.means, one.remedy)]
    made = [*(kind.done for kind in Decision.Kind), "{} until {}", "Table", "Figure", *gaps, SET_UP, *WHY_NOT.values()]
    said = templates() + " ".join([*PARTS.values(), *OUTCOME_WORDS.values(), NOTHING_TO_JUDGE, *made])
    for language in OTHERS:
        assert [text for text in catalogue(language)["words"] if text not in said] == [], language


def test_a_german_report_says_what_of_it_is_english() -> None:
    context = full_contexts.full(findings=3, language="de")
    html = render_html(context, SHA)
    assert '<html lang="de">' in html
    assert "Prüfung der Nutzungsbedingungen" in html
    assert "20. November 2026" in html
    assert "<b>Tabelle 1.</b>" in html
    assert "Ein Lehrermodell antwortet; ein Schülermodell lernt aus den Antworten." in html
    assert "stehen auf Englisch, wie sie geschrieben wurden" in html
    assert '<p class="sentence" lang="en">On 20 November 2026' in html, "a frozen sentence stays as it was written"
    assert "Audit of terms of service</h1>" not in html
    assert "Ausnahme erteilt bis 31. Januar 2027" in html


def test_code_in_templates_is_never_translated() -> None:
    code = '{{ x > 1 }}<b title="Findings">{{ Findings }}</b>{% endif %}'
    source = f'{{% if one.state == "Run" %}}<p>Findings</p>{{{{ fact("Case") }}}}{code}'
    told = translated(source, "de")
    assert "<p>Befunde</p>" in told
    assert 'fact("Aktenzeichen")' in told
    assert told.endswith(code)
    assert 'one.state == "Run"' in told
    assert translated(source, "en") == source
    assert translated(source, "xx") == source
