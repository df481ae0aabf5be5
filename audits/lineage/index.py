"""An index of outputs by exact text, by canonical words, and by runs of words.

Of every output each third position's run of five words is indexed; a row asks for the runs at all of its positions. However the
two are aligned, seven words in a row that they share are therefore found, with a third of the entries. Runs are kept as Python's
own hashes: seeded anew in each process, so no text can be made to collide; what they point at is always compared word by word.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from audits.lineage.canonical import canonical_words
from audits.lineage.outputs import Output

Key = TypeVar("Key", bound=Hashable)
Places = int | list[int]  # one output, or several: most runs stand in one output only, and a bare number takes no list
Hit = tuple[int, Places]

RUN = 5
STRIDE = 3
MOST_IDENTICAL = 64  # outputs with the same text: so many are held apart by their prompts
MOST_POSTINGS = 64  # a run that stands in more outputs than this is common: it tells none of them apart


def runs(words: Sequence[str], stride: int = 1) -> Iterator[int]:
    """A hash for each run of five words, beginning at every `stride`-th word; good within this process only."""
    if stride == 1:
        return map(hash, zip(words, words[1:], words[2:], words[3:], words[4:], strict=False))
    return map(hash, zip(*(words[i::stride] for i in range(RUN)), strict=False))


class Hits(NamedTuple):
    """(position in the text asked about, outputs that hold the run of words beginning there), for each run that is known.

    `rare` leaves common runs out: a lead-in or a disclaimer that hundreds of outputs share. `every` has them, each with its first
    outputs only.
    """

    rare: list[Hit]
    every: list[Hit]


class OutputIndex:
    """Outputs, ready to be asked where a text stands in them. Outputs are meant by their position in `outputs`."""

    def __init__(self, outputs: Iterable[Output]) -> None:
        self.outputs: Sequence[Output]
        self.lengths: Sequence[int]
        self.outputs = self._added = list[Output]()
        self.lengths = self._added_lengths = list[int]()
        self._by_text: dict[str, Places] = {}
        self._by_words: dict[int, Places] = {}
        self._by_run: dict[int, Places] = {}
        self._some_are_common = False
        for output in outputs:
            self._add(output)

    def words_of(self, text: str) -> list[str]:
        """The canonical words of a text that is asked about."""
        return canonical_words(text)

    def with_text(self, text: str) -> list[int]:
        """The outputs whose text is exactly this one, the first 64 of them."""
        return _as_list(self._by_text.get(text))

    def with_words(self, words: Sequence[str]) -> list[int]:
        """The outputs whose canonical words are these, the first 64 of them (by hash: the caller compares)."""
        return _as_list(self._by_words.get(hash(tuple(words))))

    def hits(self, words: Sequence[str]) -> "Hits":
        """Where runs of this text stand among the outputs."""
        found = [(at, places) for at, places in enumerate(map(self._by_run.get, runs(words))) if places is not None]
        if not self._some_are_common:
            return Hits(found, found)
        return Hits([hit for hit in found if isinstance(hit[1], int) or len(hit[1]) <= MOST_POSTINGS], found)

    def _add(self, output: Output) -> None:
        place = len(self.outputs)
        self._added.append(output)
        words = canonical_words(output.text)
        self._added_lengths.append(len(words))
        _note(self._by_text, output.text, place)
        key = hash(tuple(words))
        first_of_its_words = key not in self._by_words
        _note(self._by_words, key, place)
        if first_of_its_words:
            self._index_runs(words, place)

    def _index_runs(self, words: list[str], place: int) -> None:
        fresh = dict.fromkeys(runs(words, STRIDE), place)
        known = self._by_run
        shared = [(run, known[run]) for run in known.keys() & fresh.keys()]
        known.update(fresh)
        for run, before in shared:
            if isinstance(before, int):
                known[run] = [before, place]
                continue
            if len(before) <= MOST_POSTINGS:  # one more than that says that there are too many
                before.append(place)
                self._some_are_common |= len(before) > MOST_POSTINGS
            known[run] = before


def votes(hits: Iterable[Hit]) -> list[tuple[int, int]]:
    """(output, number of its runs found), most first, earlier outputs first among equals."""
    places: list[int] = []
    for _, found in hits:
        if isinstance(found, int):
            places.append(found)
        else:
            places.extend(found)
    return sorted(Counter(places).items(), key=lambda item: (-item[1], item[0]))


def _note(index: dict[Key, Places], key: Key, place: int) -> None:
    before = index.setdefault(key, place)
    if isinstance(before, list):
        if len(before) < MOST_IDENTICAL:
            before.append(place)
    elif before != place:
        index[key] = [before, place]


def _as_list(found: Places | None) -> list[int]:
    return [] if found is None else [found] if isinstance(found, int) else found
