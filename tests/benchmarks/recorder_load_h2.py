"""The asking end of the recorder's benchmark in HTTP/2: one connection, so many streams in flight, as SDKs keep them.

python -m tests.benchmarks.recorder_load_h2 ask PORT SERVER_NAME CALLS IN_FLIGHT CA_FILE
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from typing import cast

import uvloop

from audits.capture import http2
from audits.capture.hello import H2_PREFACE
from tests.benchmarks.recorder_load import REQUEST_BODY, figures_of, numbered_body

WINDOW = (1 << 30).to_bytes(4, "big")


class Multiplexing(asyncio.Protocol):
    """Keeps `in_flight` streams busy until `supply` is used up."""

    def __init__(self, host: str, in_flight: int) -> None:
        self.fields = [
            (b":method", b"POST"), (b":scheme", b"https"), (b":authority", host.encode()),
            (b":path", b"/v1/chat/completions"), (b"authorization", b"Bearer sk-benchmark"),
            (b"user-agent", b"benchmark"), (b"accept", b"*/*"), (b"content-type", b"application/json"),
            (b"content-length", str(len(REQUEST_BODY)).encode()),
        ]  # fmt: skip
        self.in_flight = in_flight
        self.latencies: list[float] = []
        self.began: dict[int, float] = {}
        self.supply = 0
        self.stream = -1
        self.window = 65535
        self.data = b""
        self.settled = asyncio.get_running_loop().create_future()
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        hello = H2_PREFACE + http2.frame(http2.SETTINGS, 0, 0, b"") + http2.frame(http2.WINDOW_UPDATE, 0, 0, WINDOW)
        self.transport.write(hello)

    def ask(self, calls: int) -> asyncio.Future[None]:
        """Ask so many calls; the future is done when the last one was answered."""
        self.supply = calls
        self.done = asyncio.get_running_loop().create_future()
        self._fill()
        return self.done

    def _fill(self) -> None:
        out = []
        while self.supply and len(self.began) < self.in_flight and self.window >= len(REQUEST_BODY):
            self.supply -= 1
            self.window -= len(REQUEST_BODY)
            self.stream += 2
            self.began[self.stream] = time.perf_counter()
            out.append(http2.header_frames(self.stream, self.fields, end_stream=False))
            out.append(http2.frame(http2.DATA, http2.END_STREAM, self.stream, numbered_body(self.stream)))
        if out:
            self.transport.write(b"".join(out))
        if not self.began and not self.supply and not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        frames, used = http2.take_frames(self.data + data)
        self.data = (self.data + data)[used:]
        for item in frames:
            self._take(item)
        self._fill()

    def _take(self, item: http2.H2Frame) -> None:
        if item.type == http2.SETTINGS and not item.flags & http2.ACK:
            self.transport.write(http2.frame(http2.SETTINGS, http2.ACK, 0, b""))
            if not self.settled.done():
                self.settled.set_result(None)
        elif item.type == http2.WINDOW_UPDATE and item.stream == 0:
            self.window += int.from_bytes(item.payload, "big")
        elif item.ends_stream:
            self.latencies.append(time.perf_counter() - self.began.pop(item.stream))
        elif item.type in (http2.RST_STREAM, http2.GOAWAY):
            self.done.set_exception(ConnectionError(f"the far end sent {item.raw[:40]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the connection ended early"))


async def ask(port: int, name: str, calls: int, in_flight: int, ca_file: str) -> None:
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["h2"])
    transport, asker = await asyncio.get_running_loop().create_connection(
        lambda: Multiplexing(name, in_flight), "127.0.0.1", port, ssl=context, server_hostname=name
    )
    await asker.settled
    await asker.ask(in_flight * 4)
    asker.latencies.clear()
    began = time.perf_counter()
    await asker.ask(calls)
    print(json.dumps(figures_of(asker.latencies, time.perf_counter() - began, in_flight * 4)), flush=True)
    transport.close()


if __name__ == "__main__":
    port, name, calls, in_flight, ca_file = sys.argv[2:7]
    uvloop.run(ask(int(port), name, int(calls), int(in_flight), ca_file))
