"""HTTP/2 through the recorder: streams interleave, trailers and resets pass, every stream is an exchange."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import httpx

from audits.capture.config import Secret
from tests.capture.conftest import HOST, Rig, StartRig, loads, of_kind
from tests.capture.far_end import FarEnd


@dataclass
class Answer:
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    trailers: dict[str, str] = field(default_factory=dict)
    reset: int | None = None
    ended: bool = False


def as_text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}


class Client:
    """A client on the h2 library, one connection, driven step by step."""

    def __init__(self, connection: ssl.SSLSocket) -> None:
        assert connection.selected_alpn_protocol() == "h2"
        self.socket = connection
        self.state = h2.connection.H2Connection(h2.config.H2Configuration())
        self.answers: defaultdict[int, Answer] = defaultdict(Answer)
        self.order: list[int] = []
        self.state.initiate_connection()
        self.flush()

    def flush(self) -> None:
        self.socket.sendall(self.state.data_to_send())

    def ask(self, path: str, body: bytes = b"", extra: tuple[tuple[str, str], ...] = ()) -> int:
        stream = self.state.get_next_available_stream_id()
        headers = [(":method", "POST" if body else "GET"), (":scheme", "https"), (":authority", HOST), (":path", path)]
        self.state.send_headers(stream, [*headers, *extra], end_stream=not body)
        if body:
            self.state.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def wait(self, *streams: int) -> None:
        while not all(self.answers[stream].ended for stream in streams):
            data = self.socket.recv(65536)
            assert data, "the connection ended where more was due"
            for event in self.state.receive_data(data):
                self.take(event)
            self.flush()

    def take(self, event: object) -> None:
        if isinstance(event, h2.events.ResponseReceived):
            self.answers[event.stream_id].headers = as_text(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.answers[event.stream_id].body += event.data
            self.state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.answers[event.stream_id].trailers = as_text(event.headers)
        elif isinstance(event, h2.events.StreamReset):
            self.answers[event.stream_id].reset = int(event.error_code)
        if isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            self.answers[event.stream_id].ended = True
            self.order.append(event.stream_id)


def test_streams_are_answered_in_the_order_the_far_end_chooses(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect(protocols=["h2", "http/1.1"]) as connection:
        client = Client(connection)
        slow = client.ask("/gated/slow", b"first")
        quick = client.ask("/echo/quick", b"second")
        client.wait(quick)
        far_end.gates["slow"].set()
        client.wait(slow)
    lines = {line["target"]: line for line in of_kind(rig.stop(), "exchange")}
    assert client.order == [quick, slow]
    assert far_end.connections == 1
    assert {line["http_version"] for line in lines.values()} == {"2"}
    assert rig.body(lines["/gated/slow"]["request_body"]) == b"first"
    assert loads(rig.body(lines["/echo/quick"]["response_body"]))["got"] == 6
    assert [line["error"] for line in lines.values()] == [None, None]


def test_trailers_pass_and_are_recorded_as_grpc_needs_them(rig: Rig) -> None:
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        stream = client.ask("/grpc/Generate", b"\0\0\0\0\3abc", (("te", "trailers"),))
        client.wait(stream)
    [line] = of_kind(rig.stop(), "exchange")
    assert client.answers[stream].trailers == {"grpc-status": "0", "grpc-message": "fine"}
    assert line["trailers"] == [["grpc-status", "0"], ["grpc-message", "fine"]]


def test_a_reset_stream_is_recorded_and_the_others_go_on(rig: Rig) -> None:
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        broken = client.ask("/reset")
        client.wait(broken)
        after = client.ask("/echo/after")
        client.wait(after)
    lines = {line["target"]: line for line in of_kind(rig.stop(), "exchange")}
    assert client.answers[broken].reset == 2
    assert lines["/reset"]["error"] == "upstream_reset"
    assert lines["/echo/after"]["error"] is None


def test_bodies_larger_than_every_window_pass(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        stream = client.ask("/large/3000000")
        client.wait(stream)
    [line] = of_kind(rig.stop(), "exchange")
    assert len(client.answers[stream].body) == 3_000_000
    assert rig.body(line["response_body"]) == client.answers[stream].body


def test_credentials_are_put_in_on_the_way_out(start_rig: StartRig, far_end: FarEnd) -> None:
    secret = Secret("KEY", "placeholder-for-key", "sk-real-secret-value", (HOST,))
    rig = start_rig(secrets=(secret,))
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        stream = client.ask("/echo?key=placeholder-for-key", b"x", (("authorization", "Bearer placeholder-for-key"),))
        client.wait(stream)
    [line] = of_kind(rig.stop(), "exchange")
    assert far_end.seen[0].headers["authorization"] == "Bearer sk-real-secret-value"
    assert far_end.seen[0].target == "/echo?key=sk-real-secret-value"
    headers = dict(line["request_headers"])
    assert headers["authorization"].startswith("masked:sha256:")
    assert headers[":path"] == line["target"] == f"/echo?key={headers['authorization']}"
    assert line["secrets_used"] == ["KEY"]


def test_a_call_beyond_the_limit_is_answered_here_and_the_connection_goes_on(
    start_rig: StartRig, far_end: FarEnd
) -> None:
    rig = start_rig(limits={"max_exchanges": 1})
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        first = client.ask("/echo", b"one")
        second = client.ask("/echo", b"two")
        client.wait(first, second)
    lines = of_kind(rig.stop(), "exchange")
    assert client.answers[second].headers[":status"] == "429"
    assert len(far_end.seen) == 1
    assert sorted(str(line["error"]) for line in lines) == ["None", "limit_reached"]


def test_httpx_speaks_http1_when_that_is_all_it_offers(rig: Rig) -> None:
    with httpx.Client(proxy=rig.proxy_url, verify=rig.trust(), trust_env=False) as client:
        assert client.get(f"https://{HOST}/echo").http_version == "HTTP/1.1"
    assert len(of_kind(rig.stop(), "exchange")) == 1


def test_concurrent_clients_are_all_counted(rig: Rig, far_end: FarEnd) -> None:
    async def ask_all() -> list[int]:
        async with httpx.AsyncClient(proxy=rig.proxy_url, verify=rig.trust(), trust_env=False, timeout=30) as client:
            answers = await asyncio.gather(
                *(client.post(f"https://{HOST}/echo/{n}", content=b"b" * n) for n in range(60))
            )
        return [answer.json()["got"] for answer in answers]

    assert asyncio.run(ask_all()) == list(range(60))
    assert len(of_kind(rig.stop(), "exchange")) == len(far_end.seen) == 60
