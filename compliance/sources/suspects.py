"""Captures that are not what the provider says: error pages, consent walls, truncated pages. Pure: standard library only.

A suspect is held back and shown to a person; its missing clauses never count as removed. If the page stays as it is, the
history (compliance/sources/history.py) takes it for what it is: providers do cut their terms in half, at times.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from compliance.sources.canonical import Canonical
from compliance.sources.phrases import CONSENT, ERROR, SMALL_WORDS

FEWEST_CHARACTERS: Final = 200
"""Letters and digits. Less than this is no terms document, unless its neighbours are as short."""
SHRUNK_TO: Final = 0.6
"""Share of the earlier text below which a page that adds next to nothing counts as truncated."""

_WORDS = re.compile(r"[\W_]+")
_ENDS_WELL = re.compile(r"[.!?;:)\]\"'”’。；！？|*_]\s*\Z|\d\s*\Z")


@dataclass(frozen=True)
class Suspicion:
    """Why a capture should not be believed, in words ("" when nothing speaks against it).

    `may_stay`: a provider may mean it, so a page that stays like this is believed in the end. An error never is.
    """

    reason: str
    may_stay: bool = True


def suspicion(text: str, page: Canonical, before: Canonical | None) -> Suspicion:
    """What speaks against believing this capture.

    `before` is the last text that was believed. Without one, only what a page says of itself counts.
    """
    if not page.sentences:
        return Suspicion("no text: the page is empty, or made by a script that did not run", may_stay=False)
    known = before.sentences if before else {}
    new = {key: words for key, words in page.sentences.items() if key not in known}
    if error := _error_page(page, new, before):
        return Suspicion(error, may_stay=False)
    switched = _language_switch(page, before) if before else ""
    return Suspicion(_short(text, page, new, before) or _consent_wall(new, page, before) or switched)


def _error_page(page: Canonical, new: Mapping[str, str], before: Canonical | None) -> str:
    """An error that stands alone: in a short page, or as a line of its own where there was none."""
    for words in new.values():
        plain = _WORDS.sub(" ", words).strip()
        if len(plain) <= 140 and ERROR.fullmatch(plain) and (before or page.size < 10 * FEWEST_CHARACTERS):
            return f"an error instead of terms, or of a part of them: “{words.strip()[:80]}”"
    return ""


def _short(text: str, page: Canonical, new: Mapping[str, str], before: Canonical | None) -> str:
    if before is None:
        return f"only {page.size} letters of text" if page.size < FEWEST_CHARACTERS else ""
    if page.size >= before.size * SHRUNK_TO:
        return ""
    added = sum(map(len, new))
    if added > page.size * 0.25 and page.size > before.size * 0.15:
        return ""
    cut = "" if _ENDS_WELL.search(text[-200:].rstrip()) else ", and it ends in the middle of a sentence"
    return f"much shorter than the text before: {page.size} of {before.size} letters{cut}"


def _consent_wall(new: Mapping[str, str], page: Canonical, before: Canonical | None) -> str:
    """Most of what is new speaks of cookies and partners, and little of the page was there before."""
    if before is None:
        return ""
    speaking = sum(len(key) for key, words in new.items() if CONSENT.search(words))
    shared = sum(len(key) for key in page.sentences if key in before.sentences)
    if shared < before.size * 0.3 and speaking > sum(map(len, new)) * 0.7 and page.size < before.size * 0.6:
        return "a request for consent in place of the terms"
    return ""


def _language_switch(page: Canonical, before: Canonical) -> str:
    """Another language than the text before: the page was served for another country."""
    shared = sum(1 for key in page.sentences if key in before.sentences)
    if shared > len(page.sentences) * 0.2:
        return ""
    here, there = language(" ".join(page.sentences.values())), language(" ".join(before.sentences.values()))
    return f"in another language ({here}) than before ({there})" if here and there and here != there else ""


def language(text: str) -> str:
    """The language of `text` by its most frequent small words ("en", "de", …, "zh" by its script); "" when unclear."""
    sample = text[:20_000].casefold()
    if sum("一" <= character <= "鿿" for character in sample) > len(sample) * 0.2:
        return "zh"
    words = _WORDS.sub(" ", sample).split()
    if len(words) < 50:
        return ""
    counts = sorted(((sum(word in stop for word in words), name) for name, stop in SMALL_WORDS.items()), reverse=True)
    return counts[0][1] if counts[0][0] > 1.3 * counts[1][0] and counts[0][0] > len(words) * 0.05 else ""
