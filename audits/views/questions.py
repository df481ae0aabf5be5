"""Questions that rules ask of people: across students, and the questionnaire of one student or of the organisation."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from audits.access import may_answer, may_report, require_may_answer, visible_findings
from audits.actions.questions import answer_question
from audits.matching.questions import ASKED, Topic
from audits.queries.questions_page import answers_about, asked_of, open_by_student
from audits.views.question_forms import AnswerForm
from compliance.access import get_project
from compliance.models import Project
from compliance.queries.names import names
from compliance.views.lists import Column, Listing, field, wants_csv
from compliance.views.requests import PersonRequest

QUESTIONS: Final = Listing(
    "questions",
    (
        field("about", "student", of="student"), field("project", of="project.name"),
        Column("asked", lambda one: [question.topic.fact for question in one.questions]),
        field("questions", "count", of="count"),
        field("findings_that_wait", "findings", of="findings"),
    ),
)  # fmt: skip


def listing(request: PersonRequest) -> HttpResponseBase:
    """Who has open questions, and how many findings wait for answers."""
    students = open_by_student(visible_findings(request.user))
    if wants_csv(request):
        return QUESTIONS.as_csv(request, students)
    return render(request, "audits/question_list.html", QUESTIONS.shown(request, students) | {"names": names()})


def about_student(request: PersonRequest, slug: str) -> HttpResponse:
    """The questionnaire about one student of a project: `?student=` is its name, as audit.toml has it."""
    return _page(request, get_project(request.user, slug), request.GET.get("student", ""))


def about_organisation(request: PersonRequest) -> HttpResponse:
    """The questions that are answered once for all students."""
    return _page(request, None, "")


def _page(
    request: PersonRequest, project: Project | None, student: str, failed: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    asked = asked_of(visible_findings(request.user), project, student)
    rows = [
        {
            "question": one,
            "form": failed if failed and failed.topic == one.topic else AnswerForm(one.topic, since=one.since),
            "may": may_answer(request.user, _scope(one.topic, project), one.topic.fact),
        }
        for one in asked
        if project is not None or one.topic.of_organisation
    ]
    answers = [*answers_about(project, student), *(answers_about(None, "") if project else ())]
    context: dict[str, Any] = {
        "project": project,
        "student": student,
        "may_report": project is not None and bool(student) and may_report(request.user, project),
        "of_student": f"{project.slug}/{student}" if project else "",
        "rows": rows,
        "answers": answers,
        "names": names(),
    }
    return render(request, "audits/question_page.html", context, status=status)


def _scope(topic: Topic, project: Project | None) -> Project | None:
    return None if topic.of_organisation else project


@require_POST
def answer_about_student(request: PersonRequest, slug: str) -> HttpResponse:
    """Record an answer about a student, or, asked on the same page, about the organisation."""
    return _answer(request, get_project(request.user, slug), request.GET.get("student", ""))


@require_POST
def answer_about_organisation(request: PersonRequest) -> HttpResponse:
    """Record an answer about the organisation."""
    return _answer(request, None, "")


def _answer(request: PersonRequest, project: Project | None, student: str) -> HttpResponse:
    fact = request.POST.get("fact", "")
    if fact not in ASKED:
        return _page(request, project, student, status=422)
    of_organisation = fact.startswith("organisation.")
    topic = (
        Topic(0, "", fact)
        if of_organisation or project is None
        else (Topic(project.pk, student, fact, request.POST.get("provider", "")[:60]))
    )
    require_may_answer(request.user, _scope(topic, project), fact)
    form = AnswerForm(topic, request.POST)
    if form.is_valid():
        said = {name: form.cleaned_data[name] for name in ("value", "reason", "valid_from")}
        try:
            answer_question(topic=topic, project=_scope(topic, project), acting_user=request.user, **said)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect(_address(project, student))
    return _page(request, project, student, form, status=422)


def _address(project: Project | None, student: str) -> str:
    if project is None:
        return reverse("questions-organisation")
    return f"{reverse('questions-student', args=[project.slug])}?{urlencode({'student': student})}"
