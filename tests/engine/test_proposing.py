"""What is proposed from the wording of a clause. The clauses are invented."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.engine.constraints import ALWAYS, AllOf, AnyOf, FactTest, Not, constraint_sentence
from compliance.engine.proposing.amounts import days, thresholds
from compliance.engine.proposing.proposal import propose
from compliance.engine.proposing.ways_out import Family
from compliance.engine.proposing.wording import NothingToPropose, Proposal, Wording
from compliance.engine.rules import LABELS, rule_from_dict

CITED = {"versions": ["2026-01-01"], "section": "1", "sha256": "0" * 64}
COMPETES = FactTest("student.competes_with_provider", "is", True)
GRANTED = FactTest("authorisation", "grants", "*")


def proposed(text: str, *labels: str, mode: str = "prohibition", **more: object) -> Proposal:
    """The proposal, once the engine has read it as a rule."""
    proposal = propose(Wording(text, labels, mode, "Acme", **more))  # type: ignore[arg-type]
    rule_from_dict({**proposal.as_definition(), "id": "acme/terms:x", "citations": [CITED]})
    return proposal


def ways_out(proposal: Proposal) -> dict[str, str]:
    return {way.name: constraint_sentence(way.when) for way in proposal.exceptions}


def test_a_ban_on_rivals_asks_whether_the_student_competes() -> None:
    proposal = proposed(
        "Customer shall not build a rival model that competes with Acme from results.", "train_competing"
    )
    assert (proposal.effect, proposal.when) == ("prohibition", COMPETES)
    assert proposal.statement == "bars using output to build models that compete with Acme"
    assert "judgement of fact" in proposal.notes[0]


def test_a_ban_on_any_model_asks_for_no_competition_even_where_it_names_that_too() -> None:
    proposal = proposed("Nobody may train whatever model on answers, competing or not.", "train_any", "train_competing")
    assert proposal.when == ALWAYS
    assert proposal.name == "any-model"


def test_the_word_similar_is_left_to_a_person() -> None:
    proposal = proposed("You shall not make a similar or competing offering with answers.", "train_competing")
    assert any("similar" in note for note in proposal.notes)


@pytest.mark.parametrize(
    ("tail", "name", "sentence"),
    [
        ("unless Acme gave its prior written consent", "authorised", "a written authorisation covers the activity"),
        ("except by means of calls made through the official API", "through-the-api",
         "the kind of access is an API"),
        ("except for classifiers or embeddings kept for internal use", "undistributed-classifiers",
         "the student is a classifier or an embedding model and the student is not made available to third parties"),
        ("except where staff need it for internal analysis", "internal-use",
         "the student is not made available to third parties"),
        ("excluding Acmeo and derivatives of it", "own-derivatives", "the student is built on Acmeo 2"),
        ("except for fine-tuning jobs offered on our platform", "fine-tuning-in-the-services",
         "the student was trained in the provider’s own fine-tuning service"),
    ],
)  # fmt: skip
def test_each_way_out_is_read_as_an_exception(tail: str, name: str, sentence: str) -> None:
    families = (Family("acmeo-2", ("Acmeo 2", "Acmeo")),)
    proposal = proposed(f"Do not train models with replies, {tail}.", "train_any", families=families)
    assert ways_out(proposal) == {name: sentence}


def test_what_the_law_permits_is_no_exception_of_the_provider() -> None:
    text = "No reverse engineering, except to the extent expressly permitted by applicable law."
    proposal = proposed(text, "reverse_engineer")
    assert not proposal.exceptions
    assert any("law" in note for note in proposal.notes)


def test_an_exception_for_evaluation_leaves_the_activities_as_they_are() -> None:
    proposal = proposed("No training on replies, except to evaluate your own systems.", "train_any")
    assert "evaluate" not in proposal.actions
    assert any("Evaluation" in note for note in proposal.notes)


def test_helping_others_is_pointed_out() -> None:
    proposal = proposed("You or a third party acting for you must not build rivals on answers.", "train_competing")
    assert any("contractors" in note for note in proposal.notes)


def test_the_kind_of_model_that_a_ban_names_limits_it() -> None:
    language = proposed("Never improve another large language model with replies.", "train_any")
    general = proposed("Never improve a general-purpose system with replies.", "train_any")
    image = proposed("Do not make an image generation tool that competes from replies.", "train_competing")
    assert language.when == FactTest("student.kind", "in", ("generative", "reward"))
    assert general.when == FactTest("student.general_purpose", "is", True)
    assert constraint_sentence(image.when).startswith("(the output is images and the student is a generative model)")


def test_monthly_revenue_counts_by_the_year_beside_users() -> None:
    text = "beyond 3.5 million monthly active users, or more than 2 million dollars in monthly revenue"
    assert thresholds(text) == [
        FactTest("organisation.monthly_active_users", "gt", 3_500_000),
        FactTest("organisation.annual_revenue_usd", "gt", 24_000_000),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("annual revenue of at least $1,500,000", FactTest("organisation.annual_revenue_usd", "gte", 1_500_000)),
        ("monthly active users exceed 700 million on the release date of Acmeo 3", FactTest(
            "organisation.monthly_active_users", "gt", 700_000_000)),
        ("2,000,000 users or more each month", FactTest("organisation.monthly_active_users", "gte", 2_000_000)),
    ],
)  # fmt: skip
def test_a_threshold_is_read_with_its_unit(text: str, expected: FactTest) -> None:
    assert thresholds(text) == [expected]


def test_a_number_that_counts_nothing_known_is_no_threshold() -> None:
    assert thresholds("within 30 days of notice under section 12,000 of the code, in 2026") == []


def test_a_size_limit_is_a_ban_that_a_licence_lifts() -> None:
    proposal = proposed(
        "Beyond 9 million monthly users ask us for a licence.", "scale_threshold", mode="duty", licence=True
    )
    assert proposal.effect == "prohibition"
    assert ways_out(proposal).keys() == {"authorised"}
    assert proposal.when == FactTest("organisation.monthly_active_users", "gt", 9_000_000)


def test_a_threshold_without_a_number_says_that_one_is_wanted() -> None:
    assert "No number" in proposed("Large firms ask us first.", "scale_threshold", mode="duty").notes[0]


def test_days_in_the_clause_become_days_of_use() -> None:
    found = days("from 1 March 2026 until September 30, 2027, or 31 February 2027")
    assert found == [FactTest("on", "gte", date(2026, 3, 1)), FactTest("on", "lt", date(2027, 9, 30))]
    assert days("from 31 February 2027") == []


def test_a_name_that_is_asked_for_becomes_the_test_of_the_duty() -> None:
    text = "If you distribute a student of Acmeo, put “Acmeo” at the beginning of its name: include “Acmeo” at the beginning."
    proposal = proposed(text, "attribution_naming", mode="duty", licence=True, licensed="acmeo")
    assert proposal.met == FactTest("student.name", "starts_with", "Acmeo")
    assert constraint_sentence(proposal.when) == (
        "the student is made available to third parties and the student is built on Acmeo"
    )


def test_a_duty_that_speaks_of_output_binds_students_of_any_base() -> None:
    text = "Students trained on output that you distribute shall show “Built on Acmeo”."
    proposal = proposed(text, "attribution_naming", mode="duty", licence=True, licensed="acmeo")
    assert proposal.when == FactTest("student.distributed", "is", True)


def test_a_permission_for_sorting_and_tuning_holds_for_either() -> None:
    text = "You may use results to make classifiers that are not distributed, or to fine-tune models offered on our platform."
    proposal = proposed(text, "explicit_permission", mode="permission")
    assert proposal.effect == "permission"
    assert isinstance(proposal.when, AnyOf)


def test_a_ban_on_scraping_and_distilling_is_one_rule_for_both() -> None:
    proposal = proposed("No scraping of replies and no distilling.", "distill_explicit", "automated_extraction")
    assert proposal.actions == ("train_on_output", "filter_training_data", "extract_systematically")
    assert isinstance(proposal.when, AnyOf)


def test_a_place_where_alone_use_is_allowed_is_turned_round() -> None:
    only = proposed("Use is allowed only inside the European Union.", "region_restriction")
    barred = proposed("Firms of the European Union must keep away.", "region_restriction")
    assert isinstance(only.when, Not)
    assert isinstance(barred.when, FactTest)


def test_a_clause_about_the_provider_alone_makes_no_rule() -> None:
    with pytest.raises(NothingToPropose, match="not what a user may do"):
        proposed("Acme may study your inputs.", "data_use_by_provider")


@given(
    text=st.text(max_size=300) | st.lists(st.sampled_from(
        ["except", "without", "prior written consent", "compete", "similar", "models", "100 million", "monthly revenue", "$",
         "“Acmeo", "”", "include", "at the beginning", "from 31 June 2026", "European Union", "only", "output", ";", "other"]
    ), max_size=30).map(" ".join),
    labels=st.lists(st.sampled_from(LABELS), min_size=1, max_size=4, unique=True),
    mode=st.sampled_from(["prohibition", "permission", "duty", "right"]),
    licence=st.booleans(),
)  # fmt: skip
def test_whatever_the_wording_what_is_proposed_is_a_rule(
    text: str, labels: list[str], mode: str, licence: bool
) -> None:
    try:
        proposal = proposed(text, *labels, mode=mode, licence=licence, licensed="acmeo" if licence else "")
    except NothingToPropose:
        assert set(labels) <= {"termination_remedy", "data_use_by_provider"}
        return
    assert proposal.labels
    assert set(proposal.labels) <= set(labels)
    assert isinstance(proposal.when, AllOf | AnyOf | FactTest | Not)
