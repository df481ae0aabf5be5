"""Both ends of the recorder's benchmark, each in a process of its own: as little work per call as Python allows, so
that what is measured is what stands between them.

    python -m tests.benchmarks.recorder_load serve CERTIFICATE KEY
    python -m tests.benchmarks.recorder_load ask PORT SERVER_NAME CALLS IN_FLIGHT CA_FILE
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import time
from typing import cast

import uvloop

REQUEST_BODY = json.dumps(
    {"user": "00000000", "model": "teacher-1", "messages": [{"role": "user", "content": "why? " * 88}]}
).encode()
COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "teacher-1",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "because " * 40}}],
    "usage": {"prompt_tokens": 90, "completion_tokens": 40, "total_tokens": 130},
}
ANSWER_BODY = json.dumps(COMPLETION).encode().ljust(600)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(ANSWER_BODY),
    ANSWER_BODY,
)
HEAD_END = b"\r\n\r\n"
STATUS_AND_LENGTH = re.compile(rb"HTTP/1\.1 200 .*?\r\ncontent-length: *([0-9]+)\r\n", re.I | re.S)


def numbered_body(number: int) -> bytes:
    """The request's body with a number of eight digits in it: each differs, as prompts do, so that nothing is saved by
    storing equal bodies once."""
    return REQUEST_BODY[:10] + b"%08d" % number + REQUEST_BODY[18:]


def figures_of(latencies: list[float], seconds: float, warm_up: int) -> dict[str, float]:
    """What one round came to; latencies in seconds."""
    ordered = sorted(latencies)
    return {
        "calls": len(ordered),
        "warm_up": warm_up,
        "per_second": len(ordered) / seconds,
        "median_ms": ordered[len(ordered) // 2] * 1000,
        "p95_ms": ordered[int(len(ordered) * 0.95)] * 1000,
    }


class Answering(asyncio.Protocol):
    """Answers each complete request on a connection; the body's length is always the same."""

    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while (end := self.data.find(HEAD_END)) >= 0:
            whole = end + 4 + len(REQUEST_BODY)
            if len(self.data) < whole:
                return
            self.data = self.data[whole:]
            Answering.answered += 1
            self.transport.write(ANSWER)


class Asking(asyncio.Protocol):
    """Asks one call after the other on a connection, as long as the shared supply lasts."""

    def __init__(self, supply: list[int], host: str, latencies: list[float]) -> None:
        self.supply = supply
        self.latencies = latencies
        self.done = asyncio.get_running_loop().create_future()
        self.head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sk-benchmark\r\n"
            f"User-Agent: benchmark\r\nAccept: */*\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(REQUEST_BODY)}\r\n\r\n"
        ).encode()
        self.left = 0
        self.buffered = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def start(self) -> None:
        if not self.supply:
            self.done.set_result(None)
            return
        number = self.supply.pop()
        self.began = time.perf_counter()
        self.transport.write(self.head + numbered_body(number))

    def data_received(self, data: bytes) -> None:
        self.buffered += data
        end = self.buffered.find(HEAD_END)
        if end < 0:
            return
        found = STATUS_AND_LENGTH.match(self.buffered)
        if found is None:
            self.done.set_exception(ConnectionError(f"answered {self.buffered[:2000]!r}"))
        elif len(self.buffered) >= end + 4 + int(found[1]):
            self.buffered = b""
            self.latencies.append(time.perf_counter() - self.began)
            self.start()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the connection ended early"))


async def serve(certificate: str, key: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, ssl=context)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.readline():
        print(json.dumps({"answered": Answering.answered}), flush=True)


async def ask(port: int, name: str, calls: int, in_flight: int, ca_file: str) -> None:
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(cafile=ca_file)
    latencies: list[float] = []
    supply = list(range(in_flight * 4))
    askers = []
    for _ in range(in_flight):
        _, asker = await loop.create_connection(
            lambda: Asking(supply, name, latencies), "127.0.0.1", port, ssl=context, server_hostname=name
        )
        askers.append(asker)
    await _run(askers)
    latencies.clear()
    supply.extend(range(1000, 1000 + calls))
    began = time.perf_counter()
    await _run(askers)
    seconds = time.perf_counter() - began
    print(json.dumps(figures_of(latencies, seconds, in_flight * 4)), flush=True)


async def _run(askers: list[Asking]) -> None:
    loop = asyncio.get_running_loop()
    for asker in askers:
        asker.done = loop.create_future()
        asker.start()
    await asyncio.gather(*(asker.done for asker in askers))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(serve(sys.argv[2], sys.argv[3]))
    else:
        port, name, calls, in_flight, ca_file = sys.argv[2:7]
        uvloop.run(ask(int(port), name, int(calls), int(in_flight), ca_file))
