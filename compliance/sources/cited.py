"""Finding cited passages again in a held text, by nothing but their hashes. Pure: standard library only.

A rule cites a passage by the SHA-256 of its normalised text and nowhere says how long it is. So the text is normalised line
by line, and every stretch between two places where a passage can begin or end (a line, a sentence, a comma) is hashed.
"""

import bisect
import hashlib
import re
from collections.abc import Collection, Mapping
from typing import Final

from compliance.text.normalise import normalise_clause

FURTHEST: Final = 90
"""Places between a passage's beginning and its end."""
LONGEST: Final = 6_000
"""Characters of a passage."""

_WORD_START = re.compile(r" ")
_PLACE = re.compile(
    r"(?<=[.;:,!?)\]\"'。；，：])\s*|(?<=\s)(?=[(\"'])|(?<=\d)\s|\s(?=(?:and|or|but|you|to|use|customer)\b)|(?<=-)\s"
)


def cited_passages(text: str, wanted: Collection[str], known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Those of the wanted hashes whose passage stands in `text`, each with its normalised passage.

    `known`: passages found in other texts already; looking for words is a thousand times quicker than for a hash. What the
    places of punctuation don't lead to is sought from every word to every such place, and back.
    """
    plain, places = _places(text)
    missing = set(wanted)
    found = {digest: words for digest in missing if (words := (known or {}).get(digest)) and words in plain}
    missing -= set(found)
    if missing:
        found |= _stretches(plain, places, places, missing)
    if missing:
        starts = [0, *(match.end() for match in _WORD_START.finditer(plain))]
        found |= _stretches(plain, starts, places, missing)
    if missing:
        found |= _stretches(plain, places, [match.start() for match in _WORD_START.finditer(plain)], missing)
    return found


def _stretches(plain: str, starts: list[int], ends: list[int], missing: set[str]) -> dict[str, str]:
    """Hash what lies between each start and the ends after it; what is found leaves `missing`."""
    found: dict[str, str] = {}
    for start in starts:
        if not missing:
            break
        first = bisect.bisect_right(ends, start)
        for end in ends[first : first + FURTHEST]:
            if end - start > LONGEST:
                break
            passage = plain[start:end].strip(" .;:,")
            digest = hashlib.sha256(passage.encode()).hexdigest()
            if digest in missing:
                missing.discard(digest)
                found[digest] = passage
    return found


def _places(text: str) -> tuple[str, list[int]]:
    """The normalised text, and the offsets in it at which a passage can begin or end."""
    pieces, places, at = [], {0}, 0
    for line in text.split("\n"):
        plain = _line(line)
        if not plain:
            continue
        places.update((at, at + len(plain)))
        for match in _PLACE.finditer(plain):
            places.update((at + match.start(), at + match.end()))
        pieces.append(plain)
        at += len(plain) + 1
    return " ".join(pieces), sorted(places)


def _line(line: str) -> str:
    """A normalised line with the full stop or comma that normalising takes from its end: inside a passage it stays."""
    plain = normalise_clause(line)
    tail = re.search(r"[ .;:,]*\Z", re.sub(r"[*_`\\\s]+", " ", line).rstrip())
    return plain + (tail.group().strip() if tail and plain else "")
