"""Which rows derive from which outputs: one ruling for each thing a pipeline does to a text."""

import html
import json
import random
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.lineage.outputs import Output
from audits.lineage.rows import MalformedRow, Row
from audits.lineage.tracing import Match, TraceResult, trace
from tests.lineage.passages import passages, passages_of


def traced(said: str, kept: object, *, prompt: str = "") -> list[Match]:
    """The matches of one row when the other passages are outputs too."""
    others = [Output(f"other-{i}", "other", text) for i, text in enumerate(passages()[1:])]
    row = Row(0, 1, kept if isinstance(kept, dict) else {"instruction": "Explain.", "output": kept})
    return trace([*others, Output("it", "gpt-4o", said, prompt)], [row]).matches


def only(matches: list[Match]) -> tuple[str, str]:
    (match,) = matches
    return match.output, match.kind


BODY = passages()[0]


def edited(text: str, share: float) -> str:
    rng = random.Random(7)
    words = text.split(" ")
    for at in rng.sample(range(len(words)), int(len(words) * share)):
        words[at] = rng.choice(["indeed", "value", ""])
    return " ".join(words)


def test_the_same_text_is_exact():
    assert only(traced(BODY, BODY)) == ("it", "exact")


@pytest.mark.parametrize(
    "kept",
    [
        "  " + BODY.replace("\n", "\r\n") + "\n\n",
        " ".join(BODY.split()),
        BODY.upper(),
        BODY.replace("'", "\u2019").replace('"', "\u201c"),
        unicodedata.normalize("NFD", BODY.replace("'", "\u2019")),
        html.escape(BODY) + " ",
        html.escape(html.escape(BODY)) + " ",
        "<p>" + BODY.replace("\n\n", "</p>\n<p class='x'>") + "</p>",
        "**" + BODY.replace("\n\n", "**\n\n> ", 1),
        json.dumps(BODY),
        json.dumps(json.dumps(BODY)),
        "\n".join("- " + line for line in BODY.splitlines()),
    ],
)
def test_what_only_formatting_changed_is_normalised(kept):
    assert only(traced(BODY, kept)) == ("it", "normalised")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Sure! Here is the answer:\n\n" + BODY + "\n\nLet me know if that helps!", BODY),
        ("<think>\nLet me work through it.\n</think>\n\n" + BODY, BODY),
        (BODY, BODY[: len(BODY) // 2]),
        (BODY, BODY[len(BODY) // 2 :]),
        ("The code is below.\n```python\n" + BODY + "\n```\nRun it with care.", BODY),
        (json.dumps({"reasoning": "short", "answer": BODY, "score": 3}), BODY),
        (BODY, "### Instruction:\nSay it.\n\n### Response:\n" + BODY + "</s>"),
        (BODY, json.dumps({"answer": BODY, "by": "a teacher"})),
    ],
)
def test_a_text_that_stands_in_the_other_is_contained_either_way_round(said, kept):
    assert only(traced(said, kept)) == ("it", "contained")


def test_an_edited_text_is_near_and_its_similarity_says_how_near():
    (slightly,) = traced(BODY, edited(BODY, 0.05))
    (heavily,) = traced(BODY, edited(BODY, 0.15))
    assert slightly.kind == heavily.kind == "near"
    assert 0.5 < heavily.similarity < slightly.similarity < 1


def test_a_dropped_sentence_leaves_the_rest_traceable():
    sentences = re.split(r"(?<=[.:])\s+", BODY)
    assert only(traced(BODY, " ".join(sentences[:1] + sentences[2:])))[0] == "it"


def test_one_output_made_into_many_rows_is_found_in_each():
    bodies = passages()[:4]
    rows = [Row(i, i + 1, {"output": body}) for i, body in enumerate(bodies)]
    result = trace([Output("list", "m", "\n".join(f"{i}. {body}" for i, body in enumerate(bodies)))], rows)
    assert [(match.row, match.kind) for match in result.matches] == [(i, "contained") for i in range(4)]


def test_a_row_made_of_several_outputs_names_each_of_them_once():
    bodies = passages()[10:13]
    outputs = [Output(str(i), "m", body) for i, body in enumerate(bodies)]
    result = trace(outputs, [Row(0, 1, {"text": "\n\n---\n\n".join(bodies)})])
    assert sorted(match.output for match in result.matches) == ["0", "1", "2"]
    assert result.derived_rows == 1


@pytest.mark.parametrize(
    "kept",
    [
        {"messages": [{"role": "user", "content": "Explain."}, {"role": "assistant", "content": BODY}]},
        {"conversations": [{"from": "human", "value": "Explain."}, {"from": "gpt", "value": BODY}]},
        {
            "prompt": "Explain.",
            "chosen": [{"role": "assistant", "content": [{"type": "text", "text": BODY}]}],
            "rejected": "No.",
        },
        {"deep": [[{"unknown name": {"still": BODY}}]]},
    ],
)
def test_the_text_is_found_in_any_row_shape(kept):
    assert only(traced(BODY, kept)) == ("it", "exact")


def test_the_part_a_text_plays_in_the_row_is_told():
    chat = {"messages": [{"role": "user", "content": BODY}, {"role": "assistant", "content": "Written by hand."}]}
    (match,) = traced(BODY, chat)
    assert (match.field, match.role) == ("messages[0].content", "prompt")


def test_a_question_that_the_model_merely_repeats_does_not_derive_from_it():
    said = f"You asked: {BODY}\n\nThe answer is no."
    assert traced(said, {"instruction": BODY, "output": "It is not."}, prompt=BODY) == []
    assert only(traced(said, {"instruction": BODY, "output": "It is not."})) == ("it", "contained")


def test_texts_of_which_anybody_could_be_the_author_are_not_traced():
    outputs = [Output("1", "m", "Yes."), Output("2", "m", "billing"), Output("3", "m", "7"), Output("4", "m", "")]
    result = trace(
        outputs, [Row(i, 1, {"output": text}) for i, text in enumerate(("Yes.", "billing", "7", "", "a b c"))]
    )
    assert result.matches == []


def test_a_short_passage_that_many_outputs_hold_tells_none_of_them_apart():
    phrase = "I hope this helps you with the task that you have at hand"
    outputs = [Output(str(i), "m", f"{body}\n\n{phrase}") for i, body in enumerate(passages()[:10])]
    assert trace(outputs, [Row(0, 1, {"output": phrase})]).matches == []
    assert only(trace(outputs[:1], [Row(0, 1, {"output": phrase})]).matches) == ("0", "contained")


def test_of_two_outputs_with_the_same_text_the_one_that_was_asked_the_rows_question_is_named():
    outputs = [Output("a", "m", BODY, "What is a thing?"), Output("b", "n", BODY, "Context.\nWhat is a parser?")]
    (match,) = trace(outputs, [Row(0, 1, {"prompt": "What is a parser?", "completion": BODY})]).matches
    assert (match.output, match.model, match.alternatives) == ("b", "n", ("a",))


def test_a_human_text_on_the_same_subject_is_not_derived():
    assert traced(BODY, "Written by hand: " + " ".join(random.Random(1).sample(BODY.split(), 12))) == []
    unrelated = [
        Row(i, 1, {"output": text}) for i, text in enumerate((*passages_of("statistics"), *passages_of("difflib")))
    ]
    answers = [text for module in ("inspect", "logging/__init__", "datetime") for text in passages_of(module)]
    assert trace([Output(str(i), "m", text) for i, text in enumerate(answers)], unrelated).derived_rows == 0


def test_malformed_and_damaged_rows_are_counted_and_named():
    rows: list[Row | MalformedRow] = [
        Row(0, 1, {"output": BODY}),
        MalformedRow(1, 2, "not JSON", "{"),
        Row(2, 3, {"output": "x"}, "byte 3 is not UTF-8"),
    ]
    answer = trace([Output("1", "m", BODY)], rows).as_json()
    assert (answer["rows"], answer["derived_rows"], answer["by_model"]) == (3, 1, {"m": 1})
    assert answer["malformed"] == [{"row": 1, "line": 2, "reason": "not JSON"}]
    assert answer["damaged"] == [{"row": 2, "line": 3, "reason": "byte 3 is not UTF-8"}]


def test_a_text_of_millions_of_words_is_traced_in_pieces():
    long = "\n".join(f"{i} {text}" for i, text in enumerate(passages() * 12))
    matches = trace([Output("1", "m", BODY)], [Row(0, 1, {"text": "x " * 1_000_000 + BODY + long})]).matches
    assert only(matches) == ("1", "contained")


def test_the_order_of_rows_and_of_other_outputs_changes_nothing():
    outputs = [Output(str(i), "m", f"Sure:\n{text}") for i, text in enumerate(passages()[:80])]
    rows = [Row(i, 1, {"output": edited(text, 0.04)}) for i, text in enumerate(passages()[:80])]
    there = {(m.row, m.output, m.kind, m.similarity) for m in trace(outputs, rows).matches}
    back = {(m.row, m.output, m.kind, m.similarity) for m in trace(reversed(outputs), reversed(rows)).matches}
    assert there == back
    assert len(there) >= 79


WORDS = st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"]), min_size=1, max_size=10)
TEXTS = st.lists(WORDS, min_size=8, max_size=40, unique=True).map(" ".join)
RECASED = st.sampled_from(
    [str, lambda text: text.upper() if text.isascii() else text]
)  # "\u0131" has no way back from upper case
WRAPPED = st.sampled_from(
    [html.escape, json.dumps, lambda text: unicodedata.normalize("NFD", text), lambda text: f"*{text}*\n"]
)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, recase=RECASED, ways=st.lists(WRAPPED, max_size=3))
def test_any_text_stays_matched_whatever_formatting_does_to_it(text, recase, ways):
    kept = recase(text)
    for way in ways:
        kept = way(kept)
    result = trace([Output("1", "m", text)], [Row(0, 1, {"output": kept})])
    assert [match.output for match in result.matches] == ["1"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8) | st.sampled_from(["role", "content", "from"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(value=JSON, said=st.text(max_size=80))
def test_no_row_and_no_output_make_tracing_fail(value, said):
    result = trace([Output("1", "m", said), Output("2", "m", BODY)], [Row(0, 1, value)])
    assert isinstance(result, TraceResult)
    json.dumps(result.as_json())


LEAD = passages()[5] + "\n\n" + passages()[6]


def test_a_lead_in_that_hundreds_of_outputs_share_hides_none_of_their_own_words():
    bodies = [f"{i} {text}" for i, text in enumerate(passages()[8:88])]
    outputs = [Output(str(i), "m", f"{LEAD}\n\n{body}") for i, body in enumerate(bodies)]
    rows = [Row(i, i + 1, {"output": f"{LEAD}\n\n{edited(body, 0.05)}"}) for i, body in enumerate(bodies)]
    found = {(match.row, match.output) for match in trace(outputs, rows).matches}
    right = {(i, str(i)) for i in range(len(bodies))}
    assert len(found & right) >= 79
    assert len(found - right) <= 1


def test_a_row_that_is_only_such_a_lead_in_still_derives_from_one_of_them():
    outputs = [Output(str(i), "m", f"{LEAD}\n\n{i} {text}") for i, text in enumerate(passages()[8:88])]
    assert only(trace(outputs, [Row(0, 1, {"output": LEAD})]).matches)[1] == "contained"


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        lambda text: re.sub(r"(\w\w)(\w\w)", "\\1\u00ad\\2", text),
        lambda text: re.sub(r"(\w\w)(\w\w)", "\\1\u200b\\2", text),
        lambda text: "\ufeff" + text.replace(" ", "\u2003"),
        lambda text: text.replace("fi", "\ufb01").replace("...", "\u2026"),
    ],
)
def test_what_only_unicode_changed_is_normalised(change):
    assert only(traced(BODY, change(BODY))) == ("it", "normalised")


def test_a_text_kept_as_a_list_of_its_words_or_lines_is_one_text():
    assert only(traced(BODY, {"id": 1, "tokens": BODY.split()})) == ("it", "normalised")


def test_a_question_that_quotes_the_document_the_model_was_given_does_not_derive_from_its_quotation():
    document = passages_of("tarfile")[0]
    said = f"It says this. {document} That is all there is to say about it."
    row = {"instruction": f"Read:\n{document}\nWhat follows?", "output": "Nothing."}
    assert traced(said, row, prompt=f"Summarise.\n{document}") == []


def test_shares_are_counted_in_words_too():
    rows = [Row(0, 1, {"output": "one two three four five six"}), Row(1, 2, {"output": BODY})]
    answer = trace([Output("1", "m", BODY)], rows).as_json()
    words = len(re.findall(r"[^\W_]+", BODY))
    assert (answer["words"], answer["words_by_model"]) == (words + 6, {"m": words})
