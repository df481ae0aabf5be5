"""A text as it is read: same length, same offsets, without what layout adds. Pure: standard library only."""

import re

_TARGET = re.compile(r"(?<=\])\((?:https?:|mailto:|/|#|www\.)[^\s()]*(?:\([^\s()]*\))?[^\s()]*(?:\s+\"[^\"\n]*\")?\)")
_BARE_LINK = re.compile(r"https?://[^\s)\]>\"”]+")
_MARKUP = re.compile(r"[*_`\\\[\]#>]|</?[a-zA-Z][^<>\n]{0,100}>")
_TYPOGRAPHY = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
        "\u00a0": " ", "\u00ad": " ", "\u200b": " ", "\u200c": " ", "\u200d": " ", "\u2060": " ", "\ufeff": " ",
        "\u2028": " ", "\u2029": " ", "\n": " ", "\r": " ", "\t": " ",
    }
)  # fmt: skip


def reading(text: str) -> str:
    """`text` with link targets, mark-up and line breaks blanked and typography made plain. Character for character: an
    offset in the result is the offset in `text`."""
    for pattern in (_TARGET, _BARE_LINK, _MARKUP):
        text = pattern.sub(_blank, text)
    return text.translate(_TYPOGRAPHY)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])
