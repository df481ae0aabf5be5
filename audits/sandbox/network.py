"""A network that leads nowhere but to the recorder: `with open_network() as net:`."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
ENOUGH = 30.0  # seconds; set-up takes about a tenth of one
DESCRIPTORS = 6
SAFE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class SandboxError(Exception):
    """The isolation could not be set up. The text names the step and how to mend it."""


@dataclass(frozen=True, slots=True)
class Network:
    """An open sealed network.

    `tcp_socket` listens for every TCP connection to any address (IPv4 arrives as ::ffff:a.b.c.d; the wanted address is
    getsockopt(IPPROTO_IP, 80, 16) for those, getsockopt(IPPROTO_IPV6, 80, 28) for IPv6); `dns_socket` and `dns6_socket`
    get every UDP query to port 53 of any address, `udp_socket` every other datagram, with its wanted address as
    IP_ORIGDSTADDR (20) or IPV6_ORIGDSTADDR (74) ancillary data. `own_address` is the program's own address inside.
    """

    tcp_socket: socket.socket
    dns_socket: socket.socket
    dns6_socket: socket.socket
    udp_socket: socket.socket
    user_namespace: int
    network_namespace: int
    own_address: str

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        """All sockets to hand to the recorder."""
        return self.tcp_socket, self.dns_socket, self.dns6_socket, self.udp_socket

    def close(self) -> None:
        """Let go of everything held here; the kernel removes the namespace with its last process and socket."""
        for each in self.sockets:
            each.close()
        for descriptor in (self.user_namespace, self.network_namespace):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def helper_command(module: str, *arguments: str) -> list[str]:
    """How our helper processes start: this interpreter, no site packages, no environment."""
    return [sys.executable, "-S", "-E", "-s", "-m", f"audits.sandbox.{module}", *arguments]


def helper_environment() -> dict[str, str]:
    """Nothing of ours, and nothing the audited pipeline could choose."""
    return {"PATH": SAFE_PATH, "LANG": "C.UTF-8"}


def _ask(control: socket.socket, helper: subprocess.Popen[bytes]) -> tuple[dict[str, Any], list[int]]:
    control.settimeout(ENOUGH)
    try:
        message, descriptors, _, _ = socket.recv_fds(control, 65536, DESCRIPTORS)
    except TimeoutError as error:
        raise SandboxError(f"setting up the isolated network took more than {ENOUGH:.0f} s") from error
    if not message:
        _, complaint = helper.communicate(timeout=ENOUGH)
        raise SandboxError(f"setting up the isolated network failed: {complaint.decode(errors='replace')[-2000:]}")
    return json.loads(message), descriptors


@dataclass(frozen=True, slots=True)
class InnerServer:
    """A server that programs inside asked over loopback, and that answered: nothing of it was recorded.

    asked, answered: bytes of the packets that carried data to it and back, their headers included.
    """

    port: int
    asked: int
    answered: int


def inner_servers(network: Network) -> list[InnerServer]:
    """The servers inside that gave answers over loopback so far, by port. Raises SandboxError when the kernel won't say."""
    spaces = [network.user_namespace, network.network_namespace]
    try:
        done = subprocess.run(
            helper_command("inner_traffic", *map(str, spaces)),
            pass_fds=spaces,
            cwd=PROJECT,
            env=helper_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ENOUGH,
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"counting the traffic inside took more than {ENOUGH:.0f} s") from error
    if done.returncode != 0:
        raise SandboxError(f"the traffic inside can't be counted: {done.stderr.decode(errors='replace')[-2000:]}")
    asked, answered = ({int(port): size for port, size in each.items()} for each in json.loads(done.stdout))
    return [InnerServer(port, asked.get(port, 0), size) for port, size in sorted(answered.items())]


@contextlib.contextmanager
def open_network() -> Iterator[Network]:
    """A new namespace with nothing but loopback, everything redirected to the sockets of the yielded Network.

    Raises SandboxError when any step fails; nothing stays behind then.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            helper = subprocess.Popen(
                helper_command("namespace", str(theirs.fileno())),
                pass_fds=[theirs.fileno()],
                cwd=PROJECT,
                env=helper_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        try:
            answer, descriptors = _ask(ours, helper)
        finally:
            helper.kill()
            helper.communicate()
    if "error" in answer or len(descriptors) != DESCRIPTORS:
        for descriptor in descriptors:
            os.close(descriptor)
        raise SandboxError(f"setting up the isolated network failed: {answer.get('error', 'descriptors missing')}")
    user, net, *rest = descriptors
    tcp, dns, dns6, udp = (socket.socket(fileno=each) for each in rest)
    network = Network(tcp, dns, dns6, udp, user, net, str(answer["address"]))
    try:
        yield network
    finally:
        network.close()
