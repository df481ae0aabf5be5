"""Drafts of public summaries: what is on record is told with its source, what is not is left to a person."""

import re
from typing import Any

import pytest

from audits.reporting.forms import render_form
from audits.reporting.forms.drafts import DRAFTS, Draft
from audits.reporting.forms.drafts.fields import DECLARED, RECORDED, UNKNOWN
from tests.reporting import contexts
from tests.reporting.forms.test_word import body, words

SHA = "ab" * 32


def drafted(name: str, context: contexts.Context) -> Draft:
    return DRAFTS[name](context)


def told(draft: Draft, place: str, asks: str = "") -> list[tuple[str, str]]:
    fields = [one for section in draft.sections for one in section.fields if one.place == place and asks in one.asks]
    return [(one.source, one.text) for field in fields for one in field.answers]


def test_the_ai_acts_draft_names_models_with_provider_and_rows_and_asks_for_the_rest(context: contexts.Context):
    draft = drafted("ai-act", context)
    assert (RECORDED, "Of 12 rows of out/train.jsonl, 6 hold text of recorded answers of models.") in told(draft, "2.5")
    named = told(draft, "2.5", "on the market")
    assert named[0] == (
        RECORDED,
        "openai-large-1 of OpenAI, called at api.openai.com: 6 rows of training data.",
    )
    assert named[-1][0] == UNKNOWN
    assert told(draft, "2.5", "kinds of data")[0] == (RECORDED, "Text.")
    assert any("drafter-7b" in text for _, text in told(draft, "2.5", "other models"))


def test_rows_without_a_recorded_answer_are_never_said_to_be_of_people(context: contexts.Context):
    assert any(
        source == UNKNOWN and "6 rows no recorded answer" in text
        for source, text in told(drafted("ai-act", context), "2.5")
    )
    context = contexts.plain()
    context["lineage"]["datasets"][0] |= {"derived_rows": 0, "by_model": [], "own_rows": 12}
    for name in DRAFTS:
        texts = [
            one.text for section in drafted(name, context).sections for field in section.fields for one in field.answers
        ]
        assert not [text for text in texts if text.startswith("No:") or "human" in text]


def test_california_asks_twelve_things_and_each_is_there_in_order(context: contexts.Context):
    fields = [field for section in drafted("ab2013", context).sections for field in section.fields]
    assert [one.place for one in fields[1:]] == [f"3111(a)({number})" for number in range(1, 13)]
    assert all(one.answers for one in fields)
    assert (RECORDED, "out/train.jsonl: 12 rows.") in told(drafted("ab2013", context), "3111(a)(3)")


@pytest.mark.parametrize("place", ["3111(a)(5)", "3111(a)(6)", "3111(a)(7)", "3111(a)(8)"])
def test_rights_purchases_and_personal_information_are_not_guessed(place: str, context: contexts.Context):
    assert [source for source, _ in told(drafted("ab2013", context), place)] == [UNKNOWN]


def test_what_audit_toml_says_is_declared_and_an_agreement_is_not_taken_for_a_purchase():
    context = contexts.plain()
    context["run"]["student"]["facts"].append({"fact": "base_model", "value": "meta-llama/Llama-3.1-8B"})
    agreement: dict[str, Any] = {
        "provider": "OpenAI",
        "reference": "letter 7",
        "grants": [],
        "from": "2026-01-01",
        "to": None,
        "scope": "all",
    }
    context["agreements"] = [agreement]
    assert (DECLARED, "meta-llama/Llama-3.1-8B.") in told(drafted("ai-act", context), "1.2", "made from")
    bought = told(drafted("ab2013", context), "3111(a)(6)")
    assert bought[0] == (DECLARED, "OpenAI: letter 7, from 1 January 2026.")
    assert bought[-1][0] == UNKNOWN


def test_no_draft_says_more_than_the_record(context: contexts.Context):
    act, state = drafted("ai-act", context), drafted("ab2013", context)
    texts = " ".join(text for draft in (act, state) for one in draft.sections for field in one.fields for text in
                     (answer.text for answer in field.answers))  # fmt: skip
    assert "were left out" not in texts, "an answer that was not found again may have been reworded"
    assert (RECORDED, "Models were called on 20 November 2026.") in told(state, "3111(a)(10)")
    assert told(act, "2.5", "When") == [], "the template asks for no day of synthetic data"
    assert [source for source, _ in told(act, "1.3", "How much")] == [RECORDED, UNKNOWN]
    assert told(state, "3111(a)(11)")[-1][0] == UNKNOWN


def test_a_simulated_upstream_is_the_first_thing_that_a_draft_says(context: contexts.Context):
    for name in DRAFTS:
        assert drafted(name, context).notes[0].startswith("Simulated upstream")


def test_a_model_of_the_pipelines_own_server_stands_among_the_providers_own():
    context = contexts.plain()
    context["providers"][0] |= {"served_by": ["self"], "hosts": ["127.0.0.1"]}
    draft = drafted("ai-act", context)
    assert any(text.startswith("openai-large-1") for _, text in told(draft, "2.5", "other models"))
    assert all(source == UNKNOWN for source, _ in told(draft, "2.5", "on the market"))


@pytest.mark.parametrize("name", list(DRAFTS))
@pytest.mark.parametrize(
    "context", [contexts.empty(), contexts.failed(), contexts.hostile(), contexts.hostile(contexts.FAR)]
)
def test_every_context_has_its_drafts(name: str, context: contexts.Context):
    draft = drafted(name, context)
    assert 0 < draft.open_fields <= draft.fields
    text = render_form(context, f"{name}-md", SHA).decode()
    assert "Draft for a person to complete" in text
    assert SHA in text
    assert "<script" not in text.replace("\\<script", "")
    assert "Draft for a person" in words(body(render_form(context, f"{name}-docx", SHA)))


def test_a_name_cannot_become_markdown():
    context = contexts.hostile("# [x](http://x.test) <b>|*_`")
    text = render_form(context, "ai-act-md", SHA).decode()
    assert not re.search(r"(?<!\\)\]\(", text)
    assert "<b>" not in text.replace("\\<b", "")
