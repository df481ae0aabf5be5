"""What stands before a long table, read back from the HTML of its template. PURE."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

_BLOCKS = ("h1", "h2", "p", "caption", "th")


@dataclass(frozen=True)
class Opening:
    """Heading, notes and caption of a long table, and the heads of its columns."""

    level: int = 1
    anchor: str = ""
    number: str = ""
    title: str = ""
    notes: Sequence[str] = ()
    label: str = ""
    caption: str = ""
    heads: Sequence[str] = ()


@dataclass
class _Found:
    anchor: str = ""
    words: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in (*_BLOCKS, "number", "label")})


class _Reader(HTMLParser):
    """Gathers the text of headings, paragraphs, caption and column heads."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found = _Found()
        self.block = ""
        self.inside = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.block, self.text = tag, ""
            if tag in ("h1", "h2"):
                self.found.anchor = dict(attrs).get("id") or ""
        elif (self.block, tag) in (("h1", "span"), ("caption", "b")):
            self.inside, self.text = "number" if tag == "span" else "label", ""

    def handle_endtag(self, tag: str) -> None:
        if self.inside and tag in ("span", "b"):
            self._keep(self.inside)
            self.inside = ""
        elif tag == self.block:
            self._keep(tag)
            self.block = ""

    def handle_data(self, data: str) -> None:
        if self.block:
            self.text += data

    def _keep(self, name: str) -> None:
        self.found.words[name].append(" ".join(self.text.split()))
        self.text = ""


def opening_of(html: str) -> Opening:
    """The opening of the section that holds a long table. What is not there is empty."""
    reader = _Reader()
    reader.feed(html.split("<tbody", 1)[0])
    reader.close()
    words = reader.found.words
    first = {name: next(iter(words[name]), "") for name in ("number", "h1", "h2", "label", "caption")}
    return Opening(
        1 if first["h1"] else 2,
        reader.found.anchor,
        first["number"],
        first["h1"] or first["h2"],
        words["p"],
        first["label"],
        first["caption"],
        words["th"],
    )
