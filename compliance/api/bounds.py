"""How large a request may be, by its address, and where it is refused before it is read.

Nearly every address takes 1 MB. One that takes files says in its declaration how much (`taking`), which the OpenAPI document
repeats; pages say it beside their views (compliance.bounds). Of a request that says its length, that alone decides. One that
comes in pieces (chunked) says none: WSGI servers don't hand such a body on at all, so that it is refused with 411; an ASGI server
does, and `Bounded` stops reading it at the bound.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from ninja.operation import Operation

from compliance.bounds import MB, Bound, bound_of, refused_page
from compliance.problems import Problem, problem_response

LARGEST_BODY: Final = MB
_SAID: Final = "x-largest-body"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


def taking(files: int) -> dict[str, Any]:
    """What a declaration adds for an operation that takes files of so many bytes in all; a megabyte more is for its fields."""
    return {_SAID: files + MB}


def largest_of(operation: Operation | None) -> int:
    """The most bytes that a request for the operation may have."""
    said: int = ((operation.openapi_extra if operation else None) or {}).get(_SAID, LARGEST_BODY)
    return said


def operation_of(path_view: Any, method: str | None) -> Operation | None:
    """The operation of an address that a method asks for."""
    return next((one for one in path_view.operations if method in one.methods), None)


def largest_at(path: str, method: str) -> int:
    """The most bytes that a request with this method may have at an address, whatever lies there."""
    page = page_at(path)
    if page is not None:
        return page.most
    try:
        path_view = getattr(resolve(path).func, "path_view", None)
    except Resolver404:
        return LARGEST_BODY
    return largest_of(operation_of(path_view, method)) if path_view else LARGEST_BODY


def page_at(path: str) -> Bound | None:
    """What the page at an address takes; None where no page is."""
    if path.startswith("/api/"):
        return None
    try:
        return bound_of(resolve(path).func)
    except Resolver404:
        return None


def too_large(most: int) -> str:
    """The sentence of a refusal."""
    return f"At most {(most - MB) // MB or 1} MB are taken here."


class Bounded:
    """An ASGI application that never has more read of a request than its address takes: ASGI servers hand on bodies of any
    length, and Django reads them to their end before it asks which address they are for."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection; of a request that is too large, answer 413 instead."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        most, read = largest_at(scope["path"], scope["method"]), 0
        said = dict(scope["headers"]).get(b"content-length", b"")
        is_over = said.isdigit() and int(said) > most

        async def bounded() -> Message:
            nonlocal read, is_over
            message = await receive()
            read += len(message.get("body", b""))
            is_over = read > most
            return {"type": "http.disconnect"} if is_over else message

        if not is_over:
            await self._application(scope, bounded, send)
        if is_over:
            await _refuse(scope, send, most)


async def _refuse(scope: Message, send: Send, most: int) -> None:
    request = HttpRequest()
    request.path = scope["path"]
    page = page_at(scope["path"])
    problem = Problem(413, page.refusal if page else too_large(most))
    answer = refused_page(request, problem) if page else problem_response(request, problem)
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    close = [(b"content-length", str(len(answer.content)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": [*headers, *close]})
    await send({"type": "http.response.body", "body": answer.content})
