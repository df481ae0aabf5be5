"""Training inside a provider: jobs that make a model from a file of examples, as each provider writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audits.capture.wire.facts import Message, Setting
from audits.capture.wire.formats import Answer, Ask, Format
from audits.capture.wire.reading import content_text, items, name_of, obj, objects, settings_of

_BASES = ("model", "baseModel", "base_model", "baseModelIdentifier", "from_checkpoint")
_FILES = ("training_file", "training_file_id", "trainingFile", "dataset", "training_files", "trainingDatasetUri")
_EXAMPLES_LIMIT = 10_000


def ask_tuning(request: dict[str, Any], path: Mapping[str, str]) -> Ask:
    """A job: the model it begins from, its training and validation files, or the examples it carries itself."""
    base = next((found for key in _BASES if (found := name_of(request.get(key)))), None)
    base = base or name_of(obj(request.get("tunedModelSource")).get("baseModel")) or name_of(path.get("model"))
    settings: dict[str, Setting] = settings_of(request, request.get("hyperparameters"))
    if training := _training(request):
        settings["training_file"] = training
    for key in ("validation_file", "suffix", "customizationType", "n_epochs"):
        if value := name_of(request.get(key)):
            settings[key] = value
    examples = _examples(request)
    if examples:
        settings["examples"] = len(examples)
    return Ask(base.removeprefix("models/") if base else None, examples, None, settings)


def _training(request: dict[str, Any]) -> str | None:
    """The name or address of the first training file."""
    for source in (request, obj(request.get("supervisedTuningSpec"))):
        for key in _FILES:
            given = source.get(key)
            first = items(given)[0] if isinstance(given, list) and given else given
            if found := name_of(obj(first).get("file_id") if isinstance(first, dict) else first):
                return found
    return name_of(obj(request.get("trainingDataConfig")).get("s3Uri"))


def _examples(request: dict[str, Any]) -> tuple[Message, ...]:
    """Gemini's jobs can carry their examples themselves."""
    data = obj(obj(request.get("tuningTask")).get("trainingData"))
    data = data or obj(obj(request.get("tuning_task")).get("training_data"))
    given = objects(obj(data.get("examples")).get("examples"))[:_EXAMPLES_LIMIT]
    pairs = ((one.get("textInput", one.get("text_input")), one.get("output")) for one in given)
    return tuple(Message("example", f"{content_text(asked)}\n{content_text(answered)}") for asked, answered in pairs)


def answer_tuning(response: Any) -> Answer:
    """A job: its id, and the model it made once it is done."""
    fields = obj(response)
    made = fields.get("fine_tuned_model", fields.get("output_name", obj(fields.get("tunedModel")).get("model")))
    named = fields.get("id", fields.get("jobArn", fields.get("name")))
    return Answer(name_of(made), name_of(named))


def format_of(api: str) -> Format:
    """Jobs of one provider's API."""
    return Format("fine_tune", api, ask_tuning, answer_tuning)
