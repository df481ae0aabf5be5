"""What the questionnaires show: what is asked of a student, what waits for it, what was answered; and across students."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from audits.matching.questions import ASKED, Consequence, Consequences, OpenQuestion, Topic, open_questions
from audits.models import AssessedUse, FactAnswer, Finding, Run
from audits.queries.review import standing_today
from compliance.engine.phrases import fact_phrase
from compliance.models import Project
from compliance.queries.library import agreements_by_project
from compliance.queries.library_kept import kept_library


@dataclass(frozen=True)
class StudentQuestions:
    """One student (or, without a project, the organisation) with its open questions."""

    project: Project | None
    student: str
    questions: tuple[OpenQuestion, ...]

    @property
    def count(self) -> int:
        """How many questions are open."""
        return len(self.questions)

    @property
    def findings(self) -> int:
        """Findings that wait for one answer at least."""
        return len({finding.pk for question in self.questions for finding in question.findings})


@dataclass(frozen=True)
class AskedQuestion:
    """An open question with what each answer would decide, and the first day of use that waits."""

    topic: Topic
    findings: tuple[Finding, ...]
    consequences: tuple[Consequence, ...]
    since: dt.date


@dataclass(frozen=True)
class GivenAnswer:
    """An answer on record; `holds` until a newer one replaces it."""

    answer: FactAnswer
    words: str
    holds: bool


def open_by_student(findings: QuerySet[Finding]) -> list[StudentQuestions]:
    """Open questions of the newest run of each pipeline, by student, the organisation first. One query."""
    grouped: dict[tuple[int, str], list[OpenQuestion]] = {}
    projects: dict[int, Project] = {}
    for question in open_questions(standing_today(findings)):
        grouped.setdefault((question.topic.project, question.topic.student), []).append(question)
        if question.topic.project:
            projects[question.topic.project] = question.findings[0].run.pipeline.project
    return [
        StudentQuestions(projects.get(project), student, tuple(questions))
        for (project, student), questions in sorted(grouped.items())
    ]


def asked_of(findings: QuerySet[Finding], project: Project | None, student: str) -> list[AskedQuestion]:
    """The open questions about one student (and the organisation), each with what its answers would decide."""
    mine = (project.pk if project else 0, student)
    questions = [
        question
        for question in open_questions(standing_today(findings))
        if question.topic.of_organisation or (question.topic.project, question.topic.student) == mine
    ]
    runs = Run.objects.filter(pk__in={one.run_id for question in questions for one in question.findings})
    judged = list(runs.select_related("pipeline__project").defer("manifest_text", "scan", "prompts", "summary"))
    supposed = Consequences(kept_library(), judged, agreements_by_project()) if questions else None
    first = _first_days(question.findings for question in questions)
    return [
        AskedQuestion(
            question.topic, question.findings, supposed.of(question.topic) if supposed else (),
            min((first[one.use_id] for one in question.findings if one.use_id in first), default=timezone.now().date()),
        )
        for question in questions
    ]  # fmt: skip


def _first_days(findings: Iterable[Sequence[Finding]]) -> Mapping[int | None, dt.date]:
    uses = {finding.use_id for group in findings for finding in group}
    return dict(AssessedUse.every.filter(pk__in=[use for use in uses if use]).values_list("pk", "first_on"))


def answers_about(project: Project | None, student: str) -> list[GivenAnswer]:
    """The answers on record about a student, or the organisation, newest first. One query."""
    answers = FactAnswer.objects.filter(project=project, student=student).select_related("answered_by")
    newest: set[tuple[str, str]] = set()
    given = []
    for answer in answers.order_by("-valid_from", "-id"):
        key = (answer.fact, answer.provider)
        given.append(GivenAnswer(answer, fact_phrase(answer.fact, answer.value), key not in newest))
        newest.add(key)
    return sorted(given, key=lambda one: (ASKED.index(one.answer.fact), one.answer.provider))
