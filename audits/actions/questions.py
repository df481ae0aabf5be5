"""Answering a question that rules ask: a named person's word, with a reason, valid from a day; kept for ever."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.actions.asking import close_answered
from audits.matching.questions import ASKED, COMPETES, Topic
from audits.models import FactAnswer
from compliance.actions.library_changes import note_answer
from compliance.actions.trail import record
from compliance.engine.facts import UseError, read_value
from compliance.engine.phrases import fact_phrase
from compliance.models import Project, User


@transaction.atomic
def answer_question(
    *, topic: Topic, project: Project | None, value: Any, reason: str, valid_from: dt.date, acting_user: User
) -> FactAnswer:
    """Record an answer; a later one adds to the history. Everything it concerns is judged anew after the commit.

    `project` is the student's; None for a question about the organisation. Raises ValidationError for a fact that nobody is
    asked for, a value it can't hold, or an empty reason.
    """
    if topic.fact not in ASKED or topic.of_organisation is not (project is None):
        raise ValidationError({"value": f"{topic.fact}: not a question that is asked."})
    if (topic.fact == COMPETES) is not bool(topic.provider):
        raise ValidationError({"value": "Say with which provider it competes, or does not."})
    if not reason.strip():
        raise ValidationError({"reason": "Say why: the reason stands in findings and reports beside the fact."})
    try:
        held = read_value(topic.definition, value, topic.definition.label)
    except UseError as error:
        raise ValidationError({"value": str(error)}) from error
    answer = FactAnswer.objects.create(
        project=project, student=topic.student, provider=topic.provider, fact=topic.fact, value=held,
        reason=reason.strip(), valid_from=valid_from, answered_by=acting_user,
    )  # fmt: skip
    said = fact_phrase(topic.fact, held)
    about = f"{topic.student or 'the student'} of {project}" if project else "the organisation"
    note_answer(acting_user=acting_user, cause=f"Question about {about} answered: {said}", project=project)
    record(
        acting_user=acting_user, action="question answered", subject=answer, project=project, fact=topic.fact,
        value=held, provider=topic.provider, valid_from=valid_from.isoformat(), reason=answer.reason,
    )  # fmt: skip
    close_answered(answer)
    return answer
