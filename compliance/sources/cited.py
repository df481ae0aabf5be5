"""Finding cited passages again in a held text, by nothing but their hashes. Pure: standard library only.

A rule cites a passage by the SHA-256 of its normalised text and nowhere says how long it is. So the text is normalised line
by line, and every stretch between two places where a passage can begin or end (a line, a sentence, a comma) is hashed.
"""

import bisect
import hashlib
import re
from collections import Counter
from collections.abc import Collection
from typing import Final

from compliance.text.normalise import normalise_clause

FURTHEST: Final = 90
"""Places between a passage's beginning and its end."""
SENTENCES: Final = 14
"""Sentences and lines of a passage that is made of whole ones."""
PATIENCE: Final = 2
"""Texts in which a passage is sought between any two words before it counts as not there."""
LONGEST: Final = 6_000
"""Characters of a passage."""

_SPACE = re.compile(r" ")
_SENTENCE = re.compile(r"(?<=[.;:])\s+")
_PLACE = re.compile(
    r"(?<=[.;:,!?)\]\"'。；，：])\s*|(?<=\s)(?=[(\"'])|(?<=\d)\s|\s(?=(?:and|or|but|you|to|use|customer)\b)|(?<=-)\s"
    r"|(?=[()\"/])|(?<=[(/])"
)


class PassageSearch:
    """Looks for cited passages in one text after another, and remembers how those already found are worded.

    Looking for words is a thousand times quicker than for a hash, and most passages stand in many versions.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._sought: Counter[str] = Counter()

    def find(self, text: str, wanted: Collection[str]) -> set[str]:
        """Those of the wanted hashes whose passage stands in `text`.

        Sought in turn: between sentences, between marks of punctuation, and, in at most two texts, between words.
        """
        plain, ends, places = _places(text)
        missing = {digest for digest in wanted if self._known.get(digest, "\0") not in plain}
        self._known |= _stretches(plain, ends, ends, missing, SENTENCES, LONGEST)
        self._known |= _stretches(plain, places, places, missing, FURTHEST, LONGEST)
        wide = {digest for digest in missing if self._sought[digest] < PATIENCE}
        if wide:
            self._sought.update(wide)
            words = [0, *(match.end() for match in _SPACE.finditer(plain)), len(plain) + 1]
            left = set(wide)
            self._known |= _stretches(plain, words, places, left, FURTHEST // 2, LONGEST // 4)
            self._known |= _stretches(plain, places, [start - 1 for start in words], left, FURTHEST, LONGEST // 4)
            missing -= wide - left
        return set(wanted) - missing

    def wording(self, digest: str) -> str:
        """The normalised text of a passage that was found before; "" for any other."""
        return self._known.get(digest, "")


def _stretches(
    plain: str, starts: list[int], ends: list[int], missing: set[str], furthest: int, longest: int
) -> dict[str, str]:
    """Hash what lies between each start and the ends after it; what is found leaves `missing`."""
    found: dict[str, str] = {}
    for start in starts:
        if not missing:
            break
        first = bisect.bisect_right(ends, start)
        for end in ends[first : first + furthest]:
            if end - start > longest:
                break
            passage = plain[start:end].strip(" .;:,")
            digest = hashlib.sha256(passage.encode()).hexdigest()
            if digest in missing:
                missing.discard(digest)
                found[digest] = passage
    return found


def _places(text: str) -> tuple[str, list[int], list[int]]:
    """The normalised text, the offsets in it between lines and sentences, and all at which a passage can begin or end."""
    pieces, places, sentences, at = [], {0}, {0}, 0
    for line in text.split("\n"):
        plain = _line(line)
        if not plain:
            continue
        sentences.update((at, at + len(plain)))
        for match in _SENTENCE.finditer(plain):
            sentences.update((at + match.start(), at + match.end()))
        for match in _PLACE.finditer(plain):
            places.update((at + match.start(), at + match.end()))
        pieces.append(plain)
        at += len(plain) + 1
    return " ".join(pieces), sorted(sentences), sorted(places | sentences)


def _line(line: str) -> str:
    """A normalised line with the full stop or comma that normalising takes from its end: inside a passage it stays."""
    plain = normalise_clause(line)
    tail = re.search(r"[ .;:,]*\Z", re.sub(r"[*_`\\\s]+", " ", line).rstrip())
    return plain + (tail.group().strip() if tail and plain else "")
