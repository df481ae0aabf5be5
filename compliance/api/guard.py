"""What every address of the interface does around its operation: bounds, rates, conditions, repeated requests, one form of
refusals."""

import copy
import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404, ResolverMatch, resolve
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as Unfit
from ninja.operation import Operation, PathView

from compliance.api.answered import HEADER, lock_for_change, once
from compliance.api.bounds import LARGEST_BODY, largest_of, operation_of, too_large
from compliance.bounds import require_length
from compliance.models import User
from compliance.problems import CONTENT_TYPE, Problem, of_validation, problem_response
from compliance.rates import ASKED_PER_MINUTE, count

View = Callable[..., HttpResponseBase]
_log = logging.getLogger(__name__)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000|\x00")


def guarded(view: View, path_view: PathView) -> View:
    """The view with everything around it. It says by itself who may come, so the sign-in page is never answered."""

    @wraps(view)
    def answer(request: HttpRequest, **where: Any) -> HttpResponseBase:
        try:
            _bounded(request, path_view)
            _counted(request)
            response = _carried_out(request, lambda: view(request, **where))
        except Problem as problem:
            response = problem_response(request, problem)
        except RequestDataTooBig:
            response = problem_response(request, Problem(413, "At most 1 MB is taken here."))
        except MultiPartParserError as error:
            response = problem_response(request, Problem(400, f"The form can’t be read: {error}."))
        _tell_if_it_goes(operation_of(path_view, request.method), response)
        return finished(request, response)

    answer.login_required = False  # type: ignore[attr-defined]
    answer.csrf_exempt = True  # type: ignore[attr-defined]  # the operation's opening checks it, in JSON
    answer.open_to_programs = True  # type: ignore[attr-defined]
    answer.path_view = path_view  # type: ignore[attr-defined]
    return answer


def _tell_if_it_goes(operation: Operation | None, response: HttpResponseBase) -> None:
    """Of a deprecated operation: since when (RFC 9745) and until when (RFC 8594), as its declaration says."""
    told = (operation.openapi_extra or {}) if operation and operation.deprecated else {}
    for header, name in (("Deprecation", "x-deprecated"), ("Sunset", "x-sunset")):
        if name in told:
            response.headers[header] = told[name]


def _bounded(request: HttpRequest, path_view: PathView) -> None:
    """Refuse what is too large, parameters that nobody knows, and characters that no database keeps."""
    operation = operation_of(path_view, request.method)
    is_form = (request.content_type or "").startswith("multipart/")
    most = largest_of(operation) if is_form else LARGEST_BODY
    require_length(request, most, too_large(most))
    known = set(_query_names(operation)) if operation else set(request.GET)
    if unknown := sorted(set(request.GET) - known):
        errors = [
            {"field": name[:80], "detail": f"Not known here. Known: {', '.join(sorted(known)) or 'none'}."}
            for name in unknown
        ]
        raise Problem(422, "A parameter of the address is not known.", errors=errors)
    if (
        "%00" in request.META.get("QUERY_STRING", "")
        or "\0" in request.path
        or (not is_form and _NUL.search(request.body))
    ):
        raise Problem(422, "The request holds the character NUL, which no text may.")


def _query_names(operation: Operation) -> Iterator[str]:
    for model in operation.models:
        if model.__ninja_param_source__ == "query":
            yield from model.__ninja_flatten_map__


def _holder(request: HttpRequest) -> str | None:
    """Whose request it is: a token's or a signed-in person's; None for a stranger's."""
    token = getattr(request, "api_token", None)
    if token is not None:
        return f"token:{token.pk}"
    return f"user:{request.user.pk}" if isinstance(request.user, User) else None


def _counted(request: HttpRequest) -> None:
    count("api", _holder(request) or f"address:{request.META.get('REMOTE_ADDR') or 'local'}", ASKED_PER_MINUTE)


def _carried_out(request: HttpRequest, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Run the operation; of a change, only while what it changes is still as its sender saw it, and only once by a key."""
    holder = _holder(request)
    if request.method in ("GET", "HEAD", "OPTIONS") or holder is None:
        return act()
    if request.method == "POST" and HEADER in request.headers:
        assert isinstance(request.user, User)
        return once(request, holder, request.user, lambda: _if_match(request, act))
    return _if_match(request, act)


def _if_match(request: HttpRequest, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    wanted = request.headers.get("If-Match")
    if wanted is None:
        return act()
    with transaction.atomic():
        path, match = _subject(request.path)
        lock_for_change(path)
        tag = read_by_itself(match, request).headers.get("ETag") if match else None
        if tag is None or (wanted.strip() != "*" and tag not in _tags(wanted)):
            detail = f"What lies at {path} is no longer as you saw it. Fetch it again, and decide anew."
            raise Problem(412, detail, headers={"ETag": tag} if tag else {})
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
    return response


def _subject(path: str) -> tuple[str, ResolverMatch | None]:
    """The nearest address at or above a deed's that can be read: what If-Match is about."""
    while path.count("/") > 2:
        try:
            match = resolve(path)
        except Resolver404:
            match = None
        path_view = getattr(match.func, "path_view", None) if match else None
        if match and path_view and operation_of(path_view, "GET"):
            return path, match
        path = path.rpartition("/")[0]
    return path, None


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def etag_of(content: bytes) -> str:
    """The entity tag of an answer: equal answers have equal tags."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def finished(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Give refusals their one form, and readings their entity tag; 304 when the reader holds it already."""
    if response.status_code >= 400 and response.headers.get("Content-Type") != CONTENT_TYPE:
        response = _in_form(request, response)
    response.headers.setdefault("Cache-Control", "private, no-cache")
    response.headers["Vary"] = "Authorization, Cookie"
    if request.method != "GET" or response.status_code != 200 or not isinstance(response, HttpResponse):
        return response
    response.headers["ETag"] = tag = etag_of(response.content)
    held = request.headers.get("If-None-Match")
    if held is not None and (held.strip() == "*" or tag in _tags(held)):
        kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary")}
        return HttpResponse(status=304, headers=kept)
    return response


def _in_form(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    allowed = {"Allow": response.headers["Allow"]} if "Allow" in response.headers else {}
    detail = f"It takes {allowed['Allow']}." if allowed else "See docs/api.md."
    return problem_response(request, Problem(response.status_code, detail, headers=allowed))


def read_by_itself(match: Any, request: HttpRequest) -> HttpResponseBase:
    """The answer that a reader of an address would get now, for comparing entity tags."""
    reading = copy.copy(request)
    reading.method, reading.GET = "GET", QueryDict()
    response = match.func(reading, **match.kwargs)
    return response


def tell_problems(api: NinjaAPI) -> None:
    """Have every error of an operation told as a problem."""
    tell: Any = api.add_exception_handler  # it says of a handler that it may be given any error, whatever it is for
    tell(Problem, problem_response)
    tell(Unfit, _unfit)
    tell(ValidationError, lambda request, error: problem_response(request, of_validation(error)))
    tell(PermissionDenied, lambda request, error: problem_response(request, Problem(403, str(error))))
    tell(Http404, _nothing_here)
    tell(HttpError, lambda request, error: problem_response(request, _of_http(error)))
    tell(SuspiciousOperation, lambda request, error: problem_response(request, Problem(400, str(error))))

    tell(MultiPartParserError, lambda request, error: problem_response(request, Problem(400, str(error))))
    tell(Exception, _our_fault)


def _our_fault(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.error("%s %s broke", request.method, request.path, exc_info=error)
    return problem_response(
        request, Problem(500, "It was written down for whoever runs this installation. Nothing was changed.")
    )


def _of_http(error: HttpError) -> Problem:
    detail = "The body is not valid JSON in UTF-8." if error.status_code == 400 else str(error)
    return Problem(error.status_code, detail)


def _nothing_here(request: HttpRequest, _: Http404) -> HttpResponse:
    return problem_response(request, Problem(404, "It does not exist, or it is not yours to see."))


def _unfit(request: HttpRequest, error: Unfit) -> HttpResponse:
    errors = [_one(found) for found in error.errors]
    detail = "; ".join(f"{one['field'] or one['in']}: {one['detail']}" for one in errors[:5])
    return problem_response(request, Problem(422, f"{detail}."[:2000], errors=errors))


def _one(found: dict[str, Any]) -> dict[str, str]:
    place, *path = [str(part) for part in found["loc"]]
    fields = path[1:] if place in ("body", "form", "file") and len(path) > 1 else path
    if path == ["asked"]:
        fields = []
    return {"in": place, "field": ".".join(fields), "detail": str(found["msg"])[:400]}
