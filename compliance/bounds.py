"""How much a request may have: what a page takes, said beside its view, and the look at the length before anything reads it.

A page without files takes what Django keeps of a form in memory; one with files says how large they may be in all. Django lays
large files on the disk while they come, so that one needs no memory; nothing in Django keeps it from filling the disk.
What the interface for programs takes stands in its operations (compliance.api.bounds).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from compliance.problems import Problem

MB: Final = 1024 * 1024

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Bound:
    """What a page takes: so many bytes of files in all, and how larger ones come in. `measured`: its view looks at the length
    before it reads, and answers in words of its own."""

    files: int = 0
    otherwise: str = ""
    measured: bool = False

    @property
    def most(self) -> int:
        """The most bytes that a request may have: beside files there are fields, and the boundaries between them."""
        return self.files + int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0)

    @property
    def refusal(self) -> str:
        """What people are told of a request beyond it."""
        figure = f"{(self.files or self.most) / MB:.3g} MB"
        taken = f"files of at most {figure} in all" if self.files else f"no files, and at most {figure} of text"
        return f"This page takes {taken}. {self.otherwise}".strip()


def takes_files(most: int, *, otherwise: str = "", measured: bool = False) -> Callable[[View], View]:
    """Say of a page's view that it takes files of so many bytes in all. Pages that say nothing take none."""

    def said(view: View) -> View:
        view.bound = Bound(most, otherwise, measured)  # type: ignore[attr-defined]
        return view

    return said


def bound_of(view: Any) -> Bound:
    """What a page takes: as its view says, or the admin's class that it is a page of (`bound` there)."""
    said = getattr(view, "bound", None) or getattr(getattr(view, "model_admin", None), "bound", None)
    return said if isinstance(said, Bound) else Bound()


def refused_page(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The page that tells people what a page takes."""
    return render(request, "413.html", {"refusal": problem.detail, "status": problem.status}, status=problem.status)


def require_length(request: HttpRequest, most: int, refusal: str) -> None:
    """Refuse what is too large, or does not say how large it is. Raises Problem (400, 411, 413); nothing is read."""
    said = request.META.get("CONTENT_LENGTH") or ""
    if not said and request.headers.get("Transfer-Encoding"):
        raise Problem(411, "Say how long the body is (Content-Length): one in pieces is not read.")
    if said and not (said.isascii() and said.isdigit()):
        raise Problem(400, "Content-Length is no number.")
    if int(said or 0) > most:
        raise Problem(413, refusal)
