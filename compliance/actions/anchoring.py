"""Accepted clauses in the other versions of their document: placed where their words stand, shown to a person where they changed.

A clause is sought from its place in the version before. The same words, kept or moved, settle themselves; what was reworded or
is gone waits for a person. Into earlier versions only the same words are carried.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from compliance.actions.clauses import ClauseRefused, find_wording, lock_clause
from compliance.actions.trail import record
from compliance.models import Anchoring, Clause, ClauseText, Suggestion, TermsDocument, User, Version
from compliance.text.anchor import Fate, Place, Text
from compliance.text.contents import Sections, lay_out
from compliance.text.normalise import clause_hash

Waits: Final = Anchoring.State.WAITING
SAME_WORDS: Final = (Fate.UNCHANGED, Fate.MOVED)


@dataclass
class Anchored:
    """What anchoring found, counted: clauses placed by themselves, reworded and gone ones that wait now."""

    placed: int = 0
    reworded: int = 0
    gone: int = 0


def in_order(document: TermsDocument) -> list[Version]:
    """A document's held versions in time, texts not loaded; those never in force by the day they are called by."""
    return sorted(document.versions.exclude(text="").defer("text"), key=lambda one: (_since(one), one.label))


def _since(version: Version) -> str:
    days = version.in_force
    lower: dt.date | None = None if days.isempty else days.lower
    return lower.isoformat() if lower else version.label


class _Texts:
    """The texts of a document's versions, prepared when asked for; the last few are kept."""

    def __init__(self) -> None:
        self._held: dict[int, Text] = {}
        self._sections: dict[int, Sections] = {}

    def of(self, version: Version) -> Text:
        held = self._held.pop(version.pk, None) or Text(version.text)
        self._held[version.pk] = held
        while len(self._held) > 4:
            del self._held[next(iter(self._held))]
        return held

    def section(self, version: Version, offset: int) -> str:
        if version.pk not in self._sections:
            self._sections = {version.pk: Sections(version.text, lay_out(version.text))}
        return self._sections[version.pk].at(offset)


def anchor_clauses(document: TermsDocument) -> Anchored:
    """Seek every placed clause of a document in its other versions. Twice changes nothing; what persons settled stays.

    Each clause is followed in a transaction of its own, under a lock of its own: long documents take a while, and whoever
    accepts another clause meanwhile shall not wait.
    """
    versions, done, texts = in_order(document), Anchored(), _Texts()
    for clause in _with_ownership(document):
        with transaction.atomic():
            lock_clause(clause)
            _follow(clause, versions, texts, done)
    return done


def _follow(clause: Clause, versions: list[Version], texts: _Texts, done: Anchored) -> None:
    places = {place.version_id: place for place in clause.texts.all()}
    if all(place.start is None for place in places.values()):
        return
    held = {one.version_id: one for one in clause.anchorings.all()}
    run = _Run(clause, versions, places, held, texts, done)
    run.forward()
    run.backward()


def _with_ownership(document: TermsDocument) -> list[Clause]:
    """The clauses, each knowing whether the rulebook alone follows it: which of its own versions it cites is then settled."""
    accepted = Suggestion.objects.filter(clause=OuterRef("pk"), state=Suggestion.State.ACCEPTED)
    shipped = Clause.rule_revisions.through.objects.filter(clause=OuterRef("pk"), rulerevision__shipped=True)
    return list(document.clauses.annotate(of_rulebook=Exists(shipped) & ~Exists(accepted)).order_by("pk"))


@dataclass
class _Run:
    """One clause through its document's versions."""

    clause: Clause
    versions: list[Version]
    places: dict[int, ClauseText]
    held: dict[int, Anchoring]
    texts: _Texts
    done: Anchored

    def forward(self) -> None:
        """Once the rulebook or a person has said that the clause ended, only its own words bring it back."""
        source: ClauseText | None = None
        ended = False
        for version in self.versions:
            place = self.places.get(version.pk)
            if place is not None:
                source, ended = (place, False) if place.start is not None else (source, ended)
            elif source is not None and self._ended_at(version):
                ended = True
            elif source is not None and not self._is_known(version, source):
                found = self._seek_words(version, source) if ended else self._seek(version, source)
                if found is not None:
                    self._keep(version, source, found)
                source = self.places.get(version.pk, source)
                ended = ended and version.pk not in self.places

    def _ended_at(self, version: Version) -> bool:
        known = self.held.get(version.pk)
        said = known is not None and known.state == Anchoring.State.GONE
        return said or self._is_settled_by_rulebook(version)

    def backward(self) -> None:
        source: ClauseText | None = None
        for version in reversed(self.versions):
            place = self.places.get(version.pk)
            if place is not None:
                source = place if place.start is not None else source
            elif source is not None and version.pk not in self.held and not self._is_settled_by_rulebook(version):
                found = self._seek_words(version, source)
                if found is None:
                    return
                self._keep(version, source, found)
                source = self.places.get(version.pk, source)

    def _is_settled_by_rulebook(self, version: Version) -> bool:
        return version.shipped and bool(getattr(self.clause, "of_rulebook", False))

    def _is_known(self, version: Version, source: ClauseText) -> bool:
        """Was it sought here from the same place, or has a person said what became of it?"""
        known = self.held.get(version.pk)
        return known is not None and (known.state != Waits or known.source_id == source.pk)

    def _seek(self, version: Version, source: ClauseText) -> Place:
        origin = next(one for one in self.versions if one.pk == source.version_id)
        anchor = self.texts.of(origin).anchor(source.start or 0, source.end or 0)
        return self.texts.of(version).find(anchor)

    def _seek_words(self, version: Version, source: ClauseText) -> Place | None:
        """The same words in an earlier version, or None."""
        origin = next(one for one in self.versions if one.pk == source.version_id)
        wording = origin.text[source.start : source.end]
        if self.texts.of(version).stands(wording, source.sha256) is None:
            return None
        return self._seek(version, source)

    def _keep(self, version: Version, source: ClauseText, place: Place) -> None:
        same = place.fate in SAME_WORDS
        wording = version.text[place.start : place.end] if place.start is not None else ""
        row, _ = Anchoring.objects.update_or_create(
            clause=self.clause, version=version,
            defaults={
                "source": source, "fate": place.fate.value, "start": place.start, "end": place.end,
                "likeness": place.likeness, "sha256": clause_hash(wording) if wording else "",
                "state": Anchoring.State.SETTLED if same else Waits,
            },
        )  # fmt: skip
        self.held[version.pk] = row
        self.done.placed += same
        self.done.reworded += place.fate is Fate.REWORDED
        self.done.gone += place.fate is Fate.GONE
        if same:
            self.places[version.pk] = _place(row, self.texts.section(version, row.start or 0))


def _place(anchoring: Anchoring, section: str) -> ClauseText:
    return ClauseText.objects.create(
        clause=anchoring.clause, version=anchoring.version, section=section[:200], sha256=anchoring.sha256,
        start=anchoring.start, end=anchoring.end,
    )  # fmt: skip


@transaction.atomic
def settle(*, acting_user: User, anchoring: Anchoring, decision: str, reason: str = "", wording: str = "") -> Anchoring:
    """A person's word on a clause whose wording changed: "kept" (it means the same), "accepted" (it goes on in the new words),
    or "gone". `wording`: its extent in this version, where it is another than was found. Raises ClauseRefused."""
    lock_clause(anchoring.clause)
    held = Anchoring.objects.select_related("clause", "version").get(pk=anchoring.pk)
    if held.state != Waits:
        raise ClauseRefused(f"Somebody has settled this clause already: {held.get_state_display().lower()}.")
    if decision not in (Anchoring.State.KEPT, Anchoring.State.ACCEPTED, Anchoring.State.GONE):
        raise ClauseRefused("Say whether the clause means the same, goes on in the new words, or is gone.")
    if decision != Anchoring.State.GONE:
        _extend(held, wording)
    held.state, held.reason = Anchoring.State(decision), reason.strip()
    held.decided_by, held.decided_at = acting_user, timezone.now()
    held.save()
    record(
        acting_user=acting_user, action=f"clause {held.state}", subject=held, fate=held.fate, reason=held.reason,
        start=held.start, end=held.end, sha256=held.sha256,
    )  # fmt: skip
    return held


def _extend(held: Anchoring, wording: str) -> None:
    """Place the clause in the version: as found, or as the person worded it."""
    version = held.version
    if wording.strip():
        held.start, held.end = find_wording(version.text, wording, held.start or 0)
        if held.fate == Anchoring.Fate.GONE:
            held.fate = Anchoring.Fate.REWORDED
    if held.start is None or held.end is None:
        raise ClauseRefused(
            "Nothing like it was found in this version. Copy from its text the passage that it became, or mark it gone."
        )
    held.sha256 = clause_hash(version.text[held.start : held.end])
    _place(held, Sections(version.text, lay_out(version.text)).at(held.start))
