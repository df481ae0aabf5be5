"""From the report's markup to the paragraphs and tables of a Word file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from audits.reporting.filters import COLOURS
from audits.reporting.forms.word.fields import bookmark, link_to, page_of, section
from audits.reporting.forms.word.markup import Node
from audits.reporting.forms.word.pictures import Pictures, svg_of
from audits.reporting.forms.word.runs import Look, runs, writable
from audits.reporting.forms.word.styles import outcome_style
from audits.reporting.forms.word.tables import TableWriter
from audits.reporting.wording import begins_from_the_right

BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "main", "nav", "ol", "p", "pre", "section", "summary", "table",
    "ul",
})  # fmt: skip
LEFT_OUT: Final = frozenset({"head", "script", "style", "title", "template"})
BOXES: Final = {"verdict": "Verdict", "citation": "Clause", "simulated": "Notice", "decision": "Decision", "note": "Note",
                "badge": "FindingBadge", "word": "VerdictWord", "brand": "Brand", "marking": "Marking"}  # fmt: skip
PARAGRAPHS: Final = {
    "lead": "Lead",
    "sentence": "Finding",
    "note": "Note",
    "small": "Note",
    "sub": "Subtitle",
    "title": "DraftTitle",
}
COLOURED: Final = frozenset({"VerdictWord", "FindingBadge"})
ROWS: Final = frozenset({"counts", "signature"})
WIDE: Final = "annex-wide"
TOGETHER, WORK = "together", "work"
KEPT: Final = frozenset({"deciding", "whole"})
"""What paper does not break over pages; here each paragraph is kept with the next."""
ROOM: Final = {"Heading1": '<w:spacing w:before="560"/>', "FindingBadge": '<w:spacing w:before="280"/>'}
"""Above what begins a page elsewhere and runs on here."""
ON_THE_PAGE: Final = '<w:pageBreakBefore w:val="0"/>'
NARROW_PICTURE, BROAD_PICTURE = 118.0, 160.0  # mm
_SPACES: Final = re.compile(r"[ \t\n\r\f]+")


@dataclass
class Flow:
    """One pass over the tree. `out`: paragraphs, tables and section ends, in order; `headings`: for the contents."""

    targets: frozenset[str]
    paper: str = "A4"
    pictures: Pictures = field(default_factory=Pictures)
    out: list[str] = field(default_factory=list)
    headings: list[tuple[int, str, str]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    marks: int = 0
    sections: int = 0
    wide: bool = False
    outcome: str = ""
    kept: bool = False
    runs_on: bool = False

    def block(self, node: Node, style: str = "Normal") -> None:
        """An element that stands on lines of its own, with everything in it."""
        if node.tag in LEFT_OUT or "contents" in node.classes:
            return
        if node.attrs.get("id"):
            self.waiting.append(node.attrs["id"])
        self.outcome = next((name for name in COLOURS if name in node.classes), self.outcome)
        if KEPT & node.classes and not self.kept:
            self.kept = True
            self.block(Node(node.tag, {**node.attrs, "id": ""}, node.inside), style)
            self.kept = False
        elif WIDE in node.classes:
            self._lying(node, style)
        elif TOGETHER in node.classes or WORK in node.classes:
            self._running_on(node, style)
        elif node.tag in _BLOCKS_OF_THEIR_OWN:
            _BLOCKS_OF_THEIR_OWN[node.tag](self, node, style)
        elif ROWS & node.classes:
            self.out.append(self._tables().row_of(node, style, signed="signature" in node.classes))
        else:
            self._mixed(node, self._style_in(node, style))

    def _lying(self, node: Node, style: str) -> None:
        """A part on pages of its own that lie on their side."""
        if "<w:sectPr>" not in (self.out[-1] if self.out else ""):  # else two wide parts follow each other
            self.end_section()
        self.wide = True
        self._mixed(node, style)
        self.end_section()
        self.wide = False

    def _running_on(self, node: Node, style: str) -> None:
        """Parts of which only the first begins a page; a piece of work never does."""
        self.runs_on = WORK in node.classes
        for one in node.elements():
            self.block(one, style)
            self.runs_on = True
        self.runs_on = False

    def end_section(self) -> None:
        """Close the pages so far: what follows may lie otherwise."""
        ended = section(self.paper, wide=self.wide, first=self.sections == 0)
        self.out.append(
            f'<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>{ended}</w:pPr></w:p>'
        )
        self.sections += 1

    def _style_in(self, node: Node, style: str) -> str:
        found = [BOXES[name] for name in BOXES if name in node.classes]
        return found[0] if found else style

    def _mixed(self, node: Node, style: str) -> None:
        """Blocks one after the other; words between them are a paragraph."""
        loose: list[Node | str] = []
        for one in node.inside:
            if isinstance(one, Node) and one.tag in BLOCKS | LEFT_OUT:
                self._loose(loose, style)
                self.block(one, style)
            else:
                loose.append(one)
        self._loose(loose, style)

    def _loose(self, loose: list[Node | str], style: str) -> None:
        if any(isinstance(one, Node) or one.strip() for one in loose):
            self.out.append(self.paragraph(loose, style))
        loose.clear()

    def _heading(self, node: Node, style: str) -> None:
        level, words = int(node.tag[1]), " ".join(node.text().split())
        if style == "cover":
            self.out.append(self.paragraph(node.inside, "Title" if level == 1 else "Subtitle"))
            return
        identifier = self.waiting[0] if self.waiting else f"heading-{len(self.headings)}"
        if not self.waiting:
            self.waiting.append(identifier)
        if level <= 2:
            self.headings.append((level, identifier, writable(words)))
        self.out.append(self.paragraph(node.inside, f"Heading{min(level, 4)}"))

    def _paragraph(self, node: Node, style: str) -> None:
        named = [PARAGRAPHS[name] for name in PARAGRAPHS if name in node.classes]
        if any(isinstance(one, Node) or one.strip() for one in node.inside):
            self.out.append(self.paragraph(node.inside, named[0] if named and style in ("Normal", "cover") else style))

    def _list(self, node: Node, style: str, level: int = 0) -> None:
        kind = "Numbered" if node.tag == "ol" else "Bullet"
        deeper = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{2 if node.tag == "ol" else 1}"/></w:numPr>'
        for item in node.elements():
            inline = [one for one in item.inside if not (isinstance(one, Node) and one.tag in BLOCKS)]
            self.out.append(self.paragraph(inline, kind, deeper if level else ""))
            for inner in item.elements():
                if inner.tag in ("ul", "ol"):
                    self._list(inner, style, min(level + 1, 2))
                elif inner.tag in BLOCKS:
                    self.block(inner, style)

    def _definitions(self, node: Node, style: str) -> None:
        if "facts" in node.classes:
            self.out.append(self._tables().facts(node))
            return
        for one in node.every():
            if one.tag in ("dt", "dd"):
                self.out.append(self.paragraph(one.inside, "Heading4" if one.tag == "dt" else style))

    def _table(self, node: Node, style: str) -> None:
        caption = node.first("caption")
        if caption is not None:
            self.out.append(self.paragraph(caption.inside, "Caption"))
        self.out.append(self._tables().table(node, " ".join(caption.text().split()) if caption else ""))

    def _tables(self) -> TableWriter:
        return TableWriter(self.cell, self.waiting.append, self.paper, self.wide)

    def cell(self, node: Node, style: str) -> str:
        """What stands in a cell: at least one paragraph."""
        inner = Flow(self.targets, self.paper, self.pictures, marks=self.marks, waiting=self.waiting)
        if node.attrs.get("id"):
            inner.waiting.append(node.attrs["id"])
        inner._mixed(node, style)
        self.marks = inner.marks
        if not inner.out or inner.out[-1].endswith("</w:tbl>"):
            inner.out.append(inner.paragraph([], style))
        return "".join(inner.out)

    def _figure(self, node: Node, style: str) -> None:
        image, caption = node.first("img"), node.first("figcaption")
        svg = svg_of(image.attrs.get("src", "")) if image else ""
        if image is not None and svg:
            widest = NARROW_PICTURE if "narrow" in node.classes else BROAD_PICTURE
            drawn = self.pictures.drawing(svg, image.attrs.get("alt", ""), widest)
            self.out.append(self._closed(drawn, "Figure"))
        if caption is not None:
            self.out.append(self.paragraph(caption.inside, "Caption"))

    def _preformatted(self, node: Node, style: str) -> None:
        text = node.text()
        self.out.append(self._closed(runs(text, Look(kept=True)), "CodeBlock", _turned(text)))

    def _rule(self, node: Node, style: str) -> None:
        """A line across says nothing in a text."""

    def paragraph(self, inside: Iterable[Node | str], style: str, properties: str = "") -> str:
        """One paragraph of words, marks and links."""
        inside = list(inside)
        look = _of_outcome(self.outcome, Look()) if style in COLOURED and self.outcome else Look()
        content = "".join(self._words(_trimmed(inside), look))
        told = "".join(one if isinstance(one, str) else one.text() for one in inside)
        return self._closed(content, style, properties + _turned(told))

    def _closed(self, content: str, style: str, properties: str = "") -> str:
        for identifier in self.waiting:
            self.marks += 1
            content = bookmark(self.marks, identifier, content)
        self.waiting.clear()
        named = f'<w:pStyle w:val="{style}"/>' if style not in ("Normal", "cover") else ""
        keep = "<w:keepNext/>" if self.kept else ""
        room = ROOM.get(style, "") if self.runs_on else ""
        inner = named + keep + (ON_THE_PAGE if room else "") + properties + room
        return f"<w:p>{f'<w:pPr>{inner}</w:pPr>' if inner else ''}{content}</w:p>"

    def _words(self, inside: Iterable[Node | str], look: Look) -> Iterator[str]:
        for one in inside:
            if isinstance(one, str):
                text = _SPACES.sub(" ", one)
                yield runs(text, look) if text else ""
            elif one.tag == "br":
                yield "<w:r><w:br/></w:r>"
            elif one.tag == "a":
                yield self._link(one, look)
            elif one.tag != "img":
                yield self._marked(one, look)
            elif "logo" in one.classes:  # the small marks stand beside words that say the same
                yield self.pictures.logo(one.attrs.get("src", ""), one.attrs.get("alt", ""))

    def _marked(self, node: Node, look: Look) -> str:
        identifier = node.attrs.get("id")
        content = "".join(self._words(node.inside, _look_of(node, look)))
        if not identifier:
            return content
        self.marks += 1
        return bookmark(self.marks, identifier, content)

    def _link(self, node: Node, look: Look) -> str:
        target = node.attrs.get("href", "").removeprefix("#")
        known = node.attrs.get("href", "").startswith("#") and target in self.targets
        if "pageref" in node.classes:
            return page_of(target) if known else ""
        content = "".join(self._words(node.inside, look.with_(style="Hyperlink") if known else look))
        return link_to(target, content) if known else content


_BLOCKS_OF_THEIR_OWN: Final = {
    "p": Flow._paragraph, "table": Flow._table, "dl": Flow._definitions, "ul": Flow._list, "ol": Flow._list,
    "figure": Flow._figure, "pre": Flow._preformatted, "hr": Flow._rule,
    **{f"h{level}": Flow._heading for level in range(1, 7)},
}  # fmt: skip


def _turned(text: str) -> str:
    """The property of a paragraph that runs from right to left."""
    return "<w:bidi/>" if begins_from_the_right(text) else ""


def _of_outcome(outcome: str, look: Look) -> Look:
    """In the outcome's own style; the colour is said once more, since some programs lose it inside tables."""
    return look.with_(style=outcome_style(outcome), colour=COLOURS[outcome].removeprefix("#").upper())


def _look_of(node: Node, look: Look) -> Look:
    """The look inside an inline element."""
    outcome = next((name for name in COLOURS if name in node.classes), "")
    if outcome:
        return _of_outcome(outcome, look)
    if node.tag in ("b", "strong"):
        return look.with_(bold=True)
    if node.tag in ("i", "em"):
        return look.with_(italic=True)
    if node.tag == "code" or "mono" in node.classes:
        return look.with_(style="Code")
    return look.with_(style="Small") if node.tag == "small" or {"small", "no"} & node.classes else look


def _trimmed(inside: list[Node | str]) -> list[Node | str]:
    """Without the spaces that HTML has before the first and after the last word of a paragraph."""
    found = list(inside)
    while found and isinstance(found[0], str) and not found[0].strip():
        found.pop(0)
    while found and isinstance(found[-1], str) and not found[-1].strip():
        found.pop()
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip()
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip()
    return found
