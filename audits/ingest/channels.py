"""Who served a call, from the name that a log gives the channel and from its host. PURE."""

from collections.abc import Mapping
from typing import Final

from audits.capture.wire.hosts import served_by_of

# As LiteLLM, OpenTelemetry, OpenInference, Helicone and MLflow call them → as CONTRACTS calls them.
CHANNELS: Final[Mapping[str, str]] = {
    "openai": "openai", "text-completion-openai": "openai", "openai_chat": "openai", "openai_responses": "openai",
    "azure": "azure", "azure_ai": "azure", "azure_text": "azure", "azure-openai": "azure", "az.ai.openai": "azure",
    "azure.ai.openai": "azure", "az.ai.inference": "azure", "azure.ai.inference": "azure", "azureopenai": "azure",
    "anthropic": "anthropic", "claude": "anthropic",
    "bedrock": "amazon-bedrock", "bedrock_converse": "amazon-bedrock", "aws.bedrock": "amazon-bedrock", "aws": "amazon-bedrock",
    "aws_bedrock": "amazon-bedrock", "amazon-bedrock": "amazon-bedrock", "sagemaker": "self", "sagemaker_chat": "self",
    "gemini": "google", "gcp.gemini": "google", "google": "google", "google_ai_studio": "google", "google_generativeai": "google",
    "gcp.gen_ai": "google", "vertex_ai": "google-vertex", "vertex_ai_beta": "google-vertex", "gcp.vertex_ai": "google-vertex",
    "vertexai": "google-vertex", "google-vertex": "google-vertex", "vertex_ai-anthropic_models": "google-vertex",
    "mistral": "mistral", "mistral_ai": "mistral", "mistralai": "mistral", "codestral": "mistral",
    "cohere": "cohere", "cohere_chat": "cohere", "deepseek": "deepseek", "xai": "xai", "x_ai": "xai", "x-ai": "xai",
    "meta_llama": "meta", "meta": "meta", "moonshot": "moonshot", "minimax": "minimax", "dashscope": "alibaba-qwen",
    "zhipu": "zhipu", "zai": "zhipu", "nvidia_nim": "nvidia", "nvidia": "nvidia",
    "groq": "groq", "together_ai": "together", "together": "together", "togetherai": "together", "fireworks_ai": "fireworks",
    "fireworks": "fireworks", "deepinfra": "deepinfra", "openrouter": "openrouter", "replicate": "replicate",
    "perplexity": "perplexity", "cerebras": "cerebras", "sambanova": "sambanova", "ai21": "ai21", "ai21_chat": "ai21",
    "databricks": "databricks", "huggingface": "huggingface", "hugging_face": "huggingface", "novita": "novita",
    "google.vertex": "google-vertex", "vertex": "google-vertex", "moonshot_ai": "moonshot", "moonshotai": "moonshot",
    "alibaba": "alibaba-qwen",
    "nebius": "nebius", "lambda_ai": "lambda", "hyperbolic": "hyperbolic", "voyage": "voyage", "jina_ai": "jina",
    "github": "github", "github_copilot": "github", "cloudflare": "cloudflare", "snowflake": "snowflake", "watsonx": "watsonx",
    "ibm.watsonx.ai": "watsonx", "volcengine": "bytedance", "friendliai": "friendli",
    "ollama": "self", "ollama_chat": "self", "vllm": "self", "hosted_vllm": "self", "llamafile": "self", "lm_studio": "self",
    "xinference": "self", "infinity": "self", "triton": "self", "text-generation-inference": "self", "llama_cpp": "self",
}  # fmt: skip


def _named(channel: str) -> str:
    """By the name, or by what begins it: the AI SDK says which of a provider's interfaces it was (`openai.responses`)."""
    while channel:
        if channel in CHANNELS:
            return CHANNELS[channel]
        channel = channel.rpartition(".")[0]
    return ""


def served_by(channel: str, host: str) -> str:
    """Who answered: by the host where that is known, since it is what was reached; else by the channel's name; "" unknown."""
    known = served_by_of(host) if host else None
    named = _named(channel.strip().lower())
    if known in (None, "self"):
        return named or known or ""
    return known
