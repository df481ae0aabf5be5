"""An archive's captures with their verdicts, and what of it people would have heard. Pure: standard library only."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from compliance.sources.captures import Archive, Capture, Rejection, Series, readable_text
from compliance.sources.history import ALERTS, History, Judgement, Told


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


@dataclass
class Quietness:
    """What an archive recorded, against what people would have heard of it."""

    documents: int = 0
    recorded: int = 0
    distinct_bytes: int = 0
    distinct_texts: int = 0
    alerts: int = 0
    judgements: Counter[str] = field(default_factory=Counter)
    loudest: list[tuple[int, str]] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def alerts_per_text(self) -> float:
        """Alerts for each distinct text; 0 for an empty archive."""
        return self.alerts / self.distinct_texts if self.distinct_texts else 0.0


def quietness(archive: Archive) -> Quietness:
    """Go through the whole archive as if it had been watched. A distinct text is a canonical text that was believed."""
    found, until = Quietness(rejections=list(archive.rejections)), newest(archive)
    for series in archive.series.values():
        found.documents += 1
        texts: set[str] = set()
        alerts = 0
        for one in judged(series, until, found.rejections):
            found.recorded += 1
            found.judgements[one.told.judgement] += 1
            alerts += one.told.judgement in ALERTS
            if one.told.judgement is not Judgement.SUSPECT:
                texts.add(one.told.digest)
        found.alerts += alerts
        found.distinct_texts += len(texts)
        found.distinct_bytes += len({capture.digest for capture in series.captures})
        found.loudest.append((alerts, series.identifier))
    found.loudest = sorted(found.loudest, reverse=True)[:10]
    return found
