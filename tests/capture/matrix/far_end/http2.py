"""One HTTP/2 connection of the far end; each stream is answered in a task of its own."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import h2.config
import h2.connection
import h2.events
import h2.settings

from tests.capture.matrix.far_end.heard import Heard, Tally
from tests.capture.matrix.far_end.providers import Reply

if TYPE_CHECKING:
    from tests.capture.matrix.far_end.server import FarEnd

WINDOW = 1 << 24


class Http2Provider:
    """Read and written by the h2 library."""

    def __init__(self, end: FarEnd, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._end = end
        self._reader = reader
        self._writer = writer
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._open: dict[int, tuple[Heard, Tally]] = {}
        self._window = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, first: bytes) -> None:
        """Serve until the client is done; `first` has been read already."""
        self._state.local_settings = h2.settings.Settings(
            client=False, initial_values={h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW}
        )
        self._state.initiate_connection()
        self._state.increment_flow_control_window(WINDOW)
        self._flush()
        while data := await self._reader.read(1 << 18):
            for event in self._state.receive_data(first + data):
                self._take(event)
            first = b""
            self._flush()
            await self._writer.drain()

    def _flush(self) -> None:
        self._writer.write(self._state.data_to_send())

    def _take(self, event: object) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = {name.decode(): value.decode() for name, value in event.headers}
            heard = Heard("HTTP/2", headers[":authority"], headers[":method"], headers[":path"], headers)
            self._end.heard.append(heard)
            self._open[event.stream_id] = (heard, Tally())
        elif isinstance(event, h2.events.DataReceived):
            self._open[event.stream_id][1].add(event.data)
            self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            task = asyncio.get_running_loop().create_task(self._answer(event.stream_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged):
            self._window.set()

    async def _answer(self, stream: int) -> None:
        heard, asked = self._open[stream]
        reply = self._end.reply(heard, asked)
        if reply.ending == "held":
            return
        headers = [(":status", str(reply.status)), *reply.headers.items()]
        self._state.send_headers(stream, headers)
        tally = Tally()
        pieces = reply.pieces if reply.ending == "complete" else [piece[: len(piece) // 2] for piece in reply.pieces]
        for piece in pieces:
            await self._send(stream, piece)
            tally.add(piece)
            heard.response_size, heard.response_hash = tally.size, tally.digest
        self._end_stream(stream, reply)
        self._flush()

    def _end_stream(self, stream: int, reply: Reply) -> None:
        if reply.ending == "broken":
            self._state.reset_stream(stream, 2)
        elif reply.trailers:
            self._state.send_headers(stream, list(reply.trailers.items()), end_stream=True)
        else:
            self._state.end_stream(stream)

    async def _send(self, stream: int, data: bytes) -> None:
        while data:
            room = min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size)
            if room <= 0:
                self._window.clear()
                await self._window.wait()
                continue
            piece, data = data[:room], data[room:]
            self._state.send_data(stream, piece)
            self._flush()
