"""Words in a long table that our faces can't set by themselves (Chinese, Arabic, joined characters): shaped by WeasyPrint, one
page each, and placed as drawings. No Django."""

import html
from collections.abc import Iterator, Mapping, Set
from dataclasses import replace
from pathlib import Path

from audits.reporting.glyphs import by_number
from audits.reporting.paper.binding import Binding
from audits.reporting.paper.copying import copied_forms
from audits.reporting.paper.long_tables import SLIP, Column, LongRow, LongTable, Slip, edges_of
from audits.reporting.paper.pressroom import Pressroom

MOST = 400  # slips in one report; what goes beyond is spelled by numbers
HEAD = (
    '<html lang="en"><head><style>@page slip {{ size: {width:.2f}pt {tall}pt; margin: 0; @top-left {{ content: none }} '
    "@top-right {{ content: none }} @bottom-left {{ content: none }} }} section {{ page: slip; break-before: page; "
    "font: 7pt/1.35 Inter, sans-serif }} p {{ margin: 0 }}</style></head><body>"
)
ONE = '<section><p>{words}</p><div id="end-{at}"></div></section>'


class Slips:
    """The slips that a report's long tables need. `widths`: by table, the room of each column in points."""

    def __init__(
        self, tables: Mapping[str, LongTable], widths: Mapping[str, float], binding: Binding, folder: Path
    ) -> None:
        self.tables, self.binding, self.folder = tables, binding, folder
        self.rooms = {
            name: [room for _, room in edges_of(table.columns, widths[name], 0)] for name, table in tables.items()
        }
        self.wanted: dict[float, dict[str, int]] = {}
        self.slips: dict[tuple[float, str], Slip] = {}
        self.missing: Set[str] = frozenset()

    def lay(self, room: Pressroom, missing: Set[str]) -> Set[str]:
        """Have every slip set; the characters that had no glyph. `missing`: those that are spelled by their numbers."""
        self.missing = missing
        for width, words in self._foreign():
            held = self.wanted.setdefault(width, {})
            if len(self.slips) + sum(map(len, self.wanted.values())) < MOST:
                held.setdefault(words, len(held))
        names = {width: f"slips-{at}" for at, width in enumerate(self.wanted)}
        for width, name in names.items():
            bodies = "".join(ONE.format(words=html.escape(words), at=at) for words, at in self.wanted[width].items())
            text = f"{HEAD.format(width=width, tall=SLIP)}{bodies}</body></html>"
            (self.folder / f"{name}.html").write_text(text, "utf-8", "replace")
        jobs = [{"name": name, "refers": False, "tagged": False} for name in names.values()]
        answers = room.lay(jobs, lambda: None)
        for width, name in names.items():
            self._keep(width, name, {key: place[2] for key, place in answers[name]["anchors"].items()})
        return {one for answer in answers.values() for one in answer["missing"]}

    def _keep(self, width: float, name: str, ends: Mapping[str, float]) -> None:
        words = self.wanted[width]
        numbers = [self.binding.volume.reserve() for _ in words]
        copied_forms(self.folder / f"{name}.pdf", self.binding.volume, numbers)
        for (one, at), number in zip(words.items(), numbers, strict=True):
            self.slips[width, one] = Slip(number, min(SLIP, SLIP - ends.get(f"end-{at}", 0.0)))

    def _foreign(self) -> Iterator[tuple[float, str]]:
        """Width of the column and words, of every cell that our faces can't set."""
        for name, table in self.tables.items():
            for row in table.rows:
                for words, column, width in zip(row.cells, table.columns, self.rooms[name], strict=True):
                    if not self._can_set(words, column):
                        yield width, by_number(words, self.missing)

    def _can_set(self, words: str, column: Column) -> bool:
        return self.binding.faces["mono" if column.mono else "text"].can_set(by_number(words, self.missing))

    def of(self, name: str) -> dict[tuple[str, int], Slip]:
        """The slips of one table by words and column."""
        return {
            (words, at): slip
            for (width, words), slip in self.slips.items()
            for at, room in enumerate(self.rooms[name])
            if room == width
        }

    def settled(self, name: str) -> LongTable:
        """The table as it can be set: words that have neither face nor slip are spelled by their numbers."""
        table = self.tables[name]
        return replace(table, rows=[self._settled(row, table, self.rooms[name]) for row in table.rows])

    def _settled(self, row: LongRow, table: LongTable, rooms: list[float]) -> LongRow:
        cells = [
            self._spelled(by_number(words, self.missing), column, width)
            for words, column, width in zip(row.cells, table.columns, rooms, strict=True)
        ]
        return LongRow(cells, row.anchor)

    def _spelled(self, words: str, column: Column, width: float) -> str:
        if self._can_set(words, column) or (width, words) in self.slips:
            return words
        return by_number(words, {one for one in words if not self._can_set(one, column)})
