"""Where a plain or proxied HTTP/1.x request wants to go, and how its server expects to be asked."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from audits.capture.addresses import normal_name
from audits.capture.http1 import Head, Malformed
from audits.capture.session import Arrival

_FOR_THE_PROXY = (b"proxy-connection", b"proxy-authorization")


def request_target(head: Head, arrival: Arrival) -> tuple[str, int, str]:
    """Host, port and scheme a request is for: its absolute target, its Host header, or where it was dialled to.

    Raises Malformed when it names none, or a scheme that is not HTTP's.
    """
    target = head.start[1].decode("latin-1")
    scheme, authority = "http", (head.host or b"").decode("latin-1")
    if "://" in target[:10]:
        parts = _split(target)
        scheme, authority = parts.scheme.lower(), parts.netloc.rpartition("@")[2]
    if scheme not in ("http", "https"):
        raise Malformed(f"the scheme {scheme!r} cannot be passed on")
    parts = _split(f"//{authority}")
    try:
        host, port = normal_name(parts.hostname or ""), parts.port
    except ValueError as error:
        raise Malformed("the host is not well formed") from error
    host = host or arrival.named or arrival.address or ""
    if not host:
        raise Malformed("the request names no host")
    dialled = None if arrival.proxy else arrival.port
    return host, dialled or port or (443 if scheme == "https" else 80), scheme


def origin_form(raw: bytes) -> bytes:
    """A request as its server expects it, made from one as a proxy gets it."""
    line, _, fields = raw.partition(b"\r\n")
    method, target, version = line.split(b" ", 2)
    if b"://" in target[:10]:
        path = target.split(b"://", 1)[1]
        at = min((position for position in (path.find(b"/"), path.find(b"?")) if position >= 0), default=len(path))
        target = path[at:] if path[at : at + 1] == b"/" else b"/" + path[at:]
    kept = [field for field in fields.split(b"\r\n") if field.partition(b":")[0].strip().lower() not in _FOR_THE_PROXY]
    return b"\r\n".join([b" ".join((method, target, version)), *kept])


def _split(target: str) -> SplitResult:
    try:
        return urlsplit(target)
    except ValueError as error:
        raise Malformed("the target is not well formed") from error
