"""From recorded calls to uses: each fact with its source, and nothing assumed."""

import datetime as dt
from typing import Any

import pytest

from audits.matching.facts import distinct_rows, recorded_uses, training_rows
from audits.matching.identity import Identities, Identity
from audits.models import Dataset, Gap, ModelCall, RowMatch, Run
from compliance.engine.library import Library
from tests.factories import NOON, make_call, make_exchange, make_run, sha

pytestmark = pytest.mark.django_db
STUDENT = {
    "name": "acme-7b",
    "kind": "classifier",
    "competes_with": ["openai"],
    "commercial": False,
    "distributed": None,
}


def make_enforced(**fields: Any) -> Run:
    return make_run(isolation="enforced", **fields)


def only_use(run: Run):
    [use] = recorded_uses(run)
    return use


def values(run: Run) -> dict[str, tuple[object, str]]:
    return {path: (fact.value, fact.source) for path, fact in only_use(run).facts.items()}


def test_each_fact_says_where_it_comes_from():
    run = make_enforced(manifest={"student": STUDENT, "access": {"openai": {"kind": "api", "account": "acme-prod"}}})
    make_call(run)
    assert values(run) == {
        "on": (NOON.date(), "observed"),
        "activity": ("train_on_output", "observed"),
        "output_modality": ("text", "observed"),
        "access.kind": ("api", "declared"),
        "access.served_by": ("openai", "observed"),
        "access.account": ("acme-prod", "declared"),
        "student.kind": ("classifier", "declared"),
        "student.name": ("acme-7b", "declared"),
        "student.commercial": (False, "declared"),
        "student.competes_with_provider": (True, "declared"),
        "student.trained_at_provider": (False, "observed"),
        "provider": ("openai", "observed"),
        "model": ("gpt-4.1-mini", "observed"),
    }


def test_what_nobody_said_stays_unknown():
    run = make_run()
    make_call(run, provider="", served_by="", request_model="", purpose="", purpose_source="")
    assert set(values(run)) == {"on", "activity", "output_modality", "access.kind"}


@pytest.mark.parametrize(
    ("rivals", "expected"), [(["anthropic"], False), ([], False), (["openai"], True), (None, None)]
)
def test_a_list_of_rivals_speaks_of_every_provider_and_no_list_of_none(rivals, expected):
    run = make_run(manifest={"student": {"name": "x", "competes_with": rivals}})
    make_call(run)
    fact = only_use(run).facts.get("student.competes_with_provider")
    assert (fact.value if fact else None) is expected


def test_an_absence_is_a_fact_only_where_nothing_could_hide_it():
    """No fine-tuning call was recorded: that counts under enforced isolation, without gaps and unread exchanges."""
    absent = "student.trained_at_provider"
    open_run = make_run(isolation="proxy_only")
    gapped, unread, noisy = make_enforced(), make_enforced(), make_enforced()
    for run in (open_run, gapped, unread, noisy):
        make_call(run)
    Gap.objects.create(run=gapped, at=NOON, step="execute", kind="quic", subject="x")
    make_exchange(unread, unparsed="unknown wire format")
    Gap.objects.create(run=noisy, at=NOON, step="execute", kind="output", subject="x")
    assert [absent in only_use(run).facts for run in (open_run, gapped, unread)] == [False, False, False]
    assert only_use(noisy).facts[absent].value is False, "log lines left out hide no call"


def test_a_fine_tuning_call_shows_where_the_student_was_trained():
    run = make_run(isolation="proxy_only")
    make_call(run)
    make_call(run, operation="fine_tune", purpose="")
    tuned = {use.activity: use.facts["student.trained_at_provider"].value for use in recorded_uses(run)}
    assert tuned == {"train_on_output": True, "fine_tune_weights": True}


def test_failed_calls_and_calls_that_give_no_output_are_no_uses():
    run = make_run()
    make_call(run, failed=True)
    for operation in ("count_tokens", "file_upload", "list_models"):
        make_call(run, operation=operation)
    assert recorded_uses(run) == []


@pytest.mark.parametrize(
    ("purpose", "activity"),
    [("train", "train_on_output"), ("filter", "filter_training_data"), ("evaluate", "evaluate"),
     ("unused", "use_output"), ("", "use_output")],
)  # fmt: skip
def test_a_purpose_is_an_activity_that_rules_know(purpose: str, activity: str):
    run = make_run()
    make_call(run, purpose=purpose, purpose_source="declared")
    fact = only_use(run).facts["activity"]
    assert (fact.value, fact.by) == (activity, "audit.toml")


def test_embeddings_are_not_text():
    run = make_run()
    make_call(run, operation="embeddings")
    assert only_use(run).facts["output_modality"].value == "embedding"


def test_uses_differ_by_model_purpose_day_and_simulation_and_by_nothing_else():
    run = make_run()
    exchange = make_exchange(run)
    make_call(run, exchange)
    make_call(run, exchange, operation="create_response")  # another way to ask for the same
    make_call(run, exchange, response_model="gpt-4.1-mini-2026", input_tokens=None)
    assert [use.calls for use in recorded_uses(run)] == [3]
    for other in (
        {"request_model": "gpt-4o"},
        {"purpose": "filter"},
        {"at": NOON + dt.timedelta(days=1)},
        {"simulated": True},
    ):
        make_call(run, exchange, **other)
    assert sorted(use.calls for use in recorded_uses(run)) == [1, 1, 1, 1, 3]


def two_datasets(run: Run, calls: list[ModelCall]) -> None:
    """Both calls stand in row 0 of each dataset, and in row 1 of the first; the evaluation data holds them too."""
    for name, role in (("a", "training"), ("b", "training"), ("c", "evaluation")):
        dataset = Dataset.objects.create(run=run, path=f"{name}.jsonl", role=role, sha256=sha(name), rows=5)
        for call in calls:
            for row in (0, 1) if name == "a" else (0,):
                RowMatch.objects.create(dataset=dataset, row=row, call=call, kind="exact", similarity=1.0)


def test_a_row_counts_once_however_many_answers_went_into_it_and_rows_of_two_datasets_are_two():
    run = make_run()
    calls = [make_call(run), make_call(run)]
    two_datasets(run, calls)
    [use] = recorded_uses(run)
    assert (use.calls, use.rows) == (2, 3)
    assert distinct_rows(run, [(use, use.day)]) == 3
    assert run.calls.values("host").annotate(rows=training_rows()).get()["rows"] == 3


def test_rows_are_counted_for_the_days_and_models_asked_about():
    run = make_run()
    first, later = make_call(run), make_call(run, at=NOON + dt.timedelta(days=3))
    other = make_call(run, request_model="gpt-4o")
    dataset = Dataset.objects.create(run=run, path="a.jsonl", role="training", sha256=sha("a"), rows=5)
    for row, call in enumerate((first, later, other)):
        RowMatch.objects.create(dataset=dataset, row=row, call=call, kind="exact", similarity=1.0)
    by_key = {(use.model, use.day): use for use in recorded_uses(run)}
    early = by_key["gpt-4.1-mini", NOON.date()]
    assert distinct_rows(run, [(early, early.day)]) == 1
    assert distinct_rows(run, [(early, early.day + dt.timedelta(days=3))]) == 2
    assert distinct_rows(run, [(use, use.day) for use in by_key.values()]) == 3
    assert distinct_rows(run, []) == 0


def test_the_number_of_statements_does_not_grow_with_the_uses(django_assert_max_num_queries):
    run = make_enforced(manifest={"student": STUDENT})
    exchange = make_exchange(run)
    for number in range(20):
        make_call(run, exchange, request_model=f"model-{number}")
    with django_assert_max_num_queries(5):
        assert len(recorded_uses(run)) == 20


@pytest.mark.parametrize(
    ("host", "model", "identity"),
    [
        ("api.openai.com", "gpt-4o-mini-2024-07-18", Identity("openai", "openai")),
        ("api.openai.com", "a name nobody knows", Identity("openai", "openai")),
        ("localhost", "meta-llama/Llama-3.1-8B-Instruct", Identity("meta", "self")),
        ("127.0.0.1", "", Identity("", "self")),
        ("api.nobody.test", "gpt-4o", Identity("openai", "")),
        ("api.nobody.test", "no-such-model", Identity("", "")),
    ],
)
def test_who_served_and_who_developed(shipped: Library, host: str, model: str, identity: Identity):
    assert Identities(shipped).of(host, model) == identity
