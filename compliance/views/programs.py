"""Programs that come with a token instead of a person: which addresses are open to them, and on what terms.

A token acts for the person who made it, within its scopes and its project. All of /api/ is open to tokens, each operation by
its scope; of the pages, those marked here are, by GET alone. What is wrong is told in JSON with the status that says so, never
by a redirect to the sign-in page.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

from compliance.actions.tokens import PREFIX, valid_api_token
from compliance.models import ApiToken
from compliance.problems import Problem, problem_response
from compliance.rates import count_refused_token

View = TypeVar("View", bound=Callable[..., Any])
_BEARER = "Bearer "


def for_programs(scope: ApiToken.Scope) -> Callable[[View], View]:
    """Open a view's GET to tokens that have the scope."""

    def mark(view: View) -> View:
        view.program_scope = scope  # type: ignore[attr-defined]
        return view

    return mark


class TokenMiddleware:
    """Lets the maker of a valid token be the request's person. Stands between authentication and its requirement."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("Authorization", "")
        if not given.startswith(_BEARER + PREFIX):
            return self.get_response(request)
        token = valid_api_token(given.removeprefix(_BEARER).strip())
        if token is None:
            return _refused(request)
        token.user.only_project_id, token.user.token_scopes = token.project_id, frozenset(token.scopes)
        request.user = token.user
        request.api_token = token  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse a token where its scopes don't reach."""
        token: ApiToken | None = getattr(request, "api_token", None)
        if token is None or getattr(view, "open_to_programs", False):
            return None
        scope = getattr(view, "program_scope", None)
        if scope is None or request.method not in ("GET", "HEAD"):
            sentence = "This address is not open to tokens. Programs use /api/v1/; docs/api.md lists its operations."
            return _said(request, Problem(403, sentence))
        if scope not in token.scopes:
            sentence = f"The token lacks the scope “{scope}”. It has: {', '.join(token.scopes)}."
            return _said(request, Problem(403, sentence, kind="scope-lacking"))
        return None


def _refused(request: HttpRequest) -> HttpResponse:
    try:
        count_refused_token(request)
    except Problem as too_often:
        return _said(request, too_often)
    sentence = "This token is unknown, revoked or expired. Make another under Your account, Tokens."
    return _said(request, Problem(401, sentence, kind="token-refused", headers={"WWW-Authenticate": "Bearer"}))


def _said(request: HttpRequest, problem: Problem) -> HttpResponse:
    """As a problem; `error` is what these addresses answered before problems had a form, and stays."""
    return problem_response(request, problem, error=problem.detail)
