"""Typed reading of values that were JSON on the wire: the wrong type is absence, never an exception."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any

from audits.capture.wire.facts import NAME_LIMIT, Message, Setting

_LARGEST_COUNT = 2**53
_TEXT_KEYS = ("text", "refusal", "thinking", "transcript", "input_text", "output_text")
_PARTS_LIMIT = 10_000


def storable(text: str) -> str:
    """The text with NUL and lone surrogates replaced by U+FFFD, as PostgreSQL and UTF-8 demand."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "\ufffd")


def text_of(value: Any) -> str | None:
    """A string made storable; None for anything else."""
    return storable(value) if isinstance(value, str) else None


def name_of(value: Any) -> str | None:
    """A short identifier (model, id, reason): a non-empty string cut to NAME_LIMIT; whole numbers as text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = text_of(value)
    return text[:NAME_LIMIT] if text else None


def count_of(value: Any) -> int | None:
    """A count of tokens: a whole number from 0 to 2^53; floats that are whole count (Cohere sends 12.0)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if isinstance(value, float) and not (math.isfinite(value) and value.is_integer()):
        return None
    return int(value) if 0 <= value <= _LARGEST_COUNT else None


def index_of(value: Any, default: int = 0) -> int:
    """A position in a list of choices; `default` when it is none or absurd."""
    found = count_of(value)
    return default if found is None or found > 1_000_000 else found


def total(*counts: int | None) -> int | None:
    """The sum of the counts that are known; None when none is."""
    known = [c for c in counts if c is not None]
    return sum(known) if known else None


def obj(value: Any) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a JSON array; other elements are left out."""
    return [element for element in items(value) if isinstance(element, dict)]


def compact(value: Any) -> str:
    """JSON text of a value that was JSON, for arguments that a provider sends as an object."""
    try:
        return storable(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (RecursionError, ValueError):
        return "[unreadable]"


def arguments_of(value: Any) -> str:
    """Tool arguments as text: a string as it stands, anything else as compact JSON."""
    return storable(value) if isinstance(value, str) else compact(value)


def content_text(content: Any) -> str:
    """The readable text of a message's content: a string, one part, or a list of parts, joined by newlines."""
    if isinstance(content, str):
        return storable(content)
    parts = [content] if isinstance(content, dict) else items(content)[:_PARTS_LIMIT]
    return "\n".join(text for text in map(_part_text, parts) if text)


def _part_text(part: Any) -> str:
    if isinstance(part, str):
        return storable(part)
    fields = obj(part)
    for key in _TEXT_KEYS:
        if isinstance(fields.get(key), str):
            return storable(fields[key])
    if isinstance(fields.get("thinking"), list):
        return content_text(fields["thinking"])
    call = obj(fields.get("functionCall")) or obj(fields.get("toolUse")) or obj(fields.get("function"))
    call = call or (fields if "name" in fields else {})
    if call:
        given = next((call[k] for k in ("arguments", "input", "args") if k in call), "")
        return f"[tool_call {name_of(call.get('name')) or ''} {arguments_of(given)}]"
    return _result_text(fields)


def _result_text(fields: dict[str, Any]) -> str:
    """A tool's result, whose content is text or text parts again, or a mark for what is no text."""
    inner = fields.get("content", fields.get("output"))
    if inner is None:
        inner = obj(fields.get("toolResult")).get("content", obj(fields.get("functionResponse")).get("response"))
    if isinstance(inner, str):
        return storable(inner)
    if inner is not None:
        texts = [storable(p["text"]) for p in objects(inner) if isinstance(p.get("text"), str)]
        return "\n".join(texts) if texts else compact(inner)[:2000]
    return f"[{name_of(fields.get('type')) or next(iter(map(storable, fields)), 'part')[:40]}]" if fields else ""


def thought_and_said(content: Any) -> tuple[str, str]:
    """An answer's content in two: what its parts of type `thinking` say, and what all others do.

    Parts that say nothing (references) stand between pieces of one text, and leave no mark in it.
    """
    if not isinstance(content, list):
        return "", content_text(content)
    parts = [part if isinstance(part, dict) else {"text": part} for part in content[:_PARTS_LIMIT]]
    thought = [part for part in parts if part.get("type") == "thinking"]
    said = [part for part in parts if any(isinstance(part.get(key), str) for key in _TEXT_KEYS)]
    return content_text(thought), "".join(_part_text(part) for part in said if part.get("type") != "thinking")


def chat_messages(messages: Any) -> tuple[tuple[Message, ...], str | None]:
    """OpenAI-shaped messages: the turns, and the joined system and developer text (None when there is none)."""
    turns: list[Message] = []
    system: list[str] = []
    for message in objects(messages):
        role = name_of(message.get("role")) or "user"
        parts = [content_text(message.get("content")), content_text(message.get("tool_calls"))]
        text = "\n".join(p for p in parts if p)
        if role in ("system", "developer"):
            system.append(text)
        else:
            turns.append(Message(role, text))
    return tuple(turns), "\n".join(system) if system else None


_SETTINGS = frozenset((
    "temperature", "top_p", "top_k", "n", "seed", "max_tokens", "max_completion_tokens", "max_output_tokens",
    "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs", "echo", "best_of", "reasoning_effort",
    "service_tier", "store", "dimensions", "max_tokens_to_sample", "candidateCount", "maxOutputTokens", "topP",
    "topK", "responseMimeType", "responseLogprobs", "encoding_format", "size", "quality", "voice", "maxTokens",
    "num_predict", "max_gen_len", "background",
))  # fmt: skip


def settings_of(*sources: Any) -> dict[str, Setting]:
    """The request settings that bear on an audit (sampling, logits, limits), scalars only, first source wins."""
    found: dict[str, Setting] = {}
    for source in map(obj, sources):
        for name in _SETTINGS & source.keys():
            value = _setting(source[name])
            if name not in found and value is not None:
                found[name] = value
    return dict(sorted(found.items()))


def _setting(value: Any) -> Setting | None:
    if isinstance(value, str):
        return storable(value)[:100]
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_COUNT else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def joined(pieces: Iterable[Any]) -> str:
    """Deltas of a stream put together; what is no string is left out. Surrogate pairs split over two meet again."""
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return storable(text)
