"""Keeping and showing text that others wrote: what no column can hold is replaced, what would steer a terminal shown. PURE."""

import re
import unicodedata
from typing import Any

_SHOWN_AS_IS = frozenset("\n\t")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def visible(text: str) -> str:
    """The text with control and direction-changing characters spelled out: ESC as ␛, others as <U+202E>."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in _SHOWN_AS_IS or char.isprintable():
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if unicodedata.category(char) == "Zs":
        return char
    return f"<U+{code:04X}>"


def storable(text: str) -> str:
    """The text as PostgreSQL can keep it: NUL and lone surrogates (bytes of no character in a file's name) become U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)


def storable_json(value: Any) -> Any:
    """The same for every text of a JSON value, keys included; jsonb refuses what a column of text refuses."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(key)): storable_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable_json(item) for item in value]
    return value
