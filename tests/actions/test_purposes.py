"""What a call was for: lineage speaks first, audit.toml second, and where neither does nobody guesses."""

import pytest

from audits.actions.purposes import decide_purposes
from audits.models import Dataset, ModelCall, RowMatch, Run
from tests.factories import make_call, make_run, sha

pytestmark = pytest.mark.django_db


def dataset_of(run: Run, role: str = "training", **fields: object) -> Dataset:
    return Dataset.objects.create(run=run, path=f"out/{role}.jsonl", role=role, sha256=sha(role), rows=9, **fields)


def stands_in(dataset: Dataset, call: ModelCall, row: int = 0) -> None:
    RowMatch.objects.create(dataset=dataset, row=row, call=call, kind="exact", similarity=1.0)


def purpose_of(call: ModelCall) -> tuple[str, str]:
    call.refresh_from_db()
    return call.purpose, call.purpose_source


def test_an_answer_in_the_training_data_was_for_training_whatever_was_declared():
    run = make_run(manifest={"purpose": "evaluate"})
    call = make_call(run)
    stands_in(dataset_of(run), call)
    stands_in(dataset_of(run, "evaluation"), call)
    decide_purposes(run, judging=[call.pk])
    assert purpose_of(call) == ("train", "observed")


def test_a_call_that_was_shown_candidates_chose_among_them():
    run = make_run(manifest={"purpose": "evaluate"})
    call = make_call(run)
    dataset_of(run)
    decide_purposes(run, judging=[call.pk])
    assert purpose_of(call) == ("filter", "inferred")


def test_an_answer_in_evaluation_data_evaluated():
    run = make_run()
    call = make_call(run)
    stands_in(dataset_of(run, "evaluation"), call)
    decide_purposes(run)
    assert purpose_of(call) == ("evaluate", "observed")


def test_what_lineage_does_not_tell_the_manifest_may_by_host_before_pipeline():
    run = make_run(manifest={"purpose": "evaluate", "purpose_per_host": {"api.anthropic.com": "filter"}})
    general, by_host = make_call(run), make_call(run, host="api.anthropic.com")
    dataset_of(run)
    decide_purposes(run)
    assert purpose_of(general) == ("evaluate", "declared")
    assert purpose_of(by_host) == ("filter", "declared")


def test_an_answer_that_whole_readable_training_data_does_not_hold_was_not_kept():
    """Declared training does not make it so: the data was read, and the answer is not in it."""
    run = make_run(manifest={"purpose": "train"})
    call = make_call(run)
    dataset_of(run)
    decide_purposes(run)
    assert purpose_of(call) == ("unused", "observed")


@pytest.mark.parametrize("gap", ["out/train.jsonl was not written by the run", None])
def test_where_training_data_could_not_be_read_or_is_not_declared_the_purpose_is_unknown(gap: str | None):
    run = make_run(manifest={"purpose": "train"})
    call = make_call(run)
    if gap:
        dataset_of(run, gap=gap)
    decide_purposes(run)
    assert purpose_of(call) == ("", "")


def test_a_failed_call_gave_no_answer_to_use_for_anything():
    run = make_run(manifest={"purpose": "evaluate"})
    call = make_call(run, failed=True)
    dataset_of(run)
    decide_purposes(run)
    assert purpose_of(call) == ("", "")


def test_deciding_again_after_the_facts_changed_forgets_what_was_decided():
    run = make_run(manifest={"purpose": "evaluate"})
    call = make_call(run)
    dataset = dataset_of(run)
    stands_in(dataset, call)
    decide_purposes(run)
    RowMatch.objects.all().delete()
    decide_purposes(run)
    assert purpose_of(call) == ("evaluate", "declared")
