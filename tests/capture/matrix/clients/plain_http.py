"""HTTP libraries of Python, each asked for what it is used for in pipelines."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import ssl
from collections.abc import Iterator

import aiohttp
import httpx
import requests
import urllib3
import websockets
from said import KEY, do, prompt, version_of

HOST = "api.openai.com"
CHAT = f"https://{HOST}/v1/chat/completions"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
UPLOAD = 200 * 1024 * 1024
PIECE = bytes(range(256)) * 1024


def body(client: str, case: str, words: str = "", **more: object) -> bytes:
    """A chat request."""
    message = {"role": "user", "content": prompt(client, case, words)}
    return json.dumps({"model": "gpt-4o", "messages": [message], **more}).encode()


def pieces(client: str, case: str, size: int) -> Iterator[bytes]:
    """A file of `size` bytes that never lies in memory as a whole; its first line is its label."""
    first = prompt(client, case).encode() + b"\n"
    yield first
    left = size - len(first)
    while left > 0:
        yield PIECE[:left]
        left -= len(PIECE)


# requests


def requests_keep_alive(case: str) -> int:
    with requests.Session() as session:
        for number in range(3):
            session.post(CHAT, data=body("requests", case, str(number)), headers=HEADERS).raise_for_status()
    return 3


def requests_coded(case: str) -> int:
    coding, kept = case.split()[0], {**HEADERS, "Accept-Encoding": case.split()[0]}
    answer = requests.post(CHAT, data=body("requests", case, f"[[{coding}]]"), headers=kept)
    # requests undoes gzip and deflate itself, the others where their packages are installed
    assert answer.headers["content-encoding"] == coding
    return 1


def requests_chunked(case: str) -> int:
    asked = body("requests", case, "[[chunked]]")
    answer = requests.post(CHAT, data=iter([asked[:40], asked[40:]]), headers=HEADERS)
    assert "water" in answer.text.lower()
    return 1


def requests_gzip_request(case: str) -> int:
    sent = gzip.compress(body("requests", case), mtime=0)
    requests.post(CHAT, data=sent, headers={**HEADERS, "Content-Encoding": "gzip"}).raise_for_status()
    return 1


def requests_stream(case: str) -> int:
    with requests.post(CHAT, data=body("requests", case, stream=True), headers=HEADERS, stream=True) as answer:
        assert b"data: [DONE]" in list(answer.iter_lines())
    return 1


def requests_broken(case: str) -> int:
    try:
        requests.post(CHAT, data=body("requests", case, "[[break]]"), headers=HEADERS)
    except requests.exceptions.RequestException:
        return 1
    raise AssertionError("the answer was whole")


def requests_timeout(case: str) -> int:
    try:
        requests.post(CHAT, data=body("requests", case, "[[hold]]"), headers=HEADERS, timeout=5.0)
    except requests.exceptions.Timeout:
        return 1
    raise AssertionError("an answer came")


def requests_upload(case: str) -> int:
    sent = pieces("requests", case, UPLOAD)
    answer = requests.post(f"https://{HOST}/v1/files", data=sent, headers={"Authorization": f"Bearer {KEY}"})
    answer.raise_for_status()
    return 1


# httpx


def httpx_first(case: str) -> int:
    with httpx.Client(timeout=30) as client:
        for number in range(2):
            answer = client.post(CHAT, content=body("httpx", case, str(number)), headers=HEADERS)
            assert answer.http_version == "HTTP/1.1", answer.http_version
    return 2


def httpx_second(case: str) -> int:
    async def ask() -> None:
        async with httpx.AsyncClient(http2=True, timeout=30) as client:
            bodies = [body("httpx", case, str(number)) for number in range(8)]
            answers = await asyncio.gather(*(client.post(CHAT, content=each, headers=HEADERS) for each in bodies))
            assert {answer.http_version for answer in answers} == {"HTTP/2"}

    asyncio.run(ask())
    return 8


def httpx_second_stream(case: str) -> int:
    asked = body("httpx", case, stream=True)
    with (
        httpx.Client(http2=True, timeout=30) as client,
        client.stream("POST", CHAT, content=asked, headers=HEADERS) as answer,
    ):
        assert "data: [DONE]" in list(answer.iter_lines())
    return 1


def httpx_second_broken(case: str) -> int:
    try:
        with httpx.Client(http2=True) as client:
            client.post(CHAT, content=body("httpx", case, "[[break]]"), headers=HEADERS)
    except httpx.HTTPError:
        return 1
    raise AssertionError("the answer was whole")


# urllib3


def urllib3_keep_alive(case: str) -> int:
    pool = urllib3.PoolManager()
    for number in range(2):
        asked = body("urllib3", case, f"[[gzip]] {number}")
        answer = pool.request("POST", CHAT, body=asked, headers={**HEADERS, "Accept-Encoding": "gzip"})
        assert "choices" in answer.json()
    return 2


def urllib3_retries(case: str) -> int:
    retries = urllib3.Retry(total=2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
    answer = urllib3.PoolManager().request(
        "POST", CHAT, body=body("urllib3", case, "[[503 once]]"), headers=HEADERS, retries=retries
    )
    assert answer.status == 200
    return 1


# aiohttp


def aiohttp_many(case: str) -> int:
    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(one(session, number) for number in range(10)))

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        async with session.post(CHAT, data=body("aiohttp", case, str(number)), headers=HEADERS) as answer:
            assert (await answer.json())["choices"]

    asyncio.run(ask())
    return 10


def aiohttp_websocket(case: str) -> int:
    async def ask() -> None:
        url = f"wss://{HOST}/v1/realtime?model=gpt-realtime&user=matrix:aiohttp:{case};"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, compress=15) as socket_:
            await socket_.send_json({"type": "response.create"})
            while (await socket_.receive_json())["type"] != "response.done":
                pass

    asyncio.run(ask())
    return 1


def websockets_realtime(case: str) -> int:
    async def ask() -> None:
        url = f"wss://{HOST}/v1/realtime?model=gpt-realtime&user=matrix:websockets:{case};".replace(" ", "%20")
        async with websockets.connect(url, additional_headers={"Authorization": f"Bearer {KEY}"}) as connection:
            for number in range(2):
                await connection.send(json.dumps({"type": "response.create", "event_id": f"e{number}"}))
                while json.loads(await connection.recv())["type"] != "response.done":
                    pass

    asyncio.run(ask())
    return 1


# a socket


def pipelined(case: str) -> int:
    """Three requests sent before the first answer is read."""
    sent = b""
    for number in range(3):
        asked = body("socket", case, str(number))
        end = b"Connection: close\r\n" if number == 2 else b""
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(asked)}\r\n".encode()
        sent += head + end + b"\r\n" + asked
    context = ssl.create_default_context()
    with socket.create_connection((HOST, 443)) as plain, context.wrap_socket(plain, server_hostname=HOST) as secure:
        secure.sendall(sent)
        answered = b"".join(iter(lambda: secure.recv(65536), b""))
    assert answered.count(b"HTTP/1.1 200") == 3, answered[:200]
    return 3


def plain_http(case: str) -> int:
    """A model server of one's own, without TLS."""
    connection = urllib3.HTTPConnectionPool("vllm.internal", 8000)
    answer = connection.request("POST", "/v1/chat/completions", body=body("urllib3", case), headers=HEADERS)
    assert answer.status == 200
    return 1


do(
    "requests",
    version_of("requests"),
    {
        "keep-alive": requests_keep_alive,
        "gzip answer": requests_coded,
        "deflate answer": requests_coded,
        "br answer": requests_coded,
        "zstd answer": requests_coded,
        "chunked both ways": requests_chunked,
        "gzip request": requests_gzip_request,
        "SSE": requests_stream,
        "answer breaks off": requests_broken,
        "client gives up": requests_timeout,
        "upload of 200 MB": requests_upload,
    },
)
do(
    "httpx",
    version_of("httpx"),
    {
        "keep-alive": httpx_first,
        "HTTP/2, 8 streams": httpx_second,
        "HTTP/2, SSE": httpx_second_stream,
        "HTTP/2, stream reset": httpx_second_broken,
    },
)
do(
    "urllib3",
    version_of("urllib3"),
    {"keep-alive, gzip": urllib3_keep_alive, "503, then retried": urllib3_retries, "plain HTTP, port 8000": plain_http},
)
do("aiohttp", version_of("aiohttp"), {"10 at once": aiohttp_many, "WebSocket, compressed": aiohttp_websocket})
do("websockets", version_of("websockets"), {"realtime session": websockets_realtime})
do("socket", "standard library", {"pipelining": pipelined})
