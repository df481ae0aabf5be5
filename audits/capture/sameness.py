"""When two requests are the same: one key that forgives how a request is written, and one that forgives ids and times too.

Forgiven always: the order of header fields (none counts), of query parameters and JSON keys, white space in JSON, content
codings, multipart boundaries, credentials and the placeholders that stand for them. Forgiven in the second key: UUIDs,
ids as providers and SDKs make them, ULIDs, names of temporary files, long hexadecimal numbers, dates with times, and
seconds since 1970.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from audits.capture.masking import MASKED_PARAMETERS
from audits.capture.personal import without_persons
from audits.capture.wire.bodies import Unreadable, decode_body, form_parts, header

Headers = Sequence[tuple[str, str]]

_CREDENTIAL = re.compile(r"masked:sha256:[0-9a-f]{12}|[A-Za-z0-9_-]{0,20}placeholder-[0-9a-f]{32}")
_VOLATILE = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|\b(?:chatcmpl|cmpl|msg|resp|req|call|run|file|batch|asst|thread|toolu|srvtoolu|mcptoolu|tool|gen|sess|session|trace"
    r"|span|conv|item|rs|fc|ws|ig|mcp|vs|cntr|container|upload|part|prompt|event|evt)[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{6,80}"
    r"|\b01[0-9A-HJKMNP-TV-Z]{24}\b"  # ULIDs
    r"|\btmp[a-z0-9_]{8}\b"  # names that Python's tempfile makes
    r"|\b\d{8}[T_-]?\d{6}Z?\b"  # times without punctuation, as file names and signed addresses have them
    r"|\b\d{4}-\d\d-\d\d[_-]\d\d-\d\d(?:-\d\d)?\b"
    r"|\b[0-9a-f]{16,64}\b"
    r"|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
    r"|\b\d\d:\d\d:\d\d(?:\.\d{1,9})?\b"
    r"|\b1[5-9]\d{8}(?:\d{3}|\d{6}|\d{9})?(?:\.\d{1,9})?\b"
)


class Keys:
    """The two keys of a request, as digests. `persons`: forgive personal data as well, where a record holds pseudonyms."""

    __slots__ = ("alike", "same")

    def __init__(
        self, method: str, host: str, target: str, headers: Headers, body: bytes, *, persons: bool = False
    ) -> None:
        text = _CREDENTIAL.sub("<credential>", f"{method} {host.lower()} {_target(target)}\n{_body(headers, body)}")
        self.same = _digest(without_persons(text) if persons else text)
        self.alike = _digest(_VOLATILE.sub("<varies>", without_persons(text) if persons else text))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _target(target: str) -> str:
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    kept = sorted((name, value) for name, value in pairs if name.lower().encode() not in MASKED_PARAMETERS)
    return f"{unquote(path)} {kept}"


def _body(headers: Headers, body: bytes) -> str:
    if not body:
        return ""
    try:
        body = decode_body(body, headers).data
    except Unreadable:
        return body.decode("latin-1")
    kind = header(headers, "content-type")
    if kind.lower().startswith("multipart/"):
        return _form(body, kind)
    if kind.lower().startswith("application/x-www-form-urlencoded"):
        return str(sorted(parse_qsl(body.decode("latin-1"), keep_blank_values=True)))
    return _text(body)


def _text(body: bytes) -> str:
    """JSON in one canonical form, lines of JSON each so; anything else as it stands."""
    if body[:1] not in b'{["' and not body[:1].isspace():
        return body.decode("latin-1")
    try:
        return _canonical(json.loads(body))
    except (ValueError, RecursionError):
        pass
    try:
        return "\n".join(_canonical(json.loads(line)) for line in body.splitlines() if line.strip())
    except (ValueError, RecursionError):
        return body.decode("latin-1")


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _form(body: bytes, kind: str) -> str:
    try:
        return "\n".join(f"{part.name} {part.filename} {_text(part.data)}" for part in form_parts(body, kind))
    except Unreadable:
        return body.decode("latin-1")
