"""HTTP/1.x requests that are looked at before they leave: read whole, admitted or answered here."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from audits.capture import http1
from audits.capture.answers import Failed
from audits.capture.asking import LARGEST_READ, Asked, Reply, Talk
from audits.capture.header_blocks import pack_headers
from audits.capture.http1 import Body, Head
from audits.capture.journal import COMPLETE, Kind
from audits.capture.session import Hop, Session
from audits.capture.streams import Stream

# Seconds for which the client of a replayed WebSocket may say nothing where something is due, or where all was said.
PATIENCE = 5.0
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_PHRASES = {200: b"OK", 403: b"Forbidden"}
# Framing is our own affair: an answer given here is framed anew.
_FRAMING = frozenset((b"content-length", b"transfer-encoding", b"connection", b"keep-alive"))


class FirstLook:
    """One request, from its head to the moment when it may leave."""

    def __init__(self, session: Session, client: Stream, hop: Hop, number: int, head: Head, body: Body) -> None:
        self._session = session
        self._journal = session.journal
        self._client = client
        self._hop = hop
        self._number = number
        self._head = head
        self._body = body
        self.payload: bytes | None = b""
        self._signs = session.signer.signs(head.raw, hop.host)
        # Whether the request is looked at at all; otherwise it passes as it comes.
        self.wanted = session.gate is not None or self._signs

    async def read(self, sent: bytes, payload: bytes) -> tuple[bytes, bytes]:
        """Read the rest of the body, up to what is read at all: its bytes as they came, and bytes that follow it.

        Raises Malformed for broken chunking. A client that goes away ends it early.
        """
        raw, payloads, rest, size = [sent], [payload], b"", len(payload)
        if self._head.expect_continue and not self._body.done:
            self._client.write(_CONTINUE)
        while not self._body.done and size <= LARGEST_READ:
            data = await self._client.read()
            if not data:
                break
            used, piece = self._body.feed(data)
            raw.append(data[:used])
            payloads.append(piece)
            rest, size = data[used:], size + len(piece)
            if piece:
                self._journal.put(Kind.REQUEST_DATA, self._number, payload=piece)
            if self._journal.full:
                await self._journal.room()
        if self._body.done and len(raw) > 1:
            self._journal.put(Kind.REQUEST_END, self._number, payload=pack_headers(self._body.trailers))
        self.payload = b"".join(payloads) if self._body.done else None
        return b"".join(raw), rest

    async def admit(self) -> Reply | None:
        """Ask the gate; None: it may leave, which it also may where there is none."""
        if self._session.gate is None:
            return None
        _, _, fields = self._head.raw.partition(b"\r\n")
        method, target, _ = self._head.start
        asked = Asked(
            number=self._number,
            host=self._hop.host,
            port=self._hop.route.port,
            scheme=self._hop.route.scheme,
            method=method.decode("latin-1"),
            target=target.decode("latin-1"),
            fields=http1.split_fields(fields),
            body=self.payload,
            size=max(self._head.length or 0, self._body.size),
            gone=lambda: self._client.lost,
        )
        return await self._session.gate.admit(asked)

    def signed(self, out: bytes) -> bytes:
        """The head that goes out, with the signature of the real key where one was made with a placeholder."""
        if not self._signs:
            return out
        try:
            return self._session.signer.sign(out, self.payload)
        except ValueError as error:
            raise Failed("not_signed", str(error), 413) from error

    async def give(self, reply: Reply, rest: bytes = b"") -> bool:
        """Answer the client ourselves, recorded as such; whether the connection can carry another exchange.

        rest: bytes that have come after the request.
        """
        if reply.conversation is not None:
            await self._converse(reply.conversation, reply.ending, rest)
            return False
        if not reply.status:
            self._client.abort()
            self._journal.put(Kind.END, self._number, payload=json.dumps(reply.ending).encode())
            return False
        method, _, version = self._head.start
        bodiless = method == b"HEAD" or reply.status in (204, 304)
        chunked = (reply.streamed or bool(reply.trailers)) and version == b"1.1" and not bodiless
        pieces = [] if bodiless else list(reply.pieces)
        open_after = self._body.done and http1.stays_open(self._head, version) and not reply.cut_off
        head = _head(reply, pieces, chunked=chunked, bodiless=bodiless, close=not open_after)
        self._journal.put(Kind.RESPONSE, self._number, c=len(head), payload=head)
        self._client.write(head)
        for piece in pieces:
            await self._put(Kind.RESPONSE_DATA, piece)
            self._client.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
            await self._client.drain()
        if reply.cut_off:
            self._client.close()
        else:
            ending = b"".join(b"%s: %s\r\n" % each for each in reply.trailers)
            self._client.write(b"0\r\n" + ending + b"\r\n" if chunked else b"")
            self._journal.put(Kind.RESPONSE_END, self._number, payload=pack_headers(reply.trailers))
        self._journal.put(Kind.END, self._number, payload=json.dumps(reply.ending).encode())
        return open_after and not self._client.lost

    async def _converse(self, talk: Talk, ending: dict[str, Any], heard: bytes) -> None:
        """A WebSocket with the client, until either side ends it."""
        self._journal.put(Kind.RESPONSE, self._number, c=len(talk.head), payload=talk.head, flags=COMPLETE)
        self._client.write(talk.head)
        try:
            await self._say(talk.begin())
            while heard or (heard := await self._listen(talk)):
                await self._put(Kind.TUNNEL, heard)
                answer, heard = talk.hear(heard), b""
                await self._say(answer)
        finally:
            talk.leave()
            self._client.close()
            self._journal.put(Kind.END, self._number, payload=json.dumps(ending | talk.ending).encode())

    async def _listen(self, talk: Talk) -> bytes:
        """What the client says next; b"" when it is gone or has been silent for too long."""
        while True:
            try:
                return await asyncio.wait_for(self._client.read(), PATIENCE)
            except TimeoutError:
                if talk.over:
                    return b""
                if talk.waits_in_vain:
                    await self._say(talk.give_up())

    async def _say(self, data: bytes) -> None:
        if data:
            await self._put(Kind.TUNNEL, data, c=1)
            self._client.write(data)
            await self._client.drain()

    async def _put(self, kind: Kind, payload: bytes, c: int = 0) -> None:
        self._journal.put(kind, self._number, c=c, payload=payload)
        if self._journal.full:
            await self._journal.room()


def _head(reply: Reply, pieces: list[bytes], *, chunked: bool, bodiless: bool, close: bool) -> bytes:
    lines = [b"HTTP/1.1 %d %s" % (reply.status, _PHRASES.get(reply.status, b"-"))]
    lines += [name + b": " + value for name, value in reply.fields if name.lower() not in _FRAMING and name[:1] != b":"]
    if chunked:
        lines.append(b"Transfer-Encoding: chunked")
    elif not bodiless:
        # An answer that broke off announced more than came.
        lines.append(b"Content-Length: %d" % (sum(map(len, pieces)) + reply.cut_off))
    if close:
        lines.append(b"Connection: close")
    return b"\r\n".join([*lines, b"", b""])
