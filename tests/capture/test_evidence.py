"""What stays on disk: no credentials, an unbroken chain, and nothing lost when a recorder is killed."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import stat
import threading
from pathlib import Path

import pytest

from audits.capture.config import Secret
from audits.capture.process import start_recorder
from audits.capture.spool import RECORD, SpoolBusy, SpoolWriter, read_events, verify_record, wait_closed
from tests.capture.conftest import HOST, Rig, StartRig, of_kind, read_answer, request
from tests.capture.far_end import FarEnd
from tests.capture.unpacking import unpacked

VALUE = "sk-live-Th1sMustNeverTouchTheDisk"
PLACEHOLDER = "placeholder-OPENAI_API_KEY"
KEY = Secret("OPENAI_API_KEY", PLACEHOLDER, VALUE, (HOST,))


def _files_with(folder: Path, needle: bytes) -> list[str]:
    """Files that hold the bytes, compressed ones looked into."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            for data in [path.read_bytes(), *unpacked(path)]:
                if needle in data or (data[:2] == b"\x1f\x8b" and needle in gzip.decompress(data)):
                    found.append(path.name)
    return found


def test_a_credential_reaches_the_far_end_and_never_the_disk(
    start_rig: StartRig, far_end: FarEnd, tmp_path: Path
) -> None:
    rig = start_rig(secrets=(KEY,), mask_salt="salt")
    bearer = f"Authorization: Bearer {PLACEHOLDER}\r\n"
    with rig.connect() as connection:
        for target in ("/secret", "/secret/gzip", f"/secret?api_key={PLACEHOLDER}"):
            connection.sendall(request("POST", target, b"body with " + VALUE.encode(), extra=bearer))
            assert VALUE.encode() in read_answer(connection)[1] or "gzip" in target
    lines = of_kind(rig.stop(), "exchange")
    assert [item.headers["authorization"] for item in far_end.seen] == [f"Bearer {VALUE}"] * 3
    assert far_end.seen[2].target == f"/secret?api_key={VALUE}"
    for needle in (VALUE, "very-private-cookie"):
        assert _files_with(tmp_path, needle.encode()) == []
    marks = {dict(line["request_headers"])["Authorization"] for line in lines}
    assert len(marks) == 1
    assert lines[2]["target"] == f"/secret?api_key={marks.pop()}"
    assert lines[1]["response_body"]["decoded_to_mask"] == "gzip"


def test_a_placeholder_sent_elsewhere_stays_a_placeholder(start_rig: StartRig, far_end: FarEnd) -> None:
    rig = start_rig(secrets=(KEY,), upstreams={"*.example": f"https://localhost:{far_end.https_port}"})
    with rig.connect("collector.example") as connection:
        connection.sendall(
            request(
                "POST", "/echo", PLACEHOLDER.encode(), host="collector.example", extra=f"X-Stolen: {PLACEHOLDER}\r\n"
            )
        )
        read_answer(connection)
    events = rig.stop()
    assert far_end.seen[0].headers["x-stolen"] == PLACEHOLDER
    assert [(gap["reason"], gap["host"]) for gap in of_kind(events, "gap")] == [
        ("secret_withheld", "collector.example")
    ]


def test_a_value_spread_over_several_pieces_is_masked(start_rig: StartRig, tmp_path: Path) -> None:
    rig = start_rig(secrets=(KEY,))
    with rig.connect() as connection:
        data = request("POST", "/echo", b"a" * 1000 + VALUE.encode() + b"b" * 1000)
        middle = data.index(VALUE.encode()) + 10
        connection.sendall(data[:middle])
        threading.Event().wait(0.05)
        connection.sendall(data[middle:])
        read_answer(connection)
    [line] = of_kind(rig.stop(), "exchange")
    assert b"masked:sha256:" in rig.body(line["request_body"])
    assert _files_with(tmp_path, VALUE.encode()) == []


def test_the_configuration_is_private_and_gone_once_read(start_rig: StartRig, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []
    written = start_recorder.__globals__["write_config"]

    def watched(config: object, path: Path) -> None:
        written(config, path)
        seen.append((str(path), stat.S_IMODE(os.stat(path).st_mode)))

    monkeypatch.setitem(start_recorder.__globals__, "write_config", watched)
    rig = start_rig(secrets=(KEY,))
    assert seen[0][1] == 0o600
    assert not os.path.exists(seen[0][0])
    assert VALUE.encode() not in Path(f"/proc/{rig.process.pid}/cmdline").read_bytes()


def test_the_record_begins_and_ends_with_what_it_covers(rig: Rig) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b"x"))
        read_answer(connection)
    events = rig.stop()
    assert [events[0]["kind"], events[-1]["kind"]] == ["started", "stopped"]
    assert events[-1]["totals"] == {"connection": 1, "exchange": 1}
    assert events[-1]["chain_head"] == events[-1]["prev"]
    assert [event["seq"] for event in events] == list(range(len(events)))


def test_a_record_can_be_followed_while_it_is_written(rig: Rig) -> None:
    offset = 0
    kinds: list[str] = []
    with rig.connect() as connection:
        for _ in range(3):
            connection.sendall(request("POST", "/echo", b"x"))
            read_answer(connection)
            while "exchange" not in kinds[-1:]:
                events, offset = read_events(rig.config.spool_directory, offset)
                kinds += [event["kind"] for event in events]
            kinds.append("asked")
    assert kinds == ["started", "exchange", "asked", "exchange", "asked", "exchange", "asked"]


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_recorder_loses_no_answered_call(start_rig: StartRig, far_end: FarEnd, seed: int) -> None:
    rig = start_rig()
    answered = 0
    moment = random.Random(seed).randrange(5, 60)
    with rig.connect() as connection:
        for number in range(moment):
            connection.sendall(request("POST", f"/echo/{number}", b"x" * 500))
            read_answer(connection)
            answered += 1
        connection.sendall(request("POST", "/gated/open", b"never answered"))
        while len(far_end.seen) <= answered:
            threading.Event().wait(0.005)
        rig.process.kill()
    assert wait_closed(rig.config.spool_directory, 20)
    events = rig.events()
    lines = of_kind(events, "exchange")
    assert len(lines) == len(far_end.seen) == answered + 1
    assert lines[-1]["error"] == "recorder_ended"
    assert rig.body(lines[-1]["request_body"]) == b"never answered"
    assert events[-1]["reason"] == "recorder_ended"


def test_without_its_writer_a_recorder_passes_nothing_on(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/echo", b"recorded"))
        read_answer(connection)
        while not of_kind(rig.events(), "exchange"):
            threading.Event().wait(0.01)
        [writer] = Path(f"/proc/{rig.process.pid}/task/{rig.process.pid}/children").read_text().split()
        os.kill(int(writer), signal.SIGKILL)
        while rig.process.alive:
            threading.Event().wait(0.01)
    assert rig.process.status == 3
    with pytest.raises(ConnectionError):
        rig.plain()
    assert len(of_kind(rig.events(), "exchange")) == len(far_end.seen) == 1


def test_stopping_lets_calls_under_way_end(rig: Rig, far_end: FarEnd) -> None:
    with rig.connect() as connection:
        connection.sendall(request("POST", "/gated/door", b"x"))
        while not far_end.seen:
            threading.Event().wait(0.01)
        stopping = threading.Thread(target=rig.process.stop)
        stopping.start()
        threading.Event().wait(0.1)
        far_end.gates["door"].set()
        assert read_answer(connection) == (200, b"released")
        stopping.join()
    [line] = of_kind(rig.events(), "exchange")
    assert (line["status"], line["error"]) == (200, None)


def _record(folder: Path, count: int) -> None:
    writer = SpoolWriter(folder)
    for number in range(count):
        writer.append("exchange", 1.5 + number, {"id": str(number), "text": 'ümlaut \u2028 \\ "'})
    writer.close()


def test_a_torn_last_line_is_reported_and_set_aside_never_lost(tmp_path: Path) -> None:
    _record(tmp_path, 5)
    whole = (tmp_path / RECORD).read_bytes()
    (tmp_path / RECORD).write_bytes(whole[:-30])
    chain = verify_record(tmp_path)
    assert (chain.count, chain.problem) == (4, None)
    assert chain.torn_bytes > 0
    assert len(read_events(tmp_path)[0]) == 4
    _record(tmp_path, 1)
    assert verify_record(tmp_path).count == 5
    [aside] = tmp_path.glob("record.torn-*")
    assert whole[:-30].endswith(aside.read_bytes())


def test_every_change_to_a_record_is_found(tmp_path: Path) -> None:
    _record(tmp_path, 4)
    path = tmp_path / RECORD
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    changed = json.loads(lines[1])
    changed["text"] = "other"
    mutations = {
        "changed": [lines[0], json.dumps(changed).encode() + b"\n", *lines[2:]],
        "dropped": [lines[0], *lines[2:]],
        "doubled": [lines[0], lines[0], *lines[1:]],
        "reordered": [lines[1], lines[0], *lines[2:]],
        "not json": [lines[0], b"{]\n", *lines[1:]],
    }
    for name, mutated in mutations.items():
        path.write_bytes(b"".join(mutated))
        assert verify_record(tmp_path).problem is not None, name
    path.write_bytes(whole)
    assert verify_record(tmp_path).problem is None


def test_two_writers_never_share_a_record(tmp_path: Path) -> None:
    first = SpoolWriter(tmp_path)
    with pytest.raises(SpoolBusy):
        SpoolWriter(tmp_path)
    first.close()
    SpoolWriter(tmp_path).close()
