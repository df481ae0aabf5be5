"""Storing the versions that a release ships, beside the dates that people set and the texts that were imported."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Q
from psycopg.types.range import DateRange

from compliance.actions.dates import replan
from compliance.engine.library import Library, Version
from compliance.models import TermsDocument
from compliance.models import Version as StoredVersion

ByLabel = dict[str, StoredVersion]
FIXED = Q(definition__contains={"fixed": True})
PROPOSED = Q(shipped=False, definition__has_key="dates") & ~FIXED


@dataclass
class StoredVersions:
    """How many versions were stored; and by name, what people's dates did to the shipped ones."""

    versions: int = 0
    fixed: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    out_of_force: list[str] = field(default_factory=list)


def store_versions(library: Library, documents: dict[str, TermsDocument]) -> StoredVersions:
    """Store the versions. Ranges are first emptied, so that a boundary that moves never overlaps on the way.

    Dates that people set stand: a version that they moved in the admin is theirs (no longer `shipped`), and one whose dates they
    fixed keeps them. Shipped versions beside those end where theirs begin. What was merely proposed gives way.
    """
    done = StoredVersions()
    _make_room(library, documents)
    theirs = _set_by_people(documents)
    StoredVersion.objects.filter(shipped=True).exclude(FIXED).update(in_force=DateRange(empty=True))
    StoredVersion.objects.bulk_create(
        [
            _version(version, documents[document.id], theirs[document.id], done)
            for document in library.documents.values()
            for version in document.versions
            if not _stays(version, theirs[document.id], done)
        ],
        update_conflicts=True,
        unique_fields=["document", "label"],
        update_fields=["in_force", "basis", "text_sha256", "shipped"],
    )
    done.versions = sum(len(document.versions) for document in library.documents.values())
    _propose_anew(documents.values())
    return done


def _make_room(library: Library, documents: dict[str, TermsDocument]) -> None:
    """Proposals step back; an imported text that has the label of a shipped version of other words gets another one."""
    shipped = {(one.id, version.label): version for one in library.documents.values() for version in one.versions}
    waiting = StoredVersion.objects.filter(PROPOSED, document__in=documents.values())
    for version in waiting.select_related("document").defer("text"):
        cited = shipped.get((version.document.identifier, version.label))
        if cited is not None and cited.text_sha256 != version.text_sha256:
            version.label = _free_label(version)
            version.save(update_fields=["label"])
    waiting.update(in_force=DateRange(empty=True))


def _free_label(version: StoredVersion) -> str:
    taken = set(StoredVersion.objects.filter(document=version.document).values_list("label", flat=True))
    day = version.label[:10]
    return next(label for label in (f"{day} ({number})" for number in range(2, len(taken) + 3)) if label not in taken)


def _set_by_people(documents: dict[str, TermsDocument]) -> defaultdict[str, ByLabel]:
    """By document and label, the versions whose dates people moved, fixed or brought."""
    found: defaultdict[str, ByLabel] = defaultdict(dict)
    moved = StoredVersion.objects.filter(Q(shipped=False) | FIXED, document__in=documents.values())
    for version in moved.exclude(PROPOSED).select_related("document").defer("text").select_for_update(of=("self",)):
        found[version.document.identifier][version.label] = version
    return found


def _stays(version: Version, theirs: ByLabel, done: StoredVersions) -> bool:
    """Whether the version of this label is a person's; named when the release dates it otherwise."""
    own = theirs.get(version.label)
    if own is not None and own.in_force != _days(version):
        done.fixed.append(f"{version.document} of {version.label}")
    return own is not None


def _days(version: Version) -> DateRange:
    return DateRange(version.since, version.until) if version.since else DateRange(empty=True)


def _version(version: Version, document: TermsDocument, theirs: ByLabel, done: StoredVersions) -> StoredVersion:
    """The shipped version as it may stand beside people's: ended where theirs begin, or not in force."""
    name, since, until = f"{document.identifier} of {version.label}", version.since, version.until
    for other in theirs.values():
        days = other.in_force
        if since is None or not _overlap(DateRange(since, until), days):
            continue
        if days.lower is not None and since < days.lower:
            until = days.lower
            done.shortened.append(f"{name}, from {until} on {other.label} is in force")
        else:
            since = until = None
            done.out_of_force.append(name)
    return StoredVersion(
        document=document,
        label=version.label,
        in_force=DateRange(since, until) if since else DateRange(empty=True),
        basis=version.basis,
        text_sha256=version.text_sha256,
        shipped=True,
    )


def _propose_anew(documents: Iterable[TermsDocument]) -> None:
    """Proposals of imported texts beside the ranges that hold now; only where they could have moved."""
    proposed = StoredVersion.objects.filter(PROPOSED).values("document")
    for document in TermsDocument.objects.filter(pk__in=[one.pk for one in documents]).filter(pk__in=proposed):
        replan(document)


def _overlap(one: DateRange, other: DateRange) -> bool:
    """Whether two ranges of days (first included, last not; None without end) share one."""
    if one.isempty or other.isempty:
        return False
    return (one.lower or dt.date.min) < (other.upper or dt.date.max) and (other.lower or dt.date.min) < (
        one.upper or dt.date.max
    )
