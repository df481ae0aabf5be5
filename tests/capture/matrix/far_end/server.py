"""The far end's sockets: HTTPS that speaks HTTP/2 and 1.1, HTTPS that speaks 1.1 alone, and plain HTTP."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import Counter

import h2.exceptions
import h11

from tests.capture.matrix.far_end.heard import Heard, Tally, decoded
from tests.capture.matrix.far_end.http1 import Http1Provider
from tests.capture.matrix.far_end.http2 import Http2Provider
from tests.capture.matrix.far_end.providers import Ask, Reply, answer

ENOUGH = 20.0
READ_AHEAD = 1 << 18
PREFACE = b"PRI * HTTP/2.0"


class FarEnd:
    """Runs in a thread of its own and counts for itself: `heard` is everything that arrived, in order."""

    def __init__(self, both: ssl.SSLContext, first_only: ssl.SSLContext) -> None:
        """both: TLS that offers h2 and http/1.1; first_only: TLS that offers http/1.1 alone."""
        self._contexts = {"https": both, "https-1.1": first_only, "http": None}
        self.heard: list[Heard] = []
        self.ports: dict[str, int] = {}
        self._asked: Counter[tuple[str, bytes]] = Counter()

    def start(self) -> None:
        """Listen; the ports are known afterwards."""
        started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(ENOUGH)

    def stop(self) -> None:
        """Close everything; the log stays."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(ENOUGH)

    def reply(self, heard: Heard, body: Tally) -> Reply:
        """The answer to a request, whose numbers are noted with it."""
        heard.body, heard.request_size, heard.request_hash = body.first, body.size, body.digest
        path = heard.target.split("?")[0]
        plain = decoded(body.first, heard.headers.get("content-encoding"))
        key = (path, plain)
        reply = answer(Ask(heard.host, heard.method, path, plain), self._asked[key])
        self._asked[key] += 1
        heard.status = None if reply.ending == "held" else reply.status
        if reply.input_tokens is not None:
            heard.numbers.append((reply.model, reply.input_tokens, reply.output_tokens))
        return reply

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main(started))

    async def _main(self, started: threading.Event) -> None:
        self._stopping = asyncio.Event()
        servers = []
        for name, context in self._contexts.items():
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context, limit=READ_AHEAD)
            self.ports[name] = server.sockets[0].getsockname()[1]
            servers.append(server)
        started.set()
        await self._stopping.wait()
        for server in servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = writer.get_extra_info("ssl_object")
        try:
            # In the clear nobody agrees beforehand: the first bytes tell which HTTP it is.
            first = b"" if session is not None else await reader.readexactly(len(PREFACE))
            if first == PREFACE or (session is not None and session.selected_alpn_protocol() == "h2"):
                await Http2Provider(self, reader, writer).run(first)
            else:
                await Http1Provider(self, reader, writer).run(first)
        except (ConnectionError, EOFError, ssl.SSLError, h11.RemoteProtocolError, h2.exceptions.ProtocolError):
            pass  # the client went away or spoke nonsense: what it asked until then is in the log
        finally:
            writer.close()
