"""What the wire formats share: reading JSON fields with the provider's kind of complaint, and ending an answer."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audits.examples.teacher import models, tokens
from audits.examples.teacher.conversation import Mind, Reply, Turn
from audits.examples.teacher.failures import Refusal
from audits.examples.teacher.http1 import Request
from audits.examples.teacher.request_log import Served

_ALPHABET = string.ascii_letters + string.digits
_MAX_CHOICES = 128


@dataclass
class Exchange:
    """One request being served; `served` collects what the log will say, `created` is in Unix seconds."""

    request: Request
    body: dict[str, Any]
    mind: Mind
    served: Served
    created: int

    def model(self) -> tuple[str, str]:
        """The model asked for and the name it is announced under; raises Refusal when there is none such."""
        requested = text_field(self.body, "model")
        answering = models.announced(self.served.provider, requested)
        if answering is None:
            raise Refusal("unknown_model", _no_such_model(self.served.provider, requested))
        return requested, answering


@dataclass(frozen=True)
class Finished:
    """An answer as it will be sent; `reason` is stop, stop_sequence or length."""

    text: str
    reasoning: str
    reason: str
    stop_sequence: str | None = None

    @property
    def tokens(self) -> int:
        return tokens.count(self.text) + tokens.count(self.reasoning)


def fresh_id(prefix: str, length: int) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(length))


def read_object(body: bytes) -> dict[str, Any]:
    """The request body as a JSON object; raises Refusal otherwise."""
    try:
        document = json.loads(body or b"{}")
    except ValueError as wrong:
        raise Refusal("bad_request", f"We could not parse the JSON body of your request: {wrong}") from wrong
    if not isinstance(document, dict):
        raise Refusal("bad_request", "The JSON body of your request must be an object.")
    return document


def text_field(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Refusal("bad_request", f"Missing required parameter: '{name}'.", name, "missing_required_parameter")
    return value


def number_field(body: dict[str, Any], name: str, low: float, high: float, default: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Refusal("bad_request", f"Invalid '{name}': expected a number from {low:g} to {high:g}.", name)
    return value


def whole_field(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Refusal("bad_request", f"Invalid '{name}': expected a whole number of at least 1.", name)
    return value


def choices_field(body: dict[str, Any]) -> int:
    return int(number_field(body, "n", 1, _MAX_CHOICES, 1))


def stops_field(body: dict[str, Any], name: str = "stop") -> list[str]:
    value = body.get(name) or []
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list) or not all(isinstance(stop, str) and stop for stop in stops):
        raise Refusal("bad_request", f"Invalid '{name}': expected a string or a list of strings.", name)
    return stops


def read_turns(messages: object, param: str) -> tuple[Turn, ...]:
    """Messages as turns. A developer message counts as a system one, a tool's result as the user's."""
    if not isinstance(messages, list) or not messages:
        raise Refusal("bad_request", f"'{param}' must be a list of at least one message.", param)
    return tuple(_read_turn(message, f"{param}[{n}]") for n, message in enumerate(messages))


def _read_turn(message: object, where: str) -> Turn:
    if not isinstance(message, dict) or not isinstance(message.get("role"), str):
        raise Refusal("bad_request", f"Invalid '{where}': expected an object with a role and content.", where)
    role = {"developer": "system", "tool": "user"}.get(message["role"], message["role"])
    if role not in ("system", "user", "assistant"):
        raise Refusal("bad_request", f"Invalid value: '{message['role']}'.", f"{where}.role", "invalid_value")
    return Turn(role, text_of(message.get("content"), f"{where}.content"))


def text_of(content: object, where: str) -> str:
    """The text of a message's content, which is a string or a list of text blocks."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise Refusal("bad_request", f"Invalid '{where}': expected a string or a list of content blocks.", where)
    return "\n".join(_block_text(block, f"{where}[{n}]") for n, block in enumerate(content))


def _block_text(block: object, where: str) -> str:
    known = ("text", "input_text", "output_text")
    if not isinstance(block, dict) or block.get("type") not in known or not isinstance(block.get("text"), str):
        raise Refusal("bad_request", f"Invalid '{where}': this model reads text blocks only.", where)
    return str(block["text"])


def schema_keys(schema: object) -> tuple[str, ...]:
    """The property names of a JSON schema, if it has any."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return tuple(properties) if isinstance(properties, dict) else ()


def refuse_unserved(body: dict[str, Any], unserved: tuple[str, ...]) -> None:
    """Say so when a request needs something the teacher cannot do, rather than ignore it."""
    for name in unserved:
        if body.get(name):
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Refusal("bad_request", message, name, "unsupported_parameter")


def finish(reply: Reply, limit: int | None, stops: list[str], shows_reasoning: bool = False) -> Finished:
    """End an answer at the first stop sequence or at `limit` tokens, whichever comes first.

    Reasoning is kept, and counted, only for models that show it.
    """
    reasoning = reply.reasoning if shows_reasoning else ""
    text, cut_short = tokens.cut(reply.text, limit)
    places = [(text.find(stop), stop) for stop in stops if stop in text]
    if places:
        place, stop = min(places)
        return Finished(text[:place], reasoning, "stop_sequence", stop)
    return Finished(text, reasoning, "length" if cut_short else "stop")


def event(document: object, name: str | None = None) -> bytes:
    """One server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()


def deltas(text: str) -> Iterator[str]:
    """The pieces a text is streamed in."""
    yield from tokens.pieces(text)


def _no_such_model(provider: str, requested: str) -> str:
    if provider == "anthropic":
        return f"model: {requested}"
    if provider == "deepseek":
        return "Model Not Exist"
    return f"The model `{requested}` does not exist or you do not have access to it."
