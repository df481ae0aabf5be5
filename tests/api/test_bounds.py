"""How much of a request is read: as much as its address takes, and of one that is too large nothing."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress

import pytest
from ninja.operation import Operation

from audits.api.site import api
from compliance.api.bounds import LARGEST_BODY, MB, Bounded, largest_at, largest_of
from compliance.embedded.application import WEB_ARGUMENTS
from compliance.settings import BASE_DIR

VERIFY = "/api/v1/verification"
FORM = "Content-Type: multipart/form-data; boundary=x"


def operations() -> Iterator[Operation]:
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            yield from view.operations


def test_every_operation_that_takes_files_says_how_much_and_no_other_takes_more_than_a_megabyte() -> None:
    for one in operations():
        takes_files = any(model.__ninja_param_source__ == "file" for model in one.models)
        assert (largest_of(one) > LARGEST_BODY) == takes_files, one.view_func.__name__
    assert largest_at(VERIFY, "POST") == 65 * MB
    assert largest_at(VERIFY, "PUT") == largest_at("/api/v1/nowhere", "POST") == LARGEST_BODY


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The web server of an installation, as it is started there, with one process."""
    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        port: int = held.getsockname()[1]
    asked = ["--host", "127.0.0.1", "--port", str(port), "--workers=1", "compliance.wsgi:application"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.api.served", "ALLOWED_HOSTS": "127.0.0.1"}
    command = [sys.executable, "-m", "granian", *(one for one in WEB_ARGUMENTS if "workers=" not in one), *asked]
    with subprocess.Popen(command, cwd=BASE_DIR, env=environment, stdout=subprocess.DEVNULL) as server:
        until = time.monotonic() + 60
        while time.monotonic() < until and server.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)
        yield port
        server.terminate()


def ask(port: int, *headers: str, body: Iterable[bytes] = (), path: str = VERIFY) -> tuple[int, bytes, int]:
    """Status, answer and how much of the body the server took before it closed or answered."""
    head = "\r\n".join(
        [
            f"POST {path} HTTP/1.1",
            "Host: 127.0.0.1",
            "X-Forwarded-Proto: https",
            "Connection: close",
            *headers,
            "",
            "",
        ]
    )
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(head.encode())
        with suppress(OSError):
            for piece in body:
                line.sendall(piece)
                sent += len(piece)
        answer = b""
        with suppress(ConnectionResetError):
            while piece := line.recv(65536):
                answer += piece
    return int(answer.split(b" ", 2)[1]) if answer else 0, answer.partition(b"\r\n\r\n")[2], sent


@pytest.mark.parametrize("more", [[], ["Idempotency-Key: one"]])
def test_a_file_beyond_the_bound_of_its_address_is_refused_before_a_byte_of_it_has_come(port: int, more: list[str]):
    status, answer, _ = ask(port, FORM, f"Content-Length: {300 * MB}", *more)
    assert status == 413
    assert json.loads(answer)["detail"] == "At most 64 MB are taken here."


def test_a_body_in_pieces_is_refused_and_not_read_to_its_end(port: int):
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    status, answer, sent = ask(port, FORM, "Transfer-Encoding: chunked", body=(piece for _ in range(2048)))
    assert sent < 64 * MB, "the server stopped taking it long before its 128 MB had come"
    assert status in (0, 411), "answered, or the connection closed under what still came"
    status, answer, _ = ask(port, FORM, "Transfer-Encoding: chunked")
    assert (status, "Content-Length" in json.loads(answer)["detail"]) == (411, True)


def test_a_page_refuses_a_form_beyond_its_bound_before_a_byte_of_it_has_come(port: int):
    for path, most in (("/sign-in/", "at most 2.5 MB of text"), ("/imports/add/", "files of at most 500 MB in all")):
        status, answer, _ = ask(port, FORM, f"Content-Length: {600 * MB}", path=path)
        assert (status, most in answer.decode()) == (413, True)
    status, answer, _ = ask(port, FORM, "Transfer-Encoding: chunked", path="/sign-in/")
    assert (status, "Content-Length" in answer.decode()) == (411, True)


def asked_by_asgi(*headers: tuple[bytes, bytes], path: str = VERIFY) -> tuple[int, int, int]:
    """Status, how much the application read, and how much the server had to hand on."""
    read, handed, statuses = 0, 0, []

    async def application(scope, receive, send):
        nonlocal read
        while (message := await receive())["type"] == "http.request":
            read += len(message["body"])

    async def receive():
        nonlocal handed
        handed += MB
        return {"type": "http.request", "body": b"x" * MB, "more_body": True}

    async def send(message):
        statuses.append(message.get("status"))

    scope = {"type": "http", "path": path, "method": "POST", "headers": list(headers)}
    asyncio.run(Bounded(application)(scope, receive, send))
    return statuses[0], read, handed


def test_an_asgi_server_has_no_more_read_than_the_address_takes():
    assert asked_by_asgi() == (413, 65 * MB, 66 * MB)
    assert asked_by_asgi((b"content-length", str(66 * MB).encode())) == (413, 0, 0)


def test_an_asgi_server_has_no_more_of_a_page_s_form_read_than_the_page_takes():
    assert asked_by_asgi(path="/sign-in/") == (413, 2 * MB, 3 * MB)
    assert asked_by_asgi((b"content-length", str(600 * MB).encode()), path="/imports/add/") == (413, 0, 0)
    assert largest_at("/imports/add/", "POST") > 500 * MB > largest_at("/pipelines/add/", "POST") > 200 * MB
