"""What only people can tell: questions of rules and their answers, names of models, what was judged anew and why."""

import datetime as dt
from typing import Any

from ninja import Field, Query, Router, Schema, Status

from audits.access import require_may_answer, require_may_correct, visible_findings, visible_runs
from audits.actions.questions import answer_question
from audits.matching.questions import ASKED, Topic
from audits.models import FactAnswer
from audits.queries.model_names import unresolved_models, words_on
from audits.queries.questions_page import answers_about, asked_of, open_by_student
from audits.views.question_forms import AnswerForm, CorrectionForm
from compliance.access import get_project
from compliance.actions.corrections import correct_model
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of, part_of_rows
from compliance.api.shapes import Asked, Json, Person, ProjectName, Reason, cleaned, said
from compliance.models import CatalogueEntry, Project, Provider, TermsDocument
from compliance.problems import Problem
from compliance.views.requests import PersonRequest

router = Router()


class QuestionName(Schema):
    """A fact that rules ask for."""

    fact: str
    provider: str = Field(description="For questions about one provider.")
    waiting_findings: int
    calls: int


class StudentAsked(Schema):
    """A student of a project, and the questions that nobody has answered."""

    project: ProjectName | None = Field(description="null: the organisation.")
    student: str
    questions: list[QuestionName]


class ConsequenceShown(Schema):
    """What one possible answer would decide."""

    value: Any
    words: str
    outcomes: list[Json]


class QuestionShown(QuestionName):
    """An open question with what its answers would decide."""

    kind: str
    since: dt.date
    findings: list[int]
    consequences: list[ConsequenceShown]


class AnswerShown(Schema):
    """An answer on record."""

    id: int
    fact: str
    provider: str
    value: Any
    reason: str
    valid_from: dt.date
    answered_by: Person
    answered_at: dt.datetime


class Questionnaire(Schema):
    """Open questions and the answers on record."""

    questions: list[QuestionShown]
    answers: list[AnswerShown]


class StudentName(Schema):
    """Which student, by its name in audit.toml."""

    student: str = Field("", max_length=200)


class AnswerAsked(Asked):
    """An answer: a fact in the name of whoever is signed in. No token opens it."""

    fact: str = Field(max_length=60, description=f"One of: {', '.join(ASKED)}.")
    provider: str = Field("", max_length=60)
    value: bool | int | str
    reason: Reason
    valid_from: dt.date


class UnknownModel(Schema):
    """A requested name whose developer is not known."""

    name: str
    served_by: list[str]
    calls: int
    runs: int
    first_on: dt.date
    last_on: dt.date


class ModelNamed(Asked):
    """What a model's name means."""

    name: str = Field(min_length=1, max_length=300)
    developer: str | None = Field(None, max_length=60, description="Slug of a provider; null: not known.")
    family: str | None = Field(None, max_length=200, description="Pattern of a catalogue entry that it belongs to.")
    base: str | None = Field(None, max_length=200, description="Pattern of the entry that it was built on.")
    licences: list[str] = Field(default_factory=list, max_length=20, description="Documents.")
    open_weights: bool = False
    reason: Reason


class NamingShown(Schema):
    """A person's word on a name."""

    id: int
    name: str
    developer: str
    family: str
    base: str
    licences: list[str]
    open_weights: bool
    reason: str
    corrected_by: Person
    corrected_at: dt.datetime


class NameAsked(Paged):
    """Which name."""

    name: str = Field(min_length=1, max_length=300)


@router.get("/questions", auth=READING, response=Page[StudentAsked])
def list_questions(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Who has open questions, and how many findings wait for answers."""
    found = open_by_student(visible_findings(request.user))
    shown = [
        {"project": one.project, "student": one.student, "questions": [_named(each) for each in one.questions]}
        for one in found
    ]
    return part_of_rows(shown, asked)


def _named(one: Any) -> Json:
    topic = one.topic
    return {"fact": topic.fact, "provider": topic.provider, "waiting_findings": len(one.findings), "calls": one.calls}


@router.get("/projects/{slug:slug}/questions", auth=READING, response=Questionnaire)
def get_questionnaire(request: PersonRequest, slug: str, asked: Query[StudentName]) -> dict[str, Any]:
    """The questionnaire about one student of a project."""
    return _questionnaire(request, get_project(request.user, slug), asked.student)


@router.get("/questions/organisation", auth=READING, response=Questionnaire)
def get_organisation_questionnaire(request: PersonRequest) -> dict[str, Any]:
    """The questions that are answered once for all students."""
    return _questionnaire(request, None, "")


def _questionnaire(request: PersonRequest, project: Project | None, student: str) -> dict[str, Any]:
    asked = asked_of(visible_findings(request.user), project, student)
    return {
        "questions": [_question(one) for one in asked if project is not None or one.topic.of_organisation],
        "answers": [one.answer for one in answers_about(project, student)],
    }


def _question(one: Any) -> Json:
    told = [
        {
            "value": each.value, "words": each.words,
            "outcomes": [{"outcome": outcome, "uses": uses, "calls": calls} for outcome, uses, calls in each.outcomes],
        }
        for each in one.consequences
    ]  # fmt: skip
    topic = one.topic
    return {
        "fact": topic.fact, "provider": topic.provider, "kind": topic.definition.kind, "since": one.since,
        "waiting_findings": len(one.findings), "calls": sum(finding.calls for finding in one.findings),
        "findings": [finding.pk for finding in one.findings], "consequences": told,
    }  # fmt: skip


@router.post("/projects/{slug:slug}/answers", auth=IN_PERSON, response={201: AnswerShown})
def answer_about_student(request: PersonRequest, slug: str, about: Query[StudentName], asked: AnswerAsked) -> Status:
    """Answer a question about a student. Findings that waited for it are judged anew within seconds."""
    return _answered(request, get_project(request.user, slug), about.student, asked)


@router.post("/answers/organisation", auth=IN_PERSON, response={201: AnswerShown})
def answer_about_organisation(request: PersonRequest, asked: AnswerAsked) -> Status:
    """Answer a question about the whole organisation."""
    return _answered(request, None, "", asked)


def _answered(request: PersonRequest, project: Project | None, student: str, asked: AnswerAsked) -> Status:
    if asked.fact not in ASKED:
        raise _bad("fact", f"Not a question that is asked. Asked are: {', '.join(ASKED)}.")
    of_organisation = asked.fact.startswith("organisation.")
    if project is None and not of_organisation:
        raise _bad("fact", "This is asked of a student: POST /projects/{slug}/answers.")
    topic = Topic(0, "", asked.fact)
    if project is not None and not of_organisation:
        topic = Topic(project.pk, student, asked.fact, asked.provider)
    scope = None if topic.of_organisation else project
    require_may_answer(request.user, scope, asked.fact)
    value = {True: "true", False: "false"}[asked.value] if isinstance(asked.value, bool) else str(asked.value)
    data = cleaned(AnswerForm(topic, said(asked, value=value)))
    given = {name: data[name] for name in ("value", "reason", "valid_from")}
    made: FactAnswer = answer_question(topic=topic, project=scope, acting_user=request.user, **given)
    return Status(201, made)


def _bad(field: str, detail: str) -> Problem:
    return Problem(422, detail, errors=[{"field": field, "detail": detail}])


@router.get("/models/unknown", auth=READING, response=Page[UnknownModel])
def list_unknown_models(request: PersonRequest, asked: Query[Paged]) -> dict[str, Any]:
    """Names whose developer is not known, in the runs that one may see."""
    return part_of_rows(unresolved_models(visible_runs(request.user)), asked)


@router.get("/models/names", auth=READING, response=Page[NamingShown])
def list_names(request: PersonRequest, asked: Query[NameAsked]) -> dict[str, Any]:
    """What people said of a name, newest first."""
    return part_of(words_on(asked.name), asked)


@router.post("/models/names", auth=IN_PERSON, response={201: NamingShown})
def name_model(request: PersonRequest, asked: ModelNamed) -> Status:
    """Say what a model's name means."""
    require_may_correct(request.user)
    entries = CatalogueEntry.objects.exclude(pattern__startswith="publisher:")
    given = said(
        asked,
        developer=_key("developer", asked.developer, Provider.objects.filter(slug=asked.developer or "")),
        family=_key("family", asked.family, entries.filter(pattern=asked.family or "")),
        base=_key("base", asked.base, entries.filter(pattern=asked.base or "")),
        licences=[_key("licences", one, TermsDocument.objects.filter(identifier=one)) for one in asked.licences],
    )
    return Status(201, correct_model(**cleaned(CorrectionForm(given)), acting_user=request.user))


def _key(field: str, named: str | None, found: Any) -> int | None:
    if named is None:
        return None
    key: int | None = found.values_list("pk", flat=True).first()
    if key is None:
        raise _bad(field, f"There is no {named}.")
    return key
