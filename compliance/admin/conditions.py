"""What the condition pickers offer, taken from the engine's own vocabulary, and trees of conditions as forms send them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from django import forms

from compliance.engine.constraints import OPERATORS
from compliance.engine.vocabulary import ACTIVITIES, FACTS, REGIONS, FactDefinition
from compliance.models import CatalogueEntry, Provider

LONGEST: Final = 60_000
DEEPEST: Final = 8
GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "The student": ("student",),
    "What was done": ("activity", "output_modality", "on"),
    "The model and how it was reached": ("provider", "model", "access"),
    "The organisation": ("organisation",),
    "Permission": ("authorisation",),
}
_WORDS: Final[Mapping[str, str]] = {
    "eq": "is", "is": "is it so?", "in": "is one of", "gte": "is at least", "gt": "is more than", "lte": "is at most",
    "lt": "is less than", "starts_with": "begins with", "derived_from": "is built on", "within": "lies in",
    "grants": "covers",
}  # fmt: skip
_OF_DAYS: Final[Mapping[str, str]] = {
    "gte": "is on or after",
    "gt": "is after",
    "lte": "is on or before",
    "lt": "is before",
}


def vocabulary() -> dict[str, Any]:
    """Facts by group with their operators and values, and the names that values are chosen from."""
    return {
        "groups": [
            {"label": label, "facts": [_fact(fact) for fact in FACTS.values() if fact.path.partition(".")[0] in stems]}
            for label, stems in GROUPS.items()
        ],
        "families": [[entry.pattern, _family(entry)] for entry in CatalogueEntry.objects.order_by("pattern")],
        "providers": [["self", "the organisation itself"], *Provider.objects.values_list("slug", "name")],
        "regions": [[code, name] for code, (name, _) in REGIONS.items()],
        "activities": [["*", "the activity in question"], *ACTIVITIES.items()],
    }


def _family(entry: CatalogueEntry) -> str:
    title = entry.definition.get("title")
    return f"{title} ({entry.pattern})" if title else entry.pattern


def _fact(fact: FactDefinition) -> dict[str, Any]:
    operators = [op for op, kinds in OPERATORS.items() if fact.kind in kinds]
    words = _OF_DAYS if fact.kind == "date" else {}
    return {
        "path": fact.path,
        "kind": fact.kind,
        "label": fact.label,
        "question": fact.question,
        "operators": [[op, words.get(op, _WORDS[op])] for op in operators],
        "choices": [[value, name] for value, name in (fact.allowed or {}).items()],
        "yes": fact.true,
        "no": fact.false,
    }


class TreeField(forms.CharField):
    """Plain data as JSON: written by the pickers, or by hand where no script runs. Empty is None."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "class": "ct-raw"})
        super().__init__(required=False, max_length=LONGEST, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False, indent=2)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return read_json(text) if text else None


def read_json(text: str) -> Any:
    """The data in `text`, or ValidationError with line and column, or with what the database could not keep."""
    try:
        data = json.loads(text)
        depth = _depth(data)
    except json.JSONDecodeError as error:
        raise forms.ValidationError(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from error
    except RecursionError as error:
        raise forms.ValidationError("It is nested too deeply to be read.") from error
    if depth > 2 * DEEPEST:
        raise forms.ValidationError(f"Conditions can stand inside one another {DEEPEST} deep, no deeper.")
    if any("\0" in word for word in _texts(data)):
        raise forms.ValidationError("It holds a NUL character, which can't be kept.")
    return data


def _depth(data: Any) -> int:
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return 1 + max(map(_depth, parts), default=0)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for part in data.items() if isinstance(data, dict) else data if isinstance(data, list | tuple) else ():
        yield from _texts(part)


def unfinished(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    """The pickers that still want something, with their places: ("when.all[0].value", "Choose or write a value.")."""
    if not isinstance(tree, dict):
        return
    for key in ("all", "any"):
        parts = tree.get(key)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from unfinished(part, f"{path}.{key}[{index}]")
    if "not" in tree:
        yield from unfinished(tree["not"], f"{path}.not")
    if "fact" in tree and not tree["fact"]:
        yield f"{path}.fact", "Choose what the condition asks about."
    elif "fact" in tree and tree.get("value") in (None, "", []):
        yield f"{path}.value", "Choose or write a value."
