"""The rest of OpenAI's API that an audit must see: embeddings, images, audio, moderation, files, batches, fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, OutputText, Setting
from audits.capture.wire.formats import Answer, Ask, Folded, Format, StreamEvent
from audits.capture.wire.openai_chat import ask_completion, model_asked, settings_asked, usage_of
from audits.capture.wire.reading import (
    content_text,
    count_of,
    index_of,
    items,
    joined,
    name_of,
    obj,
    objects,
    settings_of,
)
from audits.capture.wire.tuning import format_of

_INPUTS_LIMIT = 10_000


def ask_input(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A request whose texts stand in `input` (embeddings, moderation, speech): one message each."""
    given = request.get("input", request.get("prompt"))
    texts = given if isinstance(given, list) and not all(isinstance(e, int) for e in given) else [given]
    prompt = tuple(Message("user", _input_text(t)) for t in texts[:_INPUTS_LIMIT] if t is not None)
    return Ask(model_asked(request, path), prompt, None, settings_asked(request, path))


def _input_text(given: Any) -> str:
    return f"[{len(given)} token ids]" if isinstance(given, list) else content_text(given)


def answer_numbers(response: Any) -> Answer:
    """An answer without text of its own (vectors, pictures, sound, scores): model, id and usage.

    A prompt that a model wrote anew before it drew is its text.
    """
    fields = obj(response)
    anew = (content_text(each.get("revised_prompt")) for each in objects(fields.get("data")))
    outputs = tuple(OutputText(index, text) for index, text in enumerate(anew) if text)
    return Answer(name_of(fields.get("model")), name_of(fields.get("id")), outputs, **usage_of(fields))


def fold_last(events: list[StreamEvent]) -> Folded:
    """A stream of pictures or sound: what its events say about model and usage; over when one says so."""
    whole: dict[str, Any] = {}
    for event in events:
        whole.update(event.data)
    return Folded(whole, any(str(e.data.get("type", "")).endswith((".completed", ".done")) for e in events))


def answer_transcript(response: Any) -> Answer:
    """A transcription or translation: its text is the output."""
    fields = obj(response)
    text = content_text(fields.get("text"))
    return Answer(name_of(fields.get("model")), None, (OutputText(0, text),) if text else (), **usage_of(fields))


def fold_transcript(events: list[StreamEvent]) -> Folded:
    """A stream of transcript deltas; its last event holds the whole text."""
    for event in events:
        if event.data.get("type") == "transcript.text.done":
            return Folded(event.data, finished=True)
    return Folded({"text": joined(e.data.get("delta") for e in events)}, finished=False)


def ask_upload(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A file that goes to the provider. The JSONL lines of a batch or training file become the prompt's messages."""
    lines = objects(request.get("lines"))
    settings: dict[str, Setting] = {"lines": len(lines)} if lines else {}
    for key in ("purpose", "filename"):
        if value := name_of(request.get(key)):
            settings[key] = value
    models = sorted({m for line in lines if (m := name_of(obj(line.get("body")).get("model")))})
    if models:
        settings["models"] = ", ".join(models)[:200]
    prompt = tuple(Message("file", _line_text(line)) for line in lines[:_INPUTS_LIMIT])
    return Ask(models[0] if len(models) == 1 else None, prompt, None, settings)


def _line_text(line: dict[str, Any]) -> str:
    body = obj(line.get("body")) or line
    given = body.get("messages", body.get("input", body.get("prompt")))
    if isinstance(given, list):
        return "\n".join(content_text(m.get("content") if isinstance(m, dict) else m) for m in given)
    return content_text(given)


def ask_job(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A batch or fine-tuning job: its base model and the files that it names."""
    settings = settings_of(request)
    for key in ("endpoint", "input_file_id", "training_file", "validation_file", "suffix", "completion_window"):
        if value := name_of(request.get(key)):
            settings[key] = value
    if several := items(request.get("input_files")):
        settings["input_file_id"] = name_of(several[0]) or ""
    return Ask(model_asked(request, path), (), None, settings)


def answer_job(response: Any) -> Answer:
    """A job or file object: its id, and the model that a fine-tuning made, when it is done."""
    fields = obj(response)
    # An upload in parts is a file once it is complete.
    return Answer(
        name_of(fields.get("fine_tuned_model")), name_of(obj(fields.get("file")).get("id") or fields.get("id"))
    )


def ask_rerank(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A rerank request: the query, then the documents."""
    texts = [request.get("query"), *items(request.get("documents"))[:_INPUTS_LIMIT]]
    prompt = tuple(Message("user", content_text(text)) for text in texts if text is not None)
    return Ask(model_asked(request, path), prompt, None, settings_of(request))


def answer_predictions(response: Any) -> Answer:
    """Replicate's prediction: its output is a text or a list of pieces."""
    fields = obj(response)
    given = fields.get("output")
    text = content_text(given) if isinstance(given, str) else joined(items(given))
    finish = name_of(fields.get("status"))
    outputs = (OutputText(index_of(0), text, finish),) if text else ()
    model, metrics = name_of(fields.get("model")) or name_of(fields.get("version")), obj(fields.get("metrics"))
    counts = (count_of(metrics.get(f"{side}_token_count")) for side in ("input", "output"))
    return Answer(model, name_of(fields.get("id")), outputs, *counts)


def ask_prediction(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """Replicate's request: the prompt stands in `input`, the model in the path or as `version`."""
    given = obj(request.get("input"))
    asked = ask_completion(given, {})
    model = name_of(path.get("model")) or name_of(request.get("version"))
    return Ask(model, asked.prompt, content_text(given.get("system_prompt")) or None, settings_of(given))


EMBEDDINGS = Format("embeddings", "openai.embeddings", ask_input, answer_numbers)
IMAGES = Format("image_generation", "openai.images", ask_input, answer_numbers, fold_last)
SPEECH = Format("speech", "openai.speech", ask_input, answer_numbers, fold_last)
TRANSCRIPTION = Format("transcription", "openai.audio", ask_input, answer_transcript, fold_transcript)
MODERATION = Format("moderation", "openai.moderations", ask_input, answer_numbers)
FILE_UPLOAD = Format("file_upload", "openai.files", ask_upload, answer_job)
BATCH = Format("batch", "openai.batches", ask_job, answer_job)
FINE_TUNE = format_of("openai.fine_tuning")
RERANK = Format("rerank", "cohere.rerank", ask_rerank, answer_numbers)
RETRIEVED_PREDICTION = Format("retrieve_response", "replicate.predictions", ask_prediction, answer_predictions)
PREDICTION = Format("text_completion", "replicate.predictions", ask_prediction, answer_predictions)
