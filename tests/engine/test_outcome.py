"""Strictness: adding a verdict never makes an outcome milder than the strictest one."""

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.assessment import OUTCOMES, outcome_of

verdicts = st.lists(
    st.builds(
        lambda effect, applies: SimpleNamespace(rule=SimpleNamespace(effect=effect, broken=""), applies=applies),
        st.sampled_from(["prohibition", "permission", "duty"]),
        st.sampled_from([True, False, None]),
    ),
    max_size=6,
)


@given(verdicts, verdicts)
def test_more_verdicts_are_never_milder_unless_a_permission_breaks_silence(some, more):
    before, after = outcome_of(some, False), outcome_of(some + more, False)
    assert OUTCOMES.index(after) <= OUTCOMES.index(before)


@given(verdicts)
def test_a_missing_text_is_at_best_needs_facts(some):
    assert outcome_of(some, True) in ("prohibited", "needs_facts")


@given(verdicts)
def test_silence_is_never_permission(some):
    silent = [verdict for verdict in some if verdict.applies is False]
    assert outcome_of(silent, False) == "not_addressed"


@given(verdicts)
def test_the_order_of_documents_does_not_matter(some):
    assert outcome_of(some, False) == outcome_of(some[::-1], False)
