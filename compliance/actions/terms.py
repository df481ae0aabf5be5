"""Importing terms: texts join the catalogue, bytes are kept, dates are proposed; and a person's word on dates.

A text that the shipped rulebook cites by its hash fills the version that is there. Any other text becomes a version of its
own. In a document that the rulebook ships, such a version is in force only once a person has said so: nobody has read it yet,
and a text without rules would turn "we don't have the terms" into "the terms are silent".
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from psycopg.types.range import DateRange

from compliance.actions.trail import record
from compliance.models import Provider, Snapshot, SourceDocument, TermsDocument, User, Version
from compliance.sources.canonical import RULES, canonical, canonical_digest
from compliance.sources.captures import Archive, Capture, Rejection, Series, readable_text, text_digests
from compliance.sources.dates import ProposedDates, propose_dates
from compliance.sources.history import ALERTS, Judgement
from compliance.sources.judging import judged, newest
from compliance.sources.names import shown, slug
from compliance.sources.planning import Dated, plan
from compliance.sources.suspects import suspicion

Keep = Callable[[bytes], str]


class TermsProblem(ValueError):
    """Something that can't be done to a version; the message says why and what to do first."""


@dataclass
class Imported:
    """What an import did: captures read; texts new (`filled` of them in versions that were there), known; the rest named."""

    read: int = 0
    new: int = 0
    filled: int = 0
    known: int = 0
    changes: list[str] = field(default_factory=list)
    suspects: list[Rejection] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True)
class Found:
    """One text on its way in: where it is from, its bytes, and why it should not be believed ("" if it should)."""

    capture: Capture
    content: bytes
    text: str
    doubt: str = ""


def import_archive(archive: Archive, *, acting_user: User | None, keep: Keep) -> Imported:
    """Import all that an archive holds, document by document; what one of them breaks leaves the others. Twice changes nothing.

    `keep` takes bytes into the evidence store and returns their SHA-256.
    """
    done = Imported(rejected=list(archive.rejections))
    cited = _cited_versions()
    until = newest(archive)
    for series in archive.series.values():
        found = _dated(series, done) if archive.dated else _judged(series, until, done)
        if found:
            _import_series(series, found, cited, done, _Writer(acting_user, keep))
    return done


def _dated(series: Series, done: Imported) -> list[Found]:
    """Texts that somebody chose and dated: each is a version, unless it is plainly no terms."""
    found = []
    for capture in series.captures:
        try:
            content = capture.load()
            text = readable_text(content)
        except (ValueError, OSError) as problem:
            done.rejected.append(Rejection(capture.where, str(problem)))
            continue
        done.read += 1
        found.append(Found(capture, content, text, suspicion(text, canonical(text), None).reason))
    return found


def _judged(series: Series, until: dt.datetime, done: Imported) -> list[Found]:
    """Of all captures those that say something new, and those that are held back."""
    found = []
    doubted: set[str] = set()
    for one in judged(series, until, done.rejected):
        done.read += 1
        told = one.told
        if told.judgement in ALERTS:
            done.changes.append(f"{one.capture.where}: {told.reason}")
        if told.judgement is Judgement.SUSPECT and told.digest not in doubted:
            doubted.add(told.digest)
            found.append(Found(one.capture, one.content, one.text, told.reason))
        elif told.is_new_text:
            found.append(Found(one.capture, one.content, one.text))
        else:
            done.known += 1
    return found


def _cited_versions() -> dict[str, list[Version]]:
    """Versions that the rulebook cites by the hash of their text."""
    cited: defaultdict[str, list[Version]] = defaultdict(list)
    for version in Version.objects.filter(shipped=True).exclude(text_sha256="").select_related("document__provider"):
        cited[version.text_sha256].append(version)
    return cited


@transaction.atomic
def _import_series(
    series: Series, found: Sequence[Found], cited: dict[str, list[Version]], done: Imported, write: "_Writer"
) -> None:
    matches = [[one for digest in text_digests(item.content) for one in cited.get(digest, ())] for item in found]
    fallback = _document_of(series, [version for match in matches for version in match])
    touched: dict[int, TermsDocument] = {}
    document = fallback
    for item, match in zip(found, matches, strict=True):
        mine = [one for one in match if one.document.identifier == series.identifier] or match
        if mine:
            document = mine[0].document
            _count(done, item, write.fill(mine, item), filled=True)
        elif item.doubt:
            done.suspects.append(Rejection(item.capture.where, item.doubt))
            write.hold_back(document, item)
        else:
            added = write.add(document, item)
            _count(done, item, added)
            if added:
                touched[document.pk] = document
    for document in touched.values():
        _replan(document)


def _count(done: Imported, item: Found, changed: bool, filled: bool = False) -> None:
    done.new += changed
    done.filled += changed and filled
    done.known += not changed


def _document_of(series: Series, cited: Sequence[Version]) -> TermsDocument:
    """The document a series belongs to: of its own identifier, else the one whose cited texts it holds, else a new one."""
    provider = Provider.objects.filter(name__iexact=series.service).first()
    names = [series.identifier, f"{provider.slug}/{slug(series.terms)}" if provider else ""]
    known = TermsDocument.objects.filter(identifier__in=names).first()
    if known or cited:
        return known or cited[0].document
    if provider is None:
        name = shown(series.service)[:120]
        provider, _ = Provider.objects.get_or_create(slug=series.identifier.partition("/")[0], defaults={"name": name})
    return TermsDocument.objects.create(
        identifier=f"{provider.slug}/{slug(series.terms)}",
        provider=provider,
        title=shown(series.terms),
        kind=shown(series.terms).casefold()[:60],
    )


class _Writer:
    """The rows of one import."""

    def __init__(self, acting_user: User | None, keep: Keep) -> None:
        self._user, self._keep = acting_user, keep

    def fill(self, versions: Iterable[Version], item: Found) -> bool:
        """Put the text into versions that lack it. Says whether any did."""
        empty = [version for version in versions if not version.text]
        for version in empty:
            version.text = item.text
            version.snapshot = self._snapshot(version.document, item)
            version.definition = {**version.definition, "canonical": _canonical(item.text)}
            version.save(update_fields=["text", "snapshot", "definition"])
            record(
                acting_user=self._user, action="terms.text_filled", subject=version, origin=shown(item.capture.origin)
            )
        return bool(empty)

    def add(self, document: TermsDocument, item: Found) -> bool:
        """A version of its own, not yet in force. Says whether it is new."""
        mark = _canonical(item.text)
        stored = Version.objects.filter(document=document)
        if stored.filter(text_sha256__in=text_digests(item.content)).exists():
            return False
        if stored.filter(definition__canonical=mark).exists():
            return False
        dates = _dates(item)
        version = Version.objects.create(
            document=document,
            label=_free_label(document, dates.since),
            in_force=DateRange(empty=True),
            basis=dates.basis[:600],
            text=item.text,
            text_sha256=text_digests(item.content)[0],
            snapshot=self._snapshot(document, item),
            definition={"canonical": mark, "captured_on": _captured(item).isoformat(), "dates": _as_json(dates)},
        )
        record(
            acting_user=self._user, action="terms.version_imported", subject=version, origin=shown(item.capture.origin)
        )
        return True

    def hold_back(self, document: TermsDocument, item: Found) -> None:
        """Keep a doubtful page as a snapshot, and say so in the trail; once."""
        if not self._source(document).snapshots.filter(sha256=text_digests(item.content)[0]).exists():
            snapshot = self._snapshot(document, item)
            record(acting_user=self._user, action="terms.held_back", subject=snapshot, reason=item.doubt)

    def _source(self, document: TermsDocument) -> SourceDocument:
        return SourceDocument.objects.get_or_create(document=document, url=f"import:{document.identifier}")[0]

    def _snapshot(self, document: TermsDocument, item: Found) -> Snapshot:
        sha256 = self._keep(item.content)
        at = max(item.capture.at, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
        fields = {"fetched_at": at, "media_type": "text/markdown", "size": len(item.content)}
        source = self._source(document)
        return source.snapshots.filter(sha256=sha256).first() or source.snapshots.create(sha256=sha256, **fields)


def _canonical(text: str) -> str:
    """The mark of sameness, with the number of the rules that made it."""
    return f"{RULES}:{canonical_digest(text)}"


def _captured(item: Found) -> dt.date:
    """The day a text is known from; a list's own dating counts as such."""
    return dt.date.fromisoformat(item.capture.label[:10]) if item.capture.label else item.capture.at.date()


def _dates(item: Found) -> ProposedDates:
    capture = item.capture
    if not capture.label:
        return propose_dates(item.text, capture.at.date())
    basis = f"as imported: {shown(capture.basis)}" if capture.basis else "as its file is named"
    return ProposedDates(_captured(item), basis)


def _as_json(dates: ProposedDates) -> dict[str, Any]:
    days = {"since": dates.since, "effective": dates.effective, "updated": dates.updated}
    return {**{key: day.isoformat() if day else None for key, day in days.items()}, "basis": dates.basis}


def _from_json(row: dict[str, Any]) -> ProposedDates:
    days = {key: dt.date.fromisoformat(row[key]) if row[key] else None for key in ("since", "effective", "updated")}
    return ProposedDates(days["since"] or dt.date.min, row["basis"], days["effective"], days["updated"])


def _free_label(document: TermsDocument, day: dt.date) -> str:
    taken = set(Version.objects.filter(document=document, label__startswith=str(day)).values_list("label", flat=True))
    labels = (str(day), *(f"{day} ({number})" for number in range(2, len(taken) + 3)))
    return next(label for label in labels if label not in taken)


def _replan(document: TermsDocument) -> None:
    """Propose ranges for a document's imported versions. Ranges that the rulebook or a person gave are not touched."""
    versions = {str(one.pk): one for one in document.versions.select_for_update().defer("text")}
    ours = {key: one for key, one in versions.items() if "dates" in one.definition and not one.definition.get("fixed")}
    Version.objects.filter(pk__in=[one.pk for one in ours.values()]).update(in_force=DateRange(empty=True))
    for planned in plan(
        [_as_dated(key, one, key in ours) for key, one in versions.items() if _counts(one, key in ours)]
    ):
        version = ours[planned.key]
        days = {"since": planned.since, "until": planned.until}
        proposed = {key: day.isoformat() if day else None for key, day in days.items()}
        version.definition = {**version.definition, "proposed": {**proposed, "basis": planned.basis}}
        version.basis = planned.basis[:600]
        waits = document.shipped or planned.since is None
        version.in_force = DateRange(empty=True) if waits else DateRange(planned.since, planned.until)
        version.save(update_fields=["definition", "basis", "in_force"])


def _counts(version: Version, ours: bool) -> bool:
    return ours or not version.in_force.isempty


def _as_dated(key: str, version: Version, ours: bool) -> Dated:
    if not ours:
        start, end = version.in_force.lower, version.in_force.upper
        return Dated(key, start, ProposedDates(start, version.basis), fixed=(start, end))
    captured = dt.date.fromisoformat(version.definition["captured_on"])
    return Dated(key, captured, _from_json(version.definition["dates"]))


@transaction.atomic
def fix_dates(*, acting_user: User, version: Version, since: dt.date, until: dt.date | None, reason: str) -> Version:
    """A person's word on when a version is in force (`until` is the first day after). The one it follows ends that day.

    Raises TermsProblem when another version begins in between, or no reason is given.
    """
    if not reason.strip():
        raise TermsProblem("say why: a date without a reason can't be checked later")
    if until is not None and until <= since:
        raise TermsProblem(f"the last day lies before the first: {since} to {until}")
    others = list(version.document.versions.select_for_update().exclude(pk=version.pk).defer("text"))
    _give_way(version, others, since, until, acting_user)
    before = str(version.in_force)
    version.in_force = DateRange(since, until)
    version.basis = f"set by {acting_user}: {reason}"[:600]
    version.definition = {**version.definition, "fixed": True}
    version.save(update_fields=["in_force", "basis", "definition"])
    record(
        acting_user=acting_user, action="terms.dates_fixed", subject=version,
        before=before, since=str(since), until=str(until or ""), reason=reason,
    )  # fmt: skip
    return version


def _give_way(
    version: Version, others: Iterable[Version], since: dt.date, until: dt.date | None, acting_user: User
) -> None:
    for other in others:
        if other.in_force.isempty:
            continue
        start, end = other.in_force.lower, other.in_force.upper
        if (end is not None and end <= since) or (until is not None and start >= until):
            continue
        if start >= since:
            raise TermsProblem(f"{other} begins on {start}: end this version by then, or set that one first")
        if end is not None and (until is None or end > until):
            raise TermsProblem(f"{other} is in force from {start} to {end}, around this range: set that one first")
        other.in_force = DateRange(start, since)
        other.save(update_fields=["in_force"])
        record(
            acting_user=acting_user, action="terms.dates_shortened", subject=other,
            before=f"{start} to {end or 'open'}", until=str(since), because=str(version),
        )  # fmt: skip
