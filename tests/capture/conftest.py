"""A real far end, a real recorder process, and clients between them."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audits.capture.authority import Authority, create_authority, write_bundle
from audits.capture.blobs import Bodies
from audits.capture.config import Limits, RecorderConfig
from audits.capture.process import RecorderProcess, RecorderSockets, read_events, start_recorder
from audits.capture.spool import verify_record
from tests.capture.far_end import FarEnd

HOST = "api.teacher.example"


class Rig:
    """A recorder under test and what it recorded."""

    def __init__(self, process: RecorderProcess, config: RecorderConfig, ports: dict[str, int]) -> None:
        self.process = process
        self.config = config
        self.ports = ports
        self.ca = config.ca_certificate

    def trust(self, protocols: list[str] | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if protocols:
            context.set_alpn_protocols(protocols)
        return context

    def connect(self, host: str = HOST, protocols: list[str] | None = None) -> ssl.SSLSocket:
        """TLS to `host` through the transparent listener."""
        raw = socket.create_connection(("127.0.0.1", self.ports["transparent"]), timeout=15)
        return self.trust(protocols).wrap_socket(raw, server_hostname=host)

    def plain(self, listener: str = "transparent") -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.ports[listener]), timeout=15)

    @property
    def proxy_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['proxy']}"

    def stop(self) -> list[dict[str, Any]]:
        """Stop the recorder, check the chain, and return all lines."""
        assert self.process.stop() == 0
        return self.events()

    def events(self) -> list[dict[str, Any]]:
        chain = verify_record(self.config.spool_directory)
        assert chain.problem is None
        return read_events(self.config.spool_directory)[0]

    def body(self, facts: dict[str, Any]) -> bytes:
        return Bodies(self.config.blob_directory).read(facts["sha256"])


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["kind"] == kind]


@pytest.fixture(scope="session")
def far_authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Authority]:
    folder = tmp_path_factory.mktemp("far")
    create_authority(folder / "ca.pem", folder / "ca.key", name="far end")
    return folder / "ca.pem", Authority(folder / "ca.pem", folder / "ca.key")


@pytest.fixture
def far_end(far_authority: tuple[Path, Authority]) -> Iterator[FarEnd]:
    end = FarEnd(far_authority[1].context("localhost", ("h2", "http/1.1")))
    end.start()
    yield end
    end.stop()


@pytest.fixture(scope="session")
def recorder_authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("recorder")
    create_authority(folder / "ca.pem", folder / "ca.key")
    return folder / "ca.pem", folder / "ca.key"


StartRig = Callable[..., Rig]


@pytest.fixture
def start_rig(
    tmp_path: Path,
    far_end: FarEnd,
    far_authority: tuple[Path, Authority],
    recorder_authority: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[StartRig]:
    """Start a recorder; keyword arguments are those of RecorderConfig, `limits` a dict of what differs."""
    write_bundle(far_authority[0], tmp_path / "trusted.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))
    rigs: list[Rig] = []

    def start(*, limits: dict[str, Any] | None = None, **changes: Any) -> Rig:
        config = RecorderConfig(
            run_id="run-1",
            phase="execute",
            spool_directory=tmp_path / "spool",
            blob_directory=tmp_path / "blobs",
            ca_certificate=recorder_authority[0],
            ca_key=recorder_authority[1],
            upstreams={HOST: f"https://localhost:{far_end.https_port}"},
            limits=replace(Limits(grace_seconds=3.0), **(limits or {})),
        )
        listening = {name: socket.create_server(("127.0.0.1", 0)) for name in ("transparent", "proxy")}
        listening["dns"] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        listening["udp_sink"] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for name in ("dns", "udp_sink"):
            listening[name].bind(("127.0.0.1", 0))
        sockets = RecorderSockets(**{name: [item] for name, item in listening.items()})
        process = start_recorder(replace(config, **changes), sockets)
        ports = {name: item.getsockname()[1] for name, item in listening.items()}
        for item in listening.values():
            item.close()
        rig = Rig(process, replace(config, **changes), ports)
        rigs.append(rig)
        return rig

    yield start
    for rig in rigs:
        if rig.process.alive:
            rig.process.kill()


@pytest.fixture
def rig(start_rig: StartRig) -> Rig:
    return start_rig()


def request(method: str, target: str, body: bytes = b"", *, host: str = HOST, extra: str = "") -> bytes:
    """The bytes of a request."""
    length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
    return f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{length}{extra}\r\n".encode() + body


def read_answer(connection: socket.socket, *, head: bool = False) -> tuple[int, bytes]:
    """One response with a Content-Length, and nothing beyond it."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += some(connection, 1)
    fields = dict(line.split(": ", 1) for line in raw.decode().split("\r\n")[1:] if line)
    lower = {name.lower(): value for name, value in fields.items()}
    body = b""
    while not head and len(body) < int(lower.get("content-length", 0)):
        body += some(connection, int(lower["content-length"]) - len(body))
    return int(raw.split(b" ")[1]), body


def some(connection: socket.socket, most: int) -> bytes:
    """At least one byte; the end of the stream is an error."""
    data = connection.recv(most)
    assert data, "the connection ended where more was due"
    return data


def loads(body: bytes) -> dict[str, Any]:
    value = json.loads(body)
    assert isinstance(value, dict)
    return value
