"""A realtime session over a WebSocket, in the shape of OpenAI's events."""

from __future__ import annotations

import asyncio
import json
import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Request, TextMessage
from wsproto.extensions import PerMessageDeflate

from tests.capture.matrix.far_end.heard import Heard
from tests.capture.matrix.far_end.providers import TEXT


class Realtime:
    """Answers each `response.create` with a response in two pieces and its usage."""

    def __init__(self, heard: Heard, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._heard = heard
        self._reader = reader
        self._writer = writer
        self._service = WSConnection(ConnectionType.SERVER)
        self._model = parse_qs(urlsplit(heard.target).query)["model"][0]
        self._responses = 0

    async def run(self, request: h11.Request) -> None:
        """Serve until the client closes."""
        lines = [b"%s: %s" % (name, value) for name, value in request.headers]
        self._service.receive_data(b"\r\n".join([b"GET %s HTTP/1.1" % request.target, *lines, b"", b""]))
        while True:
            for event in self._service.events():
                if isinstance(event, CloseConnection):
                    self._writer.write(self._service.send(event.response()))
                    return
                self._take(event)
            data = await self._reader.read(65536)
            if not data:
                return
            self._service.receive_data(data)

    def _take(self, event: object) -> None:
        if isinstance(event, Request):
            accept = AcceptConnection(extensions=[PerMessageDeflate()])
            self._writer.write(self._service.send(accept))
            self._heard.status = 101
            self._say({"type": "session.created", "session": {"type": "realtime", "model": self._model}})
        elif isinstance(event, TextMessage):
            self._heard.messages.append(("client", event.data))
            if json.loads(event.data)["type"] == "response.create":
                self._respond(event.data)

    def _respond(self, asked: str) -> None:
        self._responses += 1
        number = zlib.crc32(asked.encode())
        read, written = 11 + number % 400, 5 + number // 1000 % 300
        self._heard.numbers.append((self._model, read, written))
        name = f"resp_{self._responses}"
        self._say({"type": "response.created", "response": {"id": name, "status": "in_progress"}})
        for half in (TEXT[:20], TEXT[20:]):
            self._say({"type": "response.output_text.delta", "response_id": name, "delta": half})
        content = [{"type": "output_text", "text": TEXT}]
        item = {"id": "item_1", "type": "message", "role": "assistant", "content": content}
        usage = {"total_tokens": read + written, "input_tokens": read, "output_tokens": written}
        done = {"id": name, "object": "realtime.response", "status": "completed", "output": [item], "usage": usage}
        self._say({"type": "response.done", "response": done})

    def _say(self, message: dict[str, Any]) -> None:
        text = json.dumps({"event_id": f"event_{len(self._heard.messages)}", **message}, ensure_ascii=False)
        self._heard.messages.append(("upstream", text))
        self._writer.write(self._service.send(TextMessage(data=text)))
