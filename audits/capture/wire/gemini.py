"""Google's Gemini API and Vertex AI: generateContent, its streams, embeddings, token counts and older predict calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_other import ask_upload
from audits.capture.wire.reading import (
    arguments_of,
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
    total,
)
from audits.capture.wire.tuning import format_of


def ask_generate(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A generateContent request; the model stands in the path. Both spellings of protobuf JSON are read."""
    prompt = tuple(Message(name_of(c.get("role")) or "user", content_text(c.get("parts"))) for c in _contents(request))
    system = obj(request.get("systemInstruction")) or obj(request.get("system_instruction"))
    config = request.get("generationConfig", request.get("generation_config"))
    settings = settings_of(config)
    if tools := items(request.get("tools")):
        settings["tools"] = len(tools)
    return Ask(_model(request, path), prompt, content_text(system.get("parts")) or None, settings)


def _model(request: dict[str, Any], path: Mapping[str, str]) -> str | None:
    model = name_of(path.get("model")) or name_of(request.get("model"))
    return model.removeprefix("models/") if model else None


def _contents(request: dict[str, Any]) -> list[dict[str, Any]]:
    given = request.get("contents", request.get("content"))
    if isinstance(given, str):
        return [{"parts": [{"text": given}]}]
    return [given] if isinstance(given, dict) else objects(given)


def answer_generate(response: Any) -> Answer:
    """A GenerateContentResponse. Thoughts are reasoning; a blocked prompt has no candidates and says why."""
    fields = obj(response)
    outputs: list[OutputText] = []
    for position, candidate in enumerate(objects(fields.get("candidates"))):
        outputs += _candidate_outputs(candidate, index_of(candidate.get("index"), position))
    if blocked := name_of(obj(fields.get("promptFeedback")).get("blockReason")):
        outputs.append(OutputText(0, "", f"blocked: {blocked}"))
    usage = obj(fields.get("usageMetadata"))
    thoughts = count_of(usage.get("thoughtsTokenCount"))
    return Answer(
        name_of(fields.get("modelVersion")),
        name_of(fields.get("responseId")),
        tuple(outputs),
        input_tokens=total(count_of(usage.get("promptTokenCount")), count_of(usage.get("toolUsePromptTokenCount"))),
        output_tokens=total(count_of(usage.get("candidatesTokenCount")), thoughts),
        cached_tokens=count_of(usage.get("cachedContentTokenCount")),
        reasoning_tokens=thoughts,
        pictures=sum(map(_pictures, objects(fields.get("candidates")))),
    )


def _pictures(candidate: dict[str, Any]) -> int:
    given = (obj(part.get("inlineData")) for part in objects(obj(candidate.get("content")).get("parts")))
    return sum(1 for each in given if str(each.get("mimeType", "")).startswith("image/"))


def _candidate_outputs(candidate: dict[str, Any], index: int) -> list[OutputText]:
    finish = name_of(candidate.get("finishReason"))
    texts: dict[bool, list[str]] = {}
    calls: list[OutputText] = []
    for part in objects(obj(candidate.get("content")).get("parts")):
        if call := obj(part.get("functionCall")):
            arguments = arguments_of(call.get("args", {}))
            calls.append(OutputText(index, arguments, finish, "tool_call", name_of(call.get("name"))))
        elif isinstance(part.get("text"), str):
            texts.setdefault(part.get("thought") is True, []).append(part["text"])
        elif code := obj(part.get("executableCode")):
            texts.setdefault(False, []).append(content_text(code.get("code")))
    found = [OutputText(index, joined(texts[True]), finish, "reasoning")] if True in texts else []
    if False in texts or not (found or calls):
        found.append(OutputText(index, joined(texts.get(False, [])), finish))
    return found + calls


def fold_generate(events: list[StreamEvent]) -> Folded:
    """The pieces of a stream, which are whole responses each, with their parts put in a row."""
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for event in events:
        whole.update({key: value for key, value in event.data.items() if value is not None})
        for position, piece in enumerate(objects(event.data.get("candidates"))):
            index = index_of(piece.get("index"), position)
            candidate = candidates.setdefault(index, {"index": index, "content": {"parts": []}})
            candidate["content"]["parts"] += objects(obj(piece.get("content")).get("parts"))
            candidate["finishReason"] = piece.get("finishReason") or candidate.get("finishReason")
    whole["candidates"] = list(candidates.values())
    done = bool(candidates) and all(c.get("finishReason") for c in candidates.values())
    return Folded(whole, done or "promptFeedback" in whole)


def ask_embed(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """An embedContent request, single or in a batch."""
    asked = objects(request.get("requests")) or [request]
    prompt = tuple(Message("user", content_text(c.get("parts"))) for r in asked for c in _contents(r))
    return Ask(_model(request, path), prompt, None, {})


def answer_no_text(response: Any) -> Answer:
    """Vectors or a count: no text, no usage."""
    return Answer(name_of(obj(response).get("modelVersion")))


def ask_predict(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """Vertex AI's predict and PaLM's generateText: prompts stand in `instances` or `prompt`."""
    given = objects(request.get("instances")) or [request]
    prompt = tuple(Message("user", _instance_text(instance)) for instance in given)
    return Ask(_model(request, path), prompt, None, settings_of(request.get("parameters"), request))


def _instance_text(instance: dict[str, Any]) -> str:
    for key in ("prompt", "content", "text", "inputs"):
        if key in instance:
            return content_text(instance[key])
    return "\n".join(content_text(m.get("content")) for m in objects(instance.get("messages")))


def answer_predict(response: Any) -> Answer:
    """Predictions or PaLM candidates: the texts among them."""
    fields = obj(response)
    given = items(fields.get("predictions")) or items(fields.get("candidates"))
    outputs = [OutputText(i, text) for i, p in enumerate(given) if (text := _prediction_text(p))]
    return Answer(name_of(fields.get("model")), None, tuple(outputs))


def _prediction_text(prediction: Any) -> str:
    if isinstance(prediction, str):
        return storable(prediction)
    fields = obj(prediction)
    for key in ("content", "output", "generated_text"):
        if isinstance(fields.get(key), str):
            return storable(fields[key])
    return "\n".join(content_text(c.get("content")) for c in objects(fields.get("candidates")))


GENERATE = Format("generate_content", "gemini.generate_content", ask_generate, answer_generate, fold_generate)
EMBED = Format("embeddings", "gemini.embed_content", ask_embed, answer_no_text)
COUNT_TOKENS = Format("count_tokens", "gemini.count_tokens", ask_generate, answer_no_text)
PREDICT = Format("text_completion", "vertex.predict", ask_predict, answer_predict)
PREDICT_IMAGE = Format("image_generation", "vertex.predict", ask_predict, answer_no_text)
PREDICT_EMBEDDING = Format("embeddings", "vertex.predict", ask_predict, answer_no_text)


def ask_batch(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A batch job; its questions stand in it, or in a file that it names."""
    given = obj(request.get("batch"))
    config = obj(given.get("input_config")) or obj(given.get("inputConfig"))
    gathered = obj(obj(request.get("inputConfig")).get("gcsSource"))
    named = config.get("file_name", config.get("fileName", items(gathered.get("uris"))[:1]))
    name = name_of(named[0] if isinstance(named, list) and named else named)
    return Ask(_model(request, path), (), None, {"input_file_id": name} if name else {})


def answer_named(response: Any) -> Answer:
    """A job or file: its name."""
    fields = obj(response)
    return Answer(None, name_of(fields.get("name")) or name_of(obj(fields.get("file")).get("name")))


BATCH = Format("batch", "gemini.batches", ask_batch, answer_named)
FINE_TUNE = format_of("gemini.tuned_models")
FILE_UPLOAD = Format("file_upload", "gemini.files", ask_upload, answer_named)
