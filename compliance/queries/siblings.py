"""Passages that left one document and stand in another of the same provider: a ban that moves is no relaxation."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import F
from django.db.models.functions import Substr

from compliance.models import Suggestion, Version
from compliance.text.labels import BUILDING
from compliance.text.likeness import likeness, words

ALIKE: Final = 0.5
"""From this likeness on a passage counts as the same in another document."""
WITHIN: Final = dt.timedelta(days=120)
"""How far apart the two documents may have changed."""


@dataclass(frozen=True)
class Reappearance:
    """A passage (by its index among those asked for) and the one in a sibling document that it is most like.

    `moved`: it did not stand in that document at the other time; else it stands in both, and did before.
    """

    index: int
    version: Version
    start: int
    likeness: float
    moved: bool


@dataclass(frozen=True)
class _Found:
    version: Version
    start: int
    wording: Sequence[str]


def reappearances(version: Version, wordings: Iterable[str], *, later: bool) -> list[Reappearance]:
    """Which of the wordings stand in sibling documents of the same provider: in the version of the same days.

    `later`: they are gone from `version`, so they are sought in what was in force with it; else they are new in it, and
    sought in what was in force before it. Four queries, whatever their number.
    """
    asked = [words(wording) for wording in wordings]
    here = _passages(_siblings(version, later)) if asked else []
    there = _passages(_siblings(version, not later)) if here else []
    found = []
    for index, wording in enumerate(asked):
        best = _best(wording, here)
        if best is not None:
            alike, place = best
            document = place.version.document_id
            other = _best(wording, [one for one in there if one.version.document_id == document])
            found.append(Reappearance(index, place.version, place.start, round(alike, 3), moved=other is None))
    return found


def _best(wording: Sequence[str], held: Sequence[_Found]) -> tuple[float, _Found] | None:
    """The document that has it most alike, and the first of its versions that has it; None when none is alike enough."""
    alike = [(value, one) for one in held if (value := likeness(wording, one.wording)) >= ALIKE]
    if not alike:
        return None
    document = max(alike, key=lambda pair: pair[0])[1].version.document_id
    theirs = [pair for pair in alike if pair[1].version.document_id == document]
    first = theirs[0][1].version.pk
    return max((pair for pair in theirs if pair[1].version.pk == first), key=lambda pair: pair[0])


def _siblings(version: Version, later: bool) -> list[Version]:
    """Versions of the provider's other documents, in order of time. `later`: in force when this one began, or begun within
    months of it, for two papers rarely change on one day; else of each document the last that began before it."""
    days = version.in_force
    since = None if days.isempty else days.lower
    if since is None:
        return []
    others = Version.objects.filter(document__provider=version.document.provider_id).exclude(
        document=version.document_id
    )
    others = others.exclude(in_force__isempty=True).defer("text").select_related("document")
    ordered = sorted(others, key=lambda one: one.in_force.lower or dt.date.min)
    before = {one.document_id: one for one in ordered if (one.in_force.lower or dt.date.min) < since}
    if not later:
        return list(before.values())
    standing = [one for one in before.values() if one.in_force.upper is None or one.in_force.upper > since]
    return [*standing, *(one for one in ordered if since <= (one.in_force.lower or dt.date.min) <= since + WITHIN)]


def _passages(versions: Sequence[Version]) -> list[_Found]:
    """What in those versions was found to bear on building models."""
    by_pk = {version.pk: version for version in versions}
    rows = (
        Suggestion.objects.filter(version__in=by_pk, labels__has_any_keys=sorted(BUILDING))
        .exclude(state=Suggestion.State.SUPERSEDED)
        .annotate(words=Substr("version__text", F("start") + 1, F("end") - F("start")))
        .values_list("version_id", "start", "words")
    )
    order = list(by_pk)
    found = [_Found(by_pk[version], start, words(text)) for version, start, text in rows]
    return sorted(found, key=lambda one: order.index(one.version.pk))
