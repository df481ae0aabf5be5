"""A client that speaks nothing but HTTP/2, a server that speaks nothing but HTTP/1.1, and the recorder between them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from audits.capture.authority import Authority
from audits.capture.config import Secret
from audits.capture.relay_translated import request_head
from tests.capture.conftest import HOST, StartRig, loads, of_kind
from tests.capture.far_end import FarEnd
from tests.capture.test_http2 import Client


@pytest.fixture
def old_server(far_authority: tuple[Path, Authority]) -> Iterator[FarEnd]:
    end = FarEnd(far_authority[1].context("localhost", ("http/1.1",)))
    end.start()
    yield end
    end.stop()


@pytest.fixture
def upstreams(old_server: FarEnd) -> dict[str, str]:
    return {HOST: f"https://localhost:{old_server.https_port}"}


def test_streams_at_once_are_asked_and_recorded_one_by_one(
    start_rig: StartRig, old_server: FarEnd, upstreams: dict[str, str]
) -> None:
    rig = start_rig(upstreams=upstreams)
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        held = client.ask("/gated/one", b"first")
        quick = client.ask("/echo", b"second", (("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")))
        sized = client.ask("/echo/sized", b"third", (("content-length", "5"),))
        client.wait(quick, sized)
        old_server.gates["one"].set()
        client.wait(held)
    events = rig.stop()
    lines = {line["target"]: line for line in of_kind(events, "exchange")}
    assert [client.answers[stream].headers[":status"] for stream in (held, quick, sized)] == ["200"] * 3
    assert client.answers[held].body == b"released"
    assert {seen.target: seen.body for seen in old_server.seen} == {
        "/gated/one": b"first",
        "/echo": b"second",
        "/echo/sized": b"third",
    }
    assert {target: rig.body(line["request_body"]) for target, line in lines.items()} == {
        seen.target: seen.body for seen in old_server.seen
    }
    assert next(seen for seen in old_server.seen if seen.target == "/echo").headers["cookie"] == "a=1; b=2"
    assert {line["error"] for line in lines.values()} == {None}
    [hop] = of_kind(events, "connection")
    assert (hop["translated"], hop["exchanges"]) == ("h2 to http/1.1", 3)
    assert of_kind(events, "gap") == []


def test_bodies_larger_than_every_window_pass_both_ways(
    start_rig: StartRig, old_server: FarEnd, upstreams: dict[str, str]
) -> None:
    rig = start_rig(upstreams=upstreams)
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        large = client.ask("/large/3000000")
        client.wait(large)
        events = client.ask("/events", b"x")
        old_server.gates["events"].set()
        client.wait(events)
    lines = {line["target"]: line for line in of_kind(rig.stop(), "exchange")}
    assert len(client.answers[large].body) == 3_000_000
    assert rig.body(lines["/large/3000000"]["response_body"]) == client.answers[large].body
    assert client.answers[events].body == b"data: one\n\ndata: two\n\n"
    assert client.answers[events].trailers == {"x-tokens": "2"}


def test_an_answer_that_breaks_off_resets_its_stream_alone(
    start_rig: StartRig, old_server: FarEnd, upstreams: dict[str, str]
) -> None:
    rig = start_rig(upstreams=upstreams)
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        broken = client.ask("/broken")
        client.wait(broken)
        ends = client.ask("/until-close")
        client.wait(ends)
    lines = {line["target"]: line for line in of_kind(rig.stop(), "exchange")}
    assert client.answers[broken].reset == 2
    assert client.answers[ends].body == b"until the end"
    assert lines["/broken"]["error"] == "upstream_closed"
    assert lines["/broken"]["response_body"]["truncated"] is True
    assert lines["/until-close"]["error"] is None


def test_keys_are_put_in_and_calls_beyond_the_limit_answered_here(
    start_rig: StartRig, old_server: FarEnd, upstreams: dict[str, str]
) -> None:
    secret = Secret("KEY", "placeholder-for-key", "sk-real-secret-value", (HOST,))
    rig = start_rig(upstreams=upstreams, secrets=(secret,), limits={"max_exchanges": 1})
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        first = client.ask("/echo", b"one", (("authorization", "Bearer placeholder-for-key"),))
        client.wait(first)
        second = client.ask("/echo", b"two")
        client.wait(second)
    lines = of_kind(rig.stop(), "exchange")
    assert [seen.headers["authorization"] for seen in old_server.seen] == ["Bearer sk-real-secret-value"]
    assert loads(client.answers[first].body)["got"] == 3
    assert client.answers[second].headers[":status"] == "429"
    assert [line["error"] for line in lines] == [None, "limit_reached"]


def test_a_server_that_cannot_be_reached_is_an_answer_and_a_line(start_rig: StartRig) -> None:
    rig = start_rig(upstreams={HOST: "https://localhost:1"})
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        stream = client.ask("/echo", b"x")
        client.wait(stream)
    [line] = of_kind(rig.stop(), "exchange")
    assert client.answers[stream].headers[":status"] == "502"
    assert (line["error"], line["answered_by"]) == ("upstream_unreachable", "recorder")


def test_a_client_that_resets_its_stream_is_recorded_as_gone(
    start_rig: StartRig, old_server: FarEnd, upstreams: dict[str, str]
) -> None:
    rig = start_rig(upstreams=upstreams)
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        given_up = client.ask("/gated/never", b"x")
        other = client.ask("/echo", b"y")
        client.wait(other)
        client.state.reset_stream(given_up, 8)
        client.flush()
        last = client.ask("/echo/last", b"z")
        client.wait(last)
    lines = {line["target"]: line for line in of_kind(rig.stop(), "exchange")}
    assert lines["/gated/never"]["error"] == "client_aborted"
    assert lines["/echo/last"]["error"] is None


@pytest.mark.parametrize(
    "field",
    [(b"x-a", b"1\r\nhost: other.example"), (b":path", b"/\r\n\r\nGET /hidden HTTP/1.1"), (b":method", b"CONNECT")],
)
def test_a_field_that_would_become_more_than_itself_is_turned_away(field: tuple[bytes, bytes]) -> None:
    fields = {b":method": b"GET", b":authority": HOST.encode(), b":path": b"/", field[0]: field[1]}
    with pytest.raises(ValueError, match=r"line break|no ordinary request"):
        request_head(list(fields.items()), ended=True)


def test_its_certificate_is_ours_and_it_agreed_on_h2(start_rig: StartRig, upstreams: dict[str, str]) -> None:
    rig = start_rig(upstreams=upstreams)
    with rig.connect(protocols=["h2"]) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.selected_alpn_protocol() == "h2"
    rig.stop()
