"""How uses are judged: which version, what is unknown, what decides, what lifts a prohibition."""

import json
from dataclasses import replace
from datetime import date

from compliance.engine.assessment import assess, why_not
from compliance.engine.facts import Fact, Use
from compliance.engine.library import Agreement
from tests.engine.acme import WEIGHTS, acme, judge

COMPETING = {"kind": "generative", "competes_with_provider": True}


def applying(assessment):
    return {verdict.rule.id for verdict in assessment.verdicts if verdict.applies is True}


def test_a_use_before_the_effective_date_is_judged_by_the_older_version():
    assert judge(on="2024-01-31", student=COMPETING).outcome == "not_addressed"
    assert judge(on="2024-02-01", student=COMPETING).outcome == "prohibited"


def test_an_announced_version_that_was_replaced_never_governs():
    assessment = judge(on="2023-12-20", student=COMPETING)
    assert [d.version and d.version.label for d in assessment.governing if d.document == "acme/terms"] == ["2023-01-01"]


def test_a_day_before_the_first_text_is_a_gap_not_a_permission():
    assessment = judge(on="2022-12-31", student={"kind": "classifier"})
    assert assessment.outcome == "needs_facts"
    assert set(assessment.missing_facts) == {"terms:acme/terms", "terms:acme/policy"}


def test_an_unknown_fact_leaves_the_prohibition_open_and_is_named():
    assessment = judge(student={"kind": "generative"})
    assert assessment.outcome == "needs_facts"
    assert assessment.missing_facts == ("student.competes_with_provider",)


def test_an_exception_with_unknown_facts_leaves_the_rule_uncertain():
    assessment = judge(student={"kind": "classifier", "competes_with_provider": True})
    assert assessment.outcome == "needs_facts"
    assert assessment.missing_facts == ("student.distributed",)


def test_an_exception_that_holds_lets_the_permission_speak():
    assessment = judge(student={"kind": "classifier", "competes_with_provider": True, "distributed": False})
    assert assessment.outcome == "permitted"
    assert "by the exception for classifiers that stay in house" in assessment.verdicts[0].explanation


def test_a_known_false_condition_makes_unknown_exceptions_irrelevant():
    assessment = judge(student={"competes_with_provider": False})
    assert assessment.outcome == "not_addressed"
    assert assessment.missing_facts == ()


def test_the_strictest_of_several_documents_decides():
    assessment = judge(activity="reverse_engineer")
    assert assessment.outcome == "prohibited"
    assert applying(assessment) == {"acme/policy:extraction"}


def test_a_policy_governs_because_the_terms_incorporate_it():
    roles = {d.document: (d.role, d.why) for d in judge().governing}
    assert roles["acme/policy"] == ("usage_policy", "incorporated by Acme Terms")


def test_a_reseller_whose_text_is_not_held_is_named_as_missing():
    assessment = judge(access={"kind": "api", "served_by": "bazaar"}, student=COMPETING)
    assert assessment.outcome == "needs_facts"
    assert assessment.missing_facts == ("terms:bazaar/terms",)


def test_a_channel_nobody_catalogued_is_a_gap():
    assert judge(access={"kind": "api", "served_by": "elsewhere"}).missing_facts == ("terms:elsewhere/terms",)
    assert judge(provider="nobody", access={"kind": "api", "served_by": "nobody"}).missing_facts == (
        "terms:nobody/terms",
    )


def test_weights_nobody_catalogued_need_a_licence():
    assert judge(model="mystery-7b", access=WEIGHTS).missing_facts == ("terms:acme/model-licence",)


def test_a_model_built_on_another_inherits_its_licence():
    student = {"distributed": True, "name": "acme-small", "base_model": "none"}
    assessment = judge(provider="orion", model="orion-7b", access=WEIGHTS, student=student)
    roles = {d.document: d.role for d in assessment.governing}
    assert roles["acme/licence"] == "inherited_licence"
    assert "acme/licence:own-family" in applying(assessment)


def test_a_duty_reports_whether_it_is_met():
    library = acme()
    base = {"distributed": True, "base_model": "acme-ai/acme-1-7b"}
    for name, met in (("Acme-tiny", True), ("org/acme_tiny", True), ("tiny", False), (None, None)):
        assessment = judge(library, model="acme-1-7b", access=WEIGHTS, student=base | {"name": name})
        assert assessment.outcome == "permitted_with_duties"
        assert [v.met for v in assessment.verdicts if v.rule.effect == "duty"] == [met]
    assert assessment.missing_facts == ("student.name",)


def test_a_base_model_nobody_knows_leaves_the_exception_open():
    assessment = judge(model="acme-1-7b", access=WEIGHTS, student={"distributed": False, "base_model": "who/knows"})
    assert assessment.outcome == "needs_facts"
    assert assessment.missing_facts == ("student.base_model",)


LETTER = {"reference": "letter 7", "grants": ["train_on_output"], "from": "2024-01-01", "to": "2024-06-30"}


def test_an_authorisation_lifts_the_prohibition_and_stands_as_permission():
    assessment = judge(student=COMPETING, authorisation=LETTER)
    assert assessment.outcome == "permitted"
    assert applying(assessment) == {"acme/terms:competing-models#lifted"}
    assert "“letter 7” lifts it" in assessment.verdicts[0].explanation


def test_an_authorisation_counts_until_its_last_day_and_for_what_it_grants():
    library = acme()
    assert judge(library, on="2024-06-30", student=COMPETING, authorisation=LETTER).outcome == "permitted"
    assert judge(library, on="2024-07-01", student=COMPETING, authorisation=LETTER).outcome == "prohibited"
    other = LETTER | {"grants": ["evaluate"]}
    assert judge(library, student=COMPETING, authorisation=other).outcome == "prohibited"
    stranger = LETTER | {"granted_by": "bazaar"}
    assert judge(library, student=COMPETING, authorisation=stranger).outcome == "prohibited"


def test_an_agreement_lifts_what_it_names_for_its_time():
    library = acme()
    agreement = Agreement("order form 3", "acme", ("train_on_output",), rules=("acme/terms:competing-models",))
    use = judge(library, student=COMPETING).use
    assert assess(use, library).outcome == "prohibited"
    assert assess(use, library, [agreement]).outcome == "permitted"
    ended = replace(agreement, until=date(2024, 5, 31))
    assert assess(use, library, [ended]).outcome == "prohibited"
    elsewhere = replace(agreement, rules=(), documents=("acme/policy",))
    assert assess(use, library, [elsewhere]).outcome == "prohibited"


def test_without_a_day_or_channel_the_missing_facts_are_those():
    assert judge(on=None).missing_facts == ("on",)
    assert judge(access=None).missing_facts == ("access.kind", "access.served_by")
    assert judge(access=None).outcome == "needs_facts"


def test_two_uses_that_differ_in_their_day_read_their_own_day():
    library = acme()
    first = judge(library, on="2024-06-01", student=COMPETING).verdicts[0].explanation
    second = judge(library, on="2024-06-02", student=COMPETING).verdicts[0].explanation
    assert first.startswith("On 1 June 2024, section 2(e) of the Acme Terms (version of 1 February 2024) bars")
    assert second == first.replace("1 June", "2 June")


def test_the_source_of_a_fact_reaches_the_verdict():
    facts = {
        "provider": Fact("acme", "observed"),
        "access.kind": Fact("api", "observed"),
        "access.served_by": Fact("acme", "observed"),
        "on": Fact(date(2024, 6, 1), "observed"),
        "activity": Fact("train_on_output", "observed", note="4,211 rows"),
        "student.competes_with_provider": Fact(True, "declared", by="A. Counsel"),
        "student.kind": Fact("generative", "inferred"),
    }
    library = acme()
    verdict = assess(Use("u", facts), library).verdicts[0]
    assert "the student competes with the provider (declared by A. Counsel)" in verdict.explanation
    sources = {entry.fact: (entry.source, entry.by, entry.note) for entry in verdict.because}
    assert sources["activity"] == ("observed", "", "4,211 rows")
    assert sources["student.kind"] == ("inferred", "", "")


def test_why_not_answers_for_rules_about_other_activities():
    use = judge(student=COMPETING).use
    answers = {verdict.rule.id: verdict for verdict in why_not(use, acme())}
    assert answers["acme/policy:extraction"].applies is False
    assert "it does not speak of training a model on output" in answers["acme/policy:extraction"].explanation


def test_text_and_data_of_an_answer_are_the_same():
    assessment = judge(student=COMPETING)
    assert json.loads(assessment.json_text()) == json.loads(json.dumps(assessment.as_json()))
