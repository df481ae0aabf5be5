"""Keeping the library: suggested clauses, clauses that changed, drafts of rules; texts that come in, and their dates.
All of it takes legal or an administrator in person."""

import datetime as dt
from typing import Any, Literal

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Field, Query, Router, Schema, Status

from compliance.access import may_edit_rules, may_keep_clauses, may_receive_texts, require
from compliance.actions.anchoring import settle
from compliance.actions.arrivals import accept, discard
from compliance.actions.clauses import ClauseRefused, accept_suggestion, mark_passage, reject_suggestion
from compliance.actions.dates import TermsProblem, fix_dates
from compliance.actions.drafting import draft_from_clause
from compliance.actions.rules import RuleRefused
from compliance.api.library import DocumentShown, RuleInFull, VersionShown
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, Key, Person, a_file, cleaned, said
from compliance.models import Anchoring, Arrival, ClauseText, RuleRevision, Suggestion, Version
from compliance.problems import Problem
from compliance.queries import incoming
from compliance.queries.clauses import clauses_to_choose, open_suggestions, waiting_anchorings, with_marks, with_words
from compliance.tasks import follow_clauses
from compliance.views import incoming as pages
from compliance.views.clause_forms import ClauseForm
from compliance.views.incoming_forms import DatesForm
from compliance.views.requests import PersonRequest

router = Router()
KEEPERS = "Clauses are accepted by legal or by an administrator."
RECEIVERS = "Texts that come in, and their dates, are decided by legal or by an administrator."
WRITERS = "Rules are drafted by legal or by an administrator."


class SuggestionsAsked(Paged):
    """Which suggestions."""

    provider: str | None = Field(None, max_length=60)
    building: bool = Field(True, description="Only what bears on building models.")


class SuggestionShown(Schema):
    """A passage that was found to bear on building models."""

    id: int
    version: int = Field(alias="version_id")
    start: int
    end: int
    section: str
    labels: list[str]
    mode: str
    score: float
    state: str
    wording: str = ""


class SuggestionInFull(SuggestionShown):
    """A suggestion, why it was found, and what became of it."""

    because: list[Any]
    decided_by: Person | None
    decided_at: dt.datetime | None
    reason: str
    clauses: list[str] = Field(description="Keys of the document's clauses that do not stand in this version yet.")

    @staticmethod
    def resolve_clauses(obj: Any) -> list[str]:
        return [one.key for one in clauses_to_choose(obj.version)]


class ClauseAsked(Asked):
    """A passage as a clause: a new one with a key, or one that is known from other versions."""

    wording: str = Field(min_length=1, max_length=20_000, description="As it stands in the text.")
    labels: list[str] = Field(min_length=1, max_length=20)
    clause: str | None = Field(None, max_length=80, description="Key of a clause that is known; null: a new one.")
    key: str = Field("", max_length=80, description="Of a new clause.")
    section: str = Field("", max_length=200)
    summary: str = Field("", max_length=2000, description="In our own words.")


class PassageAsked(ClauseAsked):
    """A passage that nobody suggested."""

    near: int = Field(0, ge=0, le=10**8, description="The offset from which it is sought.")


class ClauseShown(Schema):
    """Where a clause stands in a version."""

    id: int
    clause: str
    version: int = Field(alias="version_id")
    section: str
    sha256: str
    start: int | None
    end: int | None

    @staticmethod
    def resolve_clause(obj: Any) -> str:
        return str(obj.clause.key)


class RejectionAsked(Asked):
    """Why it is no clause."""

    reason: str = Field(min_length=1, max_length=2000)


class WaitingShown(Schema):
    """A clause that reads differently in a version, or is gone."""

    id: int
    clause: str
    document: str
    version: int
    label: str
    fate: str
    likeness: float
    old: str
    new: str


class WaitingAsked(Paged):
    """Of which document."""

    document: Key | None = None


class SettlementAsked(Asked):
    """What became of the clause."""

    decision: Literal["kept", "accepted", "gone"]
    reason: str = Field("", max_length=2000)
    wording: str = Field("", max_length=20_000, description="As the person words it, when it goes on in new words.")


class SettlementShown(Schema):
    """What a person said of it."""

    id: int
    state: str
    fate: str


class ChangesAsked(Paged):
    """Whose changes."""

    provider: str | None = Field(None, max_length=60)


class TermsChangeShown(Schema):
    """One thing that people are told of a document."""

    id: int
    document: DocumentShown
    version: int | None = Field(alias="version_id")
    judgement: str
    captured_at: dt.datetime
    reason: str
    added: list[Any]
    gone: list[Any]


class ArrivalsAsked(Paged):
    """Which texts."""

    state: Literal["waiting", "decided"] = "waiting"


class ArrivalShown(Schema):
    """A text that waits for a person's word, or got it."""

    id: int
    document: DocumentShown
    origin: str
    state: str
    captured_at: dt.datetime
    doubt: str
    detail: Json
    decided_by: Person | None
    decided_at: dt.datetime | None
    reason: str
    version: int | None = Field(alias="version_id")


class ArrivalDecided(Asked):
    """A person's word on a text that waits."""

    decision: Literal["accept", "discard"]
    reason: str = Field(min_length=1, max_length=600)


class DatesAsked(Paged):
    """Which proposals."""

    state: Literal["waiting", "holding"] = "waiting"


class ProposalShown(Schema):
    """Dates that were read from a text."""

    version: VersionShown
    since: dt.date | None
    last_day: dt.date | None
    basis: str
    words: str
    contradiction: str
    announced: bool


class DatesGiven(Asked):
    """From when to when a version is in force, and what that rests on."""

    since: dt.date
    last_day: dt.date | None = None
    reason: str = Field(min_length=1, max_length=500)


@router.get("/suggestions", auth=IN_PERSON, response=Page[SuggestionShown])
def list_suggestions(request: PersonRequest, asked: Query[SuggestionsAsked]) -> dict[str, Any]:
    """Suggestions that nobody has decided on, newest first."""
    require(may_keep_clauses(request.user), KEEPERS)
    found = part_of(open_suggestions(asked.provider or "", building=asked.building), asked)
    for row, wording in with_words(found["items"]):
        row.wording = wording  # type: ignore[attr-defined]
    return found


def _suggestion(request: PersonRequest, pk: int) -> Suggestion:
    require(may_keep_clauses(request.user), KEEPERS)
    found = get_object_or_404(Suggestion.objects.select_related("version__document__provider", "decided_by"), pk=pk)
    found.wording = found.version.text[found.start : found.end]  # type: ignore[attr-defined]
    return found


@router.get("/suggestions/{int:pk}", auth=IN_PERSON, response=SuggestionInFull)
def get_suggestion(request: PersonRequest, pk: int) -> Suggestion:
    """One suggestion, and why it was found."""
    return _suggestion(request, pk)


def _clause(version: Version, asked: ClauseAsked) -> dict[str, Any]:
    """The request as the actions take it, checked by the page's form."""
    choices = clauses_to_choose(version)
    known = next((str(one.pk) for one in choices if one.key == asked.clause), None) if asked.clause else ""
    if known is None:
        detail = f"The document has no clause {asked.clause} that could stand in this version."
        raise Problem(422, detail, errors=[{"field": "clause", "detail": detail}])
    given = asked.dict(exclude={"near"}) | {"clause": known}
    form = ClauseForm(given, clauses=choices)
    cleaned(form)
    return form.said()


def _stands(place: ClauseText) -> Status:
    follow_clauses.delay_on_commit(place.clause.document_id)
    return Status(201, place)


@router.post("/suggestions/{int:pk}/accept", auth=IN_PERSON, response={201: ClauseShown})
def accept_one_suggestion(request: PersonRequest, pk: int, asked: ClauseAsked) -> Status:
    """Make a clause of a suggestion; it is followed through the other versions."""
    found = _suggestion(request, pk)
    try:
        return _stands(accept_suggestion(acting_user=request.user, suggestion=found, **_clause(found.version, asked)))
    except ClauseRefused as refused:
        raise Problem(409, str(refused)) from refused


@router.post("/suggestions/{int:pk}/reject", auth=IN_PERSON, response=SuggestionShown)
def reject_one_suggestion(request: PersonRequest, pk: int, asked: RejectionAsked) -> Suggestion:
    """Say that a suggestion is no clause."""
    try:
        return reject_suggestion(acting_user=request.user, suggestion=_suggestion(request, pk), reason=asked.reason)
    except ClauseRefused as refused:
        raise Problem(409, str(refused)) from refused


@router.post("/versions/{int:pk}/clauses", auth=IN_PERSON, response={201: ClauseShown})
def mark_clause(request: PersonRequest, pk: int, asked: PassageAsked) -> Status:
    """Make a clause of a passage that nobody suggested."""
    require(may_keep_clauses(request.user), KEEPERS)
    version = get_object_or_404(Version.objects.select_related("document__provider").exclude(text=""), pk=pk)
    try:
        return _stands(
            mark_passage(acting_user=request.user, version=version, near=asked.near, **_clause(version, asked))
        )
    except ClauseRefused as refused:
        raise Problem(409, str(refused)) from refused


@router.get("/waiting-clauses", auth=IN_PERSON, response=Page[WaitingShown])
def list_waiting_clauses(request: PersonRequest, asked: Query[WaitingAsked]) -> dict[str, Any]:
    """Accepted clauses that read differently in a version, or are gone."""
    require(may_keep_clauses(request.user), KEEPERS)
    found = part_of(waiting_anchorings(asked.document), asked)
    shown = [
        {
            "id": one.anchoring.pk, "clause": one.anchoring.clause.key, "old": one.old, "new": one.new,
            "document": one.anchoring.version.document.identifier, "version": one.anchoring.version_id,
            "label": one.anchoring.version.label, "fate": one.anchoring.fate, "likeness": one.anchoring.likeness,
        }
        for one in with_marks(found["items"])
    ]  # fmt: skip
    return {**found, "items": shown}


@router.post("/waiting-clauses/{int:pk}/settle", auth=IN_PERSON, response=SettlementShown)
def settle_clause(request: PersonRequest, pk: int, asked: SettlementAsked) -> Anchoring:
    """A person's word on a clause that changed."""
    require(may_keep_clauses(request.user), KEEPERS)
    anchoring = get_object_or_404(Anchoring.objects.select_related("clause"), pk=pk)
    try:
        settled = settle(acting_user=request.user, anchoring=anchoring, **asked.dict())
    except ClauseRefused as refused:
        raise Problem(409, str(refused)) from refused
    follow_clauses.delay_on_commit(settled.clause.document_id)
    return settled


@router.post("/clause-texts/{int:pk}/draft", auth=IN_PERSON, response={201: RuleInFull})
def draft_rule(request: PersonRequest, pk: int) -> Status:
    """A draft rule from a clause; its conditions are proposed, and wait for a lawyer in the editor."""
    require(may_edit_rules(request.user), WRITERS)
    place = get_object_or_404(ClauseText.objects.select_related("clause__document", "version"), pk=pk)
    try:
        made: RuleRevision = draft_from_clause(place, acting_user=request.user)
    except RuleRefused as refused:
        raise Problem(409, str(refused)) from refused
    return Status(201, made)


@router.get("/terms/changes", auth=READING, response=Page[TermsChangeShown])
def list_terms_changes(request: PersonRequest, asked: Query[ChangesAsked]) -> dict[str, Any]:
    """What changed lately: each new wording and each old text that came back."""
    return part_of(incoming.changes(asked.provider or ""), asked)


@router.get("/terms/incoming", auth=IN_PERSON, response=Page[ArrivalShown])
def list_arrivals(request: PersonRequest, asked: Query[ArrivalsAsked]) -> dict[str, Any]:
    """Texts that wait for a person: doubtful ones with the reason, and uploads that nobody has confirmed."""
    require(may_receive_texts(request.user), RECEIVERS)
    return part_of(incoming.arrivals(asked.state == "waiting"), asked)


def _arrival(request: PersonRequest, pk: int) -> Arrival:
    require(may_receive_texts(request.user), RECEIVERS)
    return get_object_or_404(incoming.arrivals() | incoming.arrivals(waiting=False), pk=pk)


@router.get("/terms/incoming/{int:pk}", auth=IN_PERSON, response=ArrivalShown)
def get_arrival(request: PersonRequest, pk: int) -> Arrival:
    """One text that came in."""
    return _arrival(request, pk)


@router.get("/terms/incoming/{int:pk}/bytes", auth=IN_PERSON, openapi_extra=a_file("application/octet-stream"))
def get_arrival_bytes(request: PersonRequest, pk: int) -> HttpResponse:
    """Its bytes as they came."""
    return pages.arrival_bytes(request, pk)


@router.post("/terms/incoming/{int:pk}/decide", auth=IN_PERSON, response=ArrivalShown)
def decide_arrival(request: PersonRequest, pk: int, asked: ArrivalDecided) -> Arrival:
    """Say that a text is the provider's, or that it is not."""
    found = _arrival(request, pk)
    try:
        if asked.decision == "accept":
            accept(acting_user=request.user, arrival=found, reason=asked.reason)
        else:
            discard(acting_user=request.user, arrival=found, reason=asked.reason)
    except TermsProblem as problem:
        raise Problem(409, str(problem)) from problem
    return _arrival(request, pk)


@router.get("/terms/dates", auth=IN_PERSON, response=Page[ProposalShown])
def list_proposed_dates(request: PersonRequest, asked: Query[DatesAsked]) -> dict[str, Any]:
    """Versions whose dates were read from their texts."""
    require(may_receive_texts(request.user), RECEIVERS)
    today = timezone.localdate()
    rows = incoming.proposals(asked.state == "waiting").select_related("document")
    found = part_of(rows, asked)
    return {**found, "items": [incoming.proposal(one, today) for one in found["items"]]}


@router.put("/versions/{int:pk}/dates", auth=IN_PERSON, response=VersionShown)
def set_version_dates(request: PersonRequest, pk: int, asked: DatesGiven) -> Version:
    """Confirm a version's proposed dates, or set others."""
    require(may_receive_texts(request.user), RECEIVERS)
    version = get_object_or_404(Version.objects.select_related("document__provider").defer("text"), pk=pk)
    form = DatesForm(said(asked))
    data = cleaned(form)
    try:
        fix_dates(
            acting_user=request.user, version=version, since=data["since"], until=form.until, reason=data["reason"]
        )
    except TermsProblem as problem:
        raise Problem(409, str(problem)) from problem
    return get_object_or_404(Version.objects.select_related("document").defer("text"), pk=pk)
