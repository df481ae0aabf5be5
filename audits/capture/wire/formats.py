"""The shape every wire format takes: how it reads a request, an answer, and a stream folded into an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from audits.capture.wire.facts import Message, ModelCall, OutputText, Setting, UsageSource


class StreamEvent(NamedTuple):
    """One event of an answer that came in pieces; `data` is its JSON object."""

    name: str
    data: dict[str, Any]


class Folded(NamedTuple):
    """A stream put together: the answer as if sent in one piece, and whether the stream said that it was over."""

    response: dict[str, Any]
    finished: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks for."""

    model: str | None = None
    prompt: tuple[Message, ...] = ()
    system: str | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a response says. Token counts are None where the provider reported none; `pictures` are in it, not linked."""

    model: str | None = None
    id: str | None = None
    outputs: tuple[OutputText, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None
    pictures: int | None = None

    @property
    def pictures_alone(self) -> bool:
        """Whether a model that could have said something answered with pictures instead."""
        return bool(self.pictures) and not any(output.kind == "text" and output.text for output in self.outputs)


AskReader = Callable[[dict[str, Any], Mapping[str, str]], Ask]
AnswerReader = Callable[[Any], Answer]
StreamFolder = Callable[[list[StreamEvent]], Folded]


@dataclass(frozen=True, slots=True)
class Format:
    """One API operation on the wire.

    `ask` gets the request's JSON object and the parts of the path that name something (`model`, `deployment`);
    `answer` the response's JSON; `fold` puts a stream's events together (None: this operation never streams).
    """

    operation: str
    api: str
    ask: AskReader
    answer: AnswerReader
    fold: StreamFolder | None = None


def text_outputs(*pieces: tuple[str | None, str], finish: str | None = None, index: int = 0) -> list[OutputText]:
    """Outputs of kind text or reasoning from (text, kind) pairs; empty texts are left out."""
    return [
        OutputText(index, text, finish, "reasoning" if kind == "reasoning" else "text") for text, kind in pieces if text
    ]


def fact(wire_format: Format, ask: Ask, answer: Answer, served_by: str | None, index: int = 0) -> ModelCall:
    """The call that an ask and an answer make together."""
    reported = answer.input_tokens is not None or answer.output_tokens is not None
    source: UsageSource = "reported" if reported else "absent"
    return ModelCall(
        index=index,
        operation="image_generation" if answer.pictures_alone else wire_format.operation,
        api=wire_format.api,
        served_by=served_by,
        request_model=ask.model,
        response_model=answer.model,
        response_id=answer.id,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cached_tokens=answer.cached_tokens,
        reasoning_tokens=answer.reasoning_tokens,
        settings=ask.settings,
        prompt=ask.prompt,
        system=ask.system,
        outputs=answer.outputs,
        usage_source=source,
    )
