"""A block of rows traced at once: all that its rows ask for is looked up first, then the Tracer goes through it as in memory."""

import json
from pathlib import Path

import numpy as np

from audits.lineage.canonical import canonical_words
from audits.lineage.comparison import FEWEST_CONTAINED
from audits.lineage.fields import text_fields
from audits.lineage.index import MOST_POSTINGS, OutputIndex, Places, runs
from audits.lineage.rows import AnyRow, Row
from audits.lineage.tracing import Tracer, TraceResult, pieces, substantial
from audits.spilling.outputs import OutputsOnDisk
from audits.spilling.plan import Plan, write_whole
from audits.spilling.postings import Postings, as_keys


class BlockTracer:
    """Traces blocks of rows against the merged index of a work folder."""

    def __init__(self, plan: Plan, target: Path) -> None:
        self._plan = plan
        self._outputs = OutputsOnDisk(plan, target)
        self._lengths = memoryview(np.load(target / "lengths.npy"))
        self._postings = {kind: Postings(target, kind) for kind in ("text", "words", "run")}

    def trace_block(self, block: int, written: Path) -> None:
        """Trace one block and write what was found, as one JSON document."""
        rows: list[AnyRow] = [row for row, _ in self._plan.dataset.rows_of(block)]
        fields = [list(text_fields(row.value)) if isinstance(row, Row) else [] for row in rows]
        texts = [field.text for of_row in fields for field in of_row]
        tracer = Tracer(BlockIndex(self._outputs, self._lengths, self._postings, texts))
        result = TraceResult()
        for row, of_row in zip(rows, fields, strict=True):
            result.add(row, tracer.matches_of(row.number, of_row))
        result.words = tracer.words
        write_whole(written, json.dumps(result.as_json()).encode())


class BlockIndex(OutputIndex):
    """As much of the whole index as these texts, all those of one block of rows, ask for."""

    def __init__(
        self, outputs: OutputsOnDisk, lengths: "memoryview[int]", postings: dict[str, Postings], texts: list[str]
    ) -> None:
        super().__init__(())
        self.outputs, self.lengths = outputs, lengths
        self._known_words: dict[str, list[str]] = {}
        self._find_texts(texts, postings["text"])
        self._find_words([text for text in texts if text not in self._by_text or len(text) <= 60], postings["words"])
        self._find_runs(postings["run"])

    def words_of(self, text: str) -> list[str]:
        words = self._known_words.get(text)
        return canonical_words(text) if words is None else words

    def _find_texts(self, texts: list[str], postings: Postings) -> None:
        by_key = postings.find(as_keys(map(hash, texts)))
        for text in texts:
            found = by_key.get(hash(text))
            if found is not None and text not in self._by_text:
                same = [place for place in ([found] if isinstance(found, int) else found) if self._is(place, text)]
                if same:
                    self._by_text[text] = same

    def _is(self, place: int, text: str) -> bool:
        return self.outputs[place].text == text

    def _find_words(self, texts: list[str], postings: Postings) -> None:
        for text in texts:
            for piece in pieces(text):
                if piece not in self._known_words:
                    self._known_words[piece] = canonical_words(piece)
        keys = [hash(tuple(words)) for words in self._known_words.values() if substantial(words)]
        self._by_words = dict(postings.find(as_keys(keys)))

    def _find_runs(self, postings: Postings) -> None:
        asked = [
            words
            for words in self._known_words.values()
            if len(words) >= FEWEST_CONTAINED and substantial(words) and hash(tuple(words)) not in self._by_words
        ]
        found = postings.find(as_keys(run for words in asked for run in runs(words)))
        self._by_run: dict[int, Places] = found
        self._some_are_common = any(isinstance(held, list) and len(held) > MOST_POSTINGS for held in found.values())
