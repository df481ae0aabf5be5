"""Importing archives of terms: texts join the catalogue, bytes are kept, dates are proposed, the doubtful is held back.

A text that the shipped rulebook cites by its hash fills the version that is there. Any other text becomes a version of its
own. In a document that the rulebook ships, such a version is in force only once a person has said so: nobody has read it yet,
and a text without rules would turn "we don't have the terms" into "the terms are silent".
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

from django.db import transaction
from django.db.models import Q

from compliance.actions.arrivals import hold_back
from compliance.actions.dates import hold, replan
from compliance.actions.texts import Keep, Taken, Text, add, fill, import_source, keep_snapshot, tell
from compliance.models import Arrival, Provider, Snapshot, TermsDocument, User, Version
from compliance.sources.canonical import canonical
from compliance.sources.captures import Archive, Capture, Rejection, Series, text_digests
from compliance.sources.dates import ProposedDates, propose_dates
from compliance.sources.extraction import page_text
from compliance.sources.history import ALERTS, Judgement, Told
from compliance.sources.judging import judged, newest
from compliance.sources.names import shown, slug
from compliance.sources.suspects import suspicion


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
    """One text on its way in: where it is from, its bytes, and what its history says of it (None: it was not asked)."""

    capture: Capture
    content: bytes
    text: str
    told: Told | None = None

    @cached_property
    def doubt(self) -> str:
        """Why it should not be believed; "" if it should. A text that was chosen and dated is only doubted for what it says."""
        if self.told is not None:
            return self.told.reason if self.told.judgement is Judgement.SUSPECT else ""
        return suspicion(self.text, canonical(self.text), None).reason

    @property
    def digests(self) -> tuple[str, ...]:
        """Hashes of the text: of the bytes themselves when they are the text, else of what was read from them."""
        return text_digests(self.content if self.capture.is_text else self.text.encode())


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
            _Import(series, done, acting_user, keep).bring(found, cited)
    return done


def _dated(series: Series, done: Imported) -> list[Found]:
    """Texts that somebody chose and dated: each is a version, unless it is plainly no terms."""
    found = []
    for capture in series.captures:
        try:
            content = capture.load()
            text = page_text(content, capture.media_type)
        except (ValueError, OSError) as problem:
            done.rejected.append(Rejection(capture.where, str(problem)))
            continue
        done.read += 1
        found.append(Found(capture, content, text))
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
            found.append(Found(one.capture, one.content, one.text, told))
        elif told.is_new_text or told.judgement in ALERTS:
            found.append(Found(one.capture, one.content, one.text, told))
        else:
            done.known += 1
    return found


def _cited_versions() -> dict[str, list[Version]]:
    """Versions that the rulebook cites by the hash of their text, and those whose text is not here yet."""
    cited: defaultdict[str, list[Version]] = defaultdict(list)
    wanted = Version.objects.filter(Q(shipped=True) | Q(text="")).exclude(text_sha256="")
    for version in wanted.select_related("document__provider"):
        cited[version.text_sha256].append(version)
    return cited


class _Import:
    """One series on its way into the catalogue."""

    def __init__(self, series: Series, done: Imported, acting_user: User | None, keep: Keep) -> None:
        self._series, self._done, self._user, self._keep = series, done, acting_user, keep

    @transaction.atomic
    def bring(self, found: Sequence[Found], cited: dict[str, list[Version]]) -> None:
        """Take each text where it belongs; then propose ranges for what is new, and say that something changed."""
        matches = [[one for digest in item.digests for one in cited.get(digest, ())] for item in found]
        document = self._document([version for match in matches for version in match])
        touched: dict[int, TermsDocument] = {}
        for item, match in zip(found, matches, strict=True):
            mine = [one for one in match if one.document.identifier == self._series.identifier] or match
            document = mine[0].document if mine else document
            if self._take(document, item, mine) is Taken.NEW:
                touched[document.pk] = document
        for document in touched.values():
            replan(hold(document.pk))

    def _take(self, document: TermsDocument, item: Found, mine: Sequence[Version]) -> Taken:
        known = item.told is None and self._held(document, item)
        if not mine and not known and item.doubt:
            self._done.suspects.append(Rejection(item.capture.where, item.doubt))
            self._hold_back(document, item)
            return Taken.KNOWN
        text = self._text(document, item)
        version = None if mine else add(document, text, self._user)
        taken = fill(mine, text, self._user) if mine else Taken.NEW if version else Taken.KNOWN
        if item.told and item.told.judgement in ALERTS:
            tell(document, item.told, item.capture.at, mine[0] if mine else version)
        self._done.new += taken is not Taken.KNOWN
        self._done.filled += taken is Taken.FILLED
        self._done.known += taken is Taken.KNOWN
        return taken

    def _held(self, document: TermsDocument, item: Found) -> bool:
        """Whether these very words are held: then nothing else has to be found out about them."""
        return document.versions.filter(text_sha256__in=item.digests).exclude(text="").exists()

    def _text(self, document: TermsDocument, item: Found) -> Text:
        return Text(
            item.text,
            item.digests,
            _captured(item),
            _dates(item),
            item.capture.origin,
            partial(self._snapshot, document, item),
        )

    def _hold_back(self, document: TermsDocument, item: Found) -> None:
        hold_back(
            document,
            origin=Arrival.Origin.IMPORT,
            snapshot=lambda: self._snapshot(document, item),
            sha256s=text_digests(item.content),
            text=item.text,
            doubt=item.doubt,
            at=item.capture.at,
            name=item.capture.where,
        )

    def _snapshot(self, document: TermsDocument, item: Found) -> Snapshot:
        return keep_snapshot(
            import_source(document),
            item.content,
            keep=self._keep,
            at=item.capture.at,
            media_type=item.capture.media_type,
        )

    def _document(self, cited: Sequence[Version]) -> TermsDocument:
        """The document a series belongs to: of its own identifier, else the one whose cited texts it holds, else a new one."""
        series = self._series
        provider = Provider.objects.filter(name__iexact=series.service).first()
        names = [series.identifier, f"{provider.slug}/{slug(series.terms)}" if provider else ""]
        known = TermsDocument.objects.filter(identifier__in=names).first()
        if known or cited:
            return known or cited[0].document
        if provider is None:
            name = shown(series.service)[:120]
            provider, _ = Provider.objects.get_or_create(
                slug=series.identifier.partition("/")[0], defaults={"name": name}
            )
        return TermsDocument.objects.create(
            identifier=f"{provider.slug}/{slug(series.terms)}",
            provider=provider,
            title=shown(series.terms),
            kind=shown(series.terms).casefold()[:60],
        )


def _captured(item: Found) -> dt.date:
    """The day a text is known from; a list's own dating counts as such."""
    return dt.date.fromisoformat(item.capture.label[:10]) if item.capture.label else item.capture.at.date()


def _dates(item: Found) -> ProposedDates:
    capture = item.capture
    if not capture.label:
        return propose_dates(item.text, capture.at.date())
    basis = f"as imported: {shown(capture.basis)}" if capture.basis else "as its file is named"
    return ProposedDates(_captured(item), basis)
