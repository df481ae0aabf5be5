"""From the engine's answers to findings: one for each thing counsel should read, under keys that last."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from audits.matching.facts import RecordedUse
from audits.matching.outcomes import outcome_of
from audits.matching.verdicts import FindingDraft, drafts, merge_days, strictest
from audits.models import Dataset, Gap, Outcome, RowMatch, Run
from audits.procedures.judging import judge
from compliance.engine.facts import Fact
from compliance.engine.library import Library
from tests.factories import NOON, make_call, make_run, sha

DAY = NOON.date()


def use(**fields: Any) -> RecordedUse:
    made: dict[str, Any] = {
        "provider": "openai", "served_by": "openai", "model": "gpt-4", "activity": "train_on_output", "day": DAY,
        "calls": 3, "rows": 2, "simulated": False, "facts": {"on": Fact(fields.get("day", DAY), "observed")},
    }  # fmt: skip
    return RecordedUse(**{**made, **fields})


def verdict(
    rule: str = "openai/terms:compete", effect: str = "prohibition", applies: bool | None = True, **fields: Any
) -> dict[str, Any]:
    made = {
        "rule": rule, "document": rule.split(":")[0], "version": "2025-05-31", "section": "2", "effect": effect,
        "applies": applies, "met": None, "explanation": f"It says so of {rule}.", "title": "No competing",
        "because": [
            {"constraint": "trains", "held": True, "fact": "activity", "value": "train_on_output", "source": "observed"},
            {"constraint": "distributed", "held": applies, "fact": "student.distributed", "value": None, "source": None},
            {"constraint": "in force", "held": True, "fact": "on", "value": str(DAY), "source": "observed"},
        ],
    }  # fmt: skip
    return {**made, **fields}


def answer(
    *verdicts: dict[str, Any],
    outcome: str = "prohibited",
    papers: tuple[Any, ...] = (("openai/terms", "2025-05-31"),),
    missing: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "outcome": outcome, "missing_facts": list(missing), "verdicts": list(verdicts),
        "governing_documents": [{"document": document, "version": version, "why": "the channel"} for document, version in papers],
    }  # fmt: skip


def drafted(*judged: tuple[RecordedUse, dict[str, Any]]) -> list[FindingDraft]:
    return drafts(merge_days(judged), "acme-7b", lambda document: document.upper())


def test_findings_come_strictest_first():
    found = drafted(
        (
            use(),
            answer(
                verdict("p/d:permission", "permission"),
                verdict("p/d:duty", "duty", met=False),
                verdict("p/d:maybe", applies=None),
                verdict("p/d:surely"),
                verdict("p/d:not", applies=False),
                verdict("p/d:lifted", lifted_by="letter of 2024"),
            ),
        )
    )
    assert [(one.rule, one.outcome) for one in found] == [
        ("p/d:surely", "prohibited"),
        ("p/d:maybe", "needs_facts"),
        ("p/d:duty", "permitted_with_duties"),
        ("p/d:permission", "permitted"),
    ]
    assert found[1].missing_facts == ["student.distributed"]
    assert found[0].missing_facts == []


def test_a_duty_that_is_met_is_a_note_and_one_that_is_not_a_warning():
    met, unmet = (drafted((use(), answer(verdict("p/d:x", "duty", met=met))))[0].level for met in (True, None))
    assert (met, unmet) == ("note", "warning")


def test_two_models_under_one_rule_are_one_finding_with_the_stricter_reading():
    one = (use(model="gpt-4"), answer(verdict(applies=None), outcome="needs_facts"))
    two = (use(model="gpt-4o", calls=5, rows=1), answer(verdict(applies=True)))
    for order in ((one, two), (two, one)):
        [found] = drafted(*order)
        assert (found.outcome, found.calls, sorted(found.detail["models"])) == ("prohibited", 8, ["gpt-4", "gpt-4o"])
        assert sorted(found.uses) == [0, 1]


@pytest.mark.parametrize(
    "other",
    [{"provider": "anthropic"}, {"served_by": "azure"}, {"activity": "evaluate"}],
    ids=["provider", "channel", "activity"],
)
def test_what_was_done_with_whom_and_how_keeps_findings_apart(other: dict[str, Any]):
    assert len(drafted((use(), answer(verdict())), (use(**other), answer(verdict())))) == 2


def test_keys_and_basis_bear_another_day_and_another_volume():
    """A decision stays with its finding when the pipeline runs again next week, on more."""
    before = drafted((use(), answer(verdict())))[0]
    day = DAY + dt.timedelta(days=7)
    because = [{**entry, "value": str(day)} if entry["fact"] == "on" else entry for entry in verdict()["because"]]
    after = drafted((use(day=day, calls=999, rows=500), answer(verdict(because=because))))[0]
    assert (after.key, after.basis_sha256) == (before.key, before.basis_sha256)


def test_a_decision_bears_that_a_condition_is_printed_with_another_apostrophe():
    told = [[{**entry, "constraint": f"the student{mark}s name"} for entry in verdict()["because"]] for mark in "'’"]
    before, after = (drafted((use(), answer(verdict(because=because))))[0] for because in told)
    assert after.basis_sha256 == before.basis_sha256


@pytest.mark.parametrize(
    "change",
    [{"version": "2026-01-01"}, {"applies": None}, {"because": verdict()["because"][1:]}],
    ids=["new version", "less certain", "other facts"],
)
def test_the_basis_changes_with_the_text_the_certainty_and_the_facts(change: dict[str, Any]):
    before = drafted((use(), answer(verdict())))[0]
    after = drafted((use(), answer(verdict(**change))))[0]
    assert after.key == before.key
    assert after.basis_sha256 != before.basis_sha256


def test_days_under_the_same_texts_are_one_use_and_days_under_others_are_not():
    later, newer = DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=9)
    merged = merge_days(
        [
            (use(day=later), answer(verdict())),
            (use(), answer(verdict())),
            (use(day=newer), answer(verdict(version="2026-11-29"), papers=(("openai/terms", "2026-11-29"),))),
        ]
    )
    assert [(one.use.day, one.last_on, one.use.calls) for one in merged] == [(DAY, later, 6), (newer, newer, 3)]


def test_a_governing_paper_without_its_text_is_a_finding_that_names_the_day():
    missing = answer(outcome="needs_facts", papers=(("openai/terms", None),), missing=("terms:openai/terms",))
    [found] = drafted((use(), missing))
    assert (found.kind, found.missing_facts) == ("terms_missing", ["terms:openai/terms"])
    assert "what OPENAI/TERMS said on 20 November 2026" in found.sentence


def test_a_provider_nobody_catalogued_is_a_finding_and_never_a_clean_bill():
    [found] = drafted(
        (
            use(provider="", served_by="", model="mystery"),
            answer(outcome="needs_facts", papers=(), missing=("provider",)),
        )
    )
    assert (found.kind, found.outcome, found.missing_facts) == ("terms_missing", "needs_facts", ["provider"])


def test_silence_is_a_finding_that_says_it_permits_nothing():
    [found] = drafted((use(), answer(outcome="not_addressed", papers=(("a/b", "1"), ("c/d", "2")))))
    assert (found.kind, found.level) == ("silence", "note")
    assert found.sentence.endswith("speaks to training on output. Silence is not permission.")
    assert "A/B or C/D" in found.sentence


def test_the_strictest_of_nothing_is_nothing():
    assert strictest([]) is None
    assert strictest(["permitted", "not_addressed", "permitted_with_duties"]) == "permitted_with_duties"


# With the database and the shipped rulebook


STUDENT = {"name": "acme-7b", "kind": "generative", "competes_with": ["openai"], "general_purpose": True}


def trained_run(run: Run | None = None, **fields: Any) -> Run:
    """Two calls of OpenAI's, both in row 0 of the training data."""
    manifest = {"student": STUDENT, "purpose_per_host": {}, **fields.pop("manifest", {})}
    made = make_run(run.pipeline if run else None, isolation="enforced", manifest=manifest, **fields)
    dataset = Dataset.objects.create(run=made, path="out/train.jsonl", role="training", sha256=sha("t"), rows=4)
    for call in (make_call(made), make_call(made, request_model="gpt-4o-mini")):
        RowMatch.objects.create(dataset=dataset, row=0, call=call, kind="exact", similarity=1.0)
    return made


@pytest.mark.django_db
def test_judging_a_run_again_gives_the_same_keys_and_bases_and_counts_each_row_once(shipped: Library):
    first = trained_run()
    again = trained_run(first)
    make_call(again)  # more of the same
    found, refound = judge(first, shipped), judge(again, shipped)
    assert found
    assert {one.key: one.basis_sha256 for one in found} == {one.key: one.basis_sha256 for one in refound}
    order = [list(Outcome).index(Outcome(one.outcome)) for one in found]
    assert order == sorted(order)
    assert {one.rows for one in found} == {1}
    assert first.uses.filter(rows=1).count() == first.uses.count()
    assert outcome_of(first) == "prohibited"


@pytest.mark.django_db
def test_declared_evaluation_and_observed_training_is_a_finding_of_its_own(shipped: Library):
    run = trained_run(manifest={"purpose": "evaluate"})
    judge(run, shipped)
    found = run.findings.get(kind="contradiction")
    assert found.sentence == (
        "audit.toml declares calls to api.openai.com as evaluation; 1 of 4 training rows derive from 2 of its answers."
    )
    assert [(entry["value"], entry["source"]) for entry in found.because] == [
        ("evaluate", "declared"),
        ("train", "observed"),
    ]
    assert found.outcome == "needs_facts"


@pytest.mark.django_db
def test_declared_evaluation_and_a_prompt_full_of_candidates_is_one_too(shipped: Library):
    run = make_run(manifest={"purpose_per_host": {"api.openai.com": "evaluate"}})
    make_call(run, purpose="filter", purpose_source="inferred")
    make_call(run, purpose="evaluate", purpose_source="declared")
    judge(run, shipped)
    found = run.findings.get(kind="contradiction")
    assert (found.calls, found.detail["observed"]) == (1, "filter")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "declared", [{}, {"purpose": "train"}, {"purpose": "evaluate", "purpose_per_host": {"api.openai.com": "train"}}]
)
def test_what_agrees_is_no_contradiction(shipped: Library, declared: dict[str, Any]):
    run = trained_run(manifest=declared)
    judge(run, shipped)
    assert not run.findings.filter(kind="contradiction").exists()


@pytest.mark.django_db
def test_what_could_not_be_seen_leaves_no_run_clean():
    run = make_run()
    assert outcome_of(run) == "", "no use, nothing hidden: nothing to judge"
    Gap.objects.create(run=run, at=NOON, step="execute", kind="recorder", subject="execute")
    assert outcome_of(run) == "needs_facts"


def test_a_draft_joined_twice_over_names_every_model_once():
    found = drafted(*((replace(use(), model=model), answer(verdict())) for model in ("a", "b", "a")))
    assert found[0].detail["models"] == ["a", "b"]
