"""Long tables, set line by line with known column widths: hundreds of pages in seconds, each cell tagged. No Django.

Heading, notes, caption and column heads come from the template as it was rendered, so that their words stand in one place;
rows come as text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from audits.reporting.paper.gathering import Bookmark, BoundPage, Gathering
from audits.reporting.paper.lettering import Lettering
from audits.reporting.paper.opening import Opening
from audits.reporting.paper.structure import Structure
from audits.reporting.paper.volume import Volume, number

MM = 72 / 25.4
JOINTS = "-/_.:"  # where a long name is rather broken than elsewhere
SLIP = 400  # height of a slip's page, in points
INK, GREY, RULE = b"0.106 0.122 0.153", b"0.29 0.318 0.376", b"0.851 0.867 0.894"


@dataclass(frozen=True)
class Column:
    """A column: its width in millimetres (0: what is left), figures to the right, hashes in the mono face."""

    width: float = 0
    figures: bool = False
    mono: bool = False


@dataclass(frozen=True)
class LongRow:
    """A row's cells as text, and the name of its anchor, if it has one."""

    cells: Sequence[str]
    anchor: str = ""


@dataclass(frozen=True)
class LongTable:
    """A table of any length. `wide`: on pages that lie on their side."""

    columns: Sequence[Column]
    rows: Sequence[LongRow]
    wide: bool = True


@dataclass(frozen=True)
class Sheet:
    """A page to set on, in points: its size, margins (top, right, bottom, left), and the XObject with its head and foot."""

    size: tuple[float, float]
    margins: tuple[float, float, float, float]
    under: int = 0

    @property
    def top(self) -> float:
        return self.size[1] - self.margins[0]

    @property
    def width(self) -> float:
        return self.size[0] - self.margins[1] - self.margins[3]


@dataclass(frozen=True)
class Slip:
    """Words that need a shaping of their own, set apart and placed as one: the XObject's number, its height in points."""

    number: int
    height: float


@dataclass(frozen=True)
class Line:
    """One line: what TJ takes, and its width in points; or a slip."""

    content: bytes
    width: float
    slip: int = 0


@dataclass(frozen=True)
class Style:
    """Type size, line height, and how deep below a line's top its baseline lies, all in points."""

    face: Lettering
    size: float
    leading: float
    colour: bytes = INK

    @property
    def base(self) -> float:
        return (self.leading - (self.face.ascent - self.face.descent) * self.size) / 2 + self.face.ascent * self.size


@dataclass
class _Open:
    """The page being set."""

    object: int
    key: int
    y: float
    lines: list[bytes] = field(default_factory=list)
    rules: list[bytes] = field(default_factory=list)
    slips: list[bytes] = field(default_factory=list)
    used: dict[bytes, int] = field(default_factory=dict)
    owners: list[int] = field(default_factory=list)
    font: tuple[bytes, float, bytes] | None = None


class LongSetter:
    """Sets one long table after its opening (heading, notes, caption) and gathers its pages."""

    def __init__(
        self, volume: Volume, structure: Structure, faces: Mapping[str, Lettering], fonts: bytes, sheet: Sheet,
        slips: Mapping[tuple[str, int], Slip],
    ) -> None:  # fmt: skip
        self.volume, self.structure, self.sheet, self.fonts, self.slips = volume, structure, sheet, fonts, slips
        text, strong, display, mono = (faces[name] for name in ("text", "strong", "display", "mono"))
        self.headings = {1: Style(display, 17, 17 * 1.25), 2: Style(strong, 12, 12 * 1.25)}
        self.note = Style(text, 8, 8 * 1.45, GREY)
        self.label = Style(strong, 8, 8 * 1.4)
        self.caption = Style(text, 8, 8 * 1.4, GREY)
        self.head = Style(strong, 7, 7 * 1.35)
        self.cell = Style(text, 7, 7 * 1.35)
        self.hash = Style(mono, 6, 9)
        self.pages: list[BoundPage] = []
        self.anchors: dict[str, tuple[int, float, float]] = {}
        self.bookmarks: list[Bookmark] = []
        self.page: _Open | None = None

    def set(self, opening: Opening, table: LongTable) -> Gathering:
        """All pages of the table, under its opening."""
        section, grid = self.volume.reserve(), self.volume.reserve()
        edges = edges_of(table.columns, self.sheet.width, self.sheet.margins[3])
        self._turn()
        kids = [self._heading(opening, section), *(self._paragraph(one, section) for one in opening.notes)]
        caption = self._caption(opening, grid)
        head = self._head(opening.heads, table.columns, edges, grid)
        body = self.volume.reserve()
        rows = [self._row(one, opening.heads, table.columns, edges, body) for one in table.rows]
        self._close()
        self.structure.element(b"TBody", grid, _references(rows), number=body)
        self.structure.element(b"Table", section, _references([caption, head, body]), number=grid)
        self.structure.element(b"Sect", self.structure.document, _references([*kids, grid]), number=section)
        return Gathering(self.pages, [section], self.anchors, self.bookmarks)

    def _heading(self, opening: Opening, section: int) -> int:
        page = self._at()
        x = self.sheet.margins[3]
        self.anchors[opening.anchor] = (0, x, page.y)
        self.bookmarks.append(Bookmark(opening.level, f"{opening.number} {opening.title}".strip(), 0, x, page.y))
        style = self.headings[opening.level]
        spaced = f"{opening.number}\u2003{opening.title}" if opening.number else opening.title
        made = self._lines(style, wrapped(style, spaced, self.sheet.width), section, b"H%d" % opening.level)
        self._at().y -= (6 if opening.level == 1 else 2.5) * MM
        return made

    def _paragraph(self, words: str, section: int) -> int:
        made = self._lines(self.note, wrapped(self.note, words, self.sheet.width), section, b"P")
        self._at().y -= 3 * MM
        return made

    def _caption(self, opening: Opening, grid: int) -> int:
        page, x = self._at(), self.sheet.margins[3]
        element = self.volume.reserve()
        label = wrapped(self.label, opening.label, self.sheet.width)[0] if opening.label else Line(b"", 0)
        gap = 2.2 if opening.label else 0
        lines = wrapped(self.caption, opening.caption, self.sheet.width - label.width - gap) or [Line(b"", 0)]
        mark = self._mark(page, element)
        inside = self._text(page, self.label, x, page.y, label)
        for at, line in enumerate(lines):
            y = page.y - at * self.caption.leading
            inside += self._text(page, self.caption, x + label.width + gap, y, line)
        page.lines.append(b"/Caption<</MCID %d>>BDC\n%sEMC\n" % (mark, inside))
        page.y -= len(lines) * self.caption.leading + 1.5 * MM
        return self.structure.element(b"Caption", grid, b"%d" % mark, b"/Pg %d 0 R" % page.object, element)

    def _lines(self, style: Style, lines: Sequence[Line], parent: int, kind: bytes) -> int:
        """A block of lines as one element, on the page that is open."""
        page, element = self._at(), self.volume.reserve()
        mark = self._mark(page, element)
        inside = b""
        for line in lines:
            inside += self._text(page, style, self.sheet.margins[3], page.y, line)
            page.y -= style.leading
        page.lines.append(b"/%s<</MCID %d>>BDC\n%sEMC\n" % (kind, mark, inside))
        return self.structure.element(kind, parent, b"%d" % mark, b"/Pg %d 0 R" % page.object, element)

    def _head(self, heads: Sequence[str], columns: Sequence[Column], edges: "Edges", grid: int) -> int:
        """The head of the table: read aloud once, printed again on each page."""
        page, row, group = self._at(), self.volume.reserve(), self.volume.reserve()
        cells = []
        for words, (x, width), column in zip(heads, edges, columns, strict=True):
            element = self.volume.reserve()
            mark = self._mark(page, element)
            inside = self._head_cell(page, words, x, width, column)
            page.lines.append(b"/TH<</MCID %d>>BDC\n%sEMC\n" % (mark, inside))
            more = b"/Pg %d 0 R/A<</O/Table/Scope/Column>>" % page.object
            cells.append(self.structure.element(b"TH", row, b"%d" % mark, more, element))
        self._rule_below_head(page, heads, edges)
        self.structure.element(b"TR", group, _references(cells), number=row)
        return self.structure.element(b"THead", grid, _references([row]), number=group)

    def _head_again(self, heads: Sequence[str], columns: Sequence[Column], edges: "Edges") -> None:
        page = self._at()
        parts = [
            self._head_cell(page, words, x, width, column)
            for words, (x, width), column in zip(heads, edges, columns, strict=True)
        ]
        page.lines.append(b"/Artifact BMC\n%sEMC\n" % b"".join(parts))
        self._rule_below_head(page, heads, edges)

    def _head_cell(self, page: _Open, words: str, x: float, width: float, column: Column) -> bytes:
        parts = []
        for at, line in enumerate(wrapped(self.head, words, width)):
            place = x + (width - line.width if column.figures else 0)
            parts.append(self._text(page, self.head, place, page.y - 2 - at * self.head.leading, line))
        return b"".join(parts)

    def _rule_below_head(self, page: _Open, heads: Sequence[str], edges: "Edges") -> None:
        most = max(len(wrapped(self.head, words, width)) for words, (_, width) in zip(heads, edges, strict=True))
        page.y -= 2 * 1.98 + most * self.head.leading
        page.rules.append(self._rule(page.y, 0.75, INK))
        page.y -= 0.6

    def _row(self, row: LongRow, heads: Sequence[str], columns: Sequence[Column], edges: "Edges", body: int) -> int:
        """A row, whole on one page: a new one is begun where it would not fit."""
        cells = [self._cell_lines(words, at, columns[at], edges[at][1]) for at, words in enumerate(row.cells)]
        high = max(self._height(lines, column) for lines, column in zip(cells, columns, strict=True)) + 2 * 1.98
        if self._at().y - high < self.sheet.margins[2]:
            self._close()
            self._turn()
            self._head_again(heads, columns, edges)
        page, element = self._at(), self.volume.reserve()
        if row.anchor:
            self.anchors[row.anchor] = (len(self.pages), self.sheet.margins[3], page.y)
        kids = [
            self._cell(page, lines, column, edge, element)
            for lines, column, edge in zip(cells, columns, edges, strict=True)
        ]
        page.y -= high
        page.rules.append(self._rule(page.y, 0.5, RULE))
        page.y -= 0.5
        return self.volume.put(b"<</S/TR/P %d 0 R/K[%s]>>" % (body, _references(kids)), element)

    def _cell(self, page: _Open, lines: Sequence[Line], column: Column, edge: tuple[float, float], row: int) -> int:
        element = self.volume.reserve()
        mark = self._mark(page, element)
        style = self.hash if column.mono else self.cell
        x, y, inside = edge[0], page.y - 1.98, b""
        for line in lines:
            if line.slip:
                page.lines.append(self._placed(page, line, x, y, mark))
                return self.volume.put(b"<</S/TD/P %d 0 R/Pg %d 0 R/K %d>>" % (row, page.object, mark), element)
            place = x + (edge[1] - line.width if column.figures else 0)
            inside += self._text(page, style, place, y, line)
            y -= style.leading
        page.lines.append(b"/TD<</MCID %d>>BDC\n%sEMC\n" % (mark, inside))
        return self.volume.put(b"<</S/TD/P %d 0 R/Pg %d 0 R/K %d>>" % (row, page.object, mark), element)

    def _placed(self, page: _Open, line: Line, x: float, y: float, mark: int) -> bytes:
        """A slip drawn in place of lines; text objects end before and begin again after it."""
        called = page.used.setdefault(b"/S%d" % line.slip, line.slip)
        page.font = None
        return b"ET\n/TD<</MCID %d>>BDC\nq 1 0 0 1 %s %s cm /S%d Do Q\nEMC\nBT\n" % (
            mark, number(x), number(y - SLIP), called,
        )  # fmt: skip

    def _cell_lines(self, words: str, at: int, column: Column, width: float) -> Sequence[Line]:
        style = self.hash if column.mono else self.cell
        slip = self.slips.get((words, at))
        if slip is not None:
            return [Line(b"", slip.height, slip.number)]
        return wrapped(style, words, width)

    def _height(self, lines: Sequence[Line], column: Column) -> float:
        if lines and lines[0].slip:
            return lines[0].width
        return max(1, len(lines)) * (self.hash if column.mono else self.cell).leading

    def _text(self, page: _Open, style: Style, x: float, top: float, line: Line) -> bytes:
        if not line.content:
            return b""
        chosen = (style.face.resource.encode(), style.size, style.colour)
        change = b""
        if page.font != chosen:
            page.font = chosen
            change = b"/%s %s Tf %s rg " % (chosen[0], number(style.size), style.colour)
        return b"%s1 0 0 1 %s %s Tm [%s]TJ\n" % (change, number(x), number(top - style.base), line.content)

    def _rule(self, y: float, width: float, colour: bytes) -> bytes:
        left = self.sheet.margins[3]
        return b"%s RG %s w %s %s m %s %s l S\n" % (
            colour, number(width), number(left), number(y), number(left + self.sheet.width), number(y),
        )  # fmt: skip

    def _mark(self, page: _Open, element: int) -> int:
        page.owners.append(element)
        return len(page.owners) - 1

    def _at(self) -> _Open:
        assert self.page is not None
        return self.page

    def _turn(self) -> None:
        self.page = _Open(self.volume.reserve(), self.structure.key(), self.sheet.top)

    def _close(self) -> None:
        page = self._at()
        content = b"/Artifact BMC\n%sEMC\nBT\n%sET\n" % (b"".join(page.rules), b"".join(page.lines))
        self.structure.fill(page.key, b"[%s]" % _references(page.owners))
        drawn = b"".join(b"%s %d 0 R" % one for one in page.used.items())
        resources = {"Font": self.fonts, "XObject": b"<<%s>>" % drawn}
        self.pages.append(
            BoundPage(
                page.object, self.sheet.size, [self.volume.stream(content)], resources, (), page.key, self.sheet.under
            )
        )
        self.page = None


Edges = Sequence[tuple[float, float]]


def edges_of(columns: Sequence[Column], whole: float, left: float) -> Edges:
    """For each column where its text begins and how much room it has, in points."""
    free = sum(1 for one in columns if not one.width)
    rest = (whole - sum(one.width for one in columns) * MM) / max(1, free)
    found, x = [], left
    for at, column in enumerate(columns):
        width = column.width * MM or rest
        indent = 2 * MM if at and columns[at - 1].figures else 0
        found.append((x + indent, width - indent - 1.5 * MM))
        x += width
    return found


def _references(numbers: Iterable[int]) -> bytes:
    return b" ".join(b"%d 0 R" % one for one in numbers)


def wrapped(style: Style, words: str, width: float) -> list[Line]:
    """The words in lines no wider than `width` points; what has no space to break at is broken where it must."""
    scale = style.size / 1000
    space, blank = style.face.set(" ")
    lines: list[Line] = []
    content, used = b"", 0.0
    for word in _fitting(words.replace("\n", " ").split(" "), partial(_wide, style), width):
        glyphs, wide = style.face.set(word)
        wide *= scale
        if content and used + blank * scale + wide > width:
            lines.append(Line(content, used))
            content, used = glyphs, wide
        elif content:
            content, used = content + space + glyphs, used + blank * scale + wide
        else:
            content, used = glyphs, wide
    return [*lines, Line(content, used)] if content else lines


def _wide(style: Style, word: str) -> float:
    return style.face.set(word)[1] * style.size / 1000


def _fitting(words: Sequence[str], wide: Callable[[str], float], width: float) -> Iterator[str]:
    """The words, those wider than a line in pieces."""
    for rest in filter(None, words):
        while len(rest) > 1 and wide(rest) > width:
            at = max(1, int(len(rest) * width / wide(rest)))
            while at > 1 and wide(rest[:at]) > width:
                at -= 1
            joint = max(map(rest[:at].rfind, JOINTS)) + 1
            at = joint if joint > at // 2 else at
            yield rest[:at]
            rest = rest[at:]
        yield rest
