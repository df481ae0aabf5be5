"""What is not passed on, and what is passed on unread: always recorded, with the reason and the true destination."""

from __future__ import annotations

import socket
import ssl
import struct
import subprocess
import sys
import threading

import pytest

from audits.capture.process import RecorderFailed, RecorderSockets, start_recorder
from tests.capture.conftest import HOST, Rig, StartRig, loads, of_kind, read_answer, request
from tests.capture.far_end import FarEnd


def _is_reset(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_refused_host_gets_no_handshake(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(policies={"*.evil.example": "refuse"})
    with pytest.raises((ssl.SSLError, ConnectionError)):
        rig.connect("api.evil.example")
    events = rig.stop()
    assert [(line["host"], line["protocol"], line["reason"]) for line in of_kind(events, "refused")] == [
        ("api.evil.example", "tls", "policy")
    ]
    assert far_end.connections == 0


def test_in_the_setup_phase_only_the_named_hosts_are_reached(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(phase="setup", upstreams={}, policies={"registry.example": "splice"})
    with rig.plain("proxy") as connection:
        connection.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 403 ")
    with rig.plain("proxy") as connection:
        connection.sendall(request("GET", "http://other.example/").replace(HOST.encode(), b"other.example"))
        assert read_answer(connection)[0] == 403
    assert [line["host"] for line in of_kind(rig.stop(), "refused")] == [HOST, "other.example"]


def test_a_spliced_host_is_passed_on_unread(start_rig: StartRig, far_end: FarEnd, far_authority) -> None:
    rig = start_rig(phase="setup", upstreams={}, policies={"localhost": "splice"}, private_hosts=("localhost",))
    raw = rig.plain("proxy")
    raw.sendall(f"CONNECT localhost:{far_end.https_port} HTTP/1.1\r\n\r\n".encode())
    assert raw.recv(4096).startswith(b"HTTP/1.1 200 ")
    # The client meets the far end's own certificate, not ours.
    far = ssl.create_default_context(cafile=str(far_authority[0]))
    with far.wrap_socket(raw, server_hostname="localhost") as connection:
        connection.sendall(request("POST", "/echo", b"unread", host="localhost"))
        assert loads(read_answer(connection)[1])["got"] == 6
    events = rig.stop()
    [line] = of_kind(events, "connection")
    assert (line["host"], line["policy"]) == ("localhost", "splice")
    assert line["received"] > 300
    assert line["sent"] > 300
    assert of_kind(events, "exchange") == []


def test_a_connection_without_a_name_is_refused(rig: Rig) -> None:
    raw = rig.plain()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(raw)
    with rig.plain() as connection:
        connection.sendall(request("GET", "/", host="192.0.2.7:8080"))
        assert read_answer(connection)[0] == 403
    lines = of_kind(rig.stop(), "refused")
    assert [(line["reason"], line["host"]) for line in lines] == [("raw_address", None), ("raw_address", "192.0.2.7")]


@pytest.mark.parametrize(
    "first", [b"SSH-2.0-client\r\n", b"\x00\x01\x02\x03", b"\x16\x02\x00\x00\x00", b"hello there\r\n"]
)
def test_an_unknown_protocol_is_refused(rig: Rig, first: bytes) -> None:
    with rig.plain() as connection:
        connection.sendall(first)
        assert _is_reset(connection)
    [line] = of_kind(rig.stop(), "refused")
    assert line["reason"] == "unknown_protocol"


def test_a_client_that_waits_for_the_server_to_speak_is_refused(start_rig: StartRig) -> None:
    rig = start_rig(limits={"first_bytes_seconds": 0.2})
    with rig.plain() as connection:
        assert _is_reset(connection)
    [line] = of_kind(rig.stop(), "refused")
    assert "server speaks first" in line["detail"]


def test_a_client_that_leaves_without_a_word_is_noted(rig: Rig) -> None:
    rig.plain().close()
    with rig.connect() as following:
        following.sendall(request("GET", "/echo"))
        read_answer(following)
    [line] = of_kind(rig.stop(), "connection_lost")
    assert line["detail"].startswith("closed after 0 bytes")


def test_a_pinned_certificate_is_a_gap(rig: Rig, far_authority) -> None:
    pinned = ssl.create_default_context(cafile=str(far_authority[0]))
    with pytest.raises(ssl.SSLError):
        pinned.wrap_socket(rig.plain(), server_hostname=HOST)
    events = rig.stop()
    [gap] = of_kind(events, "gap")
    assert (gap["reason"], gap["host"]) == ("tls_refused_by_client", HOST)
    assert of_kind(events, "exchange") == []


def test_a_host_header_that_names_a_refused_host_is_not_passed_on(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(policies={"hidden.example": "refuse"})
    with rig.connect() as connection:
        connection.sendall(request("GET", "/echo", host="hidden.example"))
        assert read_answer(connection)[0] == 403
    events = rig.stop()
    assert [gap["reason"] for gap in of_kind(events, "gap")] == ["host_header_mismatch"]
    assert [line["host"] for line in of_kind(events, "refused")] == ["hidden.example"]
    assert far_end.seen == []


def test_a_body_beyond_the_limit_does_not_leave(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(limits={"max_request_body": 1000})
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b"x" * 2000))
        assert read_answer(connection)[0] == 413
    [line] = of_kind(rig.stop(), "exchange")
    assert (line["error"], line["answered_by"]) == ("request_too_large", "recorder")
    assert far_end.seen == []


def test_calls_beyond_the_limit_do_not_leave(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(limits={"max_exchanges": 2})
    with rig.connect() as connection:
        for expected in (200, 200, 429):
            connection.sendall(request("POST", "/echo", b"x"))
            assert read_answer(connection)[0] == expected
    lines = of_kind(rig.stop(), "exchange")
    assert [line["error"] for line in lines] == [None, None, "limit_reached"]
    assert len(far_end.seen) == 2


def _query(name: str, kind: int) -> bytes:
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!HH", kind, 1)


def _resolve(rig: Rig, name: str, kind: int) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.sendto(_query(name, kind), ("127.0.0.1", rig.ports["dns"]))
        return client.recv(4096)


def test_names_get_synthetic_addresses_and_every_query_is_recorded(rig: Rig) -> None:
    first, again = _resolve(rig, HOST, 1), _resolve(rig, HOST.upper(), 1)
    other = _resolve(rig, "other.example", 28)
    https = _resolve(rig, HOST, 65)
    lines = of_kind(rig.stop(), "dns")
    assert socket.inet_ntoa(first[-4:]) == socket.inet_ntoa(again[-4:]) == "198.18.0.1"
    assert socket.inet_ntop(socket.AF_INET6, other[-16:]) == "fdc1:a05e:7a11::2"
    # No records, no error: nothing that would lead to QUIC or an encrypted hello.
    assert https[2:8] == b"\x81\x80\x00\x01\x00\x00"
    assert {(line["name"].lower(), line["type"]) for line in lines} == {
        (HOST, "A"),
        ("other.example", "AAAA"),
        (HOST, "HTTPS"),
    }


def test_datagrams_are_swallowed_and_recorded(rig: Rig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"\xc3" + b"\0" * 50, ("127.0.0.1", rig.ports["udp_sink"]))
    while not of_kind(rig.events(), "refused"):
        threading.Event().wait(0.01)
    [line] = of_kind(rig.stop(), "refused")
    assert (line["protocol"], line["port"], line["count"]) == ("udp", rig.ports["udp_sink"], 1)


def test_a_configuration_that_cannot_be_meant_is_refused_with_its_key(start_rig: StartRig) -> None:
    with pytest.raises(RecorderFailed, match=r"policies\.x\.example: 'allow' is none of"):
        start_rig(policies={"x.example": "allow"})


NAMESPACE = """
import json, os, socket, ssl, subprocess, sys
control, ca = socket.socket(fileno=int(sys.argv[1])), sys.argv[2]
for step in ("link set lo up", "route add local 0.0.0.0/0 dev lo", "-6 route add local ::/0 dev lo"):
    subprocess.run(["ip", *step.split()], check=True)
rules = b"table inet t {\\n chain out {\\n type nat hook output priority -100;\\n meta l4proto tcp redirect to :8443\\n }\\n}\\n"
subprocess.run(["nft", "-f", "-"], input=rules, check=True)
listening = [socket.create_server(("0.0.0.0", 8443)), socket.create_server(("::", 8443), family=socket.AF_INET6)]
socket.send_fds(control, [b"sockets"], [item.fileno() for item in listening])
control.recv(1)
socket.create_connection(("192.0.2.9", 22), timeout=10).close()
for address in ("192.0.2.10", "2001:db8::1"):
    raw = socket.create_connection((address, 8765), timeout=10)
    with ssl.create_default_context(cafile=ca).wrap_socket(raw, server_hostname="api.teacher.example") as tls:
        tls.sendall(b"GET /echo HTTP/1.1\\r\\nHost: api.teacher.example\\r\\nConnection: close\\r\\n\\r\\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 200"), address
"""


@pytest.mark.sandbox
def test_a_redirected_connection_is_recorded_with_the_address_it_dialled(start_rig: StartRig, far_end: FarEnd) -> None:
    ours, theirs = socket.socketpair()
    rig = start_rig()
    rig.stop()
    command = [
        "unshare",
        "--net",
        "--map-root-user",
        sys.executable,
        "-c",
        NAMESPACE,
        str(theirs.fileno()),
        str(rig.ca),
    ]
    inside = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    _, descriptors, _, _ = socket.recv_fds(ours, 16, 2)
    sockets = RecorderSockets(transparent=[socket.socket(fileno=number) for number in descriptors])
    process = start_recorder(rig.config, sockets)
    ours.send(b"g")
    assert inside.wait(30) == 0
    assert process.stop() == 0
    events = rig.events()
    dialled = [(line["address"], line["port"]) for line in of_kind(events, "exchange")]
    assert dialled == [("192.0.2.10", 8765), ("2001:db8::1", 8765)]
    [silent] = of_kind(events, "refused")
    assert (silent["address"], silent["port"], silent["reason"]) == ("192.0.2.9", 22, "unknown_protocol")
    assert {gap["reason"] for gap in of_kind(events, "gap")} == {"name_mismatch"}
    assert [event["continues"] for event in of_kind(events, "started")] == [False, True]
