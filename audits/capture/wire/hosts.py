"""Who answers at a host: channels that serve models, and hosts known to serve something else."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

# Patterns are exact host names, or "*.suffix" for everything below it, or "a-*.b" with one star inside.
SERVED_BY: Mapping[str, str] = {
    "api.openai.com": "openai", "*.api.openai.com": "openai", "chatgpt.com": "openai",
    "*.openai.azure.com": "azure", "*.services.ai.azure.com": "azure", "*.inference.ai.azure.com": "azure",
    "*.cognitiveservices.azure.com": "azure", "models.inference.ai.azure.com": "github", "models.github.ai": "github",
    "api.anthropic.com": "anthropic", "*.api.anthropic.com": "anthropic",
    "generativelanguage.googleapis.com": "google", "aiplatform.googleapis.com": "google-vertex",
    "*-aiplatform.googleapis.com": "google-vertex", "*.aiplatform.googleapis.com": "google-vertex",
    "bedrock*.amazonaws.com": "amazon-bedrock", "bedrock*.amazonaws.com.cn": "amazon-bedrock",
    "bedrock*.api.aws": "amazon-bedrock", "*.vpce.amazonaws.com": "amazon-bedrock",
    "api.deepseek.com": "deepseek", "api.x.ai": "xai", "*.api.x.ai": "xai", "api.llama.com": "meta",
    "api.mistral.ai": "mistral", "codestral.mistral.ai": "mistral",
    "api.cohere.com": "cohere", "api.cohere.ai": "cohere",
    "api.moonshot.cn": "moonshot", "api.moonshot.ai": "moonshot",
    "api.minimax.chat": "minimax", "api.minimax.io": "minimax", "api.minimaxi.com": "minimax",
    "open.bigmodel.cn": "zhipu", "api.z.ai": "zhipu",
    "dashscope.aliyuncs.com": "alibaba-qwen", "dashscope-intl.aliyuncs.com": "alibaba-qwen",
    "dashscope-us.aliyuncs.com": "alibaba-qwen",
    "integrate.api.nvidia.com": "nvidia", "ai.api.nvidia.com": "nvidia",
    "openrouter.ai": "openrouter", "api.together.xyz": "together", "api.together.ai": "together",
    "api-inference.together.ai": "together",
    "api.groq.com": "groq", "api.fireworks.ai": "fireworks", "api.deepinfra.com": "deepinfra",
    "api.replicate.com": "replicate", "api.perplexity.ai": "perplexity", "api.cerebras.ai": "cerebras",
    "api.sambanova.ai": "sambanova", "api.ai21.com": "ai21", "api.hyperbolic.xyz": "hyperbolic",
    "api.novita.ai": "novita", "api.studio.nebius.ai": "nebius", "api.studio.nebius.com": "nebius",
    "api.tokenfactory.nebius.com": "nebius", "api.lambda.ai": "lambda", "api.siliconflow.cn": "siliconflow",
    "api.siliconflow.com": "siliconflow", "api.hunyuan.cloud.tencent.com": "tencent", "api.stability.ai": "stability",
    "ark.cn-beijing.volces.com": "bytedance", "api.voyageai.com": "voyage", "api.jina.ai": "jina",
    "api-inference.huggingface.co": "huggingface", "router.huggingface.co": "huggingface",
    "*.endpoints.huggingface.cloud": "huggingface", "api.friendli.ai": "friendli", "api.upstage.ai": "upstage",
    "ollama.com": "ollama", "*.modal.run": "modal", "*.runpod.ai": "runpod", "gateway.ai.cloudflare.com": "cloudflare",
    "api.cloudflare.com": "cloudflare", "ai-gateway.vercel.sh": "vercel", "api.githubcopilot.com": "github",
    "text.pollinations.ai": "pollinations", "gen.pollinations.ai": "pollinations", "api.poe.com": "poe",
    # Where people talk to models: a program that does so asks a model as well, often by GET.
    "claude.ai": "anthropic", "gemini.google.com": "google", "aistudio.google.com": "google", "grok.com": "xai",
    "chat.deepseek.com": "deepseek", "chat.mistral.ai": "mistral", "chat.qwen.ai": "alibaba-qwen", "chat.z.ai": "zhipu",
    "www.kimi.com": "moonshot", "kimi.com": "moonshot", "www.perplexity.ai": "perplexity", "poe.com": "poe",
    "copilot.microsoft.com": "microsoft",
    "*.cloud.databricks.com": "databricks", "*.azuredatabricks.net": "databricks", "*.snowflakecomputing.com": "snowflake",
}  # fmt: skip

OTHER_PURPOSES: Mapping[str, str] = {
    "openaipublic.blob.core.windows.net": "a tokenizer's vocabulary was downloaded",
    "huggingface.co": "files of a model, tokenizer or data set hub",
    "*.huggingface.co": "files of a model, tokenizer or data set hub",
    "*.hf.co": "files of a model, tokenizer or data set hub",
    "cdn-lfs.huggingface.co": "files of a model, tokenizer or data set hub",
    "*.sentry.io": "telemetry", "*.posthog.com": "telemetry", "api.segment.io": "telemetry", "*.datadoghq.com": "telemetry",
    "api.wandb.ai": "experiment tracking", "api.smith.langchain.com": "experiment tracking",
    "cloud.langfuse.com": "experiment tracking", "*.cloud.langfuse.com": "experiment tracking",
    "telemetry.crewai.com": "telemetry", "*.applicationinsights.azure.com": "telemetry",
    "oauth2.googleapis.com": "sign-in", "accounts.google.com": "sign-in", "sts.googleapis.com": "sign-in",
    "login.microsoftonline.com": "sign-in", "sts.amazonaws.com": "sign-in", "sts.*.amazonaws.com": "sign-in",
    "auth.openai.com": "sign-in",
    "metadata.google.internal": "sign-in", "169.254.169.254": "sign-in",
    "github.com": "source code", "raw.githubusercontent.com": "source code", "codeload.github.com": "source code",
    "*.s3.amazonaws.com": "file storage", "storage.googleapis.com": "file storage",
}  # fmt: skip


_OWN_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_OWN_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


def _matches(host: str, pattern: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return host == pattern
    return len(host) > len(before) + len(after) and host.startswith(before) and host.endswith(after)


def _longest_match(host: str, patterns: Mapping[str, str]) -> str | None:
    if exact := patterns.get(host):
        return exact
    found = [pattern for pattern in patterns if "*" in pattern and _matches(host, pattern)]
    return patterns[max(found, key=len)] if found else None


def _plain(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()


def is_own_machine(host: str) -> bool:
    """Whether the host is this machine or a private network: a server that somebody runs themselves."""
    name = _plain(host)
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name not in OTHER_PURPOSES and ("." not in name or name.endswith(_OWN_SUFFIXES))
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _OWN_NETWORKS if network.version == address.version)


def served_by_of(host: str, hosts: Mapping[str, str] | None = None) -> str | None:
    """The channel that answers at `host`: `hosts` (pattern → served_by) first, then what ships; None: not known.

    Patterns are whole names or hold one star. This machine and private networks are `self`. The channel is not
    the developer of the model: that is decided from the model's name, elsewhere.
    """
    name = _plain(host)
    found = _longest_match(name, hosts) if hosts else None
    found = found or _longest_match(name, SERVED_BY)
    return found or ("self" if is_own_machine(name) else None)


def stores_files(host: str) -> bool:
    """Whether a host is one of the large stores of files, where batches lie that are asked and answered elsewhere."""
    name = _plain(host)
    amazon = name.endswith((".amazonaws.com", ".amazonaws.com.cn")) and (name.startswith("s3.") or ".s3" in name)
    return amazon or name in ("storage.googleapis.com", "storage.cloud.google.com")


def other_purpose_of(host: str) -> str | None:
    """What a host that serves no models is there for; None when it isn't known."""
    return _longest_match(_plain(host), OTHER_PURPOSES)
