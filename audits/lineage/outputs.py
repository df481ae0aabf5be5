"""What models answered: the texts that training rows may derive from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audits.lineage.fields import text_fields
from audits.lineage.rows import AnyRow, MalformedRow, read_rows


class OutputsError(ValueError):
    """A file of outputs that cannot be used; the message names file, line and field, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Output:
    """One text a model gave back. `prompt` is what it was asked, when known: it tells an answer from an echo of the question."""

    id: str
    model: str
    text: str
    prompt: str = ""


def read_outputs(path: Path) -> Iterator[Output]:
    """The outputs of a file of `{"id", "model", "text"}` objects, optionally with `prompt`; a list of messages is a prompt too.

    Raises OutputsError at the first entry that is not one, with its line and field.
    """
    for row in read_rows(path):
        yield output_of(path, row)


def output_of(path: Path, row: AnyRow) -> Output:
    """The output that a row of this file is. Raises OutputsError when it is none."""
    if isinstance(row, MalformedRow):
        raise OutputsError(
            f"{path}, line {row.line}: {row.reason}. Each line must be one JSON object with id, model and text."
        )
    return _output(path, row.line, row.value)


def _output(path: Path, line: int, value: object) -> Output:
    if not isinstance(value, dict):
        raise OutputsError(
            f"{path}, line {line}: expected an object with id, model and text, found {type(value).__name__}."
        )
    identity, model, text = value.get("id"), value.get("model"), value.get("text")
    if isinstance(identity, bool) or not isinstance(identity, (str, int)):
        raise OutputsError(f'{path}, line {line}, field "id": expected a string or a whole number.')
    if not isinstance(text, str):
        raise OutputsError(
            f'{path}, line {line}, field "text": expected a string; for an output without text, leave the line out.'
        )
    if model is not None and not isinstance(model, str):
        raise OutputsError(f'{path}, line {line}, field "model": expected a string or null.')
    prompt = value.get("prompt")
    return Output(str(identity), model or "unknown", text, prompt if isinstance(prompt, str) else _as_text(prompt))


def _as_text(prompt: object) -> str:
    """A prompt given as messages, flattened to their texts, one after the other."""
    return "\n".join(field.text for field in text_fields(prompt))
