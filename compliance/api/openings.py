"""Who may call an operation: a person in their session, or a program whose token has the scope. What they may do with the
objects is decided by compliance.access and audits.access, as for pages."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from ninja.utils import check_csrf

from compliance.api.explained import ANYBODY
from compliance.models import ApiToken, User
from compliance.problems import Problem

_SAFE = ("GET", "HEAD", "OPTIONS")
_SIGN_IN = "Send a token as “Authorization: Bearer cta_…”, or sign in."


class Opening:
    """Opens an operation to whoever is signed in, and to tokens with the scope; without a scope, to nobody's token."""

    def __init__(self, scope: ApiToken.Scope | None) -> None:
        self.scope = scope

    @property
    def named(self) -> str | None:
        """As the document names it: the scope; None: a person in their session."""
        return str(self.scope) if self.scope else None

    def __call__(self, request: HttpRequest) -> object:
        token: ApiToken | None = getattr(request, "api_token", None)
        if token is not None:
            return self._by_token(token)
        if "Authorization" in request.headers:
            raise Problem(401, f"This is no token of ours. {_SIGN_IN}", kind="token-refused", headers=_challenge())
        if not isinstance(request.user, User):
            raise Problem(401, _SIGN_IN, headers=_challenge())
        if request.method not in _SAFE and check_csrf(request) is not None:
            sentence = "Send the value of the cookie csrftoken as the header X-CSRFToken; programs use a token instead."
            raise Problem(403, sentence, kind="forged")
        return request.user

    def _by_token(self, token: ApiToken) -> User:
        if self.scope is None:
            sentence = "This takes a person who is signed in: no token opens it. docs/api.md says why."
            raise Problem(403, sentence, kind="person-wanted")
        if self.scope not in token.scopes:
            sentence = f"The token lacks the scope “{self.scope}”. It has: {', '.join(token.scopes)}."
            raise Problem(403, sentence, kind="scope-lacking")
        return token.user

    @property
    def security(self) -> list[dict[str, Any]]:
        """As an OpenAPI document says it."""
        session: list[dict[str, Any]] = [{"session": []}]
        return session if self.scope is None else [{"token": [str(self.scope)]}, *session]


class Anybody(Opening):
    """Opens an operation to all, without an account. `admit` bounds and counts the request before its body is read."""

    def __init__(self, admit: Callable[[HttpRequest], None]) -> None:
        super().__init__(None)
        self.admit = admit

    @property
    def named(self) -> str | None:
        return ANYBODY

    def __call__(self, request: HttpRequest) -> object:
        self.admit(request)
        return True

    @property
    def security(self) -> list[dict[str, Any]]:
        return []


def _challenge() -> dict[str, str]:
    return {"WWW-Authenticate": 'Bearer realm="clausetrail"'}


READING = Opening(ApiToken.Scope.READ)
CONTENTS = Opening(ApiToken.Scope.CONTENTS)
RUNNING = Opening(ApiToken.Scope.RUN)
REPORTING = Opening(ApiToken.Scope.REPORT)
DISCUSSING = Opening(ApiToken.Scope.DISCUSS)
IN_PERSON = Opening(None)
