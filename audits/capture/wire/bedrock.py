"""Amazon Bedrock's runtime: converse, and invoke with the native shape of each vendor's models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire import anthropic, openai_chat
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
    total,
)
from audits.capture.wire.tuning import format_of


def _model(path: Mapping[str, str]) -> str | None:
    return name_of(path.get("model"))


def ask_converse(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A converse request: Bedrock's own shape, the same for every model."""
    prompt = tuple(
        Message(name_of(m.get("role")) or "user", content_text(m.get("content")))
        for m in objects(request.get("messages"))
    )
    settings = settings_of(request.get("inferenceConfig"), request.get("additionalModelRequestFields"))
    return Ask(_model(path), prompt, content_text(request.get("system")) or None, settings)


def answer_converse(response: Any) -> Answer:
    """A converse answer: text, reasoning and toolUse blocks of output.message."""
    fields = obj(response)
    finish = name_of(fields.get("stopReason"))
    blocks = objects(obj(obj(fields.get("output")).get("message")).get("content"))
    outputs = [out for block in blocks if (out := _block_output(block, finish))]
    usage = obj(fields.get("usage"))
    cached = count_of(usage.get("cacheReadInputTokens"))
    written = count_of(usage.get("cacheWriteInputTokens"))
    return Answer(
        None,
        None,
        tuple(outputs),
        input_tokens=total(count_of(usage.get("inputTokens")), cached, written),
        output_tokens=count_of(usage.get("outputTokens")),
        cached_tokens=cached,
        pictures=sum(1 for block in blocks if block.get("image")),
    )


def _block_output(block: dict[str, Any], finish: str | None) -> OutputText | None:
    if isinstance(block.get("text"), str):
        return OutputText(0, content_text(block["text"]), finish)
    if cited := obj(block.get("citationsContent")):
        return OutputText(0, content_text(cited.get("content")), finish)
    if reasoning := obj(obj(block.get("reasoningContent")).get("reasoningText")):
        return OutputText(0, content_text(reasoning.get("text")), finish, "reasoning")
    if tool := obj(block.get("toolUse")):
        return OutputText(0, arguments_of(tool.get("input", {})), finish, "tool_call", name_of(tool.get("name")))
    return None


def fold_converse(events: list[StreamEvent]) -> Folded:
    """The answer from contentBlock*, messageStop and metadata events; over at messageStop."""
    whole: dict[str, Any] = {}
    pieces: dict[tuple[int, str], list[Any]] = {}
    tools: dict[int, Any] = {}
    for name, data in events:
        index = index_of(data.get("contentBlockIndex"))
        if name == "contentBlockStart":
            tools[index] = obj(obj(data.get("start")).get("toolUse")).get("name")
            if tools[index]:
                pieces.setdefault((index, "toolUse"), [])
        elif name == "contentBlockDelta":
            kind, text = _delta(obj(data.get("delta")))
            pieces.setdefault((index, kind), []).append(text)
        elif name == "messageStop":
            whole["stopReason"] = data.get("stopReason")
        elif name == "metadata":
            whole["usage"] = data.get("usage")
        elif name == "error":
            whole["error"] = data.get("error")
    blocks = [_block(kind, joined(texts), tools.get(index)) for (index, kind), texts in sorted(pieces.items())]
    whole["output"] = {"message": {"content": blocks}}
    return Folded(whole, "stopReason" in whole)


def _delta(delta: dict[str, Any]) -> tuple[str, Any]:
    if "toolUse" in delta:
        return "toolUse", obj(delta["toolUse"]).get("input")
    if "reasoningContent" in delta:
        return "reasoningContent", obj(delta["reasoningContent"]).get("text")
    return "text", delta.get("text")


def _block(kind: str, text: str, tool: Any) -> dict[str, Any]:
    if kind == "toolUse":
        return {"toolUse": {"name": tool, "input": text}}
    if kind == "reasoningContent":
        return {"reasoningContent": {"reasoningText": {"text": text}}}
    return {"text": text}


def ask_invoke(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A native request: messages (Anthropic, Nova, OpenAI-shaped), prompt (Llama, Mistral, Cohere), inputText (Titan)."""
    settings: dict[str, Setting] = settings_of(request, request.get("textGenerationConfig"))
    if "messages" in request:
        turns, system = chat_messages(request["messages"])
        return Ask(_model(path), turns, content_text(request.get("system")) or system, settings)
    if drawn := [text for key in request if key.endswith("Params") and (text := obj(request[key]).get("text"))]:
        return Ask(_model(path), (Message("user", content_text(drawn)),), None, settings)
    for key in ("prompt", "text_prompts", "inputText", "message", "texts"):
        if key in request:
            return Ask(_model(path), (Message("user", content_text(request[key])),), None, settings)
    return Ask(_model(path), (), None, settings)


def answer_invoke(response: Any) -> Answer:
    """A native answer, told apart by its keys."""
    fields = obj(response)
    if "choices" in fields:
        return openai_chat.answer_chat(fields)
    if isinstance(fields.get("output"), dict):
        return answer_converse(fields)
    if isinstance(fields.get("content"), list):
        return anthropic.answer_messages(fields)
    if "completion" in fields:
        return anthropic.answer_complete(fields)
    return _plain_answer(fields)


def _plain_answer(fields: dict[str, Any]) -> Answer:
    """Llama (generation), Titan (results), Mistral (outputs), Cohere (generations, text), AI21 (completions)."""
    rows: list[dict[str, Any]] = next((r for k in _ROWS if (r := objects(fields.get(k)))), [fields])
    outputs = []
    for index, row in enumerate(rows):
        text = next((row[k] for k in _TEXTS if isinstance(row.get(k), str)), obj(row.get("data")).get("text"))
        finish = next((row[k] for k in _FINISHES if isinstance(row.get(k), str)), None)
        if isinstance(text, str):
            outputs.append(OutputText(index, content_text(text), name_of(finish)))
    return Answer(
        None,
        name_of(fields.get("id") or fields.get("generation_id")),
        tuple(outputs),
        input_tokens=count_of(fields.get("prompt_token_count", fields.get("inputTextTokenCount"))),
        output_tokens=total(
            count_of(fields.get("generation_token_count")), *(count_of(r.get("tokenCount")) for r in rows)
        ),
        pictures=len(items(fields.get("images")) or items(fields.get("artifacts"))),
    )


def ask_count(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A count of the tokens of a converse request, or of a native one (packed in base64, left as it is)."""
    return ask_converse(obj(obj(request.get("input")).get("converse")), path)


def answer_count(response: Any) -> Answer:
    """A count of tokens: nothing was generated."""
    return Answer()


_ROWS = ("results", "outputs", "generations", "completions")
_TEXTS = ("generation", "outputText", "text", "completion")
_FINISHES = ("stop_reason", "completionReason", "finish_reason", "finishReason")


def fold_invoke(events: list[StreamEvent]) -> Folded:
    """A native stream: Anthropic's, Nova's and OpenAI's events are folded as theirs, others by their text fields."""
    kinds = {str(e.data.get("type")) for e in events}
    if kinds & {"message_start", "content_block_delta", "message_stop"}:
        return anthropic.fold_messages(events)
    if any("choices" in e.data for e in events):
        return openai_chat.fold_chat(events)
    nova = [StreamEvent(key, obj(e.data[key])) for e in events for key in e.data if key.startswith(_NOVA)]
    if nova:
        return fold_converse(nova)
    return _fold_plain(events)


_NOVA = ("contentBlock", "messageStop", "metadata")


def _fold_plain(events: list[StreamEvent]) -> Folded:
    whole: dict[str, Any] = {}
    pieces: list[Any] = []
    finish = None
    for event in events:
        whole.update({k: v for k, v in event.data.items() if v is not None})
        row = next((r[0] for k in _ROWS if (r := objects(event.data.get(k)))), event.data)
        pieces.append(next((row[k] for k in _TEXTS if isinstance(row.get(k), str)), None))
        finish = next((row[k] for k in _FINISHES if isinstance(row.get(k), str)), finish)
    rest = {k: v for k, v in whole.items() if k not in (*_ROWS, *_TEXTS)}
    return Folded({**rest, "generation": joined(pieces), "stop_reason": finish}, finish is not None)


CONVERSE = Format("chat", "bedrock.converse", ask_converse, answer_converse, fold_converse)
INVOKE = Format("chat", "bedrock.invoke", ask_invoke, answer_invoke, fold_invoke)
COUNT_TOKENS = Format("count_tokens", "bedrock.count_tokens", ask_count, answer_count)
INVOKE_EMBEDDING = Format("embeddings", "bedrock.invoke", ask_invoke, answer_invoke)


def ask_job(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A batch: its model, and where its questions lie."""
    source = name_of(obj(obj(request.get("inputDataConfig")).get("s3InputDataConfig")).get("s3Uri"))
    return Ask(name_of(request.get("modelId")), (), None, {"input_file_id": source} if source else {})


def answer_job(response: Any) -> Answer:
    """A batch: its name."""
    return Answer(None, name_of(obj(response).get("jobArn")))


BATCH = Format("batch", "bedrock.model_invocation_job", ask_job, answer_job)
FINE_TUNE = format_of("bedrock.model_customization_job")
