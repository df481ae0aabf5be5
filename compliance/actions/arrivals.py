"""Texts that wait for a person: held back as doubtful, or uploaded; and what the person makes of them.

Nothing is deleted. A discarded text stays with the reason; one that was taken leads to its version.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from compliance.actions.dates import TermsProblem, dates_as_json, dates_from_json, hold, replan
from compliance.actions.texts import (
    Keep,
    Taken,
    Text,
    add,
    cited_by,
    fill,
    import_source,
    keep_snapshot,
    known_version,
    mark_of,
    tell,
)
from compliance.actions.trail import record
from compliance.models import Arrival, Snapshot, TermsDocument, User, Version
from compliance.queries.histories import history_of
from compliance.sources.captures import text_digests
from compliance.sources.dates import ProposedDates, propose_dates
from compliance.sources.extraction import is_text, page_text
from compliance.sources.history import Judgement, Told
from compliance.sources.names import shown


@dataclass(frozen=True)
class Upload:
    """What a person brings: a file's bytes or a pasted text, its kind and name, the day it is known from, dates they know."""

    content: bytes
    media_type: str
    name: str
    captured_at: dt.datetime
    since: dt.date | None = None


def hold_back(
    document: TermsDocument,
    *,
    origin: str,
    snapshot: Callable[[], Snapshot],
    sha256s: Sequence[str],
    text: str,
    doubt: str,
    at: dt.datetime,
    name: str,
) -> Arrival | None:
    """Keep a doubtful text for a person to look at, and say so in the trail; once. None when it is known."""
    mark = mark_of(text)
    known = document.arrivals.filter(snapshot__sha256__in=sha256s) | document.arrivals.filter(mark=mark)
    if known.exists():
        return None
    arrival = Arrival.objects.create(
        document=document,
        snapshot=snapshot(),
        origin=origin,
        captured_at=at,
        text=text,
        mark=mark,
        doubt=doubt[:600],
        detail={"name": shown(name), "dates": dates_as_json(propose_dates(text, at.date()))},
    )
    record(acting_user=None, action="terms.held_back", subject=arrival, reason=doubt)
    return arrival


@transaction.atomic
def upload(document: TermsDocument, brought: Upload, *, acting_user: User, keep: Keep) -> Arrival:
    """Read what a person brings and keep it waiting for their word, with what it is beside the texts held and its dates.

    Bringing the same bytes again leads to the arrival that is there. Raises TermsProblem when it can't be read.
    """
    try:
        text = page_text(brought.content, brought.media_type)
    except ValueError as problem:
        raise TermsProblem(f"{shown(brought.name)}: {problem}") from problem
    hold(document.pk)
    snapshot = keep_snapshot(
        import_source(document),
        brought.content,
        keep=keep,
        at=brought.captured_at,
        media_type=brought.media_type,
    )
    arrival = document.arrivals.filter(snapshot=snapshot).first()
    if arrival is not None and arrival.state != Arrival.State.DISCARDED:
        return arrival
    fields = _read(document, brought, text)
    if arrival is not None:
        return _bring_again(arrival, fields, acting_user)
    arrival = Arrival.objects.create(
        document=document,
        snapshot=snapshot,
        origin=Arrival.Origin.UPLOAD,
        captured_at=brought.captured_at,
        brought_by=acting_user,
        **fields,
    )
    record(acting_user=acting_user, action="terms.uploaded", subject=arrival, name=shown(brought.name))
    return arrival


def _bring_again(arrival: Arrival, fields: dict[str, object], acting_user: User) -> Arrival:
    """A discarded text that somebody brings again waits again; that it was discarded stands in the trail."""
    for name, value in fields.items():
        setattr(arrival, name, value)
    arrival.state = Arrival.State.WAITING
    arrival.brought_by, arrival.decided_by, arrival.decided_at, arrival.reason = acting_user, None, None, ""
    arrival.save()
    record(acting_user=acting_user, action="terms.uploaded_again", subject=arrival)
    return arrival


def _read(document: TermsDocument, brought: Upload, text: str) -> dict[str, object]:
    told = history_of(document).judge(text, brought.captured_at)
    dates = propose_dates(text, brought.captured_at.date())
    if brought.since:
        dates = ProposedDates(brought.since, "as the person who brought it says", dates.effective, dates.updated)
    doubted = told.judgement is Judgement.SUSPECT
    return {
        "text": text,
        "mark": mark_of(text),
        "doubt": told.reason[:600] if doubted else "",
        "detail": {"name": shown(brought.name), "dates": dates_as_json(dates), "told": _told_as_json(told)},
    }


def _told_as_json(told: Told) -> dict[str, object]:
    return {
        "judgement": str(told.judgement),
        "reason": told.reason,
        "added": [one[:600] for one in told.added[:12]],
        "gone": [one[:600] for one in told.gone[:12]],
    }


@transaction.atomic
def accept(*, acting_user: User, arrival: Arrival, reason: str) -> tuple[Version, Taken]:
    """A person says that this is the provider's text: it fills the version that cites it, or becomes a version of its own.

    Raises TermsProblem without a reason, or when somebody has decided already.
    """
    document = _decide(arrival, acting_user, Arrival.State.ACCEPTED, reason)
    text = text_of(arrival)
    told = history_of(document).judge(arrival.text, arrival.captured_at, believed=True)
    version, taken = take(document, text, acting_user)
    if told.judgement is not Judgement.FIRST and taken is Taken.NEW:
        tell(document, told, arrival.captured_at, version)
    arrival.version = version
    arrival.save(update_fields=["version"])
    record(
        acting_user=acting_user, action="terms.arrival_accepted", subject=arrival,
        version=str(version), taken=str(taken), doubt=arrival.doubt, reason=reason,
    )  # fmt: skip
    return version, taken


def take(document: TermsDocument, text: Text, acting_user: User | None) -> tuple[Version, Taken]:
    """Bring one text into its document, and propose its dates. The document is held by the caller."""
    cited = cited_by(document, text)
    if cited:
        return cited[0], fill(cited, text, acting_user)
    version = add(document, text, acting_user)
    if version is None:
        known = known_version(document, text)
        if known is None:
            raise TermsProblem(f"{document}: the version of this text went away while it was taken; try again")
        return known, Taken.KNOWN
    replan(document)
    version.refresh_from_db()
    return version, Taken.NEW


@transaction.atomic
def discard(*, acting_user: User, arrival: Arrival, reason: str) -> Arrival:
    """A person says that this is not the provider's text. It is kept, with the reason. Raises TermsProblem as `accept` does."""
    _decide(arrival, acting_user, Arrival.State.DISCARDED, reason)
    record(
        acting_user=acting_user, action="terms.arrival_discarded", subject=arrival, doubt=arrival.doubt, reason=reason
    )
    return arrival


def text_of(arrival: Arrival) -> Text:
    """What an arrival brings, ready to be taken."""
    source = arrival.snapshot
    own = (source.sha256,) if is_text(source.media_type) else ()
    return Text(
        arrival.text,
        tuple(dict.fromkeys((*own, *text_digests(arrival.text.encode())))),
        arrival.captured_at.date(),
        dates_from_json(arrival.detail["dates"]),
        arrival.detail.get("name", ""),
        lambda: source,
    )


def _decide(arrival: Arrival, acting_user: User, state: str, reason: str) -> TermsDocument:
    """Put down a person's word on a text that waits; a text that was decided meanwhile is left alone."""
    if not reason.strip():
        raise TermsProblem("say why: a decision without a reason can't be checked later")
    document = hold(arrival.document_id)
    word = {"state": state, "decided_by": acting_user, "decided_at": timezone.now(), "reason": reason[:600]}
    if not Arrival.objects.filter(pk=arrival.pk, state=Arrival.State.WAITING).update(**word):
        raise TermsProblem("somebody has decided this already; look at the page anew")
    arrival.refresh_from_db()
    return document
