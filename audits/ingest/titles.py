"""What people call each source, and which of them are bills: all that whoever reads no files needs to know. PURE."""

from collections.abc import Mapping
from typing import Final

TITLES: Final[Mapping[str, str]] = {
    "litellm": "LiteLLM",
    "langfuse": "Langfuse",
    "otlp": "OpenTelemetry",
    "helicone": "Helicone",
    "mlflow": "MLflow",
    "openai-usage": "OpenAI usage and cost",
    "anthropic-usage": "Anthropic usage and cost",
    "bedrock": "AWS Bedrock",
    "azure": "Azure OpenAI",
    "har": "HAR",
    "mitmproxy": "mitmproxy",
    "csv": "CSV",
}
# What a provider says that it billed; the others are logs of calls that passed a tool.
BILLS: Final = ("openai-usage", "anthropic-usage")
