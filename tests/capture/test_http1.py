"""HTTP/1.1 through the recorder: passed on as it came, recorded as it was."""

from __future__ import annotations

import gzip
import http.client
import socket
import subprocess
import threading

import httpx
import pytest

from tests.capture.conftest import HOST, Rig, StartRig, loads, of_kind, read_answer, request, some
from tests.capture.far_end import FarEnd


def test_a_call_is_passed_on_and_recorded_with_both_bodies(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(
            request("POST", "/v1/chat/completions?n=2", b'{"model":"m"}', extra="X-Mixed-Case: Kept\r\n")
        )
        status, body = read_answer(connection)
    [line] = of_kind(rig.stop(), "exchange")
    assert status == 200
    assert far_end.seen[0].body == b'{"model":"m"}'
    assert (line["method"], line["target"], line["status"]) == ("POST", "/v1/chat/completions?n=2", 200)
    assert (line["host"], line["port"], line["scheme"], line["http_version"]) == (HOST, 443, "https", "1.1")
    assert ["X-Mixed-Case", "Kept"] in line["request_headers"]
    assert rig.body(line["request_body"]) == b'{"model":"m"}'
    assert rig.body(line["response_body"]) == body
    assert line["simulated"] is True
    assert line["error"] is None
    assert line["started"] <= line["first_byte"] <= line["ended"]


def test_many_calls_share_one_connection_to_the_far_end(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        for number in range(20):
            connection.sendall(request("POST", f"/echo/{number}", b"x" * number))
            assert loads(read_answer(connection)[1])["got"] == number
    events = rig.stop()
    assert far_end.connections == 1
    assert [line["target"] for line in of_kind(events, "exchange")] == [f"/echo/{number}" for number in range(20)]
    [connection_line] = of_kind(events, "connection")
    assert connection_line["exchanges"] == 20


def test_pipelined_requests_are_answered_in_order(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(b"".join(request("POST", f"/echo/{number}", b"y" * number) for number in range(10)))
        targets = [loads(read_answer(connection)[1])["target"] for _ in range(10)]
    lines = of_kind(rig.stop(), "exchange")
    assert targets == [f"/echo/{number}" for number in range(10)]
    assert [line["request_body"]["size"] if line["request_body"] else 0 for line in lines] == list(range(10))


def test_events_reach_the_client_before_the_far_end_goes_on(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(request("GET", "/events"))
        received = b""
        while b"data: one\n\n" not in received:
            received += some(connection, 4096)
        # The far end sends the second event only now that the first has been seen.
        far_end.gates["events"].set()
        while not received.endswith(b"\r\n\r\n") or b"X-Tokens" not in received:
            received += some(connection, 4096)
    [line] = of_kind(rig.stop(), "exchange")
    assert rig.body(line["response_body"]) == b"data: one\n\ndata: two\n\n"
    assert line["trailers"] == [["X-Tokens", "2"]]
    assert line["error"] is None


def test_compressed_bodies_are_kept_as_on_the_wire(rig: Rig) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/gzip", b"tail"))
        _, body = read_answer(connection)
    [line] = of_kind(rig.stop(), "exchange")
    assert line["response_body"]["encoding"] == "gzip"
    assert rig.body(line["response_body"]) == body
    assert gzip.decompress(body).endswith(b"tail")


def test_a_chunked_request_is_recorded_without_its_chunk_marks(rig: Rig, far_end: FarEnd) -> None:
    connection = http.client.HTTPSConnection(HOST)
    connection.sock = rig.connect()
    connection.request(
        "POST", "/echo", body=iter([b"one ", b"two ", b"three"]), headers={"Host": HOST}, encode_chunked=True
    )
    assert loads(connection.getresponse().read())["got"] == 13
    connection.close()
    [line] = of_kind(rig.stop(), "exchange")
    assert far_end.seen[0].headers["transfer-encoding"] == "chunked"
    assert rig.body(line["request_body"]) == b"one two three"


def test_a_client_that_waits_for_100_continue_gets_it_from_the_far_end(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(
            request("POST", "/echo", b"late body", extra="Expect: 100-continue\r\n")[: -len(b"late body")]
        )
        assert read_answer(connection)[0] == 100
        connection.sendall(b"late body")
        assert loads(read_answer(connection)[1])["got"] == 9
    [line] = of_kind(rig.stop(), "exchange")
    assert rig.body(line["request_body"]) == b"late body"
    assert line["status"] == 200


def test_head_and_204_have_no_body_and_the_connection_goes_on(rig: Rig) -> None:
    with rig.connect() as connection:
        connection.sendall(request("HEAD", "/echo"))
        assert read_answer(connection, head=True)[0] == 200
        connection.sendall(request("GET", "/empty"))
        assert read_answer(connection)[0] == 204
        connection.sendall(request("GET", "/echo/after"))
        assert loads(read_answer(connection)[1])["target"] == "/echo/after"
    lines = of_kind(rig.stop(), "exchange")
    assert [(line["status"], bool(line["response_body"])) for line in lines] == [
        (200, False),
        (204, False),
        (200, True),
    ]


@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_answer_that_breaks_off_is_recorded_as_cut_off(rig: Rig, how: str) -> None:
    with rig.connect() as connection:
        connection.sendall(request("GET", f"/broken/{how}"))
        assert _read_all(connection).endswith(b"only this")
    [line] = of_kind(rig.stop(), "exchange")
    assert line["error"] == "upstream_closed"
    assert line["response_body"]["truncated"] is True
    assert rig.body(line["response_body"]) == b"only this"


def test_an_answer_may_end_with_its_connection(rig: Rig) -> None:
    with rig.connect() as connection:
        connection.sendall(request("GET", "/until-close"))
        assert _read_all(connection).endswith(b"until the end")
    [line] = of_kind(rig.stop(), "exchange")
    assert (line["error"], line["response_body"]["truncated"]) == (None, False)


def test_a_client_that_leaves_before_its_answer_is_recorded(rig: Rig, far_end: FarEnd) -> None:
    connection = rig.connect()
    connection.sendall(request("POST", "/gated/never", b"asked"))
    while not far_end.seen:
        threading.Event().wait(0.01)
    connection.close()
    while not of_kind(rig.events(), "exchange"):
        threading.Event().wait(0.01)
    [line] = of_kind(rig.stop(), "exchange")
    assert line["error"] == "client_aborted"
    assert rig.body(line["request_body"]) == b"asked"


def test_an_early_refusal_reaches_a_client_that_is_still_sending(rig: Rig) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/early", b"z" * 10_000_000)[:100_000])
        assert read_answer(connection)[0] == 413
    [line] = of_kind(rig.stop(), "exchange")
    assert line["status"] == 413
    assert line["request_body"]["truncated"] is True


def test_large_bodies_pass_both_ways(rig: Rig, far_end: FarEnd) -> None:
    body = bytes(range(256)) * 40_000
    with rig.connect() as connection:
        # From one thread: this Python's TLS sockets may not be read in one thread while another writes.
        connection.sendall(request("POST", "/echo", body))
        assert loads(read_answer(connection)[1])["got"] == len(body)
        connection.sendall(request("GET", "/large/8000000"))
        assert len(read_answer(connection)[1]) == 8_000_000
    first, second = of_kind(rig.stop(), "exchange")
    assert far_end.seen[0].body == body
    assert rig.body(first["request_body"]) == body
    assert len(rig.body(second["response_body"])) == 8_000_000


def test_plain_http_is_recorded_too(rig: Rig, start_rig: StartRig, far_end: FarEnd) -> None:
    rig.stop()
    rig = start_rig(upstreams={HOST: f"http://127.0.0.1:{far_end.http_port}"})
    with rig.plain() as connection:
        connection.sendall(request("POST", "/echo", b"in the clear"))
        assert loads(read_answer(connection)[1])["got"] == 12
    line = of_kind(rig.stop(), "exchange")[-1]
    assert (line["scheme"], line["port"], line["host"]) == ("http", 80, HOST)


def test_an_explicit_proxy_takes_connect_and_absolute_requests(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(upstreams={HOST: f"http://127.0.0.1:{far_end.http_port}"})
    with httpx.Client(proxy=rig.proxy_url, verify=rig.trust(), trust_env=False) as client:
        assert client.post(f"https://{HOST}/echo/tls", content=b"abc").json()["got"] == 3
        assert client.post(f"http://{HOST}/echo/plain?q=1", content=b"abcd").json()["target"] == "/echo/plain?q=1"
    lines = of_kind(rig.stop(), "exchange")
    assert [(line["scheme"], line["target"]) for line in lines] == [("https", "/echo/tls"), ("http", "/echo/plain?q=1")]
    assert "proxy-connection" not in far_end.seen[1].headers


def test_a_real_host_is_resolved_dialled_and_verified(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(upstreams={}, private_hosts=("localhost",))
    with httpx.Client(proxy=rig.proxy_url, verify=rig.trust(), trust_env=False) as client:
        assert client.get(f"https://localhost:{far_end.https_port}/echo").status_code == 200
    [line] = of_kind(rig.stop(), "exchange")
    assert line["simulated"] is False
    assert line["port"] == far_end.https_port


def test_a_name_that_resolves_to_the_recorders_own_machine_is_no_way_back(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(upstreams={})
    with httpx.Client(proxy=rig.proxy_url, verify=rig.trust(), trust_env=False) as client:
        answer = client.get(f"https://localhost:{far_end.https_port}/echo")
    [line] = of_kind(rig.stop(), "exchange")
    assert answer.headers["x-answered-by"] == "recorder"
    assert (line["error"], line["status"], line["answered_by"]) == ("private_address", None, "recorder")
    assert far_end.seen == []


def test_an_upstream_whose_certificate_does_not_verify_is_not_talked_to(
    start_rig: StartRig, far_end: FarEnd, monkeypatch: pytest.MonkeyPatch, recorder_authority: tuple[str, str]
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(recorder_authority[0]))
    rig = start_rig()
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b"for nobody"))
        assert read_answer(connection)[0] == 502
    [line] = of_kind(rig.stop(), "exchange")
    assert line["error"] == "upstream_untrusted"
    assert rig.body(line["request_body"]) == b"for nobody"
    assert far_end.seen == []


def test_curl_is_recorded(rig: Rig) -> None:
    address = f"{HOST}:443:127.0.0.1:{rig.ports['transparent']}"
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "--http1.1",
            "--cacert",
            str(rig.ca),
            "--connect-to",
            address,
            "-d",
            "hello",
            f"https://{HOST}/echo",
        ],
        capture_output=True,
        check=True,
    )
    assert loads(done.stdout)["got"] == 5
    assert len(of_kind(rig.stop(), "exchange")) == 1


def test_ambiguous_requests_are_answered_here_and_never_forwarded(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        extra = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"
        connection.sendall(request("GET", "/echo", extra=extra) + b"0\r\n\r\n")
        assert read_answer(connection)[0] == 400
    events = rig.stop()
    assert far_end.seen == []
    assert [gap["reason"] for gap in of_kind(events, "gap")] == ["request_malformed"]


def _read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionError:
        pass
    return received
