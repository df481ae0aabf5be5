"""The terms library: providers, their documents, versions and clauses; what governed on a day; what changed; rules."""

import datetime as dt
from typing import Any, Literal

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from compliance.actions.clauses import is_read, read_version
from compliance.api.openings import READING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Json, Key, Person, a_file
from compliance.api.told import ComparisonTold, InForceTold
from compliance.engine.broken import MEND
from compliance.models import Agreement, Provider, RuleRevision, TermsDocument, Version
from compliance.problems import Problem
from compliance.queries.comparing import compare_versions
from compliance.queries.in_force import (
    providers_with_counts,
    readable_agreements,
    readable_revisions,
    rules_of_version,
)
from compliance.queries.library import rule_of
from compliance.queries.reader import highlights, waiting_here
from compliance.views import in_force as pages
from compliance.views import reader
from compliance.views.forms import REGIONS
from compliance.views.requests import PersonRequest

router = Router()


class ProviderShown(Schema):
    """A developer of models, a channel that serves them, or both."""

    id: int
    slug: str
    name: str
    website: str
    document_count: int
    version_count: int
    rule_count: int
    newest: dt.date | None


class ProviderInFull(ProviderShown):
    """A provider with its hosts and notes."""

    definition: Json
    notes: str


class DocumentShown(Schema):
    """One paper of one provider for one audience and region."""

    id: int
    identifier: str
    provider: str
    title: str
    kind: str
    audience: str
    region: str
    url: str

    @staticmethod
    def resolve_provider(obj: Any) -> str:
        return str(obj.provider.slug)


class VersionShown(Schema):
    """A document's text from one day to another."""

    id: int
    label: str
    document: str
    effective_on: dt.date | None
    last_day: dt.date | None = Field(description="null: still in force, or its dates are not known.")
    basis: str
    text_held: bool
    text_sha256: str

    @staticmethod
    def resolve_document(obj: Any) -> str:
        return str(obj.document.identifier)

    @staticmethod
    def resolve_effective_on(obj: Any) -> dt.date | None:
        return None if obj.in_force.isempty else obj.in_force.lower

    @staticmethod
    def resolve_last_day(obj: Any) -> dt.date | None:
        until = None if obj.in_force.isempty else obj.in_force.upper
        return until - dt.timedelta(days=1) if until else None

    @staticmethod
    def resolve_text_held(obj: Any) -> bool:
        return bool(obj.text_sha256)


class ClauseInText(Schema):
    """A marked passage: an accepted clause, or a suggestion that nobody has decided on."""

    start: int
    end: int
    state: str = Field(description="covered, accepted, suggested, rejected.")
    labels: list[str]
    mode: str
    section: str
    clause: str | None = Field(description="Key of the clause.")
    suggestion: int | None

    @staticmethod
    def resolve_clause(obj: Any) -> str | None:
        return obj.place.clause.key if obj.place else None

    @staticmethod
    def resolve_suggestion(obj: Any) -> int | None:
        return obj.suggestion.pk if obj.suggestion else None


class RuleShown(Schema):
    """One revision of a rule: a machine-readable reading of a clause."""

    id: int
    rule: str
    rule_id: int
    number: int
    status: str
    effect: str
    title: str
    statement: str
    severity: str
    section: str
    document: str
    broken: str | None = Field(
        description="null: the engine reads it. Else what keeps it from that, and how to mend it; until then, whatever this "
        "rule bears on is judged as not known."
    )

    @staticmethod
    def resolve_broken(obj: Any) -> str | None:
        wrong = rule_of(obj).broken
        return f"{wrong}. {MEND}." if wrong else None

    @staticmethod
    def resolve_rule(obj: Any) -> str:
        return str(obj.rule.identifier)

    @staticmethod
    def resolve_document(obj: Any) -> str:
        return str(obj.rule.document.identifier)


class RuleInFull(RuleShown):
    """A revision with its definition, as the engine reads it."""

    guidance: str
    remedy: str
    definition: Json
    content_sha256: str
    shipped: bool
    created_by: Person | None
    published_by: Person | None
    published_at: dt.datetime | None
    superseded_at: dt.datetime | None
    clauses: list[str]

    @staticmethod
    def resolve_definition(obj: Any) -> Json:
        return obj.definition if isinstance(obj.definition, dict) else {"broken": obj.definition}

    @staticmethod
    def resolve_clauses(obj: Any) -> list[str]:
        return [one.key for one in obj.clauses.order_by("key")]


class VersionInFull(VersionShown):
    """A version with its text, where it is held, its clauses and the rules that cite it."""

    text: str
    captured: Json | None
    clauses: list[ClauseInText]
    rules: list[RuleShown]
    waiting_clauses: int

    @staticmethod
    def resolve_captured(obj: Any) -> Json | None:
        one = obj.snapshot
        if one is None:
            return None
        return {"fetched_at": one.fetched_at, "media_type": one.media_type, "sha256": one.sha256, "size": one.size}

    @staticmethod
    def resolve_clauses(obj: Any) -> list[Any]:
        return highlights(obj) if obj.text else []

    @staticmethod
    def resolve_rules(obj: Any) -> list[Any]:
        return rules_of_version(obj)

    @staticmethod
    def resolve_waiting_clauses(obj: Any) -> int:
        return waiting_here(obj)


class AgreementShown(Schema):
    """Negotiated terms: what they lift, for whom, from when to when."""

    id: int
    provider: str
    project: str | None = Field(description="null: the whole organisation.")
    reference: str
    grants: list[str]
    starts_on: dt.date
    ends_on: dt.date | None

    @staticmethod
    def resolve_provider(obj: Any) -> str:
        return str(obj.provider.slug)

    @staticmethod
    def resolve_project(obj: Any) -> str | None:
        return obj.project.slug if obj.project else None


class DocumentsAsked(Paged):
    """Whose documents."""

    provider: str | None = Field(None, max_length=60)
    kind: str | None = Field(None, max_length=60)


class RulesAsked(Paged):
    """Which rules."""

    provider: str | None = Field(None, max_length=60)
    document: str | None = Field(None, max_length=160)
    effect: RuleRevision.Effect | None = None
    status: Literal["published", "superseded"] = "published"


class InForceAsked(Schema):
    """Whose models, on which day, how reached, by whom served, from where."""

    provider: str = Field(max_length=60)
    on: dt.date | None = None
    access: Literal["api", "consumer_app", "weights"] | None = None
    served_by: str | None = Field(None, max_length=60)
    region: Literal[tuple(code for code, _ in REGIONS if code)] | None = None  # type: ignore[valid-type]
    model: str | None = Field(None, max_length=200)


class CompareAsked(Schema):
    """Two versions whose texts are held."""

    old: Key
    new: Key
    only: Literal["building"] | None = Field(None, description="building: what bears on building models.")


@router.get("/providers", auth=READING, response=Page[ProviderShown])
def list_providers(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Every provider with its documents and rules, counted."""
    return part_of(providers_with_counts(), asked, "slug")


@router.get("/providers/{slug:slug}", auth=READING, response=ProviderInFull)
def get_provider(request: PersonRequest, slug: str) -> Provider:
    """One provider."""
    return get_object_or_404(providers_with_counts(), slug=slug)


@router.get("/providers/{slug:slug}/agreements", auth=READING, response=Page[AgreementShown])
def list_agreements(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """Negotiated terms with the provider: the organisation's, and those of projects that one sees."""
    provider = get_object_or_404(Provider, slug=slug)
    mine = Agreement.objects.filter(readable_agreements(request.user), provider=provider)
    return part_of(mine.select_related("provider", "project"), asked)


@router.get("/documents", auth=READING, response=Page[DocumentShown])
def list_documents(request: PersonRequest, asked: Query[DocumentsAsked]) -> dict[str, Any]:
    """Every document, by its identifier."""
    narrowed = {"provider__slug": asked.provider, "kind": asked.kind}
    found = TermsDocument.objects.select_related("provider")
    return part_of(found.filter(**{path: value for path, value in narrowed.items() if value}), asked, "identifier")


@router.get("/documents/{int:pk}", auth=READING, response=DocumentShown)
def get_document(request: PersonRequest, pk: int) -> TermsDocument:
    """One document."""
    return get_object_or_404(TermsDocument.objects.select_related("provider"), pk=pk)


@router.get("/documents/{int:pk}/versions", auth=READING, response=Page[VersionShown])
def list_versions(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """A document's versions, the newest label first."""
    document = get_object_or_404(TermsDocument, pk=pk)
    return part_of(document.versions.select_related("document").defer("text"), asked, "-label")


@router.get("/versions/{int:pk}", auth=READING, response=VersionInFull)
def get_version(request: PersonRequest, pk: int) -> Version:
    """One version: its text, the clauses marked in it, the rules that cite it. A text that nobody has read yet is read now."""
    found = get_object_or_404(Version.objects.select_related("document__provider", "snapshot"), pk=pk)
    if found.text and not is_read(found):
        read_version(found)
    return found


@router.get("/versions/{int:pk}/bytes", auth=READING, openapi_extra=a_file("application/octet-stream"))
def get_version_bytes(request: PersonRequest, pk: int) -> HttpResponse:
    """The bytes as they were fetched or uploaded."""
    return reader.version_bytes(request, pk)


@router.get("/versions/compare", auth=READING, response=ComparisonTold)
def compare_two_versions(request: PersonRequest, asked: Query[CompareAsked]) -> Json:
    """What changed from one version to another, passage by passage."""
    held = Version.objects.exclude(text="").select_related("document__provider")
    old, new = (get_object_or_404(held, pk=pk) for pk in (asked.old, asked.new))
    for version in (old, new):
        if not is_read(version):
            read_version(version)
    found = compare_versions(old, new, asked.only == "building")
    return {
        "old": old.pk,
        "new": new.pk,
        "tally": [{"kind": kind, "passages": count, "bearing": bearing} for kind, count, bearing in found.tally],
        "changes": [
            {
                "kind": row.kind, "old": row.old, "new": row.new, "moved": row.moved, "section": row.section,
                "labels": list(row.labels), "bears": row.bears,
            }
            for row in found.changes
        ],
    }  # fmt: skip


@router.get("/terms/in-force", auth=READING, response=InForceTold)
def get_terms_in_force(request: PersonRequest, asked: Query[InForceAsked]) -> Json:
    """The papers that govern a use on a day, why each does, and which of them are missing."""
    given = {name: str(value) for name, value in asked.dict().items() if value is not None}
    answer = pages.answered(given)
    if not answer["provider"]:
        raise Http404
    if errors := answer["form"].errors:
        listed = [{"field": name, "detail": str(one)} for name, found in errors.items() for one in found]
        raise Problem(422, " ".join(one["detail"] for one in listed), errors=listed)
    return pages.document_of(answer)


@router.get("/rules", auth=READING, response=Page[RuleShown])
def list_rules(request: PersonRequest, asked: Query[RulesAsked]) -> dict[str, Any]:
    """Rules as they are published, or were; drafts are for those who write them."""
    narrowed = {
        "rule__document__provider__slug": asked.provider, "rule__document__identifier": asked.document,
        "effect": asked.effect, "status": asked.status,
    }  # fmt: skip
    return part_of(readable_revisions().filter(**{path: value for path, value in narrowed.items() if value}), asked)


@router.get("/rule-revisions/{int:pk}", auth=READING, response=RuleInFull)
def get_rule_revision(request: PersonRequest, pk: int) -> RuleRevision:
    """One revision of a rule, as the engine reads it."""
    return get_object_or_404(readable_revisions(), pk=pk)


@router.get("/rules/{int:pk}/revisions", auth=READING, response=Page[RuleShown])
def list_rule_revisions(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Every published revision of a rule, newest first."""
    found = readable_revisions().filter(rule=pk)
    if not found.exists():
        raise Http404
    return part_of_rows(found.order_by("-number"), asked)
