"""Chat completions and completions as OpenAI defined them and as dozens of other hosts speak them.

Read after OpenAI's API reference (chat/completions, chat streaming, completions) with the additions of DeepSeek
(`reasoning_content`), OpenRouter and Groq (`reasoning`, usage under `x_groq`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText, Setting
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.reading import (
    arguments_of,
    chat_messages,
    content_text,
    count_of,
    index_of,
    items,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
    storable,
    thought_and_said,
)


def model_asked(request: dict[str, Any], path: Mapping[str, str]) -> str | None:
    """The model a request names, else the one in its path, else the Azure deployment there."""
    return name_of(request.get("model")) or name_of(path.get("model")) or name_of(path.get("deployment"))


def settings_asked(request: dict[str, Any], path: Mapping[str, str]) -> dict[str, Setting]:
    """Settings of an OpenAI-shaped request, with the deployment, the number of tools and the answer's format."""
    found = settings_of(request, request.get("reasoning"))
    if deployment := name_of(path.get("deployment")):
        found["deployment"] = deployment
    if tools := items(request.get("tools")) or items(request.get("functions")):
        found["tools"] = len(tools)
    answer_format = obj(request.get("response_format")) or obj(obj(request.get("text")).get("format"))
    if kind := name_of(answer_format.get("type")):
        found["response_format"] = kind
    return found


def ask_chat(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A chat completions request; Perplexity puts one that is to be answered later one level down."""
    if "messages" not in request and "messages" in obj(request.get("request")):
        request = obj(request["request"])
    prompt, system = chat_messages(request.get("messages"))
    return Ask(model_asked(request, path), prompt, system, settings_asked(request, path))


def usage_of(response: dict[str, Any]) -> dict[str, int | None]:
    """Token counts of an OpenAI-shaped answer, as keyword arguments of Answer."""
    usage = obj(response.get("usage")) or obj(obj(response.get("x_groq")).get("usage"))
    prompt = obj(usage.get("prompt_tokens_details")) or obj(usage.get("input_tokens_details"))
    completion = obj(usage.get("completion_tokens_details")) or obj(usage.get("output_tokens_details"))
    cached = count_of(prompt.get("cached_tokens"))
    return {
        "input_tokens": count_of(usage.get("prompt_tokens", usage.get("input_tokens"))),
        "output_tokens": count_of(usage.get("completion_tokens", usage.get("output_tokens"))),
        "cached_tokens": count_of(usage.get("prompt_cache_hit_tokens")) if cached is None else cached,
        "reasoning_tokens": count_of(completion.get("reasoning_tokens")),
    }


def answer_chat(response: Any) -> Answer:
    """A chat completions answer, all its choices."""
    fields = obj(response)
    outputs: list[OutputText] = []
    for position, choice in enumerate(objects(fields.get("choices"))):
        outputs += _choice_outputs(choice, index_of(choice.get("index"), position))
    pictures = sum(len(objects(obj(choice.get("message")).get("images"))) for choice in objects(fields.get("choices")))
    counts = usage_of(fields)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), tuple(outputs), **counts, pictures=pictures)


def _choice_outputs(choice: dict[str, Any], index: int) -> list[OutputText]:
    finish = name_of(choice.get("finish_reason")) or name_of(choice.get("stop_reason"))
    message = obj(choice.get("message"))
    thought, said = thought_and_said(message.get("content"))
    reasoning = message.get("reasoning_content") or message.get("reasoning") or thought or None
    found = []
    if isinstance(reasoning, str):
        found.append(OutputText(index, storable(reasoning), finish, "reasoning"))
    spoken = obj(message.get("audio")).get("transcript")
    text = said or content_text(message.get("refusal")) or content_text(spoken)
    if isinstance(choice.get("text"), str):
        text = storable(choice["text"])
    calls = [obj(call.get("function")) or obj(call.get("custom")) for call in objects(message.get("tool_calls"))]
    calls += [obj(message.get("function_call"))]
    called = [_tool_output(call, index, finish) for call in calls if call]
    if text or not called:
        found.append(OutputText(index, text, finish))
    return found + called


def _tool_output(call: dict[str, Any], index: int, finish: str | None) -> OutputText:
    given = call.get("arguments", call.get("input", ""))
    return OutputText(index, arguments_of(given), finish, "tool_call", name_of(call.get("name")))


def fold_chat(events: list[StreamEvent]) -> Folded:
    """The chunks of a chat or completions stream as one answer. It is over when every choice gave its reason."""
    whole: dict[str, Any] = {}
    choices: dict[int, _Choice] = {}
    for event in events:
        whole.update({k: v for k, v in event.data.items() if k != "choices" and v is not None})
        for position, piece in enumerate(objects(event.data.get("choices"))):
            index = index_of(piece.get("index"), position)
            if index not in choices:
                choices[index] = _Choice()
            choices[index].add(piece)
    whole["choices"] = [choice.whole(index) for index, choice in sorted(choices.items())]
    finished = bool(choices) and all(choice.finish is not None for choice in choices.values())
    return Folded(whole, finished)


class _Choice:
    """One choice of a stream while it grows."""

    def __init__(self) -> None:
        self.pieces: dict[str, list[Any]] = {}
        self.texts: list[Any] = []
        self.tools: dict[int, dict[str, Any]] = {}
        self.pictures: list[Any] = []
        self.finish: Any = None

    def add(self, piece: dict[str, Any]) -> None:
        self.finish = piece.get("finish_reason") if piece.get("finish_reason") is not None else self.finish
        if "text" in piece:
            self.texts.append(piece["text"])
        delta = obj(piece.get("delta")) or obj(piece.get("message"))
        for key in ("content", "reasoning_content", "reasoning", "refusal"):
            if delta.get(key) is not None:
                self._add_text(key, delta[key])
        self.pictures += objects(delta.get("images"))
        if spoken := obj(delta.get("audio")).get("transcript"):
            self.pieces.setdefault("spoken", []).append(spoken)
        for position, call in enumerate(objects(delta.get("tool_calls"))):
            self._add_tool(index_of(call.get("index"), position), obj(call.get("function")) or obj(call.get("custom")))
        self._add_tool(-1, obj(delta.get("function_call")))

    def _add_text(self, key: str, value: Any) -> None:
        if isinstance(value, list) and key == "content":
            thought, value = thought_and_said(value)
            self.pieces.setdefault("reasoning_content", []).extend([thought] if thought else [])
        self.pieces.setdefault(key, []).append(value if isinstance(value, str) else content_text(value))

    def _add_tool(self, index: int, function: dict[str, Any]) -> None:
        if function:
            tool = self.tools.setdefault(index, {"name": None, "pieces": []})
            tool["name"] = tool["name"] or function.get("name")
            tool["pieces"].append(function.get("arguments", function.get("input")))

    def whole(self, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {key: joined(pieces) for key, pieces in self.pieces.items() if key != "spoken"}
        if "spoken" in self.pieces:
            message["audio"] = {"transcript": joined(self.pieces["spoken"])}
        message["tool_calls"] = [
            {"function": {"name": tool["name"], "arguments": joined(tool["pieces"])}} for tool in self.tools.values()
        ]
        if self.pictures:
            message["images"] = self.pictures
        choice = {"index": index, "finish_reason": self.finish, "message": message}
        return {**choice, "text": joined(self.texts)} if self.texts else choice


def ask_completion(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A completions request; a list of prompts becomes one message each, token ids a mark."""
    prompt = request.get("prompt")
    prompts = items(prompt) if isinstance(prompt, list) and not _token_ids(prompt) else [prompt]
    messages = tuple(Message("user", _prompt_text(p)) for p in prompts if p is not None)
    return Ask(model_asked(request, path), messages, None, settings_asked(request, path))


def _token_ids(prompt: list[Any]) -> bool:
    return bool(prompt) and all(isinstance(element, int) for element in prompt)


def _prompt_text(prompt: Any) -> str:
    if isinstance(prompt, list):
        return f"[{len(prompt)} token ids]"
    return content_text(prompt)


CHAT = Format("chat", "openai.chat", ask_chat, answer_chat, fold_chat)
COMPLETION = Format("text_completion", "openai.completions", ask_completion, answer_chat, fold_chat)
