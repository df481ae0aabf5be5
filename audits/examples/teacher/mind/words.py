"""Words, stems and sentences: the units the light model thinks in."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[\"“(A-Z0-9])")
_COMMON = """a about after again all also am an and any are as at be because been before being between both but by can could
did do does doing don't down during each few for from further get give had has have having he her here hers him his
how i i'm if in into is it it's its just me more most my no nor not now of off on once only or other our ours out
over own please same she should so some such tell than that the their theirs them then there these they this those
through to too under until up us very want was way we were what when where which while who whom why will with would
you your yours explain mean means long much many"""
STOPWORDS = frozenset(_COMMON.split())
_SUFFIXES = ("ations", "ation", "ingly", "ings", "ing", "edly", "ied", "ies", "ed", "ers", "er", "ly", "es", "s", "e")


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    return [word.lower().replace("’", "'") for word in _WORD.findall(text)]


def stems(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order."""
    return [stem(word) for word in words(text) if word not in STOPWORDS]


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its ending, so that `watering`, `watered` and `waters` meet."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            base = word[: -len(suffix)]
            return base + "y" if suffix in ("ies", "ied") else _single(base)
    return word


def _single(base: str) -> str:
    doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "aeiouls"
    return base[:-1] if doubled else base


def sentences(text: str) -> list[str]:
    """The sentences of a text; line breaks end one too."""
    lines = (line.strip() for line in text.splitlines())
    return [part.strip() for line in lines if line for part in _SENTENCE_END.split(line) if part.strip()]
