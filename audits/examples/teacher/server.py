"""Listens on loopback and serves connections until it is told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from dataclasses import dataclass

from audits.examples.teacher.http1 import MAX_HEAD, Malformed, Request, Response, read_request, write_response
from audits.examples.teacher.request_log import RequestLog, Served
from audits.examples.teacher.service import Service


@dataclass
class TeacherServer:
    """One listening socket on 127.0.0.1 over a service and its log."""

    service: Service
    log: RequestLog

    async def start(self, port: int) -> tuple[asyncio.Server, str]:
        """Listen on `port` (0: any free one); returns the server and its URL."""
        server = await asyncio.start_server(self._connection, "127.0.0.1", port, limit=MAX_HEAD)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await read_request(reader, writer):
                await self._exchange(request, writer)
                if not request.keeps_alive:
                    break
        except Malformed as wrong:
            await self._refuse(wrong, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client hung up; what it had asked for is in the log already
        finally:
            writer.close()

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> None:
        response, served = await self.service.answer(request)
        # Logged before the first byte leaves: whoever has read an answer finds its line in the log.
        self.log.write(served)
        await write_response(writer, request, response)

    async def _refuse(self, wrong: Malformed, writer: asyncio.StreamWriter) -> None:
        body = json.dumps({"error": {"message": str(wrong), "type": "invalid_request_error"}}).encode()
        self.log.write(Served("", "", "", "", "", status=400, bytes=len(body)))
        await write_response(writer, None, Response(400, body, {"connection": "close"}))


def stop_with_stdin(stop: asyncio.Event) -> None:
    """Set `stop` when standard input ends: whoever started the teacher has gone."""
    loop = asyncio.get_running_loop()

    def watch() -> None:
        while os.read(0, 1):
            pass
        loop.call_soon_threadsafe(stop.set)

    # A daemon: a read that never returns must not keep the process once it is told to stop.
    threading.Thread(target=watch, daemon=True).start()
