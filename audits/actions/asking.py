"""Asking a named person for a fact: typed as the engine has it, or in words; withdrawn, and closed when the fact is on record."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audits.access import may_answer
from audits.actions.events import fact_answered, fact_asked
from audits.actions.notices import tell
from audits.matching.answers import COMPETES
from audits.matching.questions import ASKED, Topic
from audits.models import FactAnswer, FactRequest, Finding
from audits.queries.review import student_of
from compliance.access import may
from compliance.actions.trail import record
from compliance.engine.vocabulary import FACTS, FactDefinition
from compliance.models import Project, User
from compliance.roles import Deed

LONGEST: Final = 4_000
MOST_CHOICES: Final = 12
Form = FactRequest.Form
FORM_OF_KIND: Final = {"bool": Form.YES_NO, "choice": Form.CHOICE, "count": Form.NUMBER, "amount": Form.NUMBER}


def form_of(definition: FactDefinition) -> str:
    """How a fact of the engine is asked for."""
    return Form.CHOICE if definition.allowed is not None else FORM_OF_KIND.get(definition.kind, Form.TEXT)


def topic_of_request(request: FactRequest) -> Topic:
    """What a request about a fact of the engine is about; the organisation has no project."""
    if request.fact.startswith("organisation."):
        return Topic(0, "", request.fact)
    return Topic(request.project_id, request.student, request.fact, request.provider)


def scope_of(request: FactRequest) -> Project | None:
    """The project that the answer is about; None: the organisation."""
    return None if request.fact.startswith("organisation.") else request.project


@transaction.atomic
def ask_for_fact(
    *, finding: Finding, asked_of: User, acting_user: User, fact: str = "", question: str = "", form: str = Form.TEXT,
    choices: Sequence[str] = (), due_on: dt.date | None = None,
) -> FactRequest:  # fmt: skip
    """Ask a person of the project. With `fact`: one that the engine asks people for; then the form follows from it.

    Raises ValidationError naming the field: a person who does not belong to the project or may not answer such a question, an
    unknown fact, no words, a choice of nothing, a day that is past, the same asked of the same person already.
    """
    project = finding.run.pipeline.project
    if not may(asked_of, Deed.SEE, project):
        raise ValidationError({"asked_of": f"{asked_of} does not belong to {project}, and can’t be asked about it."})
    if due_on is not None and due_on < timezone.localdate():
        raise ValidationError({"due_on": "Choose a day from today on."})
    made = FactRequest(
        project=project, finding=finding, asked_of=asked_of, asked_by=acting_user, due_on=due_on,
        **(_of_engine(finding, asked_of, fact, question) if fact else _in_words(question, form, choices)),
    )  # fmt: skip
    _require_news(made)
    made.save()
    _record(made, acting_user, "fact asked for", of=asked_of.username, fact=fact)
    tell(
        user=asked_of, kind="facts_asked", key=f"asked:{made.pk}", project=project,
        text=f"{acting_user} asks you for a fact about “{finding.title}”", address=f"/asked/#asked-{made.pk}",
    )  # fmt: skip
    fact_asked(made)
    return made


def _of_engine(finding: Finding, asked_of: User, fact: str, question: str) -> dict[str, Any]:
    if fact not in ASKED:
        raise ValidationError({"fact": f"{fact}: not a fact that people are asked for."})
    project = finding.run.pipeline.project
    about = None if fact.startswith("organisation.") else project
    if not may_answer(asked_of, about, fact):
        raise ValidationError(
            {
                "asked_of": f"{asked_of} may not answer this for the record: choose somebody of legal, or ask in words alone."
            }
        )
    definition = FACTS[fact]
    return {
        "fact": fact,
        "provider": finding.provider if fact == COMPETES else "",
        "student": student_of(finding) if about else "",
        "form": form_of(definition),
        "question": _words(question) or definition.question,
    }


def _in_words(question: str, form: str, choices: Sequence[str]) -> dict[str, Any]:
    words = _words(question)
    if not words:
        raise ValidationError({"question": "Write what you ask."})
    if form not in Form.values:
        raise ValidationError({"form": f"Choose one of: {', '.join(Form.values)}."})
    offered = list(dict.fromkeys(one.strip()[:200] for one in choices if one.strip()))
    if form == Form.CHOICE and not 2 <= len(offered) <= MOST_CHOICES:
        raise ValidationError({"choices": f"Offer 2 to {MOST_CHOICES} answers, each on a line of its own."})
    return {"question": words, "form": form, "choices": offered if form == Form.CHOICE else []}


def _words(question: str) -> str:
    if len(question) > LONGEST:
        raise ValidationError({"question": f"At most {LONGEST:,} characters."})
    return question.strip()


def _require_news(made: FactRequest) -> None:
    same = {"finding__key": made.finding.key, "project": made.project, "asked_of": made.asked_of, "fact": made.fact}
    open_ones = FactRequest.objects.filter(replied_at=None, withdrawn_at=None, **same)
    if open_ones.filter(question=made.question).exists() or (made.fact and open_ones.exists()):
        raise ValidationError(
            {"asked_of": f"{made.asked_of} is asked this already. Wait for the reply, or withdraw it."}
        )


@transaction.atomic
def withdraw_request(*, request: FactRequest, acting_user: User, reason: str = "") -> None:
    """Ask no longer. Raises ValidationError when it was answered or withdrawn meanwhile."""
    open_ones = FactRequest.objects.filter(pk=request.pk, replied_at=None, withdrawn_at=None)
    told = {"withdrawn_at": timezone.now(), "withdrawn_by": acting_user, "withdrawal_reason": reason.strip()[:LONGEST]}
    if not open_ones.update(**told):
        raise ValidationError("It was answered or withdrawn already.")
    _record(request, acting_user, "fact request withdrawn", reason=reason.strip())
    if request.asked_of_id != acting_user.pk and may(request.asked_of, Deed.SEE, request.project):
        tell(
            user=request.asked_of, kind="facts_withdrawn", key=f"withdrawn:{request.pk}", project=request.project,
            text=f"{acting_user} asks you no longer about “{request.finding.title}”", address="/asked/",
        )  # fmt: skip


@transaction.atomic
def close_answered(answer: FactAnswer) -> int:
    """Every open request for the fact that this answer puts on record is answered by it; returns how many were."""
    same = Q(fact=answer.fact, provider=answer.provider)
    if answer.project_id is not None:
        same &= Q(project=answer.project_id, student=answer.student)
    held = FactRequest.objects.select_for_update(of=("self",)).filter(same, replied_at=None, withdrawn_at=None)
    waiting = list(held.select_related("finding__run__pipeline__project", "project", "asked_by", "asked_of"))
    for request in waiting:
        close(request, answer.answered_by, answer=answer)
    return len(waiting)


def close(request: FactRequest, person: User, **fields: Any) -> None:
    """Put a reply down, in the caller's transaction, and tell whoever asked."""
    told = {"replied_by": person, "replied_at": timezone.now(), **fields}
    for name, value in told.items():
        setattr(request, name, value)
    request.save(update_fields=list(told))
    _record(request, person, "fact request answered", fact=request.fact)
    if request.asked_by_id != person.pk and may(request.asked_by, Deed.SEE, request.project):
        tell(
            user=request.asked_by, kind="facts_answered", key=f"answered:{request.pk}", project=request.project,
            text=f"{person} answered what you asked about “{request.finding.title}”",
            address=f"/findings/{request.finding_id}/#asked",
        )  # fmt: skip
    fact_answered(request)


def _record(request: FactRequest, person: User, action: str, **detail: Any) -> None:
    record(
        acting_user=person,
        action=action,
        subject=request,
        project=request.project,
        finding=request.finding.key,
        **detail,
    )
