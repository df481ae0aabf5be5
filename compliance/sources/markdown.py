"""Writing Markdown from a stream of opened and closed elements and words. Pure: standard library only."""

import re
from collections.abc import Mapping
from typing import Final

_BLOCKS = """
address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5
h6 header hgroup hr html legend li main menu noscript ol option p pre search section summary table tbody td tfoot th thead tr ul
"""
BLOCKS: Final = frozenset(_BLOCKS.split())
HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}
DEEPEST: Final = 8
"""Lists inside lists that are indented; further ones stand at this depth."""
LONGEST_LINK: Final = 600
_SPACE = re.compile(r"[ \t\n\r\f\v\u00a0]+")
_ROMAN: Final = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


class _List:
    """One open list: how its items are counted."""

    def __init__(self, ordered: bool, kind: str, start: str) -> None:
        self.ordered, self.kind = ordered, kind
        self.next = int(start) if re.fullmatch(r"-?\d{1,6}", start) else 1

    def mark(self) -> str:
        number, self.next = self.next, self.next + 1
        return f"{counted(number, self.kind)}. " if self.ordered else "- "


def counted(number: int, kind: str) -> str:
    """A number as a list of that HTML type counts: 1, a, A, i, I."""
    if kind in ("a", "A") and 1 <= number <= 26 * 27:
        first, last = divmod(number - 1, 26)
        letters = (chr(96 + first) if first else "") + chr(97 + last)
    elif kind in ("i", "I") and 1 <= number < 90:
        letters, left = "", number
        for value, sign in _ROMAN:
            letters += sign * (left // value)
            left %= value
    else:
        return str(number)
    return letters.upper() if kind.isupper() else letters


class MarkdownWriter:
    """Takes elements as they open and close, and words between; ends with `finished`."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._inline: list[str] = []
        self._marks: list[tuple[str, int, str]] = []
        self._lists: list[_List] = []
        self._prefix = ""
        self._item = ""
        self._row: list[str] | None = None
        self._plain = 0
        self._tight = False

    def words(self, words: str) -> None:
        """Words between elements."""
        self._inline.append(words if self._plain else _SPACE.sub(" ", words))

    def open(self, tag: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        if tag in BLOCKS:
            self._flush()
        if tag in HEADINGS:
            self._prefix = HEADINGS[tag]
        elif tag in ("ul", "ol", "menu"):
            self._lists.append(_List(tag == "ol", attributes.get("type", ""), attributes.get("start", "")))
        elif tag == "li":
            self._begin_item(attributes.get("value", ""))
        elif tag == "br":
            self._inline.append("\n")
        elif tag == "tr":
            self._row = []
        elif tag == "pre":
            self._plain += 1
        elif tag in ("a", "b", "strong"):
            self._marks.append((tag, len(self._inline), attributes.get("href", "")))

    def close(self, tag: str) -> None:
        """An element ends."""
        if tag in ("a", "b", "strong"):
            self._end_mark(tag)
        elif tag in ("td", "th") and self._row is not None:
            self._row.append(self._taken().replace("\n", " "))
            return
        if tag in BLOCKS:
            self._flush()
        if tag in HEADINGS:
            self._prefix = ""
        elif tag in ("ul", "ol", "menu") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._item = ""
        elif tag == "tr":
            self._end_row()
        elif tag == "pre":
            self._plain = max(0, self._plain - 1)

    def finished(self) -> str:
        """The whole text, ending with a line break; empty when there were no words."""
        self._flush()
        return "".join(self._blocks).strip("\n") + "\n" if self._blocks else ""

    def _begin_item(self, value: str) -> None:
        if not self._lists:
            self._lists.append(_List(False, "", ""))
        if re.fullmatch(r"\d{1,6}", value):
            self._lists[-1].next = int(value)
        depth = min(len(self._lists), DEEPEST) - 1
        self._item = "    " * depth + self._lists[-1].mark()

    def _end_mark(self, tag: str) -> None:
        """Put a link or bold words round what was said since they opened; what a block cut in two stays plain."""
        if not self._marks or self._marks[-1][0] != tag:
            return
        _, since, target = self._marks.pop()
        said = "".join(self._inline[since:])
        words = said.strip()
        if not words or since > len(self._inline) or "\n" in words:
            return
        before, after = said[: len(said) - len(said.lstrip())], said[len(said.rstrip()) :]
        if tag == "a" and target and not target.startswith(("#", "javascript:")) and not re.search(r"[\s()<>]", target):
            words = f"[{words}]({target})" if len(target) <= LONGEST_LINK else words
        elif tag != "a" and "**" not in words:
            words = f"**{words}**"
        self._inline[since:] = [before, words, after]

    def _taken(self) -> str:
        said = "".join(self._inline)
        self._inline.clear()
        self._marks.clear()
        if self._plain:
            return said.strip("\n")
        return "\n".join(filter(None, (line.strip() for line in re.sub(r" +", " ", said).split("\n"))))

    def _flush(self) -> None:
        said = self._taken()
        if not said:
            return
        if self._row is not None:
            self._row.append(said.replace("\n", " "))
            return
        prefix = self._prefix or self._item
        if self._prefix:
            said = said.replace("\n", " ")
        elif self._item:
            said = said.replace("\n", "\n" + " " * len(self._item))
            self._item = " " * len(self._item)
        elif said.startswith("#"):
            said = "\\" + said
        tight = bool(prefix.strip()) and not self._prefix
        self._blocks.append(("\n" if tight and self._tight else "\n\n") + prefix + said)
        self._tight = tight

    def _end_row(self) -> None:
        row, self._row = self._row, None
        cells = [cell for cell in row or () if cell]
        if cells:
            self._blocks.append(("\n" if self._tight else "\n\n") + "| " + " | ".join(cells) + " |")
            self._tight = True
