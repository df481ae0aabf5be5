"""One run of all clients: in the real sandbox, with the real recorder, against the stand-ins."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.capture.authority import Authority, create_authority, write_bundle
from audits.capture.blobs import Bodies
from audits.capture.config import Limits as RecorderLimits
from audits.capture.config import RecorderConfig
from audits.capture.process import RecorderProcess, RecorderSockets, start_recorder
from audits.capture.spool import read_events, verify_record
from audits.sandbox.execution import Mount, run
from audits.sandbox.limits import Exit, Limits
from audits.sandbox.network import InnerServer, Network, inner_servers, open_network
from audits.sandbox.python_environment import Interpreter, find_python
from tests.capture.matrix.far_end.heard import Heard
from tests.capture.matrix.far_end.server import FarEnd

# Which stand-in serves which host; every other name would lead to the real world.
HOSTS = {
    "api.openai.com": "https",
    "api.anthropic.com": "https",
    "generativelanguage.googleapis.com": "https",
    "api.mistral.ai": "https",
    "api.groq.com": "https",
    "api-inference.together.ai": "https",
    "api.cohere.com": "https",
    "bedrock-runtime.us-east-1.amazonaws.com": "https",
    "api.teacher.example": "https-1.1",
    "vllm.internal": "http",
}
COMMANDS = [
    "current/bin/python plain_http.py",
    "current/bin/python sdks.py",
    "current/bin/python curl.py",
    "current/bin/python inside.py",
    "gateway/bin/python gateway.py",
    "older/bin/python older.py",
    "node clients.mjs",
    "./client-go",
    "java Client.java",
]
Event = dict[str, Any]


@dataclass
class Outcome:
    """What the three sides say: the clients, the far end, and the record."""

    told: list[dict[str, Any]]
    heard: list[Heard]
    events: list[Event]
    blobs: Path
    exit: Exit
    words: str
    inner_servers: list[InnerServer]

    def of_kind(self, kind: str) -> list[Event]:
        """Lines of the record of one kind."""
        return [event for event in self.events if event["kind"] == kind]

    def body(self, facts: Event | None) -> bytes:
        """A recorded body."""
        return Bodies(self.blobs).read(facts["sha256"]) if facts and facts["size"] else b""


def run_clients(tree: Path, folder: Path) -> Outcome:
    """Run every client in `tree`; `folder` takes the record."""
    create_authority(folder / "far.pem", folder / "far.key", name="far end")
    authority = Authority(folder / "far.pem", folder / "far.key")
    write_bundle(folder / "far.pem", folder / "trusted.pem")
    contexts = [authority.context("localhost", protocols) for protocols in (("h2", "http/1.1"), ("http/1.1",))]
    far_end = FarEnd(*contexts)
    far_end.start()
    try:
        with open_network() as network, _recorder(folder, network, far_end.ports) as recorder:
            said: list[bytes] = []
            ended = _run(tree, network, recorder.config.ca_certificate, said)
            recorder.stop()
            inside = inner_servers(network)
    finally:
        far_end.stop()
    assert verify_record(folder / "spool").problem is None
    events = read_events(folder / "spool")[0]
    words = b"".join(said).decode(errors="replace")
    told = [json.loads(line) for line in words.splitlines() if line.startswith("{") and '"client"' in line]
    return Outcome(told, far_end.heard, events, folder / "blobs", ended, words, inside)


@contextmanager
def _recorder(folder: Path, network: Network, ports: dict[str, int]) -> Iterator[RecorderProcess]:
    create_authority(folder / "ca.pem", folder / "ca.key")
    schemes = {"https": "https", "https-1.1": "https", "http": "http"}
    config = RecorderConfig(
        run_id="matrix",
        phase="execute",
        spool_directory=folder / "spool",
        blob_directory=folder / "blobs",
        ca_certificate=folder / "ca.pem",
        ca_key=folder / "ca.key",
        upstreams={host: f"{schemes[kind]}://localhost:{ports[kind]}" for host, kind in HOSTS.items()},
        limits=RecorderLimits(grace_seconds=5.0, connect_seconds=5.0),
    )
    sockets = RecorderSockets(
        transparent=[network.tcp_socket], dns=[network.dns_socket, network.dns6_socket], udp_sink=[network.udp_socket]
    )
    earlier = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(folder / "trusted.pem")
    try:
        recorder = start_recorder(config, sockets)
    finally:
        os.environ.pop("SSL_CERT_FILE")
        if earlier is not None:
            os.environ["SSL_CERT_FILE"] = earlier
    try:
        yield recorder
    finally:
        if recorder.alive:
            recorder.kill()


def _run(tree: Path, network: Network, ca: Path, said: list[bytes]) -> Exit:
    """All clients at once: what they send interleaves on the way."""
    interpreter = base_interpreter()
    mounts = [] if interpreter.prefix.is_relative_to("/usr") else [Mount(interpreter.prefix)]
    script = " & ".join(f"{command} 2>&1" for command in COMMANDS) + " & wait"
    return run(
        ["/bin/sh", "-c", script],
        tree=tree,
        limits=Limits(memory_mb=6000, wall_seconds=400, processes=2000, disk_mb=2000),
        network=network,
        environment={"LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        mounts=mounts,
        ca_bundle=ca,
        on_output=lambda stream, chunk: said.append(chunk),
    )


def base_interpreter() -> Interpreter:
    """The Python the environments were made from."""
    return find_python(f"{sys.version_info[0]}.{sys.version_info[1]}")
