"""What the writer remembers or writes the quick way says what the slow way says, to the byte."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audits.capture import http1
from audits.capture.config import Secret
from audits.capture.http1 import FieldLines, split_fields
from audits.capture.journal import FRAME, Frame, JournalReader, Ring
from audits.capture.masking import LONGEST_TOLD, Masker
from audits.capture.spool import canonical, plain_canonical

SECRET = 'sk-"quoted"\\and/é'
SECRETS = [Secret("KEY", "placeholder", SECRET, ("one.example",))]
MASKER = Masker(SECRETS, "salt")
TEXTS = st.text(st.sampled_from('aé"\\\x00\x1f\x7f\u2028\ud800😀/<\t\n'), max_size=6) | st.just(f"x{SECRET}y")
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
LINES = st.dictionaries(TEXTS, PLAIN, max_size=4)


@given(LINES)
def test_a_line_without_floating_point_numbers_is_written_the_same(event: dict[str, object]) -> None:
    assert plain_canonical(event) == canonical(event)


@given(LINES)
def test_secrets_are_masked_wherever_a_line_holds_one(fields: dict[str, object]) -> None:
    assert MASKER.line(fields) == MASKER.structure(fields)


def test_a_line_without_a_secret_is_the_same_line() -> None:
    fields = {"a": ["nothing", {"b": 1.5}]}
    assert MASKER.line(fields) is fields
    assert MASKER.line({"a": SECRET}) != {"a": SECRET}


def test_a_field_met_again_is_told_for_the_host_it_goes_to() -> None:
    """The placeholder becomes the key for one host alone: the fingerprints differ."""
    fields = [(b"Authorization", b"Bearer placeholder"), (b"X-Note", b"n" * (LONGEST_TOLD + 1))]
    first, other, again = (MASKER.fields(fields, host) for host in ("one.example", "two.example", "one.example"))
    assert first == again == Masker(SECRETS, "salt").fields(fields, "one.example")
    assert first[0] != other[0]
    assert first[1] == other[1] == ["X-Note", "n" * (LONGEST_TOLD + 1)]


@given(st.lists(st.sampled_from([b"Host: a", b"Host:a ", b"X:\t1", b"empty:", b"no colon", b"", b"L: " + b"x" * 600])))
def test_a_head_that_is_remembered_is_split_the_same(lines: list[bytes]) -> None:
    block, known = b"\r\n".join(lines), FieldLines()
    assert known.split(block) == known.split(block) == split_fields(block)


def test_what_is_remembered_of_heads_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MOST_KNOWN_LINES", 10)
    known = FieldLines()
    for number in range(35):
        assert known.split(b"x-request-id: %d\r\n" % number) == [(b"x-request-id", b"%d" % number)]
    assert len(known._known) <= 10


@pytest.fixture
def ring() -> Iterator[Ring]:
    ring = Ring.create(4096)
    yield ring
    os.close(ring.descriptor)


@pytest.mark.parametrize("most", [1, FRAME.size - 1, FRAME.size, 100, 101, 4096])
def test_frames_are_whole_however_much_is_read_at_once_and_around_the_rings_end(ring: Ring, most: int) -> None:
    reading, writing = os.pipe()
    reader, position, found, put = JournalReader(ring, reading), 0, list[Frame](), list[bytes]()
    for number in range(40):
        for size in (0, 7, 100 - FRAME.size, 300 + number):
            put.append(bytes([number]) * size)
            position = ring.append(position, 4, 3, number, 2, size, 1.5, put[-1])
        ring.set_written(position)
        while reader.behind:
            found += reader.frames(most)
            reader.release()
    os.close(reading)
    os.close(writing)
    assert [frame.payload for frame in found] == put
    assert {(frame.kind, frame.flags, frame.b, frame.at) for frame in found} == {(4, 3, 2, 1.5)}
    assert [frame.position for frame in found] == sorted({frame.position for frame in found})
