"""HTTP/1.1 over asyncio streams: just what a JSON API with server-sent events needs, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024
_WORTH_COMPRESSING = 256


class Malformed(Exception):
    """The peer did not send an HTTP/1.1 request we can read."""


@dataclass(frozen=True)
class Request:
    """One request; header names are lower case, `path` is decoded and without its query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def keeps_alive(self) -> bool:
        return self.headers.get("connection", "").lower() != "close"


@dataclass
class Response:
    """A response with a whole `body`, or with `events` to be sent one by one."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    events: tuple[bytes, ...] | None = None
    content_type: str = "application/json"

    @property
    def size(self) -> int:
        """Body bytes before any compression."""
        return len(self.body) if self.events is None else sum(map(len, self.events))


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request of a connection, or None when the peer has closed it between requests.

    Raises Malformed for anything that is not a request, and for a head or body over the limits above.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as short:
        if short.partial.strip():
            raise Malformed("the connection closed inside a request's head") from short
        return None
    except asyncio.LimitOverrunError as long:
        raise Malformed(f"the request's head is over {MAX_HEAD} bytes") from long
    method, target, headers = _parse_head(head.decode("latin-1"))
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return Request(method, unquote(urlsplit(target).path), headers, await _read_body(reader, headers))


def _parse_head(head: str) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.rstrip("\r\n").split("\r\n")
    parts = first.split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise Malformed("the first line is not an HTTP/1.1 request line")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise Malformed("a header line has no colon")
        headers[name.strip().lower()] = value.strip()
    return parts[0], parts[1], headers


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _read_chunks(reader)
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise Malformed(f"content-length {length!r} is no number of bytes up to {MAX_BODY}")
    return await reader.readexactly(int(length))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while True:
        try:
            size = int((await reader.readline()).split(b";")[0], 16)
        except ValueError as wrong:
            raise Malformed("a chunk has no size") from wrong
        if len(body) + size > MAX_BODY:
            raise Malformed(f"the body is over {MAX_BODY} bytes")
        body += await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return bytes(body)


async def write_response(writer: asyncio.StreamWriter, request: Request | None, response: Response) -> None:
    """Send a response, compressed when the client takes gzip and the body is worth it; events are never compressed."""
    if response.events is not None:
        await _write_events(writer, response)
        return
    body, headers = _encoded(request, response)
    headers["content-length"] = str(len(body))
    writer.write(_head(response.status, headers) + body)
    await writer.drain()


def _encoded(request: Request | None, response: Response) -> tuple[bytes, dict[str, str]]:
    headers = {"content-type": response.content_type, **response.headers}
    accepts = request.headers.get("accept-encoding", "") if request else ""
    if "gzip" not in accepts or len(response.body) < _WORTH_COMPRESSING:
        return response.body, headers
    return gzip.compress(response.body, compresslevel=1), {**headers, "content-encoding": "gzip"}


async def _write_events(writer: asyncio.StreamWriter, response: Response) -> None:
    headers = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", **response.headers}
    writer.write(_head(response.status, {**headers, "transfer-encoding": "chunked"}))
    for event in response.events or ():
        writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _head(status: int, headers: dict[str, str]) -> bytes:
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Overloaded"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
