"""What names mean: models by any spelling, hosts, and the environment variables that hold their keys."""

from dataclasses import replace
from pathlib import Path

import pytest

from compliance.engine.catalogue import canonical_name, derived_from, find_host, hosts_for_secret, resolve_model
from compliance.engine.library import Correction
from compliance.engine.rulebook import load_directory
from tests.engine.acme import acme

SHIPPED = load_directory(Path(__file__).parents[2] / "compliance" / "rulebook")


@pytest.mark.parametrize("requested, canonical", [
    ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022-v2:0"),
    ("ft:gpt-4o-mini-2024-07-18:acme::9x", "gpt-4o-mini-2024-07-18"),
    ("openrouter/openai/gpt-4o:free", "openai/gpt-4o"),
    ("accounts/fireworks/models/llama-v3p1-70b-instruct", "fireworks/llama-v3p1-70b-instruct"),
    ("publishers/google/models/gemini-1.5-pro", "google/gemini-1.5-pro"),
    ("claude-3-opus@20240229", "claude-3-opus"),
    ("arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.llama3-1-70b-instruct-v1:0", "llama3-1-70b-instruct-v1:0"),
])  # fmt: skip
def test_names_lose_what_channels_add(requested, canonical):
    assert canonical_name(requested) == canonical


@pytest.mark.parametrize("model, developer, family", [
    ("gpt-4-0613", "openai", "gpt"),
    ("anthropic.claude-3-5-sonnet-20241022-v2:0", "anthropic", "claude"),
    ("models/gemini-2.5-pro", "google", "gemini"),
    ("google/gemma-2-27b-it", "google", "gemma"),
    ("meta-llama/Meta-Llama-3-70B-Instruct", "meta", "llama-3"),
    ("meta-llama/Llama-3.1-405B-Instruct", "meta", "llama-3.1"),
    ("meta.llama3-1-405b-instruct-v1:0", "meta", "llama-3.1"),
    ("Llama-4-Maverick-17B-128E-Instruct-FP8", "meta", "llama-4"),
    ("meta-llama/Llama-3.2-11B-Vision-Instruct", "meta", "llama-3.2-vision"),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek", "deepseek-r1-distill-llama-8b"),
    ("Qwen/Qwen2.5-72B-Instruct", "alibaba-qwen", "qwen-2.5-72b"),
    ("Qwen/Qwen-7B-Chat", "alibaba-qwen", "qwen-1"),
    ("xai-org/grok-2", "xai", "grok-2-weights"),
    ("amazon.nova-pro-v1:0", "amazon", "nova"),
    ("MiniMaxAI/MiniMax-M2.7", "minimax", "minimax-m2.7"),
    ("moonshotai/Kimi-K2-Instruct", "moonshot", "kimi-k2"),
    ("who/knows", "acme", ""),
])  # fmt: skip
def test_a_model_is_recognised_by_any_of_its_names(model, developer, family):
    identity = resolve_model(model, "acme", SHIPPED)
    assert (identity.developer, identity.family) == (developer, family)


@pytest.mark.parametrize("model, developer, family, base", [
    ("TheBloke/Llama-2-7B-Chat-GGUF", "meta", "llama-2", ""),
    ("neuralmagic/Meta-Llama-3.1-8B-Instruct-quantized.w4a16", "meta", "llama-3.1", ""),
    ("unsloth/Meta-Llama-3.1-8B-bnb-4bit", "meta", "llama-3.1", ""),
    ("somebody/Llama-3.1-8B-legal", "", "", "llama-3.1"),
    ("scb10x/llama3.1-typhoon2-8b-instruct", "scb10x", "", "llama-3.1"),
    ("somebody/gpt-4o", "openai", "gpt", ""),
    ("qwen/a-model-of-tomorrow", "alibaba-qwen", "", ""),
    ("my-azure-deployment", "", "", ""),
    ("OpenAI GPT-4 Turbo", "openai", "gpt", ""),
    ("Anthropic Internal Models", "", "", ""),
    ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc123", "", "", ""),
    ("accounts/fireworks/models/llama-v3p1-8b-instruct", "meta", "llama-3.1", ""),
    ("deepseek-r1:14b", "deepseek", "deepseek-r1-distill-qwen", "qwen-apache"),
])  # fmt: skip
def test_copies_are_the_weights_they_copy_and_further_training_is_somebody_elses(model, developer, family, base):
    """Wrong is worse than unknown: whose model a stranger's fine-tune is, its name does not say."""
    identity = resolve_model(model, "", SHIPPED)
    assert (identity.developer, identity.family, identity.base_model) == (developer, family, base)


def test_a_strangers_fine_tune_carries_the_licence_of_its_base_along():
    identity = resolve_model("somebody/Llama-3.1-8B-legal", "", SHIPPED)
    assert identity.inherited == (("meta/llama-3-1-community-license", "llama-3.1"),)
    assert derived_from("somebody/Llama-3.1-8B-legal", ("llama-3.1",), SHIPPED) is True
    assert derived_from("qwen/a-model-of-tomorrow", ("llama-3.1",), SHIPPED) is None


def test_a_persons_correction_counts_for_more_than_the_catalogue():
    family = next(family for family in SHIPPED.families if family.id == "gpt")
    library = replace(SHIPPED, corrections={"my-azure-deployment": Correction(family, "Ada")})
    identity = resolve_model("azure/my-azure-deployment", "", library)
    assert (identity.developer, identity.family, identity.corrected_by) == ("openai", "gpt", "Ada")


def test_a_distilled_model_inherits_the_licence_of_its_base():
    identity = resolve_model("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", "deepseek", SHIPPED)
    assert identity.licences == ("deepseek/deepseek-r1-mit-license",)
    assert identity.inherited == (("meta/llama-3-1-community-license", "llama-3.1"),)


@pytest.mark.parametrize("model, families, expected", [
    ("meta-llama/Meta-Llama-3-8B", ("llama-3",), True),
    ("mistralai/Mistral-7B-v0.1", ("llama-3",), False),
    ("none", ("llama-3",), False),
    ("who/knows", ("llama-3",), None),
    ("deepseek-ai/DeepSeek-R1-Distill-Llama-8B", ("llama",), True),
])  # fmt: skip
def test_descent_is_known_denied_or_unknown(model, families, expected):
    assert derived_from(model, families, SHIPPED) is expected


@pytest.mark.parametrize("host, served_by", [
    ("api.openai.com", "openai"),
    ("acme.openai.azure.com", "azure"),
    ("BEDROCK-RUNTIME.us-east-1.amazonaws.com:443", "amazon-bedrock"),
    ("generativelanguage.googleapis.com", "google"),
    ("us-central1-aiplatform.googleapis.com", "google-vertex"),
    ("api.deepseek.com", "deepseek"),
    ("api.anthropic.com.", "anthropic"),
    ("openrouter.ai", "openrouter"),
    ("api.together.xyz", "together"),
])  # fmt: skip
def test_a_host_names_its_channel(host, served_by):
    entry = find_host(host, SHIPPED)
    assert entry is not None
    assert entry.served_by == served_by


@pytest.mark.parametrize("host", ["api.openai.com.evil.example", "evilapi.openai.com.example", "notopenai.com", ""])
def test_a_host_that_only_looks_alike_is_nobody(host):
    assert find_host(host, SHIPPED) is None


def test_a_secret_may_go_to_its_own_providers_hosts_only():
    assert hosts_for_secret("acme_api_key", acme()) == ("api.acme.example", "*.acme.example")
    assert "api.openai.com" in hosts_for_secret("OPENAI_API_KEY", SHIPPED)
    assert hosts_for_secret("SOMETHING_ELSE", SHIPPED) == ()
