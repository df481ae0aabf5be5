"""A text of terms laid out for reading: passages that cover it, its headings, and where a passage is cited. Pure.

Offsets are kept: put together, the passages are the text, character by character. A block that no reader could follow (terms
come as one line of 60,000 characters) is cut at the numbers of its sections and between its sentences.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from compliance.text.outline import Block, blocks
from compliance.text.segment import units

LONGEST: Final = 1_200
"""Characters of a block that is shown as it stands."""
_COMFORTABLE: Final = 600
"""Characters after which a passage cut from a longer block ends with its sentence."""
_MOST_HEADINGS: Final = 90

_INLINE_HEADING = re.compile(
    r"(?:(?<=[^\w\s,(])|(?<=[a-z.;:)]\s)|^)(\d{1,2})\\?\.\s?([A-Z][^.;:\n]{1,80}?)[.:](?=\s?[\dA-Z(“\"_])"
)
_NUMBER = re.compile(
    r"[\s#*_>\\]*(?:(?:section|article)\s+)?(\d{1,3}(?:\\?\.\d{1,3})*|[IVX]{1,5}(?=\\?\.))(?:\\?[.)])?(?=[\s*_A-Z])",
    re.IGNORECASE,
)
_MARK = re.compile(r"[\s*_>•+-]*\(?([a-z]|[ivxl]{1,5}|[A-Z]|\d{1,2})\\?[.)](?=[\s*_]|$)")
_MARK_BEFORE = re.compile(r"(?:(?<=\s)|\()([a-z]|[ivxl]{1,5}|[A-Z])\\?[.)][\s*_]*\Z")
_ROW = re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE)
_EMPHASIS = re.compile(r"\*\*|__|\\")
_LINK = re.compile(r"\[([^\]\[]*)\]\([^()]*\)")
_TRIM = " \t\r\n#*_\\:>=-"


@dataclass(frozen=True, slots=True)
class Passage:
    """`text[start:end]` is what is read, `text[end:until]` the white space and rules after it. `kind` is "heading", "plain",
    "item" or "lines" (a table: its line ends matter). `level` ranks headings from 1; `depth` is how far an item is set in;
    `number` is the number that it bears ("3.2"), or ""."""

    start: int
    end: int
    until: int
    kind: str
    level: int = 0
    depth: int = 0
    number: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """An entry of the outline: where it stands, its number ("" if it bears none), its words, its rank from 1."""

    start: int
    number: str
    title: str
    rank: int


def lay_out(text: str) -> list[Passage]:
    """The passages of `text` in order; the first begins at 0, each goes on where the one before ended (`until`)."""
    pieces = [piece for block in blocks(text) for piece in _pieces(text, block)]
    found: list[Passage] = []
    for index, (start, end, kind, level, depth) in enumerate(pieces):
        until = pieces[index + 1][0] if index + 1 < len(pieces) else len(text)
        number = _NUMBER.match(text, start, end) if kind != "lines" else None
        bears = number[1].replace("\\", "") if number and (kind == "heading" or _sectional(number[1])) else ""
        found.append(Passage(start if found else 0, end, until, kind, level, depth, bears))
    return found or ([Passage(0, len(text), len(text), "plain")] if text else [])


def _sectional(number: str) -> bool:
    """Is it the number of a section (2, 2.3), not an item's roman numeral?"""
    return number[0].isdigit()


_Piece = tuple[int, int, str, int, int]


def _pieces(text: str, block: Block) -> Iterator[_Piece]:
    depth = min(block.indent // 2, 4) + (block.kind in ("bullet", "letter"))
    if block.kind == "heading":
        yield block.start, block.end, "heading", block.level, 0
    elif len(_ROW.findall(text, block.start, block.end)) > 1:
        yield block.start, block.end, "lines", 0, 0
    elif block.end - block.start <= LONGEST:
        yield block.start, block.end, "item" if block.kind in ("bullet", "letter", "number") else "plain", 0, depth
    else:
        yield from _cut(text, block, depth)


def _cut(text: str, block: Block, depth: int) -> Iterator[_Piece]:
    """A long block as headings, where numbered ones run on inside it, and paragraphs of whole sentences."""
    position = block.start
    for start, end in _inline_headings(text, block):
        yield from _paragraphs(text, position, start, depth)
        yield start, end, "heading", 2, 0
        position = end
    yield from _paragraphs(text, position, block.end, depth)


def _inline_headings(text: str, block: Block) -> list[tuple[int, int]]:
    """Headings 1., 2., 3. inside a block, in sequence (one or two may be worded otherwise), and begun anew by an annex.

    A single one is taken for something else."""
    found: list[tuple[int, int]] = []
    last = 0
    for match in _INLINE_HEADING.finditer(text, block.start, block.end):
        number = int(match[1])
        if last < number <= last + 3 or (number == 1 and last > 2):
            found.append(match.span())
            last = number
    return found if len(found) > 1 else []


def _paragraphs(text: str, start: int, end: int, depth: int) -> Iterator[_Piece]:
    """`text[start:end]` cut between sentences, and before each item of an enumeration."""
    cuts = [start, *(start + at for at in _sentence_starts(text[start:end])), end]
    first = start
    for at, following in zip(cuts[1:], [*cuts[2:], end], strict=True):
        item = _MARK.match(text, at, following) is not None
        if at < end and not item and following - first <= _COMFORTABLE:
            continue
        wording = text[first:at]
        if wording.strip():
            kind = "item" if _MARK.match(text, first, at) else "plain"
            opening = first + len(wording) - len(wording.lstrip())
            yield opening, first + len(wording.rstrip()), kind, 0, depth + (kind == "item")
        first = at


def _sentence_starts(wording: str) -> list[int]:
    return [unit.start for unit in units(wording)]


def headings(text: str, passages: Sequence[Passage]) -> list[Heading]:
    """The outline. Where a text has more short lines than an outline can bear, only its marked headings; where it has hardly
    any heading, its numbered sections by their first words."""
    found = [passage for passage in passages if passage.kind == "heading"]
    marked = [passage for passage in found if passage.level < 5]
    if len(found) > _MOST_HEADINGS and len(marked) > 4:
        found = marked
    if len(found) < 4:
        found = [passage for passage in passages if passage.kind == "heading" or passage.number]
    ranks = {level: rank for rank, level in enumerate(sorted({passage.level or 9 for passage in found}), start=1)}
    return [_heading(text, passage, min(ranks[passage.level or 9], 3)) for passage in found]


def _heading(text: str, passage: Passage, rank: int) -> Heading:
    title = _title(text, passage)
    if passage.kind != "heading":
        title = " ".join(title.split()[:7])
    return Heading(passage.start, passage.number, title, rank)


def _title(text: str, passage: Passage) -> str:
    wording = text[passage.start : passage.end]
    number = _NUMBER.match(wording) if passage.number else None
    words = _LINK.sub(r"\1", wording[number.end() if number else 0 :])
    words = _EMPHASIS.sub("", words).strip(_TRIM + ".")
    return " ".join(words.split())[:120]


class Sections:
    """Tells of any place in a text how it would be cited: "3.2(e)", or the heading it stands under."""

    def __init__(self, text: str, passages: Sequence[Passage]) -> None:
        self._text = text
        self._passages = passages
        self._starts = [passage.start for passage in passages]

    def at(self, offset: int) -> str:
        """The nearest number before `offset`, with the marks of the item there; else the heading's words; "" for none."""
        index = bisect_right(self._starts, offset) - 1
        marks = self._marks(self._passages[index], offset) if index >= 0 else ""
        for passage in reversed(self._passages[: index + 1]):
            if passage.number:
                return (passage.number + marks)[:200]
            if passage.kind == "heading":
                return _title(self._text, passage)[:200]
        return ""

    def _marks(self, passage: Passage, offset: int) -> str:
        """The mark that the passage opens with, and the one that stands at the offset or just before it: "(b)(ii)"."""
        opening = _MARK.match(self._text, passage.start, passage.end)
        inner = _MARK.match(self._text, offset, offset + 12) or _MARK_BEFORE.search(
            self._text, max(passage.start, offset - 12), offset
        )
        found = [mark for mark in (opening, inner) if mark and not mark[1].isdigit()]
        if len(found) == 2 and found[1].start() <= found[0].end():
            found.pop()
        return "".join(f"({mark[1]})" for mark in found)


def after_number(text: str, start: int, end: int) -> int:
    """Where the words of `text[start:end]` begin, its section number or item mark set aside: those change when others come
    and go, and the provision stays the same."""
    mark = _NUMBER.match(text, start, end) or _MARK.match(text, start, end)
    begin = mark.end() if mark else start
    while begin < end and not (text[begin].isalnum() or text[begin] in "\"“‘'[("):
        begin += 1
    return begin if begin < end else start
