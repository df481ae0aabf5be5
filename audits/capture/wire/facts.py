"""What goes into the wire parsers and what comes out: plain, immutable values.

Strings in the facts are safe to store anywhere: NUL and lone surrogates were replaced by U+FFFD, and names
(models, ids, finish reasons) are cut to `NAME_LIMIT`
characters, reasons to `REASON_LIMIT`. The raw bodies stay in evidence, untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

NAME_LIMIT = 200
REASON_LIMIT = 400

OutputKind = Literal["text", "reasoning", "tool_call"]
UsageSource = Literal["reported", "absent"]
Setting = str | int | float | bool

_MODALITY_OF_OPERATION = {
    "embeddings": "embedding",
    "image_generation": "image",
    "speech": "audio",
}


@dataclass(frozen=True, slots=True)
class WireExchange:
    """One HTTP exchange as it crossed the wire, after removal of the transfer coding (chunks, frames).

    Bodies still carry their Content-Encoding. `status` is None when no response head arrived. `truncated` says
    that the response body (or the request's) ended before its declared end. `target` is the request target:
    path and query, or an absolute URL.
    """

    host: str
    port: int
    scheme: str
    method: str
    target: str
    request_headers: Sequence[tuple[str, str]]
    request_body: bytes
    status: int | None
    response_headers: Sequence[tuple[str, str]]
    response_body: bytes
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the prompt; parts that are no text stand as `[image_url]`, `[tool_call name …]`."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class OutputText:
    """One piece of what the model answered. `index` is the choice (candidate, prompt) it belongs to.

    A tool call's `text` is its arguments exactly as the model wrote them, and `name` the function.
    """

    index: int
    text: str
    finish_reason: str | None = None
    kind: OutputKind = "text"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CallError:
    """Why a call failed, in the provider's words where it gave any; `http_502` and `no_response` are ours."""

    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a batch that asks; its answer comes with another exchange, under the same `custom_id`."""

    custom_id: str
    model: str | None
    prompt: tuple[Message, ...]
    system: str | None


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model, named after the OpenTelemetry GenAI attributes.

    `operation`: chat, text_completion, embeddings, generate_content, create_response, image_generation, speech,
    transcription, moderation, rerank, count_tokens, batch, file_upload, fine_tune, … `api` names the wire format
    (`openai.chat`), `served_by` who answered (None: nobody we know). `input_tokens` includes cached ones and
    `output_tokens` includes reasoning ones, as OpenTelemetry defines them; None means that nothing was reported.
    `system` is the instruction text, which `prompt` leaves out.
    """

    index: int
    operation: str
    api: str
    served_by: str | None = None
    request_model: str | None = None
    response_model: str | None = None
    response_id: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    streamed: bool = False
    settings: Mapping[str, Setting] = field(default_factory=dict)
    prompt: tuple[Message, ...] = ()
    system: str | None = None
    outputs: tuple[OutputText, ...] = ()
    error: CallError | None = None
    usage_source: UsageSource = "absent"
    truncated: bool = False
    notes: tuple[str, ...] = ()
    # Of the upload or job that carries a batch: its lines, for the answers to come.
    questions: tuple[Question, ...] = ()

    @property
    def output_modality(self) -> str:
        """`text`, `image`, `audio` or `embedding`: what this operation gives back."""
        return _MODALITY_OF_OPERATION.get(self.operation, "text")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an exchange says. Exactly one of three holds:

    - `not_a_model_call` gives the reason, and the rest is empty;
    - `calls` holds what was asked of models, read in full;
    - `unparsed` gives the reason why a person must look at the raw exchange; `calls` then holds what could
      be understood all the same, which may be nothing.
    """

    calls: tuple[ModelCall, ...] = ()
    unparsed: str | None = None
    not_a_model_call: str | None = None
