"""A text of terms as blocks: headings, paragraphs, list items, each with its offsets. Pure: standard library only.

Published terms reach us in every layout: Markdown with bullets, plain text with indented lines, text wrapped at 72 columns,
one line of 60,000 characters. A block is what a reader would see as one paragraph or one list item; its offsets always
slice the text it came from.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^\s*(?:[=~]{3,}|[-_*]{3,}|```\w*)\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(={3,}|-{3,})\s*$")
_HASHES = re.compile(r"^\s{0,3}(#{1,6})\s+\S")
_BOLD_LINE = re.compile(r"^\s*(\*\*|__)[^*_]{1,120}\1\s*:?\s*$")
_NUMBERED_SECTION = re.compile(r"^\s*(?:[*_]{2})?\d{1,3}(?:\\?\.\d{1,3})+\\?\.?(?:\s|[*_]|(?=[A-Z]))")
_BULLET = re.compile(r"^\s*(?:[-*+•·●▪◦■○‣∙–—]|o(?=\s{2}))\s+")
_ORDINAL = re.compile(r"^\s*(?:[*_]{2})?(\(?(?:[a-zA-Z]|[ivxlIVXL]{1,6}|\d{1,3})\\?[.)])(?:[*_]{2})?(?:\s+|(?=[A-Z]))")
_TERMINAL = re.compile(r"[.;:!?—][\"'”’)\]*_]*\s*$")
_DASHED_ASIDE = re.compile(
    r"^\s*[-–—]\s[^-–—]{1,60}\s[-–—]\s"
)  # "- but not limited to - …" at a line's start is no bullet
_NUMBER = re.compile(r"^[*_]*\(?(?:\d{1,3}(?:\\?\.\d{1,3})*|[IVXLA-Z]{1,5})\\?[.)]?[*_\s]+")
_TITLE_WORDS = 12
_WRAPPED_AT = 45  # a shorter line that ends without a stop was ended on purpose, not by wrapping


@dataclass(frozen=True, slots=True)
class Block:
    """`start` and `end` are offsets in characters; `indent` counts leading columns; `kind` is "heading", "section" (a
    numbered paragraph such as 2.3), "bullet", "letter", "number" or "plain"; `level` ranks headings, 1 the highest."""

    start: int
    end: int
    kind: str
    indent: int
    level: int = 0


def blocks(text: str) -> list[Block]:
    """The blocks of `text` in order; blank lines and rules between them belong to none."""
    found: list[Block] = []
    for lines in _paragraphs(text):
        found.extend(_split_paragraph(text, lines))
    return found


def _paragraphs(text: str) -> Iterator[list[tuple[int, int]]]:
    """Runs of lines between blank lines, each line as offsets without its line end."""
    run: list[tuple[int, int]] = []
    position = 0
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        if line.strip():
            run.append((start, start + len(line.rstrip("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"))))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _split_paragraph(text: str, lines: list[tuple[int, int]]) -> Iterator[Block]:
    """One run of lines as headings and blocks: a line opens a block when it is marked, or when the line before it ended."""
    pending: list[tuple[int, int]] = []
    for index, (start, end) in enumerate(lines):
        line = text[start:end]
        underlined = _UNDERLINE.match(text[slice(*lines[index + 1])]) if index + 1 < len(lines) else None
        if _UNDERLINE.match(line) or _FENCE.match(line):
            continue
        if pending and (underlined or _opens(text, pending[-1], line)):
            yield _block(text, pending)
            pending = []
        pending.append((start, end))
        if underlined:
            yield Block(start, end, "heading", 0, 1 if underlined[1][0] == "=" else 2)
            pending = []
    if pending:
        yield _block(text, pending)


def _opens(text: str, before: tuple[int, int], line: str) -> bool:
    """Does `line` begin a block of its own, or go on with the line `before`?"""
    if _kind(line) != "plain" or _HASHES.match(line) or _BOLD_LINE.match(line):
        return True
    last = text[before[0] : before[1]]
    if _HASHES.match(last) or _BOLD_LINE.match(last) or _TERMINAL.search(last):
        return True
    first = line.lstrip()[:1]
    return len(last.strip()) < _WRAPPED_AT and not first.islower()


def _block(text: str, lines: list[tuple[int, int]]) -> Block:
    """The lines as one block, trimmed of white space at both ends."""
    first = text[lines[0][0] : lines[0][1]]
    start = lines[0][0] + len(first) - len(first.lstrip())
    end = lines[-1][0] + len(text[lines[-1][0] : lines[-1][1]].rstrip())
    indent = len(first.expandtabs(4)) - len(first.expandtabs(4).lstrip())
    level = _heading_level(text[start:end])
    if level:
        return Block(start, end, "heading", indent, level)
    return Block(start, end, _kind(first), indent)


def _heading_level(block: str) -> int:
    """0 for anything but a heading."""
    hashes = _HASHES.match(block)
    if hashes:
        return len(hashes[1])
    if "\n" in block:
        return 0
    if _BOLD_LINE.match(block):
        return 5
    bare = block.strip(" *_")
    short = len(bare.split()) <= _TITLE_WORDS and len(bare) <= 90
    if not short or not bare[:1].isalnum() or _TERMINAL.search(bare):
        return 0
    if _kind(block) == "plain":
        return 6 if bare[:1].isupper() else 0
    return 5 if _NUMBER.match(block) and _capitalised(_NUMBER.sub("", block)) else 0


def _capitalised(title: str) -> bool:
    """Is each long word of `title` written as in a title?"""
    words = [word.strip("*_,&") for word in title.split()]
    return bool(words) and all(word[:1].isupper() for word in words if len(word) > 3) and words[0][:1].isupper()


def _kind(line: str) -> str:
    if _NUMBERED_SECTION.match(line):
        return "section"
    if _BULLET.match(line) and not _DASHED_ASIDE.match(line):
        return "bullet"
    ordinal = _ORDINAL.match(line)
    if not ordinal:
        return "plain"
    return "number" if ordinal[1].strip("().\\").isdigit() else "letter"
