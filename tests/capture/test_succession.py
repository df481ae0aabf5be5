"""A writing process that is killed has a successor: what was passed on is recorded, once."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from audits.capture.journal import FRAME, Journal, JournalReader, Kind, Ring
from audits.capture.spool import read_events
from audits.capture.writer import is_calm
from tests.capture.conftest import HOST, Rig, StartRig, of_kind, read_answer, request
from tests.capture.far_end import FarEnd
from tests.capture.test_http2 import Client


def writer_of(rig: Rig) -> int:
    return int(Path(f"/proc/{rig.process.pid}/task/{rig.process.pid}/children").read_text())


def wait_for(rig: Rig, kind: str, count: int) -> None:
    while len(of_kind(read_events(rig.config.spool_directory)[0], kind)) < count:
        threading.Event().wait(0.01)


def killed(rig: Rig, writer: int) -> list[dict[str, Any]]:
    """Kill a writing process that was stopped before; the record when the recorder has ended."""
    os.kill(writer, signal.SIGKILL)
    while rig.process.alive:
        threading.Event().wait(0.01)
    assert rig.process.status == 3
    return rig.events()


@pytest.mark.parametrize("content", ["full", "hashes"])
def test_answers_that_a_killed_writer_had_not_read_are_recorded_once(
    start_rig: StartRig, far_end: FarEnd, content: str
) -> None:
    rig = start_rig(content=content)
    with rig.connect() as early, rig.connect() as slow, rig.connect() as steady:
        early.sendall(request("POST", "/echo/early", b"x"))
        read_answer(early)
        early.close()
        slow.sendall(request("POST", "/gated/door", b"asked before"))
        steady.sendall(request("POST", "/echo/before", b"x"))
        read_answer(steady)
        wait_for(rig, "exchange", 2)
        wait_for(rig, "connection", 1)
        writer = writer_of(rig)
        os.kill(writer, signal.SIGSTOP)
        far_end.gates["door"].set()
        assert read_answer(slow) == (200, b"released")
        for number in range(20):
            steady.sendall(request("POST", f"/echo/{number}", b"x" * number))
            read_answer(steady)
        events = killed(rig, writer)
    lines = {line["target"]: line for line in of_kind(events, "exchange")}
    assert len(of_kind(events, "exchange")) == len(lines) == len(far_end.seen) == 23
    assert {(line["status"], line["error"]) for line in lines.values()} == {(200, None)}
    assert lines["/gated/door"]["host"] == HOST
    assert lines["/gated/door"]["response_body"]["size"] == len(b"released")
    names = {line["id"].split("-")[0] for line in lines.values()}
    assert len(names) == 1
    assert [event["continues"] for event in of_kind(events, "started")] == [False, True]
    known = {event["id"]: event for event in of_kind(events, "connection")}
    assert Counter(event["id"] for event in of_kind(events, "connection")) == dict.fromkeys(known, 1)
    assert {line["connection"] for line in lines.values()} == set(known)
    assert events[-1]["kind"] == "stopped"


def test_streams_of_a_connection_begun_before_are_read_with_what_was_agreed_then(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect(protocols=["h2"]) as connection:
        client = Client(connection)
        client.wait(client.ask("/echo/before", b"x"))
        held = client.ask("/gated/door", b"asked before")
        wait_for(rig, "exchange", 1)
        writer = writer_of(rig)
        os.kill(writer, signal.SIGSTOP)
        far_end.gates["door"].set()
        client.wait(held, client.ask("/echo/after", b"xyz"))
        events = killed(rig, writer)
    lines = {line["target"]: line for line in of_kind(events, "exchange")}
    assert len(of_kind(events, "exchange")) == len(lines) == 3
    assert {(line["status"], line["error"]) for line in lines.values()} == {(200, None)}
    assert json.loads(rig.body(lines["/gated/door"]["response_body"]))["target"] == "/gated/door"
    assert json.loads(rig.body(lines["/echo/after"]["response_body"]))["got"] == 3
    assert not of_kind(events, "gap")


def test_what_was_under_way_when_the_writer_was_killed_is_recorded_as_cut_off(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/gated/never", b"never answered"))
        while not far_end.seen:
            threading.Event().wait(0.01)
        events = killed(rig, writer_of(rig))
    [line] = of_kind(events, "exchange")
    assert line["error"] == "record_failed"
    assert rig.body(line["request_body"]) == b"never answered"


def test_half_of_the_ring_is_given_back_whatever_is_needed() -> None:
    ring, (reading, notify) = Ring.create(4096), os.pipe()
    reader = JournalReader(ring, reading)
    position = 0
    begun = []
    for number in range(20):
        begun.append(position)
        position = ring.append(position, Kind.REQUEST_DATA, 0, number, 0, 0, 1.0, bytes(132 - FRAME.size))
        ring.set_written(position)
    frames = list(reader.frames(1 << 20))
    assert [frame.position for frame in frames] == begun

    reader.release([begun[3], begun[15]])
    assert ring.taken() == begun[15]  # begun[3] lies further back than half of the ring
    reader.release([begun[12]])
    assert ring.taken() == begun[15]  # what was given back stays so
    assert [frame.a for frame in JournalReader(ring, reading).frames(1 << 20)] == [15, 16, 17, 18, 19]
    reader.release()
    assert ring.taken() == position == Journal(ring, notify)._written
    os.close(reading)
    os.close(notify)


@pytest.mark.parametrize(
    ("waited", "filled", "calm"), [(0.0, 0.0, True), (0.0, 0.3, False), (1.0, 0.0, False)], ids=["new", "much", "old"]
)
def test_calls_go_first_until_much_waits_to_be_written_or_anything_has_waited_long(
    waited: float, filled: float, calm: bool
) -> None:
    ring, (reading, notify) = Ring.create(1 << 20), os.pipe()
    reader = JournalReader(ring, reading)
    assert is_calm(reader)
    payload = bytes(int(filled * ring.capacity))
    ring.set_written(ring.append(0, Kind.REQUEST_DATA, 0, 1, 0, 0, time.time() - waited, payload))
    assert is_calm(reader) is calm

    list(reader.frames(ring.capacity))
    assert is_calm(reader)
    os.close(notify)
    reader.wait(1.0)
    assert not is_calm(reader)  # the recorder is gone, and whoever stopped it waits for the record
    os.close(reading)
