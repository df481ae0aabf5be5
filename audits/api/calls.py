"""What a run recorded: exchanges and their calls, lineage from answers to rows, students, and the evidence of it all."""

import datetime as dt
from typing import Any, Literal

from django.conf import settings
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.datastructures import MultiValueDict
from ninja import Field, File, Form, Query, Router, Schema, Status, UploadedFile

from audits.access import get_exchange, get_run, require_may_compare, require_may_read_contents
from audits.actions.comparisons import keep_comparison
from audits.evidence.store import open_store
from audits.models import Exchange, Look, Seal, Student
from audits.queries.answers_became import answers_became
from audits.queries.run_view import exchanges_of, lineage_of, matches_of
from audits.queries.usage_over_time import models_used
from audits.views import comparisons as comparing
from audits.views import evidence as evidence_pages
from audits.views import exchanges as pages
from audits.views.bodies import read_exchange
from audits.views.forms import CallFilter
from audits.views.looks import looked
from compliance.api.bounds import taking
from compliance.api.openings import CONTENTS, READING, REPORTING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Json, a_file, cleaned, said
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class CallsAsked(Paged):
    """Which exchanges."""

    kind: Literal["calls", "unparsed", "other"] | None = None
    provider: str | None = Field(None, max_length=60)
    model: str | None = Field(None, max_length=300)
    status: Literal["2", "4", "5", "none"] | None = Field(None, description="The first figure, or none: no answer.")
    step: str | None = Field(None, max_length=20)


class CallShown(Schema):
    """One question to one model, as it was read from an exchange."""

    position: int
    provider: str
    served_by: str
    api: str
    operation: str
    request_model: str
    response_model: str
    input_tokens: int | None
    output_tokens: int | None
    failed: bool
    purpose: str
    purpose_source: str


class ExchangeShown(Schema):
    """One request and its response. What was said is read one by one, with the scope for contents."""

    id: int
    seq: int
    step: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    host: str
    port: int
    method: str
    status: int | None
    request_size: int
    response_size: int
    request_sha256: str
    response_sha256: str
    truncated: bool
    simulated: bool
    unparsed: str
    not_a_model_call: str
    error: str
    calls: list[CallShown]

    @staticmethod
    def resolve_calls(obj: Any) -> list[Any]:
        return list(obj.calls.all())


class SideShown(Schema):
    """The request or the response as it crossed the wire; secrets are masked."""

    name: str
    line: str
    headers: list[tuple[str, str]]
    sha256: str
    size: int
    text: str
    problem: str
    cut: bool


class RowBehind(Schema):
    """A row of a data set that derives from a call's answer."""

    dataset: int = Field(alias="dataset_id")
    row: int
    kind: str
    similarity: float
    field: str


class CallInFull(CallShown):
    """A call with what was said, in excerpts, and the rows that derive from it."""

    prompt_excerpt: str
    output_excerpt: str
    output_sha256: str
    rows: list[RowBehind]

    @staticmethod
    def resolve_rows(obj: Any) -> list[Any]:
        return list(obj.row_matches.order_by("dataset_id", "row")[:200])


class ExchangeInFull(ExchangeShown):
    """One exchange in full, both sides."""

    target: str
    calls: list[CallInFull]  # type: ignore[assignment]
    sides: list[SideShown]

    @staticmethod
    def resolve_sides(obj: Any) -> list[Any]:
        return list(read_exchange(obj, open_store(settings.EVIDENCE_URL)).sides)


class DatasetShown(Schema):
    """A data set, and how many of its rows come from which model's answers."""

    id: int
    path: str
    role: str
    format: str
    sha256: str
    rows: int
    malformed: int
    derived_rows: int
    label_rows: int
    gap: str
    by_model: list[Json]
    undetermined: int = Field(description="Rows that derive from no recorded answer.")


class LineageShown(Schema):
    """From the teachers' answers to the data sets to the student."""

    datasets: list[DatasetShown]
    student: Json | None
    became: list[Json] = Field(description="What became of each model's answers.")
    models: list[Json]


class MatchShown(Schema):
    """Which row derives from which answer, and how that was told."""

    id: int
    row: int
    kind: str
    similarity: float
    field: str
    words: int
    call: int = Field(alias="call_id")
    exchange: int = Field(alias="call.exchange_id")
    model: str = Field(alias="call.request_model")
    provider: str = Field(alias="call.provider")


class ComparisonShown(Schema):
    """A student's answers beside its teacher's and a baseline's: an indicator."""

    id: int
    made_at: dt.datetime
    teacher: str
    baseline: str
    prompts: int
    difference: float
    low: float
    high: float
    reading: str
    files: Json


class ComparisonAsked(Asked):
    """Who is compared."""

    teacher: str = Field(min_length=1, max_length=200)
    baseline: str = Field(min_length=1, max_length=200)


class EvidenceEntryShown(Schema):
    """One piece of evidence, chained by hash to the one before it."""

    seq: int
    at: dt.datetime
    kind: str
    reference: str
    sha256: str
    size: int
    hash: str


class ProofShown(Schema):
    """A time stamp or an anchor of the seal."""

    kind: str
    place: str
    state: str
    done_at: dt.datetime | None
    error: str


class SealShown(Schema):
    """The signature over a run's evidence."""

    root: str
    entries: int
    sealed_at: dt.datetime
    definition: Json
    proofs: list[ProofShown]

    @staticmethod
    def resolve_proofs(obj: Any) -> list[Any]:
        return list(obj.proofs.all())


@router.get("/runs/{int:pk}/exchanges", auth=READING, response=Page[ExchangeShown])
def list_exchanges(request: PersonRequest, pk: int, asked: Query[CallsAsked]) -> dict[str, Any]:
    """A run's exchanges with the calls read from them, in the order in which they were recorded."""
    run = get_run(request.user, pk)
    used = models_used(run) if asked.provider or asked.model else ()
    steps = run.exchanges.order_by("step").values_list("step", flat=True).distinct() if asked.step else ()
    providers = [(slug, slug) for slug in sorted({use.provider for use in used if use.provider})]
    form = CallFilter(
        said(asked, limit=None, cursor=None),
        providers=providers,
        models=sorted({use.model for use in used}),
        steps=steps,
    )
    cleaned(form)
    return part_of(form.narrow(exchanges_of(run)), asked, "pk")


@router.get("/exchanges/{int:pk}", auth=CONTENTS, response=ExchangeInFull)
def get_exchange_in_full(request: PersonRequest, pk: int) -> Exchange:
    """One exchange in full: what was read from it, and both sides as they crossed the wire. The look is put on record."""
    exchange = get_exchange(request.user, pk)
    require_may_read_contents(request.user, exchange.run)
    looked(request, Look.What.CALL, f"exchange {exchange.seq}", run=exchange.run)
    return exchange


@router.get("/exchanges/{int:pk}/{side}", auth=CONTENTS, openapi_extra=a_file("application/octet-stream"))
def get_exchange_body(request: PersonRequest, pk: int, side: Literal["request", "response"]) -> HttpResponseBase:
    """The bytes of a request's or response's body, as evidence keeps them."""
    return pages.raw(request, pk, side)


@router.get("/runs/{int:pk}/lineage", auth=READING, response=LineageShown)
def get_lineage(request: PersonRequest, pk: int) -> dict[str, Any]:
    """Each data set with its rows by model, and the student."""
    run = get_run(request.user, pk)
    student = Student.objects.filter(run=run).first()
    shown = ("name", "kind", "path", "sha256", "size", "facts", "gap")
    datasets = [
        {
            **{name: getattr(one.dataset, name) for name in DatasetShown.model_fields if hasattr(one.dataset, name)},
            "by_model": [vars(share) for share in one.shares],
            "undetermined": one.undetermined,
        }
        for one in lineage_of(run)
    ]
    return {
        "datasets": datasets,
        "student": {name: getattr(student, name) for name in shown} if student else None,
        "became": [{**vars(one), "counts": dict(one.counts)} for one in answers_became(run)],
        "models": [vars(one) for one in models_used(run)],
    }


@router.get("/runs/{int:pk}/datasets/{int:dataset}/rows", auth=CONTENTS, response=Page[MatchShown])
def list_rows(request: PersonRequest, pk: int, dataset: int, asked: Query[Paged]) -> dict[str, Any]:
    """A data set row by row: which answer each derives from, and how that was told."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    found = get_object_or_404(run.datasets, pk=dataset)
    looked(request, Look.What.ROWS, found.path, run=run, sha256=found.sha256)
    return part_of(matches_of(found), asked, "pk")


@router.get("/runs/{int:pk}/comparisons", auth=READING, response=Page[ComparisonShown])
def list_comparisons(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Comparisons of the run's student with its teacher, newest first."""
    return part_of(_student(request, pk).comparisons.all(), asked)


def _student(request: PersonRequest, pk: int) -> Student:
    return get_object_or_404(Student, run=get_run(request.user, pk))


@router.post(
    "/runs/{int:pk}/comparisons",
    auth=REPORTING,
    response={201: ComparisonShown},
    openapi_extra=taking(3 * comparing.MOST_BYTES),
)
def compare_answers(
    request: PersonRequest, pk: int, asked: Form[ComparisonAsked], student_file: File[UploadedFile],
    teacher_file: File[UploadedFile], baseline_file: File[UploadedFile],
) -> Status:  # fmt: skip
    """Hold a student's answers against its teacher's and a baseline's: three files of answers to the same prompts."""
    student = _student(request, pk)
    require_may_compare(request.user, student.run)
    files = {"student_file": student_file, "teacher_file": teacher_file, "baseline_file": baseline_file}
    form = comparing.ComparisonForm(asked.dict(), MultiValueDict({name: [one] for name, one in files.items()}))
    cleaned(form)
    found = comparing.compared(form)
    if found is None:
        raise Problem(422, " ".join(str(one) for one in form.non_field_errors()))
    kept = keep_comparison(student=student, found=found.as_json(), acting_user=request.user, **asked.dict())
    return Status(201, kept)


@router.get("/runs/{int:pk}/evidence", auth=READING, response=Page[EvidenceEntryShown])
def list_evidence(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The chain of the run's evidence, entry by entry."""
    return part_of(get_run(request.user, pk).evidence.all(), asked, "seq")


@router.get("/runs/{int:pk}/evidence/seal", auth=READING, response=SealShown)
def get_seal(request: PersonRequest, pk: int) -> Seal:
    """The seal over the run's evidence, with its time stamps and anchors. 404 while there is none."""
    return get_object_or_404(Seal.objects.prefetch_related("proofs"), run=get_run(request.user, pk))


@router.get("/runs/{int:pk}/evidence/bundle", auth=CONTENTS, openapi_extra=a_file("application/zip"))
def get_bundle(request: PersonRequest, pk: int) -> HttpResponseBase:
    """The evidence bundle, made now; anybody can check it with the verifier inside it. 409 when none can be made."""
    run = get_run(request.user, pk)
    require_may_read_contents(request.user, run)
    try:
        return evidence_pages.opened_bundle(request, run)
    except evidence_pages.NoBundle as problem:
        raise Problem(409, str(problem)) from problem
