"""Text as runs of WordprocessingML: each script with its language, direction and font (ECMA-376 part 1, 17.3.2). PURE."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Final
from xml.sax.saxutils import escape, quoteattr

_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
EAST: Final = {"ja-JP": "Yu Gothic", "ko-KR": "Malgun Gothic", "zh-CN": "Microsoft YaHei"}
LATIN, ARABIC, HEBREW = "latin", "ar-SA", "he-IL"
_ARABIC = ("ARABIC", "SYRIAC", "THAANA", "NKO")


@dataclass(frozen=True)
class Look:
    """How a run looks: a character style, bold, italic, a colour (RRGGBB), and whether spaces are kept as they stand."""

    style: str = ""
    bold: bool = False
    italic: bool = False
    colour: str = ""
    kept: bool = False

    def with_(self, **changes: object) -> "Look":
        """The look with some of it changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


def writable(text: str) -> str:
    """The text as XML 1.0 can hold it: what it cannot becomes U+FFFD."""
    return _UNWRITABLE.sub("\ufffd", text)


def written(text: str) -> str:
    """Text between tags."""
    return escape(writable(text))


def quoted(text: str) -> str:
    """An attribute's value, with its quotes."""
    return quoteattr(writable(text))


def runs(text: str, look: Look) -> str:
    """The text as one or more runs."""
    return "".join(_run(part, script, look) for part, script in by_script(text))


def by_script(text: str) -> Iterator[tuple[str, str]]:
    """Parts of the text with their script: latin, ar-SA, he-IL or the language of an East Asian one.

    What has no direction of its own (spaces, digits, marks) goes with what stands before it.
    """
    if text.isascii():
        yield text, LATIN
        return
    east = _east_of(text)
    begun, script = 0, ""
    for at, letter in enumerate(text):
        told = _script(letter, east)
        if told and script and told != script:
            yield text[begun:at], script
            begun = at
        script = told or script
    yield text[begun:], script or LATIN


def _script(letter: str, east: str) -> str:
    if letter.isascii():
        return LATIN if letter.isalpha() else ""
    return _script_of(letter) or (east if unicodedata.east_asian_width(letter) in "WF" else "")


@cache
def _script_of(letter: str) -> str:
    direction = unicodedata.bidirectional(letter)
    if direction in ("R", "AL"):
        return ARABIC if unicodedata.name(letter, "").startswith(_ARABIC) else HEBREW
    if unicodedata.east_asian_width(letter) in "WF":
        return ""
    return LATIN if direction == "L" else ""


def _east_of(text: str) -> str:
    """The East Asian language of a text: kana tells Japanese, hangul Korean; else Chinese."""
    if any("\u3040" <= letter <= "\u30ff" for letter in text):
        return "ja-JP"
    if any("\uac00" <= letter <= "\ud7a3" or "\u1100" <= letter <= "\u11ff" for letter in text):
        return "ko-KR"
    return "zh-CN"


def _run(text: str, script: str, look: Look) -> str:
    lines = text.split("\n") if look.kept else [text]
    inside = "<w:br/>".join(f'<w:t xml:space="preserve">{written(line)}</w:t>' for line in lines)
    properties = _properties(script, look)
    return f"<w:r>{f'<w:rPr>{properties}</w:rPr>' if properties else ''}{inside}</w:r>"


@cache
def _properties(script: str, look: Look) -> str:
    """Run properties in the order of CT_RPr."""
    parts = [f'<w:rStyle w:val="{look.style}"/>' if look.style else ""]
    if script in EAST:
        parts.append(f'<w:rFonts w:hint="eastAsia" w:eastAsia="{EAST[script]}"/>')
    parts += ["<w:b/><w:bCs/>" if look.bold else "", "<w:i/><w:iCs/>" if look.italic else ""]
    parts.append(f'<w:color w:val="{look.colour}"/>' if look.colour else "")
    if script in (ARABIC, HEBREW):
        parts.append(f'<w:rtl/><w:lang w:bidi="{script}"/>')
    elif script in EAST:
        parts.append(f'<w:lang w:eastAsia="{script}"/>')
    return "".join(parts)
