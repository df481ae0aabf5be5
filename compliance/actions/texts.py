"""A text joins the catalogue: it fills the version that cites it, becomes a version of its own, or is known already.

The same for every way in: archives, uploads, watched sources, and doubtful texts that a person believes.
"""

import datetime as dt
import enum
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from django.utils import timezone
from psycopg.types.range import DateRange

from compliance.actions.dates import dates_as_json
from compliance.actions.trail import record
from compliance.models import Arrival, Snapshot, SourceDocument, TermsChange, TermsDocument, User, Version
from compliance.sources.canonical import RULES, canonical_digest
from compliance.sources.dates import ProposedDates
from compliance.sources.history import Told
from compliance.sources.names import shown

Keep = Callable[[bytes], str]
"""Takes bytes into the evidence store and returns their SHA-256 in hexadecimal."""

TOLD_SENTENCES: Final = 12
LONGEST_SENTENCE: Final = 600
STAYED: Final = "The page stayed as it was; nobody had to say so."
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Taken(enum.StrEnum):
    """What taking a text came to."""

    FILLED = "filled"
    NEW = "new"
    KNOWN = "known"


@dataclass(frozen=True)
class Text:
    """A text to be taken: its hashes (of equal texts; the first is its own), the day it is known from, its dates, its origin."""

    text: str
    digests: Sequence[str]
    captured_on: dt.date
    dates: ProposedDates
    origin: str
    snapshot: Callable[[], Snapshot]

    @cached_property
    def mark(self) -> str:
        """The mark of sameness, with the number of the rules that made it."""
        return mark_of(self.text)


def mark_of(text: str) -> str:
    """The mark of sameness of a text, with the number of the rules that made it."""
    return marked(canonical_digest(text))


def marked(digest: str) -> str:
    """A canonical digest as a mark."""
    return f"{RULES}:{digest}"


def import_source(document: TermsDocument) -> SourceDocument:
    """The source under which texts stand that no address was fetched for."""
    return SourceDocument.objects.get_or_create(document=document, url=f"import:{document.identifier}")[0]


def keep_snapshot(
    source: SourceDocument, content: bytes, *, keep: Keep, at: dt.datetime, media_type: str = "text/markdown"
) -> Snapshot:
    """The bytes in the evidence store, once for each source."""
    sha256 = keep(content)
    known = source.snapshots.filter(sha256=sha256).first()
    return known or source.snapshots.create(
        sha256=sha256, fetched_at=max(at, EPOCH), media_type=media_type[:80], size=len(content)
    )


def fill(versions: Iterable[Version], text: Text, acting_user: User | None) -> Taken:
    """Put the text into those of the versions that lack it."""
    empty = [version for version in versions if not version.text]
    for version in empty:
        version.text = text.text
        version.snapshot = text.snapshot()
        version.definition = {**version.definition, "canonical": text.mark, "captured_on": text.captured_on.isoformat()}
        version.save(update_fields=["text", "snapshot", "definition"])
        record(acting_user=acting_user, action="terms.text_filled", subject=version, origin=shown(text.origin))
    return Taken.FILLED if empty else Taken.KNOWN


def add(document: TermsDocument, text: Text, acting_user: User | None) -> Version | None:
    """A version of its own, not yet in force; None when the document has this text already."""
    if known_version(document, text) is not None:
        return None
    version = Version.objects.create(
        document=document,
        label=_free_label(document, text.dates.since),
        in_force=DateRange(empty=True),
        basis=text.dates.basis[:600],
        text=text.text,
        text_sha256=text.digests[0],
        snapshot=text.snapshot(),
        definition={
            "canonical": text.mark,
            "captured_on": text.captured_on.isoformat(),
            "dates": dates_as_json(text.dates),
        },
    )
    record(acting_user=acting_user, action="terms.version_imported", subject=version, origin=shown(text.origin))
    stayed = {"state": Arrival.State.ACCEPTED, "decided_at": timezone.now(), "reason": STAYED, "version": version}
    document.arrivals.filter(mark=text.mark, state=Arrival.State.WAITING).update(**stayed)
    return version


def known_version(document: TermsDocument, text: Text) -> Version | None:
    """The version of this document that says the same, if any: by the hash of its text, else by the mark of sameness."""
    held = document.versions.defer("text")
    same_bytes = held.filter(text_sha256__in=text.digests).exclude(text="").first()
    return same_bytes or held.filter(definition__canonical=text.mark).first()


def cited_by(document: TermsDocument, text: Text) -> list[Version]:
    """Versions of this document that the rulebook cites by a hash of this text."""
    return list(document.versions.filter(shipped=True, text_sha256__in=text.digests))


def tell(document: TermsDocument, told: Told, at: dt.datetime, version: Version | None = None) -> TermsChange:
    """Write down what people are to hear of a document; once for a text and a moment."""
    mark = marked(told.known_as or told.digest)
    version = version or document.versions.filter(definition__canonical=mark).defer("text").first()
    return TermsChange.objects.get_or_create(
        document=document,
        captured_at=at,
        mark=mark,
        defaults={
            "version": version,
            "judgement": str(told.judgement),
            "reason": told.reason[:300],
            "added": _sentences(told.added),
            "gone": _sentences(told.gone),
        },
    )[0]


def _sentences(words: Sequence[str]) -> list[str]:
    return [one[:LONGEST_SENTENCE].replace("\x00", "") for one in words[:TOLD_SENTENCES]]


def _free_label(document: TermsDocument, day: dt.date) -> str:
    taken = set(Version.objects.filter(document=document, label__startswith=str(day)).values_list("label", flat=True))
    labels = (str(day), *(f"{day} ({number})" for number in range(2, len(taken) + 3)))
    return next(label for label in labels if label not in taken)
