"""What programs are told when something is wrong: problem details (RFC 9457), one form for every refusal."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse

CONTENT_TYPE = "application/problem+json"
KINDS: dict[str, str] = {
    "not-understood": "The request can’t be read",
    "not-signed-in": "Nobody is signed in",
    "token-refused": "This token is refused",
    "scope-lacking": "The token lacks a scope",
    "person-wanted": "This needs a person",
    "not-allowed": "You may not do this",
    "forged": "The request may be forged",
    "not-found": "There is nothing here",
    "no-such-method": "This address does not take that method",
    "conflict": "This can’t be done as things stand",
    "changed-meanwhile": "It was changed meanwhile",
    "too-large": "The request is too large",
    "not-valid": "Something in the request is not valid",
    "key-used": "The idempotency key stands for another request",
    "too-many": "Too many requests",
    "our-fault": "Something broke on our side",
}
"""Every kind of problem, with its title. The kind is the end of `type`, and stays the same as long as the interface does."""
_OF_STATUS = {
    400: "not-understood", 401: "not-signed-in", 403: "not-allowed", 404: "not-found", 405: "no-such-method",
    409: "conflict", 412: "changed-meanwhile", 413: "too-large", 422: "not-valid", 429: "too-many",
}  # fmt: skip


class Problem(Exception):
    """A refusal: its status, its kind, a sentence that says how to mend it, and the fields that are concerned."""

    def __init__(
        self, status: int, detail: str, *, kind: str = "", errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.kind = kind or kind_of(status)
        self.errors, self.headers = [dict(one) for one in errors], dict(headers or {})


def kind_of(status: int) -> str:
    """The kind that a status alone tells of."""
    return _OF_STATUS.get(status, "our-fault" if status >= 500 else "not-understood")


def problem_response(request: HttpRequest, problem: Problem, **more: Any) -> JsonResponse:
    """The problem as an answer; `more` are members beyond those of the RFC."""
    body: dict[str, Any] = {
        "type": f"/api/docs/#problem-{problem.kind}",
        "title": KINDS.get(problem.kind, HTTPStatus(problem.status).phrase),
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        **more,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return JsonResponse(body, status=problem.status, headers=problem.headers, content_type=CONTENT_TYPE)


def of_validation(error: ValidationError, names: Mapping[str, str] | None = None) -> Problem:
    """What an action or a form complains of; `names` maps its words for fields to those of the request."""
    if not hasattr(error, "error_dict"):
        return Problem(422, " ".join(error.messages))
    errors = [
        {"field": (names or {}).get(field, "" if field == "__all__" else field), "detail": complaint}
        for field, complaints in error.message_dict.items()
        for complaint in complaints
    ]
    return Problem(422, " ".join(dict.fromkeys(one["detail"] for one in errors)), errors=errors)
