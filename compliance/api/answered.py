"""Requests that are sent again: with an idempotency key, what was answered the first time is answered once more."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from compliance.models import AnsweredRequest, User
from compliance.problems import Problem

HEADER = "Idempotency-Key"
KEPT_FOR = dt.timedelta(hours=24)
LARGEST_KEPT = 512 * 1024
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Location", "ETag")


def once(request: HttpRequest, holder: str, user: User, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Carry a request out, or answer as the first time. In one transaction: what fails leaves neither deed nor answer.

    Raises Problem: 409 while the first is still under way, 422 when the key stands for another request.
    """
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        raise Problem(422, f"{HEADER} is 1 to 255 visible ASCII characters, such as a UUID.", errors=[_about(HEADER)])
    digest = digest_of(request)
    with transaction.atomic():
        if not _locked(f"{holder} {key}"):
            detail = "A request with this key is still being carried out. Send it again in a moment."
            raise Problem(409, detail, headers={"Retry-After": "1"})
        earlier = AnsweredRequest.objects.filter(holder=holder, key=key, expires_at__gt=timezone.now()).first()
        if earlier is not None:
            return _again(earlier, digest)
        response = act()
        if response.status_code >= 400:
            transaction.set_rollback(True)
        elif isinstance(response, HttpResponse) and len(response.content) <= LARGEST_KEPT:
            _keep(response, holder, user, key, digest, tuple(getattr(request, "shown_once", ())))
    return response


def _locked(name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def lock_for_change(path: str) -> None:
    """Let one change of what lies at an address wait for another, until the transaction ends."""
    number = int.from_bytes(hashlib.sha256(f"change {path}".encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def digest_of(request: HttpRequest) -> str:
    """SHA-256 of what the request asks: method, address, and the body or the fields and files of a form."""
    sum_ = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if (request.content_type or "").startswith("multipart/"):
        sum_.update(json.dumps(sorted((name, request.POST.getlist(name)) for name in request.POST)).encode())
        for name in sorted(request.FILES):
            for file in request.FILES.getlist(name):
                sum_.update(f"{name} {file.name}\n".encode())
                for chunk in file.chunks():
                    sum_.update(chunk)
                file.seek(0)
    else:
        sum_.update(request.body)
    return sum_.hexdigest()


def _keep(response: HttpResponse, holder: str, user: User, key: str, digest: str, left_out: tuple[str, ...]) -> None:
    body = response.content.decode("utf-8", "replace")
    if left_out:
        body = json.dumps({name: None if name in left_out else value for name, value in json.loads(body).items()})
    AnsweredRequest.objects.update_or_create(
        holder=holder, key=key,
        defaults={
            "user": user, "request_sha256": digest, "status": response.status_code, "body": body,
            "headers": {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
            "expires_at": timezone.now() + KEPT_FOR,
        },
    )  # fmt: skip


def _again(earlier: AnsweredRequest, digest: str) -> HttpResponse:
    if earlier.request_sha256 != digest:
        detail = "This key was sent with another request. Choose a new key for each thing that is to be done once."
        raise Problem(422, detail, kind="key-used", errors=[_about(HEADER)])
    headers = {**earlier.headers, "Idempotency-Replayed": "true"}
    return HttpResponse(
        earlier.body, status=earlier.status, content_type="application/json; charset=utf-8", headers=headers
    )


def _about(header: str) -> dict[str, str]:
    return {"field": header, "detail": "See docs/api.md, Sending a request again."}
