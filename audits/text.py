"""Showing text that others wrote: what would steer a terminal or hide itself is made visible. PURE."""

import unicodedata

_SHOWN_AS_IS = frozenset("\n\t")


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
