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
        alike, best = _most_like(wording, here)
        if best is not None and alike >= ALIKE:
            document = best.version.document_id
            other, _place = _most_like(wording, [one for one in there if one.version.document_id == document])
            found.append(Reappearance(index, best.version, best.start, round(alike, 3), moved=other < ALIKE))
    return found


def _most_like(wording: Sequence[str], held: Iterable[_Found]) -> tuple[float, _Found | None]:
    ranked = ((likeness(wording, one.wording), one) for one in held)
    return max(ranked, key=lambda pair: pair[0], default=(0.0, None))


def _siblings(version: Version, later: bool) -> list[Version]:
    """Of each other document of the provider the version that was in force with this one, or just before it."""
    days = version.in_force
    since = None if days.isempty else days.lower
    if since is None:
        return []
    others = Version.objects.filter(document__provider=version.document.provider_id).exclude(
        document=version.document_id
    )
    others = others.exclude(in_force__isempty=True).defer("text").select_related("document")
    best: dict[int, Version] = {}
    for other in sorted(others, key=lambda one: one.in_force.lower or dt.date.min):
        begun = other.in_force.lower or dt.date.min
        if begun <= (since + WITHIN if later else since - dt.timedelta(days=1)):
            best[other.document_id] = other
    return list(best.values())


def _passages(versions: Sequence[Version]) -> list[_Found]:
    """What in those versions was found to bear on building models."""
    by_pk = {version.pk: version for version in versions}
    rows = (
        Suggestion.objects.filter(version__in=by_pk, labels__has_any_keys=sorted(BUILDING))
        .exclude(state=Suggestion.State.SUPERSEDED)
        .annotate(words=Substr("version__text", F("start") + 1, F("end") - F("start")))
        .values_list("version_id", "start", "words")
    )
    return [_Found(by_pk[version], start, words(text)) for version, start, text in rows]
