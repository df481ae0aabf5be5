"""Every packet ends at the recorder's sockets, and the recorder learns where it was meant to go."""

import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

from audits.sandbox import network as sealed
from audits.sandbox.network import Network, SandboxError, inner_servers, open_network
from tests.sandbox.conftest import Inside, Seen

CONNECT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5) as connection:
    print(connection.recv(8).decode())
"""


def dial(inside: Inside, network: Network, host: str, port: int) -> str:
    """What a plain connection to that address is answered."""
    return inside(CONNECT.replace("sys.argv[1]", repr(host)).replace("sys.argv[2]", str(port)), network=network).out


@pytest.mark.parametrize("host, port", [("192.0.2.10", 22), ("2001:db8::1", 443), ("169.254.169.254", 80)])
def test_a_program_that_dials_an_address_reaches_only_the_recorder(
    inside: Inside, network: Network, seen: Seen, host: str, port: int
) -> None:
    assert dial(inside, network, host, port) == "recorded\n"
    assert seen.tcp == [(host, port)]


def test_a_name_is_resolved_by_us_and_its_connection_recorded(inside: Inside, network: Network, seen: Seen) -> None:
    assert dial(inside, network, "api.example.test", 443) == "recorded\n"
    assert seen.names.count("api.example.test") >= 1
    assert seen.tcp == [("198.18.0.1", 443)]


@pytest.mark.parametrize("resolver", ["192.0.2.53", "8.8.8.8", "2001:db8::53", "127.0.0.53"])
def test_a_query_sent_straight_to_a_foreign_resolver_is_answered_by_us(
    inside: Inside, network: Network, seen: Seen, resolver: str
) -> None:
    family = "AF_INET6" if ":" in resolver else "AF_INET"
    ran = inside(
        f"""
import socket
query = b"\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6secret\\4test\\0\\0\\1\\0\\1"
with socket.socket(socket.{family}, socket.SOCK_DGRAM) as client:
    client.settimeout(5)
    client.connect(("{resolver}", 53))  # a connected socket only takes an answer from the address it asked
    client.send(query)
    print(client.recv(512)[-4:].hex())
""",
        network=network,
    )
    assert ran.out == "c6120001\n", ran.err
    assert seen.names == ["secret.test"]
    assert seen.udp == []


@pytest.mark.parametrize("host, port", [("192.0.2.1", 443), ("192.0.2.1", 123), ("2001:db8::1", 443)])
def test_other_udp_such_as_quic_is_swallowed_and_its_destination_known(
    inside: Inside, network: Network, seen: Seen, host: str, port: int
) -> None:
    family = "AF_INET6" if ":" in host else "AF_INET"
    ran = inside(
        f"""
import socket
with socket.socket(socket.{family}, socket.SOCK_DGRAM) as client:
    client.settimeout(0.2)
    client.sendto(b"quic", ("{host}", {port}))
    try:
        print(client.recv(10))
    except TimeoutError:
        print("no answer")
""",
        network=network,
    )
    assert ran.out == "no answer\n", ran.err
    assert seen.udp == [(host, port)]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_programs_of_one_pipeline_may_talk_over_loopback(
    inside: Inside, network: Network, seen: Seen, address: str
) -> None:
    ran = inside(
        f"""
import socket, threading
server = socket.create_server(("{address}", 0), family=socket.{"AF_INET6" if ":" in address else "AF_INET"})
client = socket.create_connection(server.getsockname()[:2])
server.accept()[0].sendall(b"among ourselves")
print(client.recv(20).decode())
""",
        network=network,
    )
    assert ran.out == "among ourselves\n", ran.err
    assert seen.tcp == []


def test_a_server_on_all_addresses_cannot_pose_as_a_foreign_one(inside: Inside, network: Network, seen: Seen) -> None:
    ran = inside(
        """
import socket
server = socket.create_server(("0.0.0.0", 8443))
with socket.create_connection(("192.0.2.1", 8443), timeout=5) as client:
    print(client.recv(20).decode())
""",
        network=network,
    )
    assert ran.out == "recorded\n", ran.err
    assert seen.tcp == [("192.0.2.1", 8443)]


def test_without_a_network_nothing_can_be_reached(inside: Inside) -> None:
    ran = inside("import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)")
    assert "Network is unreachable" in ran.err


def test_abstract_sockets_of_the_host_are_out_of_reach(inside: Inside, network: Network) -> None:
    import_and_bind = "import socket; s = socket.socket(socket.AF_UNIX); s.connect('\\0clausetrail-host')"
    with socket.socket(socket.AF_UNIX) as host:
        host.bind("\0clausetrail-host")
        host.listen()
        ran = inside(import_and_bind, network=network)
    assert "Connection refused" in ran.err


def test_a_host_port_on_loopback_is_out_of_reach(inside: Inside, network: Network, seen: Seen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as host:
        port = host.getsockname()[1]
        ran = inside(f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)", network=network)
    assert "Connection refused" in ran.err


def test_a_failing_step_hands_out_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    broken = tmp_path / "nft"
    broken.write_text("#!/bin/sh\necho 'no such chain' >&2\nexit 1\n")
    broken.chmod(0o755)
    shared = Path(tempfile.gettempdir())
    for folder in (tmp_path, *(each for each in tmp_path.parents if each.is_relative_to(shared) and each != shared)):
        folder.chmod(0o755)  # the helper is an unprivileged user, who has to reach it
    monkeypatch.setattr(sealed, "SAFE_PATH", f"{tmp_path}:{sealed.SAFE_PATH}")
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(SandboxError, match=r"nft -f - ended with 1: no such chain"), open_network():
        pytest.fail("a network without rules was handed out")
    assert set(os.listdir("/proc/self/fd")) == before


def test_the_namespace_disappears_with_its_last_descriptor() -> None:
    with open_network() as network:
        identity = os.readlink(f"/proc/self/fd/{network.network_namespace}")
    listed = subprocess.run(["lsns", "--type", "net", "--output", "NS"], capture_output=True, text=True, check=True)
    assert identity.removeprefix("net:[").removesuffix("]") not in listed.stdout.split()


def test_a_server_inside_the_pipeline_is_counted_by_port_and_what_it_answered(
    inside: Inside, network: Network, seen: Seen
) -> None:
    ran = inside(
        """
import http.server, socket, threading, urllib.request
class Teacher(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"an answer " * 1000)
    def log_message(self, *what): pass
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "10.255.255.2"), (socket.AF_INET6, "::1")):
    server = http.server.ThreadingHTTPServer.__new__(http.server.ThreadingHTTPServer)
    server.address_family = family
    server.__init__((address, {"127.0.0.1": 8001, "10.255.255.2": 8002, "::1": 8003}[address]), Teacher)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = f"[{address}]" if ":" in address else address
    print(len(urllib.request.urlopen(f"http://{host}:{server.server_port}/", timeout=5).read()))
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)   # nobody listens: nothing was answered
except ConnectionRefusedError:
    pass
socket.create_connection(("192.0.2.1", 443), timeout=5).recv(8)   # the recorder's own, which is no server inside
""",
        network=network,
    )
    assert ran.out.split() == ["10000"] * 3, ran.err
    found = inner_servers(network)
    assert [server.port for server in found] == [8001, 8002, 8003]
    assert all(server.answered > 10_000 and 40 < server.asked < 2_000 for server in found)
