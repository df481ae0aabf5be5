"""Found by structure and meaning, in terms that no provider ever wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.text.clauses import LABELS, find_clauses
from compliance.text.stance import Mode


def labels_of(text):
    return {label for clause in find_clauses(text) for label in clause.labels}


@pytest.mark.parametrize("text, label", [
    ("Members may not take answers from the Oracle to build models which rival it and compete with us.", "train_competing"),
    ("You shall not offer a product that competes with the Oracle by using the Oracle.", "train_competing"),
    ("You will not use answers or other outputs to train any neural network.", "train_any"),
    ("Outputs may never be used by you to improve another language model.", "train_any"),
    ("Distillation of the Oracle's outputs into a smaller model requires our consent.", "distill_explicit"),
    ("You may use outputs of the Oracle to train other models.", "explicit_permission"),
    ("You must not harvest data from the Oracle with bots.", "automated_extraction"),
    ("Members may not collect answers by any automated means.", "automated_extraction"),
    ("You may not decompile the Oracle or try to obtain its weights.", "reverse_engineer"),
    ("Users shall not publish the results of any benchmark of the Oracle.", "benchmark_restriction"),
    ("If your service has more than 5 million monthly active users, ask us for a licence.", "scale_threshold"),
    ("Licensees whose annual revenue exceeds USD 3,000,000 must request a licence.", "scale_threshold"),
    ('You must display "Built with Oracle" on your website.', "attribution_naming"),
    ('You shall include "Oracle" at the beginning of the name of your model.', "attribution_naming"),
    ("As between us, you own all outputs.", "output_ownership"),
    ("You may not represent that outputs were written by a human.", "output_sharing_disclosure"),
    ("You may not bypass any rate limits.", "rate_limit_circumvention"),
    ("You may not open more than one account.", "rate_limit_circumvention"),
    ("You may not resell access to the Oracle service.", "resale_transfer"),
    ("You may use the Oracle only in supported countries.", "region_restriction"),
    ("You may use the Oracle solely for non-commercial research purposes.", "noncommercial"),
    ("We may use your inputs and outputs to train our models.", "data_use_by_provider"),
    ("We may suspend your account if you breach these terms.", "termination_remedy"),
    ("You must include these restrictions in any agreement with recipients of the model.", "pass_through_terms"),
])  # fmt: skip
def test_each_label_is_found_in_words_of_our_own(text, label):
    assert label in labels_of(text)


@pytest.mark.parametrize("text", [
    "We will not use your content to train our models or to build anything that competes with you.",
    "The Oracle was trained on public text and improves with every model we develop.",
    "Any dispute goes to a court of competent jurisdiction.",
    "If you do not want us to train our models on what you write, say so.",
    "You may not compete in a raffle of ours more than once.",
    "Our total liability is limited to the annual revenue of 1,000,000 dollars that we had from you.",
])  # fmt: skip
def test_nothing_is_forbidden_to_the_user_where_the_words_speak_of_something_else(text):
    assert not labels_of(text) & {
        "train_competing",
        "train_any",
        "explicit_permission",
        "benchmark_restriction",
        "scale_threshold",
    }


def test_a_ban_on_competing_models_is_not_a_ban_on_any_model():
    assert labels_of("You may not use outputs to develop models that compete with the Oracle.") == {"train_competing"}
    assert labels_of("You may not use outputs to build products or models competing with the Oracle.") == {
        "train_competing"
    }
    text = (
        "You may not use outputs to train algorithms, models, etc., that are in direct or indirect competition with us."
    )
    assert labels_of(text) == {"train_competing"}
    both = "You may not develop services that compete with ours, including to train any machine learning model."
    assert {"train_competing", "train_any"} <= labels_of(both)


def test_a_ban_with_two_objects_carries_both_labels():
    text = "You may not use the Oracle for training an AI model or for developing a substantially similar AI model."
    assert {"train_competing", "train_any"} <= labels_of(text)


def test_the_same_action_is_a_prohibition_or_a_permission_by_its_modal():
    assert labels_of("You may use outputs to train models.") == {"explicit_permission"}
    assert "explicit_permission" not in labels_of("You may not use outputs to train models.")


def test_items_are_judged_by_their_stem():
    text = "You may not:\n\n* scrape the Oracle\n* use outputs to train any AI model\n"
    assert [(clause.labels, clause.mode) for clause in find_clauses(text)] == [
        (("automated_extraction",), Mode.PROHIBITION),
        (("train_any",), Mode.PROHIBITION),
    ]


def test_helping_others_with_what_is_forbidden_beside_it_is_forbidden_alike():
    text = (
        "Members may not (a) use the Oracle to build a competing product; (b) decompile the Oracle; or "
        "(c) assist any third party in any of the conduct restricted in this sentence."
    )
    last = find_clauses(text)[-1]
    assert {"train_competing", "reverse_engineer"} <= set(last.labels)
    assert last.score < 0.7


def test_a_definition_forbids_nothing():
    assert labels_of('"Reverse Engineer" means to decompile, disassemble or obtain the source code.') == set()


def test_a_run_in_title_is_no_clause():
    found = find_clauses("(a) **Reverse engineering.** You may not decompile the Oracle.")
    assert [clause.text for clause in found] == ["You may not decompile the Oracle."]


def test_each_label_says_which_cue_fired_and_on_which_words():
    (clause,) = find_clauses("You may not use outputs to train any language model.")
    (reason,) = clause.because
    assert (reason.label, reason.words) == ("train_any", "train any language model")
    assert clause.modal == "may not"


def test_a_long_provision_is_quoted_around_the_words_that_matter():
    text = (
        "You may not "
        + "lend the harp to a neighbour, " * 40
        + "scrape the Oracle, or "
        + "paint the harp, " * 40
        + "ever."
    )
    (clause,) = find_clauses(text)
    assert "scrape the Oracle" in clause.text
    assert len(clause.text) <= 700


def test_layout_does_not_matter():
    flat = "You may not scrape the Oracle. You may not use outputs to train any AI model."
    wrapped = "You may **not**\nscrape the\nOracle. You may not use [outputs](https://a.example/o?utm=1) to\ntrain any AI model."
    assert [clause.labels for clause in find_clauses(flat)] == [clause.labels for clause in find_clauses(wrapped)]


_PHRASES = st.lists(st.sampled_from([
    "You may not", " use outputs", " to train", " any model", " that compete", "; ", ". ", "(a) ", "(b) ", ":\n", "\n\n* ",
    "**", "](", "scrape", '"', " except", "\n# ", " 5 million", " monthly active users", "We will", " ",
]), max_size=40).map("".join)  # fmt: skip


@given(_PHRASES | st.text(max_size=300))
def test_any_text_is_read_and_offsets_slice_to_the_text(text):
    position = 0
    for clause in find_clauses(text):
        assert clause.text == text[clause.start : clause.end] != ""
        assert position <= clause.start
        assert set(clause.labels) <= set(LABELS)
        assert {reason.label for reason in clause.because} == set(clause.labels)
        assert 0 < clause.score <= 1
        position = clause.end
