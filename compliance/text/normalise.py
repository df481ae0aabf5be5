"""The one spelling of a clause that decides sameness. Pure: standard library only.

A clause is quoted from pages that differ in mark-up, quotation marks, dashes, white space and list numbering while saying the
same thing. Two clauses are the same when their normalised texts are equal; a citation stores the SHA-256 of that text.
"""

import hashlib
import re
import unicodedata

_LINK = re.compile(r"!?\[([^\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_EMPHASIS = re.compile(r"[*_`\\]+")
_LINE_START = re.compile(r"^[ \t]*(?:[-+•·>#]+[ \t]*)+", re.MULTILINE)
_SPACE = re.compile(r"\s+")
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])
_TYPOGRAPHY = str.maketrans(
    {
        "‘": "'", "’": "'", "‚": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
        "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "…": "...",
    }
)  # fmt: skip


def normalise_clause(text: str) -> str:
    """`text` without what a page's layout adds: mark-up, link targets, typography, list bullets, letter case, white space.

    Words, numbers and inner punctuation stay, so a changed word, amount or date is always a changed clause. The steps, in
    order: Unicode NFKC; links to their words; HTML tags, emphasis and bullets dropped; invisible characters dropped; quotes and
    dashes to ASCII; case folded; white space to single spaces; punctuation at either end dropped (a list item ends in a
    semicolon in one version and in a full stop in the next).
    """
    text = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    text = _LINK.sub(r"\1", text)
    text = _TAG.sub(" ", text)
    text = _LINE_START.sub("", text)
    text = _EMPHASIS.sub("", text).translate(_TYPOGRAPHY).casefold()
    return _SPACE.sub(" ", text).strip(" .;:,")


def clause_hash(text: str) -> str:
    """Hexadecimal SHA-256 of the normalised text in UTF-8: 64 characters."""
    return hashlib.sha256(normalise_clause(text).encode()).hexdigest()
