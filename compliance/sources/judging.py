"""An archive's captures with their verdicts, and what of it people would have heard. Pure: standard library only."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from compliance.sources.captures import Archive, Capture, Rejection, Series, readable_text
from compliance.sources.history import ALERTS, History, Judgement, Told

SHOWN: Final = 6
"""Sentences of a difference that are kept to be looked at, and letters of each."""
LONGEST: Final = 200


@dataclass(frozen=True)
class Judged:
    """One capture, its bytes and text, and what it is to its document."""

    capture: Capture
    content: bytes
    text: str
    told: Told


def judged(series: Series, until: dt.datetime, rejections: list[Rejection]) -> Iterator[Judged]:
    """The captures of one document in order, each judged by those before it. `until`: when the archive was last written.

    What can't be read is added to `rejections`.
    """
    history = History()
    ends = [one.at for one in series.captures[1:]] + [until]

    @lru_cache(maxsize=4)
    def read(digest: str, capture: Capture) -> tuple[bytes, str]:
        content = capture.load()
        return content, readable_text(content)

    for capture, end in zip(series.captures, ends, strict=True):
        try:
            content, text = read(capture.digest, capture)
        except (ValueError, OSError) as problem:
            rejections.append(Rejection(capture.where, f"{problem}"))
            continue
        told = history.judge(text, capture.at, technical=capture.technical, stood=end - capture.at)
        yield Judged(capture, content, text, told)


def newest(archive: Archive) -> dt.datetime:
    """When the archive was last written to."""
    days = [series.captures[-1].at for series in archive.series.values() if series.captures]
    return max(days, default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))


@dataclass(frozen=True)
class Passed:
    """A difference that nobody is told of, or a capture that is held back: where, why, and in which sentences."""

    where: str
    judgement: str
    reason: str
    added: tuple[str, ...]
    gone: tuple[str, ...]


@dataclass
class DocumentQuietness:
    """One document's captures against what people would have heard. `held_back`: distinct texts that are not believed."""

    identifier: str
    recorded: int = 0
    alerts: int = 0
    texts: set[str] = field(default_factory=set)
    doubted: set[str] = field(default_factory=set)

    @property
    def distinct_texts(self) -> int:
        """Canonical texts that were believed."""
        return len(self.texts)

    @property
    def held_back(self) -> int:
        """Canonical texts that were held back and never believed later."""
        return len(self.doubted - self.texts)

    @property
    def alerts_per_text(self) -> float:
        """Alerts for each distinct text; 0 when there is none."""
        return self.alerts / len(self.texts) if self.texts else 0.0


@dataclass
class Quietness:
    """What an archive recorded, against what people would have heard of it."""

    documents: list[DocumentQuietness] = field(default_factory=list)
    distinct_bytes: int = 0
    judgements: Counter[str] = field(default_factory=Counter)
    passed: list[Passed] = field(default_factory=list)
    suspects: list[Passed] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def recorded(self) -> int:
        """Captures that were read."""
        return sum(one.recorded for one in self.documents)

    @property
    def alerts(self) -> int:
        """How often people would have been told."""
        return sum(one.alerts for one in self.documents)

    @property
    def distinct_texts(self) -> int:
        """Canonical texts that were believed, document by document."""
        return sum(one.distinct_texts for one in self.documents)

    @property
    def held_back(self) -> int:
        """Canonical texts that were held back."""
        return sum(one.held_back for one in self.documents)

    @property
    def alerts_per_text(self) -> float:
        """Alerts for each distinct text; 0 for an empty archive."""
        return self.alerts / self.distinct_texts if self.distinct_texts else 0.0


def quietness(archive: Archive, *, provider: str = "", passed: int = 0, suspects: int = 0) -> Quietness:
    """Go through the archive as if it had been watched.

    `provider`: only series whose service's name holds this. `passed`, `suspects`: of how many differences that nobody is told
    of, and of how many texts held back, the sentences are kept to be looked at; at most three of one document.
    """
    found, until = Quietness(rejections=list(archive.rejections)), newest(archive)
    for series in archive.series.values():
        if provider.casefold() not in series.service.casefold() and provider not in series.identifier:
            continue
        own = DocumentQuietness(series.identifier)
        found.documents.append(own)
        found.distinct_bytes += len({capture.digest for capture in series.captures})
        quiet: list[Passed] = []
        held: list[Passed] = []
        for one in judged(series, until, found.rejections):
            _count(found, own, one, quiet, held)
        found.passed += quiet[: min(3, max(0, passed - len(found.passed)))]
        found.suspects += held[: min(3, max(0, suspects - len(found.suspects)))]
    return found


def _count(found: Quietness, own: DocumentQuietness, one: Judged, quiet: list[Passed], held: list[Passed]) -> None:
    told = one.told
    own.recorded += 1
    own.alerts += told.judgement in ALERTS
    found.judgements[told.judgement] += 1
    words = Passed(one.capture.where, str(told.judgement), told.reason, _first(told.added), _first(told.gone))
    if told.judgement is Judgement.SUSPECT:
        if told.digest not in own.doubted and len(held) < 3:
            held.append(words)
        own.doubted.add(told.digest)
        return
    own.texts.add(told.digest)
    if told.judgement not in ALERTS and (told.added or told.gone) and len(quiet) < 3:
        quiet.append(words)


def _first(sentences: tuple[str, ...]) -> tuple[str, ...]:
    """The first sentences, cut, and how many more there are."""
    more = (f"… and {len(sentences) - SHOWN} more",) if len(sentences) > SHOWN else ()
    return (*(one[:LONGEST] for one in sentences[:SHOWN]), *more)
