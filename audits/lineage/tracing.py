"""From outputs to training rows: which row derives from which output, whatever was done to the text in between.

Four tests, from the cheapest: the same text; the same words (canonical.py); one standing in the other; and a likeness of most of
their words, edits in between. The last two are candidates of a run index (index.py), confirmed word by word (comparison.py). A
text of under four words is never traced: it may stem from anywhere. (labels.py finds label transfer, where there is no more.)
"""

import gc
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from audits.lineage.canonical import canonical_words
from audits.lineage.comparison import FEWEST_CONTAINED, Kind, Overlap, Prepared, overlap, own_words
from audits.lineage.fields import Role, TextField, text_fields
from audits.lineage.index import Hit, OutputIndex, votes
from audits.lineage.outputs import Output
from audits.lineage.rows import AnyRow, MalformedRow, Row

FEWEST_WORDS = 4
FEWEST_CHARACTERS = 15
MOST_CANDIDATES = 8  # compared word by word per round
MOST_OUTPUTS_PER_FIELD = 64
LEAST_VOTES_PER_WORD = 0.05
MOST_ALTERNATIVES = 8
BOILERPLATE_WORDS = 20  # a shorter passage that several outputs hold tells none of them apart
BOILERPLATE_OUTPUTS = 3
LONGEST_PIECE = 1_000_000
PIECE_OVERLAP = 2_000
_PREPARED_KEPT = 512
_STRENGTH: dict[Kind, int] = {"exact": 3, "normalised": 2, "contained": 1, "near": 0, "label": -1}


@dataclass(frozen=True, slots=True)
class Match:
    """Row `row` derives from output `output`: how surely (`kind`, `similarity`) and in which field.

    `role` "prompt" means that the teacher's text became part of the question. `alternatives`: other outputs with the very same
    text (at most eight), any of which may be the true source. `words`: how many words of the row it explains.
    """

    row: int
    output: str
    model: str
    kind: Kind
    similarity: float
    field: str
    role: Role
    alternatives: tuple[str, ...] = ()
    words: int = 0

    def as_json(self) -> dict[str, object]:
        """The keys that the `trace` command promises (row, output, kind, similarity), and more."""
        answer: dict[str, object] = {
            "row": self.row,
            "output": self.output,
            "kind": self.kind,
            "similarity": self.similarity,
        }
        answer |= {"model": self.model, "field": self.field, "role": self.role, "words": self.words}
        return answer | {"alternatives": list(self.alternatives)} if self.alternatives else answer


@dataclass(slots=True)
class TraceResult:
    """What was found: `rows` counts all rows, malformed ones included; nothing malformed or damaged is left unnamed."""

    rows: int = 0
    derived_rows: int = 0
    matches: list[Match] = field(default_factory=list)
    malformed: list[MalformedRow] = field(default_factory=list)
    damaged: list[Row] = field(default_factory=list)
    rows_by_model: Counter[str] = field(default_factory=Counter)
    words: int = 0
    words_by_model: Counter[str] = field(default_factory=Counter)

    def add(self, row: AnyRow, found: list[Match]) -> None:
        """Count one more row and what it derives from."""
        self.rows += 1
        if isinstance(row, MalformedRow):
            self.malformed.append(row)
        elif row.damage:
            self.damaged.append(row)
        self.matches.extend(found)
        self.derived_rows += bool(found)
        self.rows_by_model.update({match.model for match in found})
        for match in found:
            self.words_by_model[match.model] += match.words

    def as_json(self) -> dict[str, object]:
        """The answer of the `trace` command; `field`, `role`, `model` and `alternatives` go beyond the agreed keys."""
        return {
            "rows": self.rows,
            "derived_rows": self.derived_rows,
            "by_model": dict(sorted(self.rows_by_model.items())),
            "words": self.words,
            "words_by_model": dict(sorted(self.words_by_model.items())),
            "matches": [match.as_json() for match in self.matches],
            "malformed": [{"row": m.number, "line": m.line, "reason": m.reason} for m in self.malformed],
            "damaged": [{"row": row.number, "line": row.line, "reason": row.damage} for row in self.damaged],
        }


def trace(outputs: Iterable[Output], rows: Iterable[AnyRow]) -> TraceResult:
    """Every row with the outputs it derives from. Rows are taken one by one; outputs and their index stay in memory."""
    with few_collections():
        return trace_rows(Tracer(OutputIndex(outputs)), rows)


def trace_rows(tracer: "Tracer", rows: Iterable[AnyRow]) -> TraceResult:
    """The same with an index that is there already."""
    result = TraceResult()
    before = tracer.words
    for row in rows:
        result.add(row, [] if isinstance(row, MalformedRow) else tracer.matches(row))
    result.words = tracer.words - before
    return result


@contextmanager
def few_collections() -> Iterator[None]:
    """Nothing in tracing forms reference cycles, and walking a large index over and over costs a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


class _Found(NamedTuple):
    place: int
    kind: Kind
    similarity: float
    alternatives: tuple[int, ...]
    words: int


class _Shared(NamedTuple):
    """A candidate that holds up: how many words of the row it explains, and the shorter output first among equals."""

    place: int
    words: int
    overlap: Overlap
    negative_length: int

    @property
    def rank(self) -> tuple[int, float, int]:
        return self.words, self.overlap.similarity, self.negative_length


class Tracer:
    """Answers, row by row, from which outputs it derives. `words`: of all texts seen so far."""

    def __init__(self, index: OutputIndex) -> None:
        self._index = index
        self.words = 0
        self._prepared: OrderedDict[int, Prepared] = OrderedDict()
        self._prompts: dict[int, str] = {}

    def matches(self, row: Row) -> list[Match]:
        """The outputs this row derives from, each once (with its strongest evidence), in the order of the row's fields."""
        return self.matches_of(row.number, list(text_fields(row.value)))

    def matches_of(self, number: int, fields: list[TextField]) -> list[Match]:
        """The same for row `number`, whose texts were found already."""
        best: dict[int, Match] = {}
        for text in fields:
            for found in self._of_field(text, fields):
                before = best.get(found.place)
                if before is None or _rank(found.kind, found.similarity) > _rank(before.kind, before.similarity):
                    best[found.place] = self._match(number, found, text)
        return list(best.values())

    def _of_field(self, text: TextField, fields: list[TextField]) -> list[_Found]:
        same = self._index.with_text(text.text)
        if same and (_plainly_substantial(text.text) or substantial(self._index.words_of(text.text))):
            self.words += self._index.lengths[same[0]]
            return self._identical(same, "exact", text, fields)
        return [found for piece in pieces(text.text) for found in self._of_words(piece, text, fields)]

    def _of_words(self, piece: str, text: TextField, fields: list[TextField]) -> list[_Found]:
        words = self._index.words_of(piece)
        self.words += len(words)
        if not substantial(words):
            return []
        same = [place for place in self._index.with_words(words) if self._prepare(place).words == words]
        if same:
            return self._identical(same, "normalised", text, fields)
        return self._overlapping(Prepared(words), text.role) if len(words) >= FEWEST_CONTAINED else []

    def _identical(self, places: list[int], kind: Kind, text: TextField, fields: list[TextField]) -> list[_Found]:
        """Of outputs with the same text the one whose prompt stands in the row, else the first; the others are alternatives."""
        if text.role == "prompt":
            places = [place for place in places if not self._is_echo(place, " ".join(canonical_words(text.text)))]
        if not places:
            return []
        chosen = places[0] if len(places) == 1 else self._asked_in(places[: MOST_CANDIDATES * 8], fields)
        others = tuple(place for place in places[: MOST_ALTERNATIVES + 1] if place != chosen)[:MOST_ALTERNATIVES]
        return [_Found(chosen, kind, 1.0, others, self._index.lengths[chosen])]

    def _asked_in(self, places: list[int], fields: list[TextField]) -> int:
        questions = [" ".join(canonical_words(f.text)) for f in fields if f.role == "prompt"]
        for place in places:
            prompt = self._prompt(place)
            if prompt and any(question and question in prompt for question in questions):
                return place
        return places[0]

    def _overlapping(self, row: Prepared, role: Role) -> list[_Found]:
        """Outputs that share text with the row: those that rare runs point to, or else those that share common ones."""
        hits = self._index.hits(row.words)
        common = len(hits.every) - len(hits.rare)
        found = self._by_votes(row, hits.rare, len(row) - common, role)
        return found if found or not common else self._by_votes(row, hits.every, len(row), role)

    def _by_votes(self, row: Prepared, hits: list[Hit], size: int, role: Role) -> list[_Found]:
        """Best first; each further output must explain words that no other explained. `size`: words that hits can point to."""
        taken = bytes(len(row))
        found: list[_Found] = []
        while hits and len(found) < MOST_OUTPUTS_PER_FIELD:
            best = self._best_overlap(row, hits, taken, size, role)
            if best is None:
                break
            found.append(_Found(best.place, best.overlap.kind, best.overlap.similarity, (), best.words))
            taken = bytes(map(int.__or__, taken, best.overlap.covered)) if any(taken) else best.overlap.covered
            if taken.count(0) < FEWEST_CONTAINED:
                break  # too little is left for another output to explain
            hits = [hit for hit in hits if not taken[hit[0]] and hit[1] != best.place]
        return found

    def _best_overlap(self, row: Prepared, hits: list[Hit], taken: bytes, size: int, role: Role) -> _Shared | None:
        best: _Shared | None = None
        most, holders = 0, 0
        for place, count in votes(hits)[:MOST_CANDIDATES]:
            if count < LEAST_VOTES_PER_WORD * min(size, self._index.lengths[place]):
                continue  # so few runs that no share worth claiming can come of it (heavy editing leaves twice as many)
            if best and best.words >= BOILERPLATE_WORDS and 2 * count < most:
                continue
            shared = overlap(row, self._prepare(place), taken)
            if shared is None or self._is_echo(place, row.joined) or self._echoes(place, row, shared, role):
                continue
            found = _Shared(place, sum(shared.covered), shared, -self._index.lengths[place])
            holders += found.words < BOILERPLATE_WORDS
            if best is None or found.rank > best.rank:
                best, most = found, max(most, count)
            if best.words >= max(BOILERPLATE_WORDS, len(row) - sum(taken)):
                break  # it explains all there is
        return None if best and holders > BOILERPLATE_OUTPUTS and best.words < BOILERPLATE_WORDS else best

    def _is_echo(self, place: int, joined: str) -> bool:
        """Whether the model was given this text itself: then it did not come from the model."""
        prompt = self._prompt(place)
        return bool(prompt) and joined in prompt

    def _echoes(self, place: int, row: Prepared, shared: Overlap, role: Role) -> bool:
        """Whether a question and an answer share only what the model was given: both quote the same source."""
        if role != "prompt" or not self._index.outputs[place].prompt:
            return False
        return own_words(row, shared, Prepared(self._prompt(place).split(" "))) < FEWEST_CONTAINED

    def _prompt(self, place: int) -> str:
        prompt = self._index.outputs[place].prompt
        if not prompt:
            return ""
        if place not in self._prompts:
            if len(self._prompts) >= _PREPARED_KEPT:
                self._prompts.clear()
            self._prompts[place] = " ".join(canonical_words(prompt))
        return self._prompts[place]

    def _prepare(self, place: int) -> Prepared:
        """The output's words, kept for the outputs met last: memory stays with the texts, not with their words."""
        prepared = self._prepared.get(place)
        if prepared is None:
            words = canonical_words(self._index.outputs[place].text)
            prepared = self._prepared[place] = Prepared(words)
            if len(self._prepared) > _PREPARED_KEPT:
                self._prepared.popitem(last=False)
        return prepared

    def _match(self, row: int, found: _Found, text: TextField) -> Match:
        output = self._index.outputs[found.place]
        others = tuple(self._index.outputs[place].id for place in found.alternatives)
        return Match(
            row, output.id, output.model, found.kind, found.similarity, text.path, text.role, others, found.words
        )


def pieces(text: str) -> Iterator[str]:
    """A text, or the overlapping pieces in which a very long one is traced."""
    if len(text) <= LONGEST_PIECE:
        yield text
        return
    for at in range(0, len(text) - PIECE_OVERLAP, LONGEST_PIECE - PIECE_OVERLAP):
        yield text[at : at + LONGEST_PIECE]


def substantial(words: list[str]) -> bool:
    """Whether a text says enough to be traced at all: four words and fifteen characters (eight, in scripts without spaces)."""
    return len(words) >= FEWEST_WORDS and sum(map(len, words)) + len(words) - 1 >= FEWEST_CHARACTERS


def _plainly_substantial(text: str) -> bool:
    """Whether a look at its beginning shows the text to be long enough, without taking its words apart."""
    return len(text) > 60 and substantial(text[:400].translate(_LETTERS_ONLY).split())


_LETTERS_ONLY = {code: " " for code in range(128) if not chr(code).isalnum()}


def _rank(kind: Kind, similarity: float) -> tuple[int, float]:
    return _STRENGTH[kind], similarity
