"""Characters that no installed font can draw, printed by their numbers instead of as empty boxes."""

import logging
import re
from collections.abc import Iterator, Set
from contextlib import contextmanager
from threading import get_ident

_NOTDEF = re.compile(r"\.notdef glyph")
_NUMBER = re.compile(r"\(U\+([0-9A-F]{4,6})\)")
_LOGGER = logging.getLogger("weasyprint")


class _Collecting(logging.Filter):
    """Takes WeasyPrint's warnings about characters without a glyph out of the log of this thread, and keeps them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.thread = get_ident()

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if record.thread != self.thread or not _NOTDEF.search(message):
            return True
        self.found.update(chr(int(number, 16)) for number in _NUMBER.findall(message))
        return False


@contextmanager
def missing_glyphs() -> Iterator[Set[str]]:
    """The characters that turn out to have no glyph while a document is rendered inside the `with`."""
    collecting = _Collecting()
    _LOGGER.addFilter(collecting)
    try:
        yield collecting.found
    finally:
        _LOGGER.removeFilter(collecting)


def by_number(text: str, characters: Set[str]) -> str:
    """The text with each of the characters as [U+4E00]."""
    return text.translate({ord(character): f"[U+{ord(character):04X}]" for character in characters})
