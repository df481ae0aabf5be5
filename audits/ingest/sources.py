"""Every tool whose files are read: its name on the command line, what people call it, and how its files are read. PURE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from audits.ingest.keeping import Decoder
from audits.ingest.readers import (
    anthropic_usage,
    azure,
    bedrock,
    exchanges,
    helicone,
    langfuse,
    litellm,
    mapped,
    mlflow,
    openai_usage,
    otlp,
)
from audits.ingest.records import Reader

Role = Literal["log", "bill"]


@dataclass(frozen=True)
class Source:
    """`role`: a log of calls that passed a tool, or what a provider says it billed. `reader` None: needs a mapping.

    `is_binary` tells by a file's beginning whether `decoder` is to turn it into JSON first; `prepare` is done to each JSON
    value before it is kept.
    """

    name: str
    title: str
    files: str
    role: Role
    reader: Reader | None
    is_binary: Callable[[bytes], bool] | None = None
    decoder: Decoder | None = None
    prepare: Callable[[Any], Any] | None = None


_ALL = (
    Source("litellm", "LiteLLM", "callback logs as JSON lines; spend logs as CSV or JSON", "log", litellm.records),
    Source("langfuse", "Langfuse", "observations as JSON, JSON lines or CSV", "log", langfuse.records),
    Source("otlp", "OpenTelemetry", "OTLP traces with GenAI attributes, as JSON or protobuf", "log", otlp.records,
           otlp.is_protobuf, otlp.decoded),
    Source("helicone", "Helicone", "requests as JSON, JSON lines or CSV", "log", helicone.records),
    Source("mlflow", "MLflow", "traces as JSON or JSON lines", "log", mlflow.records),
    Source("openai-usage", "OpenAI usage and cost", "pages of the usage and cost API as JSON; their export as CSV", "bill",
           openai_usage.records),
    Source("anthropic-usage", "Anthropic usage and cost", "pages of the usage and cost API as JSON; their export as CSV", "bill",
           anthropic_usage.records),
    Source("bedrock", "AWS Bedrock", "model invocation logs as JSON, also packed", "log", bedrock.records),
    Source("azure", "Azure OpenAI", "diagnostic records as JSON; AzureDiagnostics as CSV", "log", azure.records),
    Source("har", "HAR", "HTTP archives of a browser or proxy", "log", exchanges.records, prepare=exchanges.readable),
    Source("mitmproxy", "mitmproxy", "saved flows", "log", exchanges.records, exchanges.is_flows, exchanges.decoded,
           exchanges.readable),
    Source("csv", "CSV", "any table, with a mapping of its columns", "log", None),
)  # fmt: skip
SOURCES: Final[Mapping[str, Source]] = {source.name: source for source in _ALL}


def reader_of(source: Source, options: Mapping[str, Any]) -> Reader:
    """The source's reader; for one that needs a mapping, by the mapping in `options`. Raises mapped.BadMapping."""
    return source.reader or mapped.reader(mapped.mapping_of(options))
