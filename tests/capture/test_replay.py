"""Recorded answers in the far end's place: the same question gets the same answer, and nothing leaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h2.config
import h2.connection
import h2.events
import pytest

from audits.capture.allowance import Allowance
from audits.capture.asking import Asked
from audits.capture.config import Recording
from audits.capture.replaying import ReplayGate, Unplayable
from audits.capture.sameness import Keys
from audits.capture.spool import RECORD
from tests.capture.conftest import HOST, Rig, StartRig, of_kind, read_answer, request, some
from tests.capture.far_end import FarEnd

JSON = [("content-type", "application/json")]
FORM = "multipart/form-data; boundary="


def body(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def keys(content: bytes = b"", *, target: str = "/v1/x", headers: list[tuple[str, str]] | None = None) -> Keys:
    return Keys("POST", HOST, target, headers or JSON, content)


def multipart(boundary: str) -> bytes:
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{boundary}--\r\n'
    return part.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (keys(b'{"a": 1, "b": [1, 2]}'), keys(b'{"b":[1,2],"a":1}')),
        (keys(target="/v1/x?b=2&a=1"), keys(target="/v1/x?a=1&b=2&key=masked:sha256:0123456789ab")),
        (keys(body(k="sk-placeholder-" + "a" * 32)), keys(body(k="sk-placeholder-" + "b" * 32))),
        (
            keys(multipart("one"), headers=[("Content-Type", FORM + "one")]),
            keys(multipart("two"), headers=[("Content-Type", FORM + "two")]),
        ),
        (keys(b'{"a": 1}\n{"b": 2}\n'), keys(b'{"a":1}\n{"b":2}')),
    ],
)
def test_how_a_request_is_written_makes_no_other_request(one: Keys, other: Keys) -> None:
    assert one.same == other.same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (body(id="6f9619ff-8b86-d011-b42d-00c04fc964ff"), body(id="7f9619ff-8b86-d011-b42d-00c04fc964ff")),
        (body(at="2026-11-22T07:38:00Z"), body(at="2027-01-02T03:04:05.678+01:00")),
        (body(at=1763790000), body(at=1863790000.25)),
        (body(previous="resp_0a1b2c3d4e5f"), body(previous="resp_9z8y7x6w5v4u")),
        (body(custom_id="01ARZ3NDEKTSV4RRFFQ69G5FAV"), body(custom_id="01BX5ZZKBKACTAV9WEVGEMMVRZ")),
        (body(at="batch-20261122T195556Z"), body(at="batch-20270102T030405Z")),
        (body(file="/tmp/tmpab12_d34/in.jsonl"), body(file="/tmp/tmpzz9f0k1q/in.jsonl")),
        (body(use="srvtoolu_01A09q90qw"), body(use="srvtoolu_01B19r91rx")),
    ],
)
def test_ids_and_times_are_forgiven_and_told(one: bytes, other: bytes) -> None:
    assert keys(one).same != keys(other).same
    assert keys(one).alike == keys(other).alike


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (body(q="How many are 12?"), body(q="How many are 13?")),
        (body(model="teach-1"), body(model="teach-2")),
        (body(temperature=0.1), body(temperature=0.2)),
        (body(a=[1, 2]), body(a=[2, 1])),
        (body(q="Today is 2026-11-22."), body(q="Today is 2026-11-23.")),
    ],
)
def test_another_question_is_another_question(one: bytes, other: bytes) -> None:
    assert keys(one).alike != keys(other).alike


# With a recorder


@pytest.fixture
def recorded(start_rig: StartRig, far_end: FarEnd, tmp_path: Path) -> Recording:
    """A record with answers of all kinds: repeated, failed, streamed, compressed, broken off, with trailers."""
    far_end.gates["events"].set()
    rig = start_rig(mask_salt="salt", spool_directory=tmp_path / "recorded")
    with rig.connect() as connection:
        for _ in range(2):
            connection.sendall(request("POST", "/echo", body(q="the same")))
            read_answer(connection)
        connection.sendall(request("POST", "/gzip", b"squeezed"))
        read_answer(connection)
        connection.sendall(request("POST", "/events"))
        raw = b""
        while b"\r\n0\r\n" not in raw:
            raw += some(connection, 1000)
    with rig.connect() as connection:
        connection.sendall(request("GET", "/broken"))
        while connection.recv(1000):
            pass
    assert rig.process.stop() == 0
    return Recording(tmp_path / "recorded" / RECORD, rig.config.blob_directory, "a record of the tests")


def test_a_replay_answers_as_recorded_and_the_far_end_sees_nothing(
    recorded: Recording, start_rig: StartRig, far_end: FarEnd
) -> None:
    far_end.seen.clear()
    before = far_end.connections
    rig = start_rig(recording=recorded, upstreams={})
    with rig.connect() as connection:
        for status in (200, 200, 403):
            connection.sendall(request("POST", "/echo", body(q="the same")))
            assert read_answer(connection)[0] == status, "the n-th question gets the n-th answer"
        connection.sendall(request("POST", "/echo", body(q="another")))
        status, refused = read_answer(connection)
        assert (status, json.loads(refused)["error"]["code"]) == (403, "not_recorded")
        connection.sendall(request("POST", "/gzip", b"squeezed"))
        assert read_answer(connection)[1][:2] == b"\x1f\x8b"
        connection.sendall(request("POST", "/events"))
        raw = b""
        while not raw.endswith(b"\r\n\r\n") or b"\r\n0\r\n" not in raw:
            raw += some(connection, 1000)
        assert b"data: one\n\n\r\n" in raw, "each event is a piece of its own"
        assert b"X-Tokens: 2" in raw or b"x-tokens: 2" in raw.lower()
    events = rig.stop()
    assert (far_end.seen, far_end.connections) == ([], before)
    again, new = of_kind(events, "divergence")
    assert (again["what"], again["why"]) == ("asked_again", "It was recorded 2 times and is asked once more.")
    assert (new["what"], new["why"]) == ("new", "It was not recorded.")
    [unasked] = of_kind(events, "not_asked")
    assert unasked["target"] == "/broken"
    [end] = of_kind(events, "replay_finished")
    assert (end["same"], end["diverged"], end["not_asked"]) == (4, 2, 1)
    answered = [line for line in of_kind(events, "exchange") if line["answered_by"] == "recording"]
    assert {line["replayed"]["match"] for line in answered} == {"same"}
    assert events[0]["replay_of"] == "a record of the tests"


def test_an_answer_that_broke_off_breaks_off_again_also_over_http_2(
    recorded: Recording, start_rig: StartRig, far_end: FarEnd
) -> None:
    rig = start_rig(recording=recorded, upstreams={})
    with rig.connect() as connection:
        connection.sendall(request("GET", "/broken"))
        raw = b""
        while piece := connection.recv(1000):
            raw += piece
    assert raw.endswith(b"only this")
    assert _h2_post(rig, "/echo", body(q="the same")) == ("200", True)
    events = rig.stop()
    [broken] = [line for line in of_kind(events, "exchange") if line["target"] == "/broken"]
    assert broken["response_body"]["truncated"]


def _h2_post(rig: Rig, path: str, content: bytes) -> tuple[str, bool]:
    """Status, and whether a body came, for a client that speaks nothing but HTTP/2."""
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    with rig.connect(protocols=["h2"]) as connection:
        state.initiate_connection()
        fields = [(":method", "POST"), (":scheme", "https"), (":authority", HOST), (":path", path)]
        state.send_headers(1, [*fields, ("content-type", "application/json")])
        state.send_data(1, content, end_stream=True)
        connection.sendall(state.data_to_send())
        status, came = "", False
        while True:
            for event in state.receive_data(some(connection, 65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    status = {str(name): str(value) for name, value in event.headers or ()}[":status"]
                came = came or isinstance(event, h2.events.DataReceived)
                if isinstance(event, h2.events.StreamEnded):
                    return status, came
            connection.sendall(state.data_to_send())


def test_a_record_of_hashes_answers_nothing(start_rig: StartRig, far_end: FarEnd, tmp_path: Path) -> None:
    rig = start_rig(content="hashes", spool_directory=tmp_path / "hashes")
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b"x"))
        read_answer(connection)
    rig.stop()
    said: Callable[..., None] = lambda kind, **facts: None  # noqa: E731
    with pytest.raises(Unplayable, match="kept hashes"):
        ReplayGate(Recording(tmp_path / "hashes" / RECORD, rig.config.blob_directory, "a record"), said)


def test_under_limits_a_client_of_http_2_alone_is_refused_unless_it_speaks_grpc(
    start_rig: StartRig, far_end: FarEnd
) -> None:
    rig = start_rig(allowance=Allowance(calls=1))
    assert _h2_post(rig, "/v1/chat/completions", body(model="m", messages=[])) == ("403", False)
    assert far_end.seen == []


def _asked(content: bytes) -> Asked:
    return Asked(1, HOST, 443, "https", "POST", "/v1/x", [], content, len(content), lambda: False)


def test_a_body_too_large_to_be_read_is_refused(recorded: Recording) -> None:
    lines: list[tuple[str, dict[str, Any]]] = []
    gate = ReplayGate(recorded, lambda kind, **facts: lines.append((kind, facts)))
    asked = _asked(b"")
    asked.body = None
    reply = asyncio.run(gate.admit(asked))
    assert reply is not None
    assert reply.status == 403
    assert lines[0][1]["what"] == "too_large"
