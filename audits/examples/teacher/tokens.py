"""A plain tokenizer: runs of up to six letters, of up to three digits, or one sign, each with the blanks before it.

It is not any provider's vocabulary. It is honest in that usage, streamed pieces and length limits all count the same
pieces, and that joining the pieces of a text gives the text back.
"""

from __future__ import annotations

import re

_PIECE = re.compile(r"\s*[^\W\d_]{1,6}|\s*\d{1,3}|\s*[^\w\s]|\s*_|\s+")


def pieces(text: str) -> list[str]:
    """The tokens of `text`, in order; `"".join(pieces(text)) == text`."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    return len(pieces(text))


def cut(text: str, limit: int | None) -> tuple[str, bool]:
    """`text` kept to at most `limit` tokens, and whether anything was cut off."""
    if limit is None:
        return text, False
    parts = pieces(text)
    return ("".join(parts[:limit]), True) if len(parts) > limit else (text, False)
