"""Tables of a Word file: heads that are repeated on each page, rows that no page breaks, widths as on paper. PURE."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from audits.reporting.forms.word.fields import text_width
from audits.reporting.forms.word.markup import Node
from audits.reporting.forms.word.runs import quoted

MM: Final = 56.7  # twentieths of a point
TERM: Final = 0.26  # of the width, for the terms of a list of facts
LEAST: Final = 10 * MM
_MM: Final = re.compile(r"width:\s*([\d.]+)mm")


@dataclass(frozen=True)
class TableWriter:
    """Writes tables of one section. `cell` gives the paragraphs of a cell, in a style; `mark` names what comes next."""

    cell: Callable[[Node, str], str]
    mark: Callable[[str], None]
    paper: str
    wide: bool

    def table(self, node: Node, caption: str) -> str:
        """A table with its head; `caption`: read out to those who cannot see it."""
        rows = [one for one in node.every() if one.tag == "tr"]
        if not rows:
            return ""
        widths = self._widths(node, max(sum(1 for _ in _cells(row)) for row in rows))
        style = "TableDense" if "dense" in node.classes else "TableText"
        heads = {id(row) for part in node.elements() if part.tag == "thead" for row in part.elements()}
        body = "".join(self._row(row, widths, style, head=id(row) in heads) for row in rows)
        return self._whole("ReportTable", widths, body, caption, head=bool(heads))

    def facts(self, node: Node) -> str:
        """A list of terms and what they are, as two columns."""
        whole = text_width(self.paper, wide=self.wide)
        widths = [round(whole * TERM), whole - round(whole * TERM)]
        terms = [one for one in node.every() if one.tag in ("dt", "dd")]
        pairs = zip(terms[::2], terms[1::2], strict=False)
        body = "".join(
            self._line(
                self._cell(widths[0], self.cell(term, "TableText"))
                + self._cell(widths[1], self.cell(said, "TableText"))
            )
            for term, said in pairs
        )
        return self._whole("FactsTable", widths, body, "", head=False) + _after() if body else ""

    def row_of(self, node: Node, style: str, *, signed: bool) -> str:
        """Boxes that stand side by side, as one row."""
        boxes = list(node.elements())
        if not boxes:
            return ""
        whole = text_width(self.paper, wide=self.wide)
        widths = [whole // len(boxes)] * len(boxes)
        cells = "".join(self._cell(width, self._box(box)) for width, box in zip(widths, boxes, strict=True))
        room = _gap(360, kept=True) if signed else ""
        style_name = "SignatureTable" if signed else "FactsTable"
        return room + self._whole(style_name, widths, self._line(cells), "", head=False) + _after()

    def _box(self, box: Node) -> str:
        """What stands in one of the boxes; a number that leads it, large and on a line of its own."""
        number = next((one for one in box.elements() if one.tag == "b"), None)
        if number is None:
            return self.cell(box, "TableText")
        rest = Node(box.tag, box.attrs, [one for one in box.inside if one is not number])
        return self.cell(Node("div", {}, list(number.inside)), "Count") + self.cell(rest, "TableText")

    def _whole(self, style: str, widths: list[int], body: str, caption: str, *, head: bool) -> str:
        look = (
            f'<w:tblLook w:val="0{"4" if not head else "0"}20" w:firstRow="{int(head)}" w:noHBand="1" w:noVBand="1"/>'
        )
        told = f"<w:tblCaption w:val={quoted(caption[:250])}/>" if caption else ""
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        return (
            f'<w:tbl><w:tblPr><w:tblStyle w:val="{style}"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
            f'<w:tblLayout w:type="fixed"/>{look}{told}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>'
        ) + (_after() if style == "ReportTable" else "")

    def _row(self, row: Node, widths: list[int], style: str, *, head: bool) -> str:
        cells, at, after_number = [], 0, False
        if row.attrs.get("id"):
            self.mark(row.attrs["id"])
        for one in _cells(row):
            span = max(1, min(int(one.attrs.get("colspan") or 1), len(widths) - at))
            apart = after_number and "num" not in one.classes
            content = _aligned(one, self.cell(one, style))
            cells.append(self._cell(sum(widths[at : at + span]), content, span, apart=apart))
            at, after_number = at + span, "num" in one.classes
        missing = len(widths) - at
        cells += [self._cell(width, "<w:p/>") for width in widths[-missing:]] if missing > 0 else []
        return self._line("".join(cells), head=head)

    def _line(self, cells: str, *, head: bool = False) -> str:
        return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{cells}</w:tr>"

    def _cell(self, width: int, content: str, span: int = 1, *, apart: bool = False) -> str:
        """`apart`: with room at the left, beside numbers that stand at the right of their cell."""
        spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
        room = '<w:tcMar><w:left w:w="140" w:type="dxa"/></w:tcMar>' if apart else ""
        return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{room}</w:tcPr>{content}</w:tc>'

    def _widths(self, node: Node, count: int) -> list[int]:
        """Of each column: as the paper has them; those that are left open share the rest."""
        told = [_MM.search(one.attrs.get("style", "")) for one in node.every() if one.tag == "col"][:count]
        fixed = [float(one[1]) * MM if one else 0.0 for one in told] + [0.0] * (count - len(told))
        whole, open_ = float(text_width(self.paper, wide=self.wide)), fixed.count(0.0)
        if open_:
            share = max(LEAST, (whole - sum(fixed)) / open_)
            fixed = [one or share for one in fixed]
        scale = whole / sum(fixed)
        return [round(one * scale) for one in fixed]


def _cells(row: Node) -> Iterator[Node]:
    return (one for one in row.elements() if one.tag in ("td", "th"))


def _aligned(node: Node, content: str) -> str:
    """Numbers stand at the right."""
    if "num" not in node.classes:
        return content
    return re.sub(r"</w:pPr>", '<w:jc w:val="right"/></w:pPr>', content)


def _after() -> str:
    """Room below a table; two tables in a row would become one."""
    return _gap(120)


def _gap(height: int, *, kept: bool = False) -> str:
    """An empty line of that height. `kept`: on the page of what follows."""
    keep = "<w:keepNext/>" if kept else ""
    return f'<w:p><w:pPr>{keep}<w:spacing w:before="0" w:after="0" w:line="{height}" w:lineRule="exact"/></w:pPr></w:p>'
