"""Label transfer: rows that took only a class or a score from a model, the text beside it being anybody's.

"billing" or "7" can't be traced by its text. What ties such a row to a call is the question: the row's own text stands in the
call's prompt, and another field of the row holds what the model answered. A label that was translated on the way ("positive" to
1, 7 to 0.7) is not found; neither is one whose call is given without its prompt.
"""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from audits.lineage.canonical import canonical_words
from audits.lineage.fields import Leaf, leaves
from audits.lineage.index import OutputIndex, votes
from audits.lineage.outputs import Output
from audits.lineage.rows import AnyRow, Row
from audits.lineage.tracing import Match

MOST_LABEL_WORDS = 3
FEWEST_INPUT_WORDS = (
    7  # from here on the run index finds a text wherever it stands; a shorter one must be a line of its own
)
MOST_CALLS_PER_TEXT = 64
_NOT_LABELS = frozenset(("id", "index", "idx", "row", "number", "line"))


def label_transfer(calls: Iterable[Output], rows: Iterable[AnyRow]) -> Iterator[Match]:
    """Matches of kind "label": the row, the call whose prompt holds the row's text, and the field that holds its answer.

    Only calls with a prompt and with an answer of at most three words, or a JSON answer with such values, are considered.
    """
    asked = _AskedCalls(calls)
    for row in rows:
        if isinstance(row, Row):
            yield from _of_row(asked, row)


class _Label(NamedTuple):
    words: tuple[str, ...]
    number: float | None


def _of_row(asked: "_AskedCalls", row: Row) -> Iterator[Match]:
    found = list(leaves(row.value))
    candidates = [(leaf, label) for leaf in found if (label := _row_label(leaf)) is not None]
    if not candidates:
        return
    seen: set[int] = set()
    for text in found:
        for place in asked.holding(text.text):
            leaf = next((leaf for leaf, label in candidates if leaf is not text and asked.answered(place, label)), None)
            if leaf is not None and place not in seen:
                seen.add(place)
                call = asked.calls[place]
                yield Match(row.number, call.id, call.model, "label", 1.0, leaf.path, "answer")


def _row_label(leaf: Leaf) -> _Label | None:
    return None if leaf.key.lower() in _NOT_LABELS or len(leaf.text) > 200 else _label(leaf.text)


def _label(text: str) -> _Label | None:
    words = canonical_words(text)
    return _Label(tuple(words), _number(text)) if 0 < len(words) <= MOST_LABEL_WORDS else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


class _AskedCalls:
    """Calls with short answers, found by what stands in their prompts."""

    def __init__(self, calls: Iterable[Output]) -> None:
        self.calls: list[Output] = []
        self._labels: list[list[_Label]] = []
        self._by_line: dict[str, list[int]] = {}
        for call in calls:
            labels = list(_labels_of(call.text)) if call.prompt else []
            if labels:
                self._add(call, labels)
        self._prompts = OutputIndex(Output(call.id, call.model, call.prompt) for call in self.calls)

    def holding(self, text: str) -> list[int]:
        """The calls in whose prompt this text stands: as a line or after a colon, or anywhere when it has seven words or more."""
        words = canonical_words(text)
        joined = " ".join(words)
        places = self._by_line.get(joined, [])
        if len(places) > MOST_CALLS_PER_TEXT:
            return []  # part of the question's template, not what was asked about
        if len(words) < FEWEST_INPUT_WORDS:
            return places
        found = [
            place for place, _ in votes(self._prompts.hits(words).rare)[:MOST_CALLS_PER_TEXT] if place not in places
        ]
        return places + [place for place in found if joined in " ".join(canonical_words(self.calls[place].prompt))]

    def answered(self, place: int, label: _Label) -> bool:
        """Whether this label is (part of) what the call answered."""
        return any(_same(given, label) for given in self._labels[place])

    def _add(self, call: Output, labels: list[_Label]) -> None:
        place = len(self.calls)
        self.calls.append(call)
        self._labels.append(labels)
        for line in {" ".join(canonical_words(piece)) for piece in _pieces(call.prompt)} - {""}:
            self._by_line.setdefault(line, []).append(place)


def _pieces(prompt: str) -> Iterator[str]:
    yield prompt
    for line in prompt.splitlines():
        yield line
        _, colon, rest = line.partition(":")
        if colon:
            yield rest


def _labels_of(answer: str) -> Iterator[_Label]:
    whole = _label(answer)
    if whole is not None:
        yield whole
        return
    if not answer.lstrip().startswith(("{", "[")):
        return
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return
    for leaf in leaves(value):
        label = _label(leaf.text)
        if label is not None:
            yield label


def _same(given: _Label, label: _Label) -> bool:
    if given.number is not None and label.number is not None:
        return given.number == label.number
    size = len(label.words)
    return any(given.words[at : at + size] == label.words for at in range(len(given.words) - size + 1))
