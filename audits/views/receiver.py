"""The receiver of OTLP over HTTP: POST /v1/traces, JSON or protobuf, with a token of its project."""

import json
import zlib
from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from audits.actions.receiving import valid_token
from audits.ingest.readers import otlp
from audits.ingest.unpacking import Unacceptable
from audits.procedures.receiving import receive
from audits.text import storable_json
from compliance.bounds import takes_files

PROTOBUF: Final = "application/x-protobuf"
MOST_SENT = 4 * 1024 * 1024
MOST_UNPACKED = 32 * 1024 * 1024
_UNAUTHENTICATED, _INVALID, _TOO_LARGE = 16, 3, 8  # codes of google.rpc.Status, which OTLP answers with


class _Refused(Exception):
    """What is wrong with a request: the HTTP status, the code and the words of the answer."""

    def __init__(self, status: int, code: int, words: str) -> None:
        super().__init__(words)
        self.status, self.code, self.words = status, code, words


@takes_files(MOST_SENT, measured=True)
@csrf_exempt  # no cookie signs anybody in here: the token does
@login_not_required
@require_POST
def traces(request: HttpRequest) -> HttpResponse:
    """Take one export. 401 without a valid token, 413 when it is too large, 400 or 415 when it is no OTLP."""
    binary = request.content_type == PROTOBUF
    try:
        token = valid_token(request.headers.get("Authorization", "").removeprefix("Bearer ").strip())
        if token is None:
            raise _Refused(401, _UNAUTHENTICATED, "no valid token; send it as Authorization: Bearer")
        unread, why = receive(token, _request(request, binary))
    except _Refused as refused:
        return _status(refused, binary)
    return _taken(unread, why, binary)


def _request(request: HttpRequest, binary: bool) -> dict[str, object]:
    if not binary and request.content_type != "application/json":
        raise _Refused(415, _INVALID, f"send application/json or {PROTOBUF}")
    body = _body(request)
    try:
        value = otlp.request_as_json(body, "the request") if binary else storable_json(json.loads(body))
    except (Unacceptable, ValueError, RecursionError) as problem:
        raise _Refused(400, _INVALID, str(problem)[:400]) from problem
    if not isinstance(value, dict) or not isinstance(value.get("resourceSpans", []), list):
        raise _Refused(400, _INVALID, "resourceSpans: not an export of traces")
    return {"resourceSpans": [], **value}


def _body(request: HttpRequest) -> bytes:
    body: bytes = request.read(MOST_SENT + 1)
    if len(body) > MOST_SENT:
        raise _Refused(413, _TOO_LARGE, f"more than {MOST_SENT // 1024**2} MB in one request; send smaller batches")
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding != "gzip":
        raise _Refused(415, _INVALID, f"Content-Encoding {coding[:40]}: gzip or none")
    unpacker = zlib.decompressobj(31)
    try:
        plain = unpacker.decompress(body, MOST_UNPACKED + 1)
    except zlib.error as problem:
        raise _Refused(400, _INVALID, f"damaged gzip: {problem}") from problem
    if len(plain) > MOST_UNPACKED:
        raise _Refused(413, _TOO_LARGE, f"unpacks to more than {MOST_UNPACKED // 1024**2} MB")
    if not unpacker.eof:
        raise _Refused(400, _INVALID, "damaged gzip: it breaks off")
    return plain


def _taken(unread: int, why: str, binary: bool) -> HttpResponse:
    if binary:
        answer = ExportTraceServiceResponse()
        if unread:
            answer.partial_success.rejected_spans = unread
            answer.partial_success.error_message = why
        return HttpResponse(answer.SerializeToString(), content_type=PROTOBUF)
    partial = {"partialSuccess": {"rejectedSpans": str(unread), "errorMessage": why}} if unread else {}
    return JsonResponse(partial)


def _status(refused: _Refused, binary: bool) -> HttpResponse:
    if not binary:
        return JsonResponse({"code": refused.code, "message": refused.words}, status=refused.status)
    words = refused.words.encode()[:120]
    # google.rpc.Status: field 1 is the code, field 2 the message; both lengths fit one byte.
    message = b"\x08" + bytes([refused.code]) + b"\x12" + bytes([len(words)]) + words
    return HttpResponse(message, content_type=PROTOBUF, status=refused.status)
