"""Every tool whose files are read: its name on the command line, what people call it, and how its files are read. PURE."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

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
from audits.ingest.titles import TITLES


@dataclass(frozen=True)
class Source:
    """`files`: which of its files are read, for people. `reader` None: needs a mapping.

    `is_binary` tells by a file's beginning whether `decoder` is to turn it into JSON first; `prepare` is done to each JSON
    value before it is kept.
    """

    name: str
    files: str
    reader: Reader | None
    is_binary: Callable[[bytes], bool] | None = None
    decoder: Decoder | None = None
    prepare: Callable[[Any], Any] | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        return TITLES[self.name]


_ALL = (
    Source("litellm", "callback logs as JSON lines; spend logs as CSV or JSON", litellm.records),
    Source("langfuse", "observations as JSON, JSON lines or CSV", langfuse.records),
    Source("otlp", "OTLP traces with GenAI attributes, as JSON or protobuf", otlp.records,
           otlp.is_protobuf, otlp.decoded),
    Source("helicone", "requests as JSON, JSON lines or CSV", helicone.records),
    Source("mlflow", "traces as JSON or JSON lines", mlflow.records),
    Source("openai-usage", "pages of the usage and cost API as JSON; their export as CSV",
           openai_usage.records),
    Source("anthropic-usage", "pages of the usage and cost API as JSON; their export as CSV",
           anthropic_usage.records),
    Source("bedrock", "model invocation logs as JSON, also packed", bedrock.records),
    Source("azure", "diagnostic records as JSON; AzureDiagnostics as CSV", azure.records),
    Source("har", "HTTP archives of a browser or proxy", exchanges.records, prepare=exchanges.readable),
    Source("mitmproxy", "saved flows", exchanges.records, exchanges.is_flows, exchanges.decoded,
           exchanges.readable),
    Source("csv", "any table, with a mapping of its columns", None),
)  # fmt: skip
SOURCES: Final[Mapping[str, Source]] = {source.name: source for source in _ALL}


def reader_of(source: Source, options: Mapping[str, Any]) -> Reader:
    """The source's reader; for one that needs a mapping, by the mapping in `options`. Raises mapped.BadMapping."""
    return source.reader or mapped.reader(mapped.mapping_of(options))
