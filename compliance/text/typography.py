"""What of a text of terms is words, and what is mark-up that a reader need not see. Pure: standard library only.

Nothing is dropped: every character belongs to a run, and a page can show those of mark-up too.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

_LINK = re.compile(r"\[([^\]\[\n]{1,400})\](\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]{0,200}\")?\))")
_STRONG = re.compile(r"\*\*|__(?=\S)|(?<=\S)__")
_EMPHASIS = re.compile(r"(?<![\w*_])[*_](?=[^\s*_])|(?<=[^\s*_])[*_](?![\w*_])")
_ESCAPE = re.compile(r"\\(?=[.\-()\[\]#*_+>!`~|])")
_WIDTHLESS = re.compile("[\u00ad\u200b\u2060\ufeff]+")  # breaks that are allowed or not: no reader misses them
_HASHES = re.compile(r"\s{0,3}#{1,6}\s+")
_CLOSING_HASHES = re.compile(r"\s+#{1,6}\s*\Z")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters of one look: `markup` need not be shown, `strong` stands between ** and **. Offsets are the text's."""

    start: int
    end: int
    markup: bool = False
    strong: bool = False


def runs(text: str, start: int, end: int, cuts: Iterable[int] = ()) -> list[Run]:
    """`text[start:end]` as runs that cover it. No run crosses a cut (an offset of the text)."""
    hidden = _markup(text, start, end)
    edges = {start, end, *(cut for cut in cuts if start < cut < end)}
    edges.update(edge for span in hidden for edge in span)
    ordered = sorted(edges)
    ends = dict(hidden)
    found: list[Run] = []
    until, strong = start, False
    for left, right in pairwise(ordered):
        if left in ends:
            until = ends[left]
            strong ^= text[left:until] in ("**", "__")
        found.append(Run(left, right, left < until, strong and left >= until))
    return found


def words_of(text: str) -> str:
    """`text` without its mark-up, for showing what was said where the exact characters do not matter."""
    return "".join(text[run.start : run.end] for run in runs(text, 0, len(text)) if not run.markup)


def _markup(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Spans of mark-up, in order, without overlap."""
    spans: list[tuple[int, int]] = []
    hashes = _HASHES.match(text, start, end)
    if hashes:
        spans.append(hashes.span())
        closing = _CLOSING_HASHES.search(text, hashes.end(), end)
        spans += [closing.span()] if closing else []
    for link in _LINK.finditer(text, start, end):
        spans += [(link.start(), link.start() + 1), (link.end(1), link.end())]
    strong = [match.span() for match in _STRONG.finditer(text, start, end)]
    spans += strong if len(strong) % 2 == 0 else []
    spans += [
        match.span() for pattern in (_EMPHASIS, _ESCAPE, _WIDTHLESS) for match in pattern.finditer(text, start, end)
    ]
    return _without_overlap(spans)


def _without_overlap(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept
