"""From when to when versions are in force: what is proposed, and a person's word on it.

Whatever moves ranges of a document holds its row first, so that two people never move them in the same instant.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from psycopg.types.range import DateRange

from compliance.actions.trail import record
from compliance.models import TermsDocument, User, Version
from compliance.sources.dates import ProposedDates
from compliance.sources.planning import Dated, Planned, plan


class TermsProblem(ValueError):
    """Something that can't be done to a version or a text; the message says why and what to do first."""


def hold(document_id: int) -> TermsDocument:
    """The document, kept from every other change of its ranges until the transaction ends."""
    return TermsDocument.objects.select_for_update().get(pk=document_id)


def dates_as_json(dates: ProposedDates) -> dict[str, Any]:
    """What a text says of its dates, as a version keeps it."""
    days = {"since": dates.since, "effective": dates.effective, "updated": dates.updated}
    written = {key: day.isoformat() if day else None for key, day in days.items()}
    return {**written, "basis": dates.basis, "words": dates.words, "contradiction": dates.contradiction}


def dates_from_json(row: dict[str, Any]) -> ProposedDates:
    """The reverse of `dates_as_json`; rows written before sentences were kept have none."""
    days = {key: dt.date.fromisoformat(row[key]) if row[key] else None for key in ("since", "effective", "updated")}
    return ProposedDates(
        days["since"] or dt.date.min,
        row["basis"],
        days["effective"],
        days["updated"],
        words=row.get("words", ""),
        contradiction=row.get("contradiction", ""),
    )


def replan(document: TermsDocument) -> None:
    """Propose ranges for a document's imported versions. Ranges that the rulebook or a person gave are not touched."""
    versions = {str(one.pk): one for one in document.versions.select_for_update().defer("text")}
    ours = {key: one for key, one in versions.items() if _is_proposed(one)}
    Version.objects.filter(pk__in=[one.pk for one in ours.values()]).update(in_force=DateRange(empty=True))
    for planned in plan(
        [_as_dated(key, one, key in ours) for key, one in versions.items() if _counts(one, key in ours)]
    ):
        _propose(ours[planned.key], planned, waits=document.shipped)


def _propose(version: Version, planned: Planned, waits: bool) -> None:
    days = {"since": planned.since or planned.would, "until": planned.until}
    proposed: dict[str, Any] = {key: day.isoformat() if day else None for key, day in days.items()}
    proposed["never"] = planned.since is None and planned.would is None
    contradiction = version.definition["dates"].get("contradiction", "")
    basis = f"{contradiction}: a person decides" if contradiction else planned.basis
    version.definition = {**version.definition, "proposed": {**proposed, "basis": basis}}
    version.basis = basis[:600]
    waits = waits or planned.since is None or bool(contradiction)
    version.in_force = DateRange(empty=True) if waits else DateRange(planned.since, planned.until)
    version.save(update_fields=["definition", "basis", "in_force"])


def _is_proposed(version: Version) -> bool:
    """Whether its range is a proposal: an imported version, neither shipped nor dated by a person."""
    return "dates" in version.definition and not version.definition.get("fixed") and not version.shipped


def _counts(version: Version, ours: bool) -> bool:
    return ours or not version.in_force.isempty


def _as_dated(key: str, version: Version, ours: bool) -> Dated:
    if not ours:
        start, end = version.in_force.lower, version.in_force.upper
        return Dated(key, start, ProposedDates(start, version.basis), fixed=(start, end))
    captured = dt.date.fromisoformat(version.definition["captured_on"])
    return Dated(key, captured, dates_from_json(version.definition["dates"]))


@transaction.atomic
def fix_dates(*, acting_user: User, version: Version, since: dt.date, until: dt.date | None, reason: str) -> Version:
    """A person's word on when a version is in force (`until` is the first day after). The one it follows ends that day.

    Raises TermsProblem when another version begins in between, or no reason is given.
    """
    if not reason.strip():
        raise TermsProblem("say why: a date without a reason can't be checked later")
    if until is not None and until <= since:
        raise TermsProblem(f"the last day lies before the first: {since} to {until - dt.timedelta(days=1)}")
    document = hold(version.document_id)
    others = list(document.versions.select_for_update().exclude(pk=version.pk).defer("text"))
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
        if until is not None and (end is None or end > until):
            raise TermsProblem(f"{other} is in force {_span(start, end)}, around this range: set that one first")
        other.in_force = DateRange(start, since)
        other.save(update_fields=["in_force"])
        record(
            acting_user=acting_user, action="terms.dates_shortened", subject=other,
            before=f"{start} to {end or 'open'}", until=str(since), because=str(version),
        )  # fmt: skip


def _span(start: dt.date, end: dt.date | None) -> str:
    return f"from {start} to {end - dt.timedelta(days=1)}" if end else f"since {start}"
