"""Captures that are not what the provider says: error pages, consent walls, truncated pages. Pure: standard library only.

A suspect is held back and shown to a person; its missing clauses never count as removed. If the page stays as it is, the
history (compliance/sources/history.py) takes it for what it is: providers do cut their terms in half, at times.
"""

import re
from collections.abc import Mapping
from typing import Final

from compliance.sources.canonical import Canonical

FEWEST_CHARACTERS: Final = 200
"""Letters and digits. Less than this is no terms document, unless its neighbours are as short."""
SHRUNK_TO: Final = 0.6
"""Share of the earlier text below which a page that adds next to nothing counts as truncated."""

_ERROR: Final = re.compile(
    r"(?:error (?:40[0134]|410|429|50[0234])|(?:40[0134]|410|429|50[0234]) \D{4,60})|access (?:to this page )?(?:has been |is )?denied.{0,80}"
    r"|(?:this |the )?(?:page|content|site|article|url|document) (?:you .{0,60})?(?:is ?n.?t|is not|is no longer|was not|could not be|can ?not be) "
    r"(?:currently )?(?:available|found|displayed|loaded).{0,60}|page not found.{0,60}|not found|an unexpected error.{0,60}|something went wrong.{0,80}"
    r"|(?:please )?(?:enable|turn on|activate|allow) (?:javascript|cookies).{0,120}|(?:you need to )?enable javascript.{0,80}|javascript (?:is|must be) .{0,80}"
    r"|just a moment.{0,40}|checking (?:your browser|if the site connection).{0,80}|verify(?:ing)? (?:that )?you are (?:a )?human.{0,80}"
    r"|are you (?:a )?(?:human|robot).{0,60}|attention required.{0,60}|too many requests.{0,60}|service (?:temporarily )?unavailable.{0,60}"
    r"|(?:bad gateway|gateway time ?out|internal server error).{0,60}|(?:sorry )?you have been blocked.{0,80}|you are being rate limited.{0,60}"
    r"|(?:please )?(?:log|sign) in to (?:continue|view|access).{0,60}|the link you followed may be broken.{0,80}",
    re.IGNORECASE,
)
_CONSENT: Final = re.compile(
    r"\b(?:cookies?|consent|partners?|legitimate interest|vendors?|personali[sz]ed|advertis\w+|preferences)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[\W_]+")
_ENDS_WELL = re.compile(r"[.!?;:)\]\"'”’。；！？|*_]\s*\Z|\d\s*\Z")
_STOP_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "en": frozenset("the of and to or any you your we our is are that this with not shall may".split()),
    "de": frozenset("der die das und oder sie ihre wir unsere ist sind nicht mit von zu werden".split()),
    "fr": frozenset("le la les et ou vous votre vos nous notre est sont que avec ne pas des".split()),
    "es": frozenset("el la los las y o usted su sus nosotros nuestro es son que con no por".split()),
    "it": frozenset("il la gli e o lei suo noi nostro sono che con non per di del della".split()),
    "pt": frozenset("o a os as e ou você seu sua nós nosso são que com não por dos das".split()),
    "nl": frozenset("de het een en of u uw wij onze is zijn niet met van te worden".split()),
    "pl": frozenset("i lub w z na do nie się jest są że oraz przez dla które".split()),
}


def suspicion(text: str, page: Canonical, before: Canonical | None) -> str:
    """Why this capture should not be believed, in words; "" when nothing speaks against it.

    `before` is the last text that was believed. Without one, only what a page says of itself counts.
    """
    if not page.sentences:
        return "no text: the page is empty, or made by a script that did not run"
    known = before.sentences if before else {}
    new = {key: words for key, words in page.sentences.items() if key not in known}
    return (
        _error_page(page, new, before)
        or _short(text, page, new, before)
        or _consent_wall(new, page, before)
        or (_language_switch(page, before) if before else "")
    )


def _error_page(page: Canonical, new: Mapping[str, str], before: Canonical | None) -> str:
    """An error that stands alone: in a short page, or as a line of its own where there was none."""
    for words in new.values():
        plain = _WORDS.sub(" ", words).strip()
        if len(plain) <= 140 and _ERROR.fullmatch(plain) and (before or page.size < 10 * FEWEST_CHARACTERS):
            return f"an error instead of terms, or of a part of them: “{plain[:80]}”"
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
    speaking = sum(len(key) for key, words in new.items() if _CONSENT.search(words))
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
    counts = sorted(((sum(word in stop for word in words), name) for name, stop in _STOP_WORDS.items()), reverse=True)
    return counts[0][1] if counts[0][0] > 1.3 * counts[1][0] and counts[0][0] > len(words) * 0.05 else ""
