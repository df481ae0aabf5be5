"""Lines of batches: what is asked in a file, a list or a stored object, and what is answered in another, hours later.

Shapes: OpenAI's (also Mistral's, Together's, Groq's) `custom_id` with `body` or `response.body`; Anthropic's `custom_id`
with `params` or `result.message`; Gemini's `key` or `metadata.key` with `request` and `response`; Bedrock's `recordId` with
`modelInput` and `modelOutput`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from audits.capture.wire import anthropic, bedrock, gemini, openai_chat, openai_other
from audits.capture.wire.facts import CallError, Question, Setting
from audits.capture.wire.formats import Answer, Ask, Format
from audits.capture.wire.openai_responses import RESPONSE
from audits.capture.wire.reading import name_of, obj, objects, storable

_QUESTIONS_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class BatchedAnswer:
    """A line that answers: in which format, to which question, and whether it failed."""

    format: Format
    ask: Ask
    answer: Answer
    error: CallError | None


def questions_in(request: Any) -> tuple[Question, ...]:
    """The questions of a batch that a request carries: lines of a file, or a list in the request itself."""
    fields = obj(request)
    # A file of a single line reads like any other object.
    lines = objects(fields.get("lines")) or objects(fields.get("requests")) or _gemini_requests(fields) or [fields]
    found = (question_of(line, position) for position, line in enumerate(lines[:_QUESTIONS_LIMIT]))
    return tuple(question for question in found if question is not None)


def with_questions(ask: Ask, questions: tuple[Question, ...]) -> Ask:
    """What a request asks that carries a batch: how many questions to which models, and their turns."""
    if not questions:
        return ask
    models = sorted({question.model for question in questions if question.model})
    found: dict[str, Setting] = {} if "lines" in ask.settings else {"requests": len(questions)}
    if models:
        found["models"] = ", ".join(models)[:200]
    return replace(
        ask,
        model=ask.model or (models[0] if len(models) == 1 else None),
        prompt=ask.prompt or tuple(message for question in questions for message in question.prompt),
        settings={**found, **ask.settings},
    )


def question_of(line: dict[str, Any], position: int) -> Question | None:
    """A line that asks; None for another line. Without a name of its own it goes by its position."""
    asked = _asked(line)
    return None if asked is None else Question(_identity(line, position), asked.model, asked.prompt, asked.system)


def _identity(line: dict[str, Any], position: int) -> str:
    named = line.get("custom_id", line.get("key", line.get("recordId", obj(line.get("metadata")).get("key"))))
    return name_of(named) or str(position)


def _asked(line: dict[str, Any]) -> Ask | None:
    if "params" in line and "custom_id" in line:
        return anthropic.ask_messages(obj(line["params"]), {})
    if "modelInput" in line:
        return bedrock.ask_invoke(obj(line["modelInput"]), {})
    request = obj(line.get("request"))
    if "contents" in request or "content" in request:
        return gemini.ask_generate(request, {})
    body = obj(line.get("body"))
    if "custom_id" not in line or not body:
        return None
    if "messages" in body:
        return openai_chat.ask_chat(body, {})
    if "prompt" in body:
        return openai_chat.ask_completion(body, {})
    chosen = RESPONSE.ask if str(line.get("url", "")).endswith("/responses") else openai_other.ask_input
    return chosen(body, {})


def _gemini_requests(fields: dict[str, Any]) -> list[dict[str, Any]]:
    given = obj(fields.get("batch"))
    config = obj(given.get("input_config")) or obj(given.get("inputConfig"))
    return objects(obj(config.get("requests")).get("requests"))


def batched_answer(line: dict[str, Any], position: int = 0) -> BatchedAnswer | None:
    """A line that answers; None for another line."""
    result, response = obj(line.get("result")), obj(line.get("response"))
    failure = obj(result.get("error")) or obj(line.get("error")) or obj(line.get("status"))
    named = {"custom_id", "key", "recordId", "metadata"} & line.keys()
    if not (result or response or "modelOutput" in line or (failure and named)) or "body" in line or "params" in line:
        return None
    if not named and not ("candidates" in response and "request" in line):
        return None
    form, body = _answered(line, result, response)
    settings: dict[str, Setting] = {"custom_id": _identity(line, position), "batch": True}
    asked = _asked(line) or Ask()
    ask = replace(asked, settings={**asked.settings, **settings})
    return BatchedAnswer(form, ask, form.answer(body), _error(failure, body, result))


def _answered(line: dict[str, Any], result: dict[str, Any], response: dict[str, Any]) -> tuple[Format, Any]:
    if "modelOutput" in line:
        return bedrock.INVOKE, obj(line["modelOutput"])
    if result:
        return anthropic.MESSAGES, obj(result.get("message"))
    if "body" in response:
        body = obj(response["body"])
        return _format_of(body), body
    if "candidates" in response or "usageMetadata" in response or "key" in line or "metadata" in line:
        return gemini.GENERATE, response
    return openai_chat.CHAT, {}


def _ended_without(body: Any, result: dict[str, Any]) -> str | None:
    """How a question of Anthropic's ended that was never answered: `expired` or `canceled`."""
    return name_of(result.get("type")) if result and not body and result.get("type") != "succeeded" else None


def _error(failure: dict[str, Any], body: Any, result: dict[str, Any]) -> CallError | None:
    found = obj(failure.get("error")) or failure or obj(obj(body).get("error"))
    if not found:
        return CallError(ended, "") if (ended := _ended_without(body, result)) else None
    kind = name_of(found.get("type")) or name_of(found.get("code")) or "error"
    return CallError(kind, storable(str(found.get("message") or ""))[:2000])


def _format_of(body: dict[str, Any]) -> Format:
    if "output" in body:
        return RESPONSE
    if "data" in body and "choices" not in body:
        return openai_other.EMBEDDINGS
    legacy = str(body.get("object", "")).startswith("text_completion")
    return openai_chat.COMPLETION if legacy else openai_chat.CHAT


def inlined_answers(response: Any) -> list[dict[str, Any]]:
    """The answers that stand in the state of a Gemini batch; empty while there are none."""
    given = obj(obj(response).get("response")) or obj(obj(response).get("dest"))
    inlined = given.get("inlinedResponses", given.get("inlined_responses"))
    return objects(inlined) or objects(obj(inlined).get("inlinedResponses"))
