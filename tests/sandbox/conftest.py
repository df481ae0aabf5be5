"""A folder to run in, a way to run a few lines of Python there, and a recorder's sockets with somebody listening."""

import contextlib
import select
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from audits.sandbox.execution import Mount, run
from audits.sandbox.limits import Exit
from audits.sandbox.network import Network, open_network
from audits.sandbox.python_environment import Interpreter, find_python

MAPPED = "::ffff:"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies here needs the real thing."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker("sandbox")


@dataclass
class Seen:
    """What came out of the sealed network."""

    tcp: list[tuple[str, int]] = field(default_factory=list)
    udp: list[tuple[str, int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


class Listener(threading.Thread):
    """Stands where the recorder will: notes the wanted destination, answers b"recorded", resolves every name."""

    def __init__(self, network: Network) -> None:
        super().__init__(daemon=True)
        self.network, self.seen = network, Seen()
        self._stopper, self._stopped = socket.socketpair()

    def run(self) -> None:
        sockets = [*self.network.sockets, self._stopped]
        while True:
            for each in select.select(sockets, [], [])[0]:
                if each is self._stopped:
                    return
                if each is self.network.tcp_socket:
                    self._accept()
                elif each is self.network.udp_socket:
                    self._datagram()
                else:
                    self._query(each)

    def _accept(self) -> None:
        connection, peer = self.network.tcp_socket.accept()
        with connection, contextlib.suppress(ConnectionError):
            if peer[0].startswith(MAPPED):
                raw = connection.getsockopt(socket.IPPROTO_IP, 80, 16)
                wanted = socket.inet_ntop(socket.AF_INET, raw[4:8])
            else:
                raw = connection.getsockopt(socket.IPPROTO_IPV6, 80, 28)
                wanted = socket.inet_ntop(socket.AF_INET6, raw[8:24])
            self.seen.tcp.append((wanted, struct.unpack_from("!H", raw, 2)[0]))
            connection.sendall(b"recorded")

    def _datagram(self) -> None:
        _, ancillary, _, _ = self.network.udp_socket.recvmsg(65536, 256)
        for level, kind, raw in ancillary:
            port = struct.unpack_from("!H", raw, 2)[0]
            if (level, kind) == (socket.IPPROTO_IP, 20):
                self.seen.udp.append((socket.inet_ntop(socket.AF_INET, raw[4:8]), port))
            elif (level, kind) == (socket.IPPROTO_IPV6, 74):
                self.seen.udp.append((socket.inet_ntop(socket.AF_INET6, raw[8:24]), port))

    def _query(self, receiver: socket.socket) -> None:
        query, client = receiver.recvfrom(4096)
        labels, place = [], 12
        while query[place]:
            labels.append(query[place + 1 : place + 1 + query[place]].decode())
            place += 1 + query[place]
        self.seen.names.append(".".join(labels))
        question = query[12 : place + 5]
        is_a = question[-3] == 1
        head = query[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, int(is_a), 0, 0)
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([198, 18, 0, 1]) if is_a else b""
        receiver.sendto(head + question + answer, client)

    def finish(self) -> None:
        self._stopper.close()
        self.join()
        self._stopped.close()


@pytest.fixture
def network() -> Iterator[Network]:
    with open_network() as opened:
        yield opened


@pytest.fixture
def seen(network: Network) -> Iterator[Seen]:
    """The listener runs until the test ends; lists grow while it does."""
    listener = Listener(network)
    listener.start()
    yield listener.seen
    listener.finish()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def interpreter() -> Interpreter:
    return find_python(f"{sys.version_info[0]}.{sys.version_info[1]}")


@dataclass
class Ran:
    """How a script ended and what it printed."""

    exit: Exit
    out: str
    err: str
    gaps: list[str]


Inside = Callable[..., Ran]


@pytest.fixture
def inside(tree: Path, interpreter: Interpreter) -> Inside:
    """`inside("print(1)", network=…, limits=…)` runs a few lines of Python in the sandbox."""

    def runner(script: str | list[str], **options: Any) -> Ran:
        command = script if isinstance(script, list) else [str(interpreter.executable), "-c", script]
        chunks: dict[str, list[bytes]] = {"stdout": [], "stderr": [], "gap": []}
        mounts = [] if interpreter.prefix.is_relative_to("/usr") else [Mount(interpreter.prefix)]
        ended = run(
            command,
            tree=tree,
            mounts=[*mounts, *options.pop("mounts", [])],
            **{"on_output": lambda stream, chunk: chunks[stream].append(chunk), **options},
        )
        out, err = (b"".join(chunks[name]).decode(errors="replace") for name in ("stdout", "stderr"))
        return Ran(ended, out, err, [each.decode() for each in chunks["gap"]])

    return runner
