"""Where anybody can check a report on paper: the file, or its hash, is held against what this installation made."""

from contextlib import suppress
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from audits.procedures.verifying import Told, hash_in, verify_file, verify_hash
from compliance.bounds import takes_files
from compliance.problems import Problem
from compliance.rates import count

LARGEST: Final = 64 * 1024 * 1024
ASKED_PER_MINUTE: Final = 30
FILES_PER_MINUTE: Final = 6


@takes_files(LARGEST, measured=True)
@login_not_required
@csrf_exempt  # nothing is changed for anybody, and the body must be measured before it is read
def verify(request: HttpRequest) -> HttpResponse:
    """The page, and the answer to a file or a hash. Open to all, rated by address, bounded in size."""
    try:
        told = _told(request)
    except Problem as problem:
        answer = _page(request, {"refused": problem.detail}, problem.status)
        for name, value in problem.headers.items():
            answer.headers[name] = value
        return answer
    return _page(request, {"told": told} if told else {}, 200)


def admit(request: HttpRequest) -> None:
    """Let a request in before its body is read: counted by address, and bounded in size. Raises Problem (411, 413, 429)."""
    count("verify", _who(request), ASKED_PER_MINUTE)
    if request.method != "POST":
        return
    length = request.headers.get("Content-Length", "")
    if not length.isdigit():
        raise Problem(411, "Say how long the file is (Content-Length): it is not read before.")
    if int(length) > LARGEST:
        raise Problem(413, f"A file of more than {LARGEST // 1024 // 1024} MB is not read; no report is as large.")
    with suppress(AttributeError):  # a request with a key of its own was read before, to be known again
        request.upload_handlers = [TemporaryFileUploadHandler(request)]


def admit_file(request: HttpRequest) -> None:
    """Count a file that is to be compared, by address. Raises Problem (429)."""
    count("verify-file", _who(request), FILES_PER_MINUTE)


def _who(request: HttpRequest) -> str:
    return request.META.get("REMOTE_ADDR") or "local"


def _told(request: HttpRequest) -> Told | None:
    admit(request)
    if request.method == "POST":
        return _posted(request)
    typed = request.GET.get("sha256", "")
    return told_of_hash(typed) if typed else None


def _posted(request: HttpRequest) -> Told:
    try:
        file, typed = request.FILES.get("file"), request.POST.get("sha256", "")
    except MultiPartParserError as problem:
        raise Problem(400, "The form was cut off or is none. Send it again.") from problem
    if isinstance(file, UploadedFile) and file.size and file.file is not None:
        admit_file(request)
        return verify_file(file.file)
    return told_of_hash(typed)


def told_of_hash(typed: str) -> Told:
    """What a hash is told, as somebody typed it. Raises Problem (422) when it is none."""
    sha256 = hash_in(typed)
    if not sha256:
        raise Problem(422, "Choose the PDF, or give its SHA-256: 64 digits of 0–9 and a–f.")
    return verify_hash(sha256)


def _page(request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
    answer = render(request, "audits/verify_report.html", context, status=status)
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer
