"""The report's own HTML read into a tree, as far as the report uses it. PURE (standard library)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

EMPTY: Final = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "wbr"})
_CLOSED_BY: Final = {
    "li": frozenset({"li"}), "dt": frozenset({"dt", "dd"}), "dd": frozenset({"dt", "dd"}), "tr": frozenset({"tr"}),
    "td": frozenset({"td", "th"}), "th": frozenset({"td", "th"}),
}  # fmt: skip


@dataclass
class Node:
    """An element: its tag, attributes and what stands in it."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    inside: list[Node | str] = field(default_factory=list)

    @property
    def classes(self) -> frozenset[str]:
        """The names in its class attribute."""
        return frozenset(self.attrs.get("class", "").split())

    def elements(self) -> Iterator[Node]:
        """The elements that stand in it directly."""
        return (one for one in self.inside if isinstance(one, Node))

    def every(self) -> Iterator[Node]:
        """Itself and all elements below, in the order of the text."""
        yield self
        for one in self.elements():
            yield from one.every()

    def first(self, tag: str) -> Node | None:
        """The first element below with that tag."""
        return next((one for one in self.every() if one.tag == tag and one is not self), None)

    def text(self) -> str:
        """The words in it, spaces as they stand."""
        return "".join(one if isinstance(one, str) else one.text() for one in self.inside)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("document")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.open[-1].tag in _CLOSED_BY.get(tag, ()):
            self.open.pop()
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)
        if tag not in EMPTY:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inside.append(node)

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self.open) - 1, 0, -1):
            if self.open[at].tag == tag:
                del self.open[at:]
                return

    def handle_data(self, data: str) -> None:
        self.open[-1].inside.append(data)


def read_markup(html: str) -> Node:
    """The document's tree; a tag that was left open is closed where its parent ends."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root
