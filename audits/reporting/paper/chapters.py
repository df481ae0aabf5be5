"""Cutting a report's HTML where pages begin anyway, into pieces that can be laid out apart. PURE."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_OUTER = re.compile(r"<(/?)(section|article)\b[^>]*>")
_LINK = re.compile(r'href="#([^"]*)"')
_LONG = re.compile(r'<table\b[^>]*\bdata-long="([a-z]+)"')
_CONTENT = re.compile(r"<[a-z]")
_PAGE_OF = re.compile(r'class="(?:chapter contents|pageref)"')

INTERNAL = "clausetrail:"  # the scheme that links wear until the pages they lead to are known


@dataclass(frozen=True)
class Piece:
    """A run of whole chapters. `long`: the name of the long table that it holds, then it holds nothing else.

    `refers`: whether it prints the numbers of pages that lie in other pieces.
    """

    html: str
    weight: int
    long: str = ""
    refers: bool = False


@dataclass(frozen=True)
class Cut:
    """A document cut into pieces; `head` is what stands before the first of them, body tag included."""

    head: str
    pieces: Sequence[Piece]

    def whole(self, piece: Piece) -> str:
        """The piece as an HTML document of its own."""
        return f"{self.head}{piece.html}</body></html>"


def cut(html: str, parts: int) -> Cut:
    """Cut a report's HTML into about `parts` pieces of equal weight, each a run of outermost sections and articles.

    Links to anchors get the scheme `clausetrail:`, since their targets may lie in other pieces.
    """
    chapters = _chapters(html)
    if not chapters:
        raise ValueError("the report's HTML has no section")
    head = html[: html.index(chapters[0])]
    pieces = [_piece(one) for one in chapters]
    aim = max(1, sum(one.weight for one in pieces if not one.long) // max(1, parts))
    return Cut(head, _gathered(pieces, aim))


def _chapters(html: str) -> list[str]:
    """The outermost sections and articles, in order; what others wrote is escaped and never looks like one."""
    found, depth, start = [], 0, 0
    for tag in _OUTER.finditer(html):
        if tag.group(1):
            depth -= 1
            if depth == 0:
                found.append(html[start : tag.end()])
        else:
            if depth == 0:
                start = tag.start()
            depth += 1
    return found


def _piece(html: str) -> Piece:
    long = _LONG.search(html)
    if long and html.count("<section") > 1:
        raise ValueError(
            f"the long table {long.group(1)} needs an outermost section of its own: what is beside it is not set"
        )
    text = _LINK.sub(rf'href="{INTERNAL}\1"', html)
    return Piece(text, len(_CONTENT.findall(html)), long.group(1) if long else "", bool(_PAGE_OF.search(html)))


def _gathered(pieces: Sequence[Piece], aim: int) -> list[Piece]:
    """Neighbours joined until they weigh `aim`; long tables, and what prints page numbers, keep to themselves."""
    found: list[Piece] = []
    for one in pieces:
        last = found[-1] if found else None
        if last and _alike(last, one) and last.weight + one.weight / 2 <= aim:
            found[-1] = Piece(last.html + one.html, last.weight + one.weight, refers=one.refers)
        else:
            found.append(one)
    return found


def _alike(one: Piece, other: Piece) -> bool:
    return not one.long and not other.long and one.refers == other.refers
