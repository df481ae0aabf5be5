"""One HTTP/1.1 connection of the far end, WebSockets included."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h11

from tests.capture.matrix.far_end.heard import Heard, Tally
from tests.capture.matrix.far_end.providers import Reply
from tests.capture.matrix.far_end.realtime import Realtime

if TYPE_CHECKING:
    from tests.capture.matrix.far_end.server import FarEnd


class Http1Provider:
    """Read and written by h11; requests may be pipelined."""

    def __init__(self, end: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._end = end
        self._reader = reader
        self._writer = writer
        self._state = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)

    async def run(self, first: bytes) -> None:
        """Serve until either side is done; `first` has been read already."""
        if first:
            self._state.receive_data(first)
        while isinstance(event := await self._next_event(), h11.Request):
            headers = {name.decode().lower(): value.decode() for name, value in event.headers}
            heard = Heard(
                "HTTP/1.1", headers.get("host", ""), event.method.decode(), event.target.decode("latin-1"), headers
            )
            self._end.heard.append(heard)
            if headers.get("upgrade", "").lower() == "websocket":
                await Realtime(heard, self._reader, self._writer).run(event)
                return
            reply = self._end.reply(heard, await self._body())
            if reply.ending == "held":
                await self._reader.read()
                return
            await self._answer(heard, reply)
            if reply.ending == "broken" or self._state.our_state is not h11.DONE:
                return
            if self._state.their_state is not h11.DONE:
                return
            self._state.start_next_cycle()

    async def _body(self) -> Tally:
        tally = Tally()
        if self._state.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
        while isinstance(event := await self._next_event(), h11.Data):
            tally.add(bytes(event.data))
        return tally

    async def _next_event(self) -> object:
        while (event := self._state.next_event()) is h11.NEED_DATA:
            self._state.receive_data(await self._reader.read(1 << 18))
        return event

    def _send(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self._state.send(event) or b"")

    async def _answer(self, heard: Heard, reply: Reply) -> None:
        tally = Tally()
        size = sum(map(len, reply.pieces))
        framing = {"transfer-encoding": "chunked"} if reply.chunked else {"content-length": str(size)}
        headers = list({**reply.headers, **framing}.items())
        self._send(h11.Response(status_code=reply.status, headers=headers))
        pieces = reply.pieces if reply.ending == "complete" else _first_half(reply.pieces)
        for piece in pieces:
            tally.add(piece)
            heard.response_size, heard.response_hash = tally.size, tally.digest
            self._send(h11.Data(data=piece))
            await self._writer.drain()
        if reply.ending == "complete":
            self._send(h11.EndOfMessage())
            await self._writer.drain()


def _first_half(pieces: list[bytes]) -> list[bytes]:
    """What is sent of an answer that breaks off."""
    if len(pieces) > 1:
        return pieces[: len(pieces) // 2]
    return [piece[: len(piece) // 2] for piece in pieces]
