"""Tracing rows to answers of which only digests were kept. PURE.

Before an answer's text is dropped, keyed digests are taken of the whole text, of its canonical words, and of each of its
lines of some length. A row's texts are digested the same way. So whole answers are found again, also with other case,
spacing and punctuation, and so are whole lines of them. What is shorter, reworded or joined from pieces is not found.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audits.lineage.canonical import canonical_words
from audits.lineage.comparison import Kind
from audits.lineage.fields import text_fields
from audits.lineage.rows import Row
from audits.lineage.tracing import Match

LEAST_WORDS = 5  # of a line: shorter ones stand in many texts
MOST_LINES = 500
LIMITS = (
    "Only digests of answers were kept. Whole answers and whole lines of them are found again; rewording, shorter excerpts, "
    "labels, and answers inside later prompts are not."
)


def digests_of(text: str, key: bytes) -> dict[str, Any]:
    """`exact`, `words` and `lines`: HMAC-SHA-256 in hex, shortened to 32 digits; `size` in characters."""
    lines = (canonical_words(line) for line in text.splitlines()[:MOST_LINES])
    return {
        "exact": _digest(text, key),
        "words": _digest(" ".join(canonical_words(text)), key),
        "lines": sorted({_digest(" ".join(words), key) for words in lines if len(words) >= LEAST_WORDS}),
        "size": len(text),
    }


def _digest(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True)
class DigestedOutput:
    """One answer by its digests."""

    id: str
    model: str
    digests: Mapping[str, Any]


class DigestTracer:
    """Finds, for each row, the answers whose digests it meets. `words`: of all rows seen so far."""

    def __init__(self, outputs: Iterable[DigestedOutput], key: bytes) -> None:
        self._key = key
        self.words = 0
        self._exact: dict[str, list[DigestedOutput]] = {}
        self._words: dict[str, list[DigestedOutput]] = {}
        self._lines: dict[str, list[DigestedOutput]] = {}
        for output in outputs:
            self._exact.setdefault(output.digests["exact"], []).append(output)
            self._words.setdefault(output.digests["words"], []).append(output)
            for line in output.digests["lines"]:
                self._lines.setdefault(line, []).append(output)

    def matches(self, row: Row) -> list[Match]:
        """The best match of each text of a row; the surest kind first."""
        found: dict[str, Match] = {}
        for place in text_fields(row.value):
            words = canonical_words(place.text)
            self.words += len(words)
            kind, outputs = self._found(place.text, words)
            for output in outputs[:1]:
                others = tuple(other.id for other in outputs[1:9])
                found.setdefault(
                    output.id,
                    Match(row.number, output.id, output.model, kind, 1.0, place.path, place.role, others, len(words)),
                )
        return list(found.values())

    def _found(self, text: str, words: Sequence[str]) -> tuple[Kind, list[DigestedOutput]]:
        whole = _digest(" ".join(words), self._key)
        if exact := self._exact.get(_digest(text, self._key)):
            return "exact", exact
        if words and (normalised := self._words.get(whole)):
            return "normalised", normalised
        if len(words) >= LEAST_WORDS and (line := self._lines.get(whole)):
            return "contained", line
        for piece in text.splitlines()[:MOST_LINES]:
            part = canonical_words(piece)
            digest = _digest(" ".join(part), self._key)
            if len(part) >= LEAST_WORDS and (line := self._lines.get(digest) or self._words.get(digest)):
                return "contained", line
        return "exact", []
