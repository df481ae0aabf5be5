"""What a reader of folders and archives hands on: captures in series, and what it could not read. Pure."""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

LARGEST_PAGE: Final = 8 * 1024 * 1024
"""Bytes of one text. The longest real terms are a twentieth of this; more is a mistake or an attack."""
LARGEST_FILE: Final = 24 * 1024 * 1024
"""Bytes of one file that a text is read from."""
MARKDOWN: Final = "text/markdown"
HTML: Final = "text/html"
PDF: Final = "application/pdf"
TEXTS: Final = (MARKDOWN, "text/plain")
KINDS: Final = {".md": MARKDOWN, ".txt": "text/plain", ".html": HTML, ".htm": HTML, ".pdf": PDF}
"""Kinds of files by the ending of their names."""


@dataclass(frozen=True)
class Rejection:
    """Something that was not imported: where it stands (file, and line where there is one), and why."""

    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class UnreadableTerms(RuntimeError):
    """Nothing at all can be read from a path; the message says why and how to mend it."""


@dataclass(frozen=True)
class Capture:
    """One text of one document as an archive holds it. Its bytes are loaded when asked for, and not kept.

    `label`: how the archive dates it ("" when it only knows when it captured it). `technical`: the archive itself says that it
    extracted differently. `digest`: what names equal bytes cheaply within one archive. `media_type`: what the bytes are.
    """

    where: str
    at: dt.datetime
    digest: str
    load: Callable[[], bytes]
    label: str = ""
    basis: str = ""
    origin: str = ""
    technical: bool = False
    effective: dt.date | None = None
    updated: dt.date | None = None
    media_type: str = MARKDOWN

    @property
    def is_text(self) -> bool:
        """Whether the bytes are the text itself."""
        return self.media_type in TEXTS


@dataclass
class Series:
    """One document's captures, in the order of their days. `service` and `terms` are the archive's own names."""

    identifier: str
    service: str
    terms: str
    captures: list[Capture] = field(default_factory=list)


@dataclass
class Archive:
    """All that a path holds. `dated`: its captures are versions that somebody chose and dated, not whatever was fetched."""

    series: dict[str, Series] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    dated: bool = False
    closing: Callable[[], None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.closing:
            self.closing()

    def reject(self, where: str, reason: str) -> None:
        """Note something that can't be imported."""
        self.rejections.append(Rejection(where, reason))


def readable_text(content: bytes) -> str:
    """The text of a page's bytes. Raises ValueError saying what keeps it from being read."""
    if len(content) > LARGEST_PAGE:
        raise ValueError(f"{len(content)} bytes: larger than {LARGEST_PAGE // 1024**2} MB, no terms are")
    if b"\x00" in content:
        raise ValueError(f"a NUL at byte {content.index(0)}: not a text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise ValueError(f"not UTF-8 at byte {problem.start}; convert the file to UTF-8") from problem


def text_digests(content: bytes) -> tuple[str, ...]:
    """The SHA-256 of the bytes, and of the same text without byte order mark and carriage returns."""
    plain = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    return tuple(dict.fromkeys(hashlib.sha256(one).hexdigest() for one in (content, plain)))
