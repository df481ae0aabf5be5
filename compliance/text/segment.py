"""The units in which terms speak: sentences and list items, each with the stem it completes. Pure: standard library only.

    You may not: (a) scrape the Services; (b) use Output to train a model.

is two provisions. Each item is a unit of its own whose `leads` hold the stem, so that what "may not" says is known of
each. Stems come from a block that ends in a colon, from the levels of nested lists, and from enumerations that run inside
a sentence, also when there are no line breaks at all.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from compliance.text.outline import Block, blocks

_MARKER = re.compile(
    r"(?:(?<=[\s;:.,—])|(?<=\*\*)|^)(?:\((?P<inner>[a-zA-Z]|[ivxlIVXL]{1,6}|\d{1,2})\)|(?P<open>[a-z]"
    r"|[ivxl]{1,5}|\d{1,2})[).](?=\s))"
)
_REFERENCE_NOUN = re.compile(r"(?:sections?|clauses?|paragraphs?|articles?|items?|sub-?sections?)\s*$", re.IGNORECASE)
_STOP = re.compile(
    r"[.!?][\"”’')\]*_]*(?=\s+(?:[\"“‘'(\[*_]*[A-Z0-9¿]|[a-z]\.\s+[A-Z]))"  # the usual end of a sentence
    r"|(?<=[a-z)])\.(?=[A-Z][a-z]+[\s,]|\d{1,2}\\?\.(?:\d{1,2}[\s.A-Z]|\s))"  # run together: "…terms.4.2 Names"
    r"|;\s*(?!\s*(?:provided|except|however|unless|but|in each case|for example|e\.g)\b)"
)
_ABBREVIATION = re.compile(
    r"(?:e\.g|i\.e|etc|vs|cf|nos?|sec|art|inc|ltd|co|corp|llc|mr|ms|dr|st|u\.s|u\.k|e\.u|approx|incl|[A-Z])",
    re.IGNORECASE,
)
_OPENING_NUMBER = re.compile(r"[\s*_]*\(?(?:[A-Za-z]|[ivxl]{1,5}|\d{1,3}(?:\\?\.\d{1,3})*)\\?[\s*_]*")
_STEM_END = re.compile(
    r"(?:[:—–]|\b(?:may|shall|will|must|should|can|cannot|agrees?)(?: not)?(?: to)?|\bnot to)[\"”*_)\s]*$"
)
_SENTENCE_SUBJECT = re.compile(
    r"(?:you|we|the|this|these|if|our|your|in|as|by|for|please|when|where|any|all|no|each|to the extent"
    r"|subject to|notwithstanding)\b",
    re.IGNORECASE,
)
_SECTION_NUMBER = re.compile(r"^[*_]*[\d.\\]+[*_\s]*")
_WHOLE_SENTENCE = 350  # characters: a shorter sentence without semicolons is quoted whole, not item by item
_SECOND_WITHIN = 4000  # characters within which (b) must follow for (a) to open a list
_GOES_ON_WITHIN = 4000
_STEM_LENGTH = 600  # characters of a stem that matter to its items: the words next to them


@dataclass(frozen=True, slots=True)
class Unit:
    """One sentence, clause or list item. `text[start:end]` is its wording; `leads` are the stems it completes, outermost
    first; `headings` the titles above it, outermost first; `group` is equal for the items of one list."""

    start: int
    end: int
    leads: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    listed: bool = False
    group: int = 0


@dataclass(slots=True)
class _Level:
    """A list in progress: where its items stand, how they are marked, and the stem they complete."""

    indent: int
    kind: str
    leads: tuple[str, ...]
    group: int
    ordinals: list[tuple[str, int]]
    suspended: bool = False


@dataclass(slots=True)
class _Reading:
    """What a reader keeps in mind while going down the page."""

    text: str
    headings: list[tuple[int, str]] = field(default_factory=list)
    levels: list[_Level] = field(default_factory=list)
    stem: tuple[str, ...] | None = None
    groups: int = 0

    def titles(self) -> tuple[str, ...]:
        return tuple(title for _level, title in self.headings)


def units(text: str) -> list[Unit]:
    """Every unit of `text`, in order and without overlap. Headings are context, not units."""
    reading = _Reading(text)
    found: list[Unit] = []
    for block in blocks(text):
        if block.kind == "heading":
            _enter_heading(reading, block)
            continue
        leads, listed = _place(reading, block)
        inside = list(_units_of_block(reading, block, leads, listed))
        found.extend(inside)
        _remember_stem(reading, block, inside)
    return found


def _enter_heading(reading: _Reading, block: Block) -> None:
    while reading.headings and reading.headings[-1][0] >= block.level:
        reading.headings.pop()
    reading.headings.append((block.level, reading.text[block.start : block.end]))
    reading.levels.clear()
    reading.stem = None


def _place(reading: _Reading, block: Block) -> tuple[tuple[str, ...], bool]:
    """The stems that `block` completes, and whether it is an item of a list."""
    stem, reading.stem = reading.stem, None
    body = reading.text[block.start : block.end]
    ordinals = _block_ordinals(body)
    listing = stem is not None or any(level.kind == "section" for level in reading.levels)
    if block.kind == "section" and not (listing and _reads_as_item(_SECTION_NUMBER.sub("", body))):
        reading.levels.clear()
        return (), False
    if stem is not None and (block.kind != "plain" or _reads_as_item(body)):
        _shed_deeper(reading, block)
        reading.groups += 1
        reading.levels.append(_Level(block.indent, block.kind, stem, reading.groups, ordinals))
        return stem, True
    level = _level_of(reading, block, body, ordinals)
    if level is not None:
        level.ordinals, level.suspended = ordinals, False
        return level.leads, True
    for held in reading.levels:
        held.suspended = True
    return (), block.kind in {"bullet", "letter", "number"}


def _level_of(reading: _Reading, block: Block, body: str, ordinals: list[tuple[str, int]]) -> _Level | None:
    """The list in progress that `block` goes on with; a paragraph between may interrupt (a) and (b), not two bullets."""
    for index in range(len(reading.levels) - 1, -1, -1):
        level = reading.levels[index]
        follows = any((style, number + 1) in ordinals for style, number in level.ordinals)
        aligned = (
            abs(level.indent - block.indent) <= 1
            and not level.suspended
            and (block.kind != "plain" or _reads_as_item(body))
        )
        if level.kind == block.kind and (follows or aligned):
            del reading.levels[index + 1 :]
            return level
    top = reading.levels[-1] if reading.levels else None
    if top is None or top.suspended or block.kind == "plain" or block.indent <= top.indent:
        return None
    reading.levels.append(_Level(block.indent, block.kind, top.leads, top.group, ordinals))
    return reading.levels[-1]


def _block_ordinals(body: str) -> list[tuple[str, int]]:
    """What the mark that opens a block can mean, in every style; [] for bullets and unmarked blocks."""
    mark = _MARKER.match(body.lstrip("*_ ").replace("\\", "", 1) if body[:1] in "*_" else body)
    return _ordinals(mark) if mark else []


def _shed_deeper(reading: _Reading, block: Block) -> None:
    """Levels that a shallower block has closed."""
    while reading.levels and reading.levels[-1].indent > block.indent:
        reading.levels.pop()


def _reads_as_item(body: str) -> bool:
    """Does an unmarked line complete the stem before it, rather than begin a sentence of its own?"""
    if body[:1].islower() or body.endswith(";"):
        return True
    return len(body) < 500 and not _SENTENCE_SUBJECT.match(body)


def _remember_stem(reading: _Reading, block: Block, inside: list[Unit]) -> None:
    """A block that ends in a colon is the stem of what follows."""
    if not inside:
        return
    last = inside[-1]
    wording = reading.text[last.start : last.end]
    if _STEM_END.search(wording):
        reading.stem = (*last.leads, wording[-_STEM_LENGTH:])


@dataclass(slots=True)
class _Enumeration:
    """(a) (b) (c) inside a block: which ordinal came last and where, and the stems that each item completes."""

    style: str
    last: int
    stems: tuple[str, ...]
    group: int
    position: int
    sentence: int


def _units_of_block(reading: _Reading, block: Block, leads: tuple[str, ...], listed: bool) -> Iterator[Unit]:
    for sentence in _sentences(reading.text, block):
        yield from sentence.units(reading, leads, listed)


@dataclass(slots=True)
class _Sentence:
    """Pieces between semicolons and item marks, each with the stems of the enumeration it stands in."""

    pieces: list[tuple[int, int, tuple[str, ...], int]]

    def units(self, reading: _Reading, leads: tuple[str, ...], listed: bool) -> Iterator[Unit]:
        pieces = self.pieces if not _quoted_whole(reading.text, self.pieces) else [_joined(self.pieces)]
        titles = reading.titles()
        first = ""
        for start, end, stems, group in pieces:
            wording = reading.text[start:end]
            carried = stems or ((first,) if first else ())
            own_group = (
                reading.groups + group if group else (reading.levels[-1].group if reading.levels and listed else 0)
            )
            yield Unit(start, end, (*leads, *carried), titles, listed or bool(stems), own_group)
            first = first or wording[-_STEM_LENGTH:]
        reading.groups += max((group for *_rest, group in self.pieces), default=0)


def _joined(pieces: list[tuple[int, int, tuple[str, ...], int]]) -> tuple[int, int, tuple[str, ...], int]:
    return pieces[0][0], pieces[-1][1], pieces[0][2], pieces[0][3]


def _quoted_whole(text: str, pieces: list[tuple[int, int, tuple[str, ...], int]]) -> bool:
    start, end = pieces[0][0], pieces[-1][1]
    return len(pieces) > 1 and end - start <= _WHOLE_SENTENCE and ";" not in text[start : end - 1]


def _sentences(text: str, block: Block) -> Iterator[_Sentence]:
    """Cut a block at full stops, semicolons and the marks of enumerations, in one pass from left to right."""
    lists = _Lists()
    pieces: list[tuple[int, int, tuple[str, ...], int]] = []
    current: _Enumeration | None = None
    start = sentence = block.start
    for position, resume, mark in _cuts(text, block):
        if mark is not None:
            following = lists.advance(
                mark, text[sentence:position], text[position : position + _SECOND_WITHIN], sentence
            )
            if following is not None:
                _take(text, start, position, current, pieces)
                start, current = position, following
            continue
        _take(text, start, resume, current, pieces)
        start = resume
        if text[position] != ";":
            if pieces:
                yield _Sentence(pieces)
            pieces, current, sentence = [], None, resume
    _take(text, start, block.end, current, pieces)
    if pieces:
        yield _Sentence(pieces)


def _take(
    text: str, start: int, end: int, item_of: _Enumeration | None, pieces: list[tuple[int, int, tuple[str, ...], int]]
) -> None:
    """Keep `text[start:end]` without the white space around it, unless no word is left."""
    wording = text[start:end]
    start, end = start + len(wording) - len(wording.lstrip()), end - (len(wording) - len(wording.rstrip()))
    if sum(character.isalnum() for character in text[start : min(end, start + 12)]) > 3:
        pieces.append((start, end, item_of.stems if item_of else (), item_of.group if item_of else 0))


def _cuts(text: str, block: Block) -> list[tuple[int, int, re.Match[str] | None]]:
    """Where a piece may end: (position, where the next begins, the enumeration mark that stands there or None)."""
    found: list[tuple[int, int, re.Match[str] | None]] = []
    for stop in _STOP.finditer(text, block.start, block.end):
        if text[stop.start()] == ";" or not _abbreviated(text, block.start, stop.start()):
            found.append((stop.start(), stop.end(), None))
    for mark in _MARKER.finditer(text, block.start, block.end):
        if not _REFERENCE_NOUN.search(text, max(block.start, mark.start() - 16), mark.start()):
            found.append((mark.start(), mark.end(), mark))
    return sorted(found, key=lambda cut: (cut[0], cut[1]))


def _abbreviated(text: str, floor: int, stop: int) -> bool:
    """Does the full stop at `stop` belong to an abbreviation, or to the number that opens the block?"""
    if stop - floor < 16 and _OPENING_NUMBER.fullmatch(text, floor, stop):
        return True
    words = text[max(floor, stop - 12) : stop].split()
    return bool(words) and text[stop] == "." and _ABBREVIATION.fullmatch(words[-1].lstrip('("“*_')) is not None


class _Lists:
    """The enumerations that a block has open. One goes on after a full stop inside an item, for a while."""

    def __init__(self) -> None:
        self.open: list[_Enumeration] = []
        self.groups = 0

    def advance(self, mark: re.Match[str], before: str, rest: str, sentence: int) -> _Enumeration | None:
        """The enumeration that `mark` continues or opens; None when it marks nothing (a reference, a lone bracket)."""
        readings = _ordinals(mark)
        for index in range(len(self.open) - 1, -1, -1):
            held = self.open[index]
            if (held.style, held.last + 1) in readings and mark.start() - held.position < _GOES_ON_WITHIN:
                del self.open[index + 1 :]
                held.last, held.position, held.sentence = held.last + 1, mark.start(), sentence
                return held
        for style, number in readings:
            if number == 1 and _second(style) in rest:
                return self._begin(style, before.strip()[-_STEM_LENGTH:], mark.start(), sentence)
        return None

    def _begin(self, style: str, stem: str, position: int, sentence: int) -> _Enumeration:
        """A new list: inside the item of another only when that item's sentence has not ended."""
        while self.open and self.open[-1].style == style:
            self.open.pop()
        outer = self.open[-1].stems if self.open and self.open[-1].sentence == sentence else ()
        self.groups += 1
        self.open.append(_Enumeration(style, 1, (*outer, stem) if stem else outer, self.groups, position, sentence))
        return self.open[-1]


_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9, "x": 10, "xi": 11, "xii": 12,
          "xiii": 13, "xiv": 14, "xv": 15, "xvi": 16, "xvii": 17, "xviii": 18, "xix": 19, "xx": 20}  # fmt: skip
_SECOND = {"letter": "b", "LETTER": "B", "roman": "ii", "ROMAN": "II", "number": "2"}


def _ordinals(mark: re.Match[str]) -> list[tuple[str, int]]:
    """What a mark can mean: (i) is the first roman numeral and the ninth letter. The style tells brackets apart."""
    sign = mark["inner"] or mark["open"]
    closing = "()" if mark["inner"] else mark[0][-1]
    found: list[tuple[str, int]] = []
    if sign.isdigit():
        return [(f"number{closing}", int(sign))]
    upper = "upper" if sign.isupper() else ""
    if sign.lower() in _ROMAN:
        found.append((f"{'ROMAN' if upper else 'roman'}{closing}", _ROMAN[sign.lower()]))
    if len(sign) == 1:
        found.append((f"{'LETTER' if upper else 'letter'}{closing}", ord(sign.lower()) - 96))
    return found


def _second(style: str) -> str:
    """How the second mark of a style is written, by which a first one is believed."""
    sign = _SECOND[style.rstrip("().")]
    return f"({sign})" if style.endswith("()") else f"{sign}{style[-1]}"
