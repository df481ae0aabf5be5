"""Which papers govern where channels, open weights and descent meet; what nobody has catalogued is named, never assumed away."""

from pathlib import Path
from typing import Any

import pytest

from compliance.engine.assessment import Assessment, assess
from compliance.engine.facts import parse_use
from compliance.engine.rulebook import load_directory
from tests.engine.acme import judge

SHIPPED = load_directory(Path(__file__).parents[2] / "compliance" / "rulebook")
STUDENT = {
    "kind": "generative", "general_purpose": True, "competes_with_provider": True, "distributed": True,
    "commercial": True, "name": "acme-7b", "base_model": "none", "trained_at_provider": False,
}  # fmt: skip


def used(provider: str, model: str, served_by: str, on: str, **fields: Any) -> Assessment:
    kind = "weights" if served_by == "self" else "api"
    use: dict[str, Any] = {
        "provider": provider, "model": model, "access": {"kind": kind, "served_by": served_by}, "on": on,
        "activity": "train_on_output", "output_modality": "text", "student": STUDENT,
        "organisation": {"monthly_active_users": 10, "annual_revenue_usd": 10, "region": "US"},
    }  # fmt: skip
    return assess(parse_use(use | fields), SHIPPED)


def roles(answer: Assessment) -> dict[str, str]:
    return {paper.document: paper.role for paper in answer.governing}


def test_open_weights_that_an_aggregator_serves_bring_their_licence_beside_the_channels_terms():
    answer = used("meta", "meta-llama/llama-3-70b-instruct", "openrouter", "2025-01-01")
    assert roles(answer)["openrouter/terms-of-service"] == "channel"
    assert roles(answer)["meta/llama-3-community-license"] == "licence"
    assert answer.outcome == "prohibited"


@pytest.mark.parametrize("served_by", ["groq", "fireworks", "nvidia"])
def test_a_channel_whose_terms_are_not_held_leaves_the_answer_open_however_mild_the_licence(served_by: str):
    answer = used("meta", "llama-3.1-70b-instruct", served_by, "2024-10-01", student=STUDENT | {"name": "Llama-acme"})
    assert answer.outcome == "needs_facts"
    assert any(fact.startswith(f"terms:{served_by}/") for fact in answer.missing_facts)


def test_a_strangers_fine_tune_of_a_distilled_model_carries_both_licences_and_lacks_its_own():
    answer = used("somebody", "somebody/DeepSeek-R1-Distill-Llama-8B-medical", "self", "2025-03-01")
    assert roles(answer)["deepseek/deepseek-r1-mit-license"] == "inherited_licence"
    assert roles(answer)["meta/llama-3-1-community-license"] == "inherited_licence"
    assert answer.missing_facts == ("terms:somebody/model-licence",)


def test_a_quantised_copy_is_under_the_licence_of_what_it_copies():
    answer = used("meta", "TheBloke/Llama-2-13B-chat-GGUF", "self", "2024-01-01")
    assert (answer.outcome, answer.missing_facts) == ("prohibited", ())


def test_a_reseller_whose_own_terms_are_not_held_is_no_permission_and_not_the_developers_terms():
    answer = used("openai", "gpt-4", "azure", "2024-06-01")
    assert answer.outcome == "needs_facts"
    assert [paper.document.split("/")[0] for paper in answer.governing] == ["microsoft"]


def test_a_model_of_a_developer_nobody_knows_brings_terms_nobody_has_whoever_serves_it():
    answer = used("unknown-lab", "unknown-lab/foo:free", "openrouter", "2025-01-01")
    assert answer.outcome == "needs_facts"
    assert answer.missing_facts == ("terms:unknown-lab/terms",)


def test_a_gap_never_finds_the_text_of_a_paper_that_happens_to_bear_its_name():
    """Nobody has catalogued Orion's models at Acme; Acme's own terms are held, and are not those."""
    answer = judge(provider="orion", model="orion-2", access={"kind": "api", "served_by": "acme"})
    assert answer.outcome == "needs_facts"
    assert "terms:acme/terms" in answer.missing_facts


def test_a_student_of_the_teachers_own_family_by_way_of_a_strangers_fine_tune_is_still_of_that_family():
    mine = STUDENT | {"base_model": "somebody/Llama-3-8B-legal", "name": "Llama-3-acme"}
    answer = used("meta", "meta-llama/Meta-Llama-3-70B-Instruct", "self", "2024-06-01", student=mine)
    assert answer.outcome == "permitted_with_duties"
    theirs = used("meta", "meta-llama/Meta-Llama-3-70B-Instruct", "self", "2024-06-01")
    assert theirs.outcome == "prohibited"
