"""Joining what a batch asked with what it was answered, hours and exchanges apart; and a training job with its file.

Answers that an API keeps are joined in the same way, by their id, and their tokens counted once however often they are read.

Answers name their question by `custom_id`, which is only unique within its file, so the way from the results back to the
file is followed through the states of jobs that the program polled for. Where that way was not seen, a question is taken
only when one known batch alone has its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from audits.capture.wire.bodies import JsonReader, Unreadable, decode_body
from audits.capture.wire.facts import Message, ModelCall, Parsed, Question, WireExchange
from audits.capture.wire.reading import items, name_of, obj

# Questions kept of one run: beyond them answers stand without their question, and say so.
MOST_QUESTIONS = 300_000
_JOB = re.compile(
    r"/(?:messages/)?(?:batches|batch/jobs|model-invocation-jobs?)(?:/[^/?]+)?/?(?:\?|$)|:batchGenerateContent"
)
_RESULTS = re.compile(r"/(?:files|messages/batches|batches)/([^/?:]+)")
_INPUTS = ("input_file_id", "input_files", "inputFile", "file_name", "fileName")
_OUTPUTS = (
    "output_file_id", "output_file", "error_file_id", "error_file", "responsesFile", "responses_file", "id", "name",
)  # fmt: skip
# What an API answers later, and keeps under the id it gave.
_KEPT_OPERATIONS = frozenset({"create_response", "create_run", "retrieve_response", "retrieve_run"})
_KEPT_APIS = frozenset({"gemini.interactions", "replicate.predictions"})
COUNTED = "its tokens were told before, and are counted with the call that told them"
UNJOINED = "the question to this answer was not seen, or can't be told from others of the same name"


@dataclass
class BatchLedger:
    """What one run's batches asked; feed it every exchange in order."""

    _batches: dict[str, dict[str, Question]] = field(default_factory=dict)
    _origin: dict[str, str] = field(default_factory=dict)
    _models: dict[str, str] = field(default_factory=dict)
    _files: dict[str, str] = field(default_factory=dict)
    _asked: dict[str, ModelCall | None] = field(default_factory=dict)
    _kept: int = 0

    def joined(self, exchange: WireExchange, parsed: Parsed) -> Parsed:
        """The same, with answers of batches beside their questions and training jobs beside their files."""
        self._note(exchange, parsed)
        parsed = self.read_later(parsed)
        if not any(call.settings.get("batch") or call.operation == "fine_tune" for call in parsed.calls):
            return parsed
        found = _RESULTS.search(exchange.target)
        origin = self._origin_of(found[1]) if found else None
        return replace(parsed, calls=tuple(self._completed(call, origin) for call in parsed.calls))

    def read_later(self, parsed: Parsed) -> Parsed:
        """The same, with stored answers beside their questions, and their tokens counted once: needs no bodies."""
        if not any(map(_is_kept, parsed.calls)):
            return parsed
        return replace(parsed, calls=tuple(map(self._read_later, parsed.calls)))

    # What is remembered

    def _note(self, exchange: WireExchange, parsed: Parsed) -> None:
        for call in parsed.calls:
            key = _key(call.response_id)
            if call.operation == "file_upload" and key:
                self._files[key] = f"{call.settings.get('filename', key)}, {call.settings.get('lines', 'no')} lines"
            if call.questions and key and self._kept < MOST_QUESTIONS:
                self._kept += len(call.questions)
                self._batches[key] = {question.custom_id: question for question in call.questions}
        if _JOB.search(exchange.target) and exchange.status is not None and 200 <= exchange.status < 300:
            request = _json(exchange.request_body, exchange.request_headers)
            self._note_job(request, _json(exchange.response_body, exchange.response_headers))

    def _note_job(self, request: dict[str, Any], state: dict[str, Any]) -> None:
        """A job's creation or state: which file it reads, which it writes, which model it asks."""
        source = next((key for value in _values((state, request), _INPUTS) if (key := _key(value))), None)
        outputs = [key for value in _values((state,), _OUTPUTS) if (key := _key(value))]
        source = source or next((origin for key in outputs if (origin := self._origin_of(key))), None)
        if source is None:
            return
        for key in outputs:
            self._origin[key] = source
        model = next((name for value in (state.get("model"), request.get("model")) if (name := name_of(value))), None)
        if model:
            self._models[source] = model

    def _origin_of(self, results: str) -> str | None:
        return self._origin.get(results, results if results in self._batches else None)

    # What is put together

    def _read_later(self, call: ModelCall) -> ModelCall:
        """An answer beside its question, where both were seen; its tokens are counted the first time they are told."""
        key = _key(call.response_id)
        if key is None or not _is_kept(call):
            return call
        told = call.usage_source == "reported"
        if not call.operation.startswith("retrieve_"):
            if len(self._asked) < MOST_QUESTIONS:
                self._asked[key] = None if told else replace(call, outputs=())
            return call
        asked = self._asked.get(key)
        if asked is not None:
            model, prompt = call.request_model or asked.request_model, call.prompt or asked.prompt
            call = replace(call, request_model=model, prompt=prompt, system=call.system or asked.system)
        if told and key in self._asked and asked is None:
            return _uncounted(call)
        if told and len(self._asked) < MOST_QUESTIONS:
            self._asked[key] = None
        return call

    def _completed(self, call: ModelCall, origin: str | None) -> ModelCall:
        return self._with_file(call) if call.operation == "fine_tune" else self._with_question(call, origin)

    def _with_question(self, call: ModelCall, origin: str | None) -> ModelCall:
        identity = str(call.settings.get("custom_id", ""))
        question = self._batches[origin].get(identity) if origin in self._batches else self._only(identity)
        if question is None:
            return call if call.prompt else replace(call, notes=(*call.notes, UNJOINED))
        model = call.request_model or question.model or self._models.get(origin or "")
        prompt, system = call.prompt or question.prompt, call.system or question.system
        return replace(call, request_model=model, prompt=prompt, system=system)

    def _only(self, identity: str) -> Question | None:
        found = [batch[identity] for batch in self._batches.values() if identity in batch]
        return found[0] if len(found) == 1 else None

    def _with_file(self, call: ModelCall) -> ModelCall:
        file = _key(call.settings.get("training_file"))
        if file not in self._files:
            return call
        return replace(call, prompt=(*call.prompt, Message("file", f"training file {file}: {self._files[file]}")))


def _is_kept(call: ModelCall) -> bool:
    return call.operation in _KEPT_OPERATIONS or call.api in _KEPT_APIS


def _uncounted(call: ModelCall) -> ModelCall:
    """A call whose tokens stand with an earlier one."""
    bare = replace(call, input_tokens=None, output_tokens=None, cached_tokens=None, reasoning_tokens=None)
    return replace(bare, usage_source="absent", notes=(*call.notes, COUNTED))


def _values(sources: tuple[dict[str, Any], ...], names: tuple[str, ...]) -> Iterator[Any]:
    """What stands under these names, also where Gemini puts its own."""
    for source in sources:
        inner = obj(source.get("batch"))
        config = obj(inner.get("input_config")) or obj(inner.get("inputConfig"))
        for place in (source, obj(source.get("response")), config):
            for name in names:
                given = place.get(name)
                yield items(given)[0] if isinstance(given, list) and given else given


def _key(value: Any) -> str | None:
    """The last part of an id: Gemini writes `files/x` where others write `x`."""
    name = name_of(value)
    return name.rpartition("/")[2] or None if name else None


def _json(body: bytes, headers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    try:
        return obj(JsonReader().value(decode_body(body, headers).data)) if body else {}
    except Unreadable:
        return {}
