"""Replying to a request for a fact: one that the engine knows goes on record and settles what waits for it; words stay words."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from audits.actions.asking import LONGEST, Form, close, scope_of, topic_of_request
from audits.actions.questions import answer_question
from audits.actions.remarks import Kept
from audits.models import FactRequest
from compliance.models import User


@transaction.atomic
def answer_for_record(
    *, request: FactRequest, value: Any, reason: str, valid_from: dt.date, acting_user: User
) -> FactRequest:
    """Put the fact that was asked for on record; every request for it is answered, and what waits for it is judged anew.

    Raises ValidationError as `answer_question` does, and when the request was answered or withdrawn meanwhile.
    """
    held = _still_open(request)
    answer_question(
        topic=topic_of_request(held), project=scope_of(held), value=value, reason=reason, valid_from=valid_from,
        acting_user=acting_user,
    )  # fmt: skip
    held.refresh_from_db()
    return held


@transaction.atomic
def reply_in_words(
    *, request: FactRequest, reply: str, acting_user: User, document: Kept | None = None
) -> FactRequest:  # fmt: skip
    """Reply to a question in words. Raises ValidationError for a reply that is not of the form that was asked for."""
    held = _still_open(request)
    if held.fact:
        raise ValidationError("This fact goes on record: answer it as a fact, with the reason and the first day.")
    fields: dict[str, Any] = {"reply": _of_form(held, reply.strip(), document)}
    if document is not None:
        fields |= {
            "document_name": document.name[:200], "document_sha256": document.sha256, "document_size": document.size,
        }  # fmt: skip
    close(held, acting_user, **fields)
    return held


def _still_open(request: FactRequest) -> FactRequest:
    held = FactRequest.objects.select_for_update(of=("self",)).select_related(
        "finding__run__pipeline__project", "project", "asked_by", "asked_of"
    )
    found = held.get(pk=request.pk)
    if not found.is_open:
        raise ValidationError("It was answered or withdrawn already. Open the page again.")
    return found


def _of_form(request: FactRequest, reply: str, document: Kept | None) -> str:
    """The reply as it is kept. Raises ValidationError naming the field."""
    if len(reply) > LONGEST:
        raise ValidationError({"reply": f"At most {LONGEST:,} characters; give the rest as a document."})
    if request.form == Form.DOCUMENT:
        if document is None:
            raise ValidationError({"document": "Choose the file that is asked for."})
        return reply
    if not reply:
        raise ValidationError({"reply": "Answer what is asked."})
    checks = {Form.YES_NO: _yes_no, Form.CHOICE: _one_of, Form.NUMBER: _number, Form.DATE: _day}
    return checks[Form(request.form)](request, reply) if request.form in checks else reply


def _yes_no(_: FactRequest, reply: str) -> str:
    if reply.casefold() not in ("yes", "no"):
        raise ValidationError({"reply": "Answer yes or no."})
    return reply.capitalize()


def _one_of(request: FactRequest, reply: str) -> str:
    if reply not in request.choices:
        raise ValidationError({"reply": "Choose one of the answers offered."})
    return reply


def _number(_: FactRequest, reply: str) -> str:
    plain = reply.replace(",", "").replace(" ", "")
    if not (plain.isascii() and plain.removeprefix("-").replace(".", "", 1).isdigit()):
        raise ValidationError({"reply": "Answer with a number: 1200 or 0.5."})
    return plain


def _day(_: FactRequest, reply: str) -> str:
    try:
        return dt.date.fromisoformat(reply).isoformat()
    except ValueError as problem:
        raise ValidationError({"reply": "Write the day as year-month-day: 2027-03-31."}) from problem
