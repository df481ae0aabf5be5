"""Programs that come with a token instead of a person: which addresses are open to them, and on what terms.

A token acts for the person who made it, on the addresses marked here, by GET alone, within its scopes and its project. What is
wrong is told in JSON with the status that says so, never by a redirect to the sign-in page.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse

from compliance.actions.tokens import PREFIX, valid_api_token
from compliance.models import ApiToken

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
            return _said(401, "This token is unknown, revoked or expired. Make another under Your account, Tokens.")
        token.user.only_project_id = token.project_id
        request.user = token.user
        request.api_token = token  # type: ignore[attr-defined]
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """Refuse a token where its scopes don't reach."""
        token: ApiToken | None = getattr(request, "api_token", None)
        if token is None:
            return None
        scope = getattr(view, "program_scope", None)
        if scope is None or request.method not in ("GET", "HEAD"):
            return _said(403, "This address is not open to tokens. docs/operations.md lists those that are.")
        if scope not in token.scopes:
            return _said(403, f"The token lacks the scope “{scope}”. It has: {', '.join(token.scopes)}.")
        return None


def _said(status: int, sentence: str) -> JsonResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    return JsonResponse({"error": sentence}, status=status, headers=headers)
