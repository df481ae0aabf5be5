"""One document's captures in the order of their days: which of them say something new. Pure: standard library only.

Built for pages that flip: a text that was seen before is recognised, however often and in whatever order it comes back.
Nothing is thrown away: every capture gets a verdict, and the words that made it.
"""

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from compliance.sources.canonical import Canonical, canonical, unlinked_digest
from compliance.sources.phrases import OBLIGES
from compliance.sources.suspects import suspicion

BELIEVED_AFTER: Final = dt.timedelta(days=14)
"""A suspect page that stays as it is for so long is what the provider shows."""
RETURNED_AFTER: Final = dt.timedelta(days=45)
"""An old text that comes back after so long is told once: it may be the terms again."""
REMEMBERED: Final = 300
"""Arrangements of known texts that a watched source's memory keeps."""
RECENT: Final = 5
"""So many of the last texts are searched for sentences that are only cut in another way."""
LONGEST_TITLE: Final = 160
"""Letters of a heading that a page may run together with the sentence below it."""
SENTENCE: Final = 40
"""Letters from which on words may be a sentence of the text."""
LONG_SENTENCE: Final = 60
"""Letters. The first and the last sentence of such a length enclose the text proper."""


class Judgement(enum.StrEnum):
    """What a capture is to its document."""

    FIRST = "first"
    CHANGED = "changed"
    KNOWN = "known"
    FRAME = "around the text"
    RETURNED = "returned"
    TECHNICAL = "technical upgrade"
    SUSPECT = "suspect"


ALERTS: Final = frozenset({Judgement.CHANGED, Judgement.RETURNED})
"""Judgements that people hear of. A first text is no change."""


@dataclass(frozen=True)
class Told:
    """The verdict on one capture, why, and the sentences that are new or gone, as the pages word them."""

    judgement: Judgement
    reason: str
    digest: str
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    known_as: str = ""

    @property
    def is_new_text(self) -> bool:
        """Whether this capture makes a version."""
        return self.judgement in (Judgement.FIRST, Judgement.CHANGED, Judgement.TECHNICAL)


@dataclass
class History:
    """What is known of one document so far. Feed it captures in the order of their days."""

    pages: dict[str, Canonical] = field(default_factory=dict)
    quick: dict[str, Canonical] = field(default_factory=dict)
    texts: list[Canonical] = field(default_factory=list)
    ever: set[str] = field(default_factory=set)
    dropped: set[str] = field(default_factory=set)
    current: Canonical | None = None
    last_seen: dict[str, dt.datetime] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    returns: set[str] = field(default_factory=set)

    def judge(
        self,
        text: str,
        at: dt.datetime,
        *,
        technical: bool = False,
        stood: dt.timedelta | None = None,
        believed: bool = False,
    ) -> Told:
        """Place one capture. `technical`: extracted in another way from the same page. `stood`: how long the page then
        stayed as it was, where that is known; a suspect that stood for two weeks is believed. `believed`: a person says
        that this is the provider's text."""
        page = self._page(text)
        told = (
            self._known(page, at)
            or (None if believed else self._suspect(text, page, stood))
            or self._compare(page, technical)
        )
        if told.judgement is not Judgement.SUSPECT:
            self._accept(page, told, at)
        return told

    def learn(self, text: str, at: dt.datetime) -> None:
        """Take a text that was judged before for what it is: one of the document's."""
        page = self._page(text)
        known = self.aliases.get(page.digest)
        judgement = Judgement.KNOWN if known else Judgement.CHANGED
        self._accept(page, Told(judgement, "learned", page.digest, known_as=known or ""), at)

    def reread(self, text: str, at: dt.datetime) -> None:
        """Take a text for the one shown now, read from the page in another way: a technical upgrade, no change."""
        page = self._page(text)
        if self.current is not None and page.digest not in self.aliases:
            same = self.aliases[self.current.digest]
            self._accept(page, Told(Judgement.TECHNICAL, "read in another way", page.digest, known_as=same), at)

    def remember(self) -> dict[str, Any]:
        """What the texts alone don't tell, as JSON: which is shown now, when each was seen last, what counts as which."""
        current = self.aliases[self.current.digest] if self.current else ""
        strange = [(one, known) for one, known in self.aliases.items() if one != known]
        return {
            "current": current,
            "last_seen": {digest: at.isoformat() for digest, at in self.last_seen.items()},
            "returns": sorted(self.returns),
            "aliases": dict(strange[-REMEMBERED:]),
        }

    def recall(self, memory: Mapping[str, Any]) -> None:
        """The reverse of `remember`, for a history that has learned the same texts; what fits no text is left out."""
        for digest, known in memory.get("aliases", {}).items():
            if known in self.last_seen:
                self.aliases.setdefault(digest, known)
        for digest, at in memory.get("last_seen", {}).items():
            if digest in self.last_seen:
                self.last_seen[digest] = max(self.last_seen[digest], dt.datetime.fromisoformat(at))
        self.returns |= set(memory.get("returns", ()))
        shown = (text for text in self.texts if text.digest == memory.get("current"))
        self.current = next(shown, self.current)

    def _page(self, text: str) -> Canonical:
        quick = unlinked_digest(text)
        if quick not in self.quick:
            page = canonical(text)
            self.quick[quick] = self.pages.setdefault(page.digest, page)
        return self.quick[quick]

    def _known(self, page: Canonical, at: dt.datetime) -> Told | None:
        """The same text as some day before, in whatever order its parts stand."""
        digest = self.aliases.get(page.digest)
        if digest is None:
            return None
        away = at - self.last_seen[digest]
        here = self.current is not None and self.aliases[self.current.digest] == digest
        if not here and away > RETURNED_AFTER and digest not in self.returns:
            self.returns.add(digest)
            return Told(
                Judgement.RETURNED, f"an earlier text is back after {away.days} days", page.digest, known_as=digest
            )
        return Told(Judgement.KNOWN, "seen before", page.digest, known_as=digest)

    def _suspect(self, text: str, page: Canonical, stood: dt.timedelta | None) -> Told | None:
        doubt = suspicion(text, page, self.current)
        stays = doubt.may_stay and stood is not None and stood >= BELIEVED_AFTER
        return Told(Judgement.SUSPECT, doubt.reason, page.digest) if doubt.reason and not stays else None

    def _compare(self, page: Canonical, technical: bool) -> Told:
        before = self.current
        if before is None:
            return Told(Judgement.FIRST, "first text of this document", page.digest)
        added = [key for key in page.sentences if self._is_new(key)]
        gone = [key for key in before.sentences if key not in page.sentences and key not in page.joined]
        fresh = [key for key in gone if key not in self.dropped]
        words = tuple(page.sentences[key] for key in added), tuple(before.sentences[key] for key in gone)
        if technical and not (_substance(added) and _substance(gone)):
            return Told(Judgement.TECHNICAL, "we extract it differently; the page did not change", page.digest, *words)
        if not added and not fresh:
            reason = "its sentences are all known, in another arrangement"
            return Told(Judgement.KNOWN, reason, page.digest, *words, known_as=self.aliases[before.digest])
        if _around(page, added) and _around(before, gone):
            reason = "only lines around the text are others: navigation, notices, offers"
            return Told(Judgement.FRAME, reason, page.digest, *words, known_as=self.aliases[before.digest])
        new = "1 sentence is new" if len(added) == 1 else f"{len(added)} sentences are new"
        return Told(Judgement.CHANGED, f"{new}, {len(gone)} gone", page.digest, *words)

    def _is_new(self, key: str) -> bool:
        """Whether a sentence was never there, not even cut elsewhere or joined to a heading."""
        if key in self.ever:
            return False
        if len(key) >= 20 and any(key in text.joined for text in self.texts[-RECENT:]):
            return False
        return not any(
            key[:cut] in self.ever and key[cut:] in self.ever for cut in range(1, min(len(key), LONGEST_TITLE))
        )

    def _accept(self, page: Canonical, told: Told, at: dt.datetime) -> None:
        digest = told.known_as or page.digest
        self.aliases.setdefault(page.digest, digest)
        self.last_seen[digest] = at
        if told.is_new_text and not told.known_as:
            self.texts.append(page)
        if self.current is not None and page.digest != self.current.digest:
            self.dropped.update(key for key in self.current.sentences if key not in page.sentences)
        self.ever.update(page.sentences)
        self.current = page


def _around(page: Canonical, keys: list[str]) -> bool:
    """Whether these are a few words each, no sentences, oblige nobody, and stand before or after the text proper."""
    if any(len(key) >= LONG_SENTENCE or _says_something(page.sentences[key]) for key in keys):
        return False
    order = {key: place for place, key in enumerate(page.sentences)}
    long = [place for key, place in order.items() if len(key) >= LONG_SENTENCE]
    return bool(long) and all(not long[0] <= order[key] <= long[-1] for key in keys)


def _substance(keys: list[str]) -> bool:
    """Whether one of these is long enough for a sentence of the text. An extraction that differs adds or drops parts;
    where sentences are new and others gone, the page said something else as well, whatever the archive calls it."""
    return any(len(key) >= SENTENCE for key in keys)


def _says_something(words: str) -> bool:
    """A whole sentence, a row of a table, or a word or sign that obliges."""
    if words.startswith("|") and words.count("|") > 2:
        return True
    return bool(OBLIGES.search(words)) or (words.endswith((".", ";", "。")) and words.count(" ") >= 5)
