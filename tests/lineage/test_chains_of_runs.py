"""Chains of a run under audit: stored as links, counted by teacher, and heard when it is said what calls were for."""

import json
from pathlib import Path

import pytest

from audits.actions.purposes import decide_purposes
from audits.lineage.canonical import canonical_words
from audits.lineage.descent import ChainCount, Descent
from audits.matching.contradictions import contradictions
from audits.models import AnswerInPrompt, ChainShare, Dataset, ModelCall, Run
from audits.procedures.tracing import trace_run
from audits.queries.chains import chained_calls, shown_to
from audits.queries.lineage import shares
from tests.factories import make_call, make_run, sha
from tests.lineage.passages import passages

DRAFT, BETTER, OTHER = passages()[:3]
BY_HAND = "Somebody sat down on a rainy Tuesday and wrote this row without asking any machine for its opinion."
MODELS = {1: ("a", "first"), 2: ("b", "second"), 3: ("b", "second"), 4: ("c", "third"), 5: ("a", "first")}


class Recorded:
    """A run whose calls, answers and training rows are made up one by one."""

    def __init__(self, folder: Path) -> None:
        self.run: Run = make_run(manifest={"purpose": "train"})
        self.folder, self.lines = folder, list[str]()

    def call(self, model: str, text: str, prompt: str, tokens: int = 100) -> ModelCall:
        call = make_call(
            self.run, provider=f"{model}s", host=f"{model}.test", request_model=model, output_tokens=tokens
        )
        self.lines.append(json.dumps({"id": f"{call.pk}:0", "model": model, "text": text, "prompt": prompt}))
        return call

    def traced(self, *rows: str, role: str = "training") -> Dataset:
        dataset = Dataset.objects.create(run=self.run, path="train.jsonl", role=role, sha256=sha("x"), rows=len(rows))
        (self.folder / "train.jsonl").write_text("".join(json.dumps({"output": row}) + "\n" for row in rows))
        (self.folder / "outputs.jsonl").write_text("\n".join(self.lines))
        lineage = trace_run(self.run, self.folder / "outputs.jsonl", self.folder)
        decide_purposes(self.run, lineage.judging, lineage.behind)
        dataset.refresh_from_db()
        return dataset


@pytest.fixture
def recorded(db: None, tmp_path: Path) -> Recorded:
    return Recorded(tmp_path)


def test_the_first_teacher_of_a_chain_is_stored_counted_and_said_to_have_taught(recorded):
    first = recorded.call("drafter", DRAFT, "Explain the first thing.", tokens=70)
    second = recorded.call("editor", BETTER, f"Improve this:\n\n{DRAFT}", tokens=90)
    unused = recorded.call("drafter", OTHER, "Explain another thing.")
    dataset = recorded.traced(BETTER, BETTER, BY_HAND)
    link = AnswerInPrompt.objects.get()
    assert (link.call, link.source, link.kind) == (second, first, "contained")
    (share,) = shares(recorded.run)
    expected = {"provider": "drafters", "model": "drafter", "rows": 2, "only_rows": 2, "calls": 1, "output_tokens": 70}
    assert share["behind"] == [expected]
    assert share["chains"] == dataset.chains == [{"models": ["drafter", "editor"], "rows": 2}]
    assert share["by_model"] == {"editor": 2}
    assert share["words_by_model"]["editor"] == share["words"] - len(canonical_words(BY_HAND))
    purposes = dict(recorded.run.calls.values_list("pk", "purpose"))
    assert purposes == {first.pk: "train", second.pk: "train", unused.pk: "unused"}
    assert recorded.run.calls.get(pk=first.pk).purpose_source == "inferred"


def test_rows_that_hold_both_answers_are_counted_but_not_as_reached_only_through_a_chain(recorded):
    recorded.call("drafter", DRAFT, "Explain.")
    recorded.call("editor", BETTER, f"Improve:\n{DRAFT}")
    recorded.traced(f"{DRAFT}\n\n{BETTER}", BETTER)
    share = ChainShare.objects.get()
    assert (share.rows, share.only_rows) == (2, 1)


def test_an_answer_can_only_have_been_shown_to_a_later_call(recorded):
    """The text was given twice; what the call between the two was shown is the first of them."""
    first = recorded.call("drafter", DRAFT, "Explain.")
    between = recorded.call("editor", BETTER, f"Improve:\n{DRAFT}")
    recorded.call("drafter", DRAFT, f"Say this better:\n{BETTER}")
    recorded.traced(BETTER)
    assert list(AnswerInPrompt.objects.values_list("call", "source")) == [(between.pk, first.pk)]


def test_several_turns_of_one_model_are_no_chain_of_teachers(recorded):
    recorded.call("drafter", DRAFT, "Explain.")
    recorded.call("drafter", BETTER, f"Explain.\n{DRAFT}\nOnce more, please.")
    dataset = recorded.traced(BETTER)
    assert AnswerInPrompt.objects.count() == 1
    assert (dataset.chains, dataset.chain_shares.count()) == ([], 0)


def test_behind_evaluation_data_nobody_taught(recorded):
    first = recorded.call("drafter", DRAFT, "Explain.")
    recorded.call("editor", BETTER, f"Improve:\n{DRAFT}")
    dataset = recorded.traced(BETTER, role="evaluation")
    assert dataset.chain_shares.get().rows == 1
    assert recorded.run.calls.get(pk=first.pk).purpose != ModelCall.Purpose.TRAIN


def test_the_graph_is_told_which_calls_were_shown_the_answers_of_which(recorded, django_assert_num_queries):
    made = [recorded.call("drafter", text, "Explain.") for text in (DRAFT, OTHER)]
    merged = recorded.call("editor", BETTER, f"Merge:\n{DRAFT}\n\n{OTHER}")
    recorded.traced(BETTER)
    with django_assert_num_queries(1):
        (found,) = chained_calls([recorded.run.pk])
    assert (found.source.model, found.target.model, found.sources, found.calls) == ("drafter", "editor", 2, 1)
    assert found.target.purpose == "train"
    assert {link.source_id for link in shown_to([merged.pk])[merged.pk]} == {call.pk for call in made}


def test_descent_goes_over_any_number_of_steps_and_back_to_the_same_model():
    descent = Descent([(2, 1), (3, 2), (4, 3), (1, 4)], MODELS)
    assert descent.behind(4) == {1, 2, 3}, "the link from a later call to an earlier one is none"
    assert descent.paths(4) == ((("a", "first"), ("b", "second"), ("c", "third")),)
    back = Descent([(4, 1), (5, 4)], MODELS)
    assert back.further(5) == {1: ("a", "first"), 4: ("c", "third")}
    assert back.further(4) == {1: ("a", "first")}


def test_a_thousand_turns_are_followed_without_end_or_recursion():
    models = {call: ("p", f"m{call % 2}") for call in range(3_000)}
    descent = Descent([(call + 1, call) for call in range(2_999)], models)
    count = ChainCount()
    count.add(descent, [2_999], models)
    assert len(count.calls["p", "m0"]) == 1_500
    assert max(map(len, count.paths)) == 16


def test_a_host_declared_for_evaluation_whose_answers_stand_behind_training_data_contradicts_its_declaration(recorded):
    recorded.run.manifest = {"purpose_per_host": {"drafter.test": "evaluate"}}
    recorded.run.save()
    recorded.call("drafter", DRAFT, "Explain.")
    recorded.call("editor", BETTER, f"Improve:\n{DRAFT}")
    recorded.traced(BETTER)
    (found,) = contradictions(recorded.run, "the student")
    assert found.title == "Declared evaluation, but answers of drafter.test stand behind the training data"
    assert (found.calls, found.rows) == (1, 0)
