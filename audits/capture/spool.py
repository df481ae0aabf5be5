"""The record of a recorder: `record.jsonl`, append-only, one JSON object per line, each chained to the one before.

Every line has `seq` (from 0, without gaps), `kind`, `at` (ISO 8601, UTC, microseconds), `prev` (the hash of the line
before, 64 zeros for the first) and `hash`: the SHA-256, in hex, of the line's canonical JSON without `hash`. Canonical
is: keys sorted, no white space, ASCII with \\u escapes. A recorder killed at any moment leaves a valid prefix, perhaps
followed by one torn line, which readers name and do not use.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from audits.capture.packs import write_all

RECORD = "record.jsonl"
LOCK = "record.lock"
FIRST_PREVIOUS = "0" * 64

Event = dict[str, Any]
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


class SpoolBusy(RuntimeError):
    """Another recorder writes to this spool."""


class BrokenRecord(ValueError):
    """A line of a record is not what its chain says; the message names the line."""


@dataclass(frozen=True)
class Chain:
    """What checking a record found: `count` good lines, the hash of the last, where they end (bytes), how many bytes
    of a torn line follow, and the first `problem` (None: intact)."""

    count: int
    head: str
    end: int
    torn_bytes: int
    problem: str | None


def canonical(event: Event) -> str:
    """The text whose hash a line carries."""
    return _ENCODER.encode(event)


def plain_canonical(event: Event) -> str:
    """The same text for an event without floating-point numbers, in an eighth of the time."""
    try:
        data = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        # Lone surrogates and numbers beyond 64 bits.
        return canonical(event)
    # Escapes stand where canonical text has them, but for what is not ASCII, and DEL.
    return data.decode("ascii") if data.isascii() and b"\x7f" not in data else canonical(event)


@lru_cache(maxsize=64)
def utc_text(at: float) -> str:
    """Seconds since the epoch as ISO 8601 with microseconds and Z."""
    seconds, microseconds = divmod(round(at * 1_000_000), 1_000_000)
    return "%s.%06dZ" % (_second_text(seconds), microseconds)  # noqa: UP031 - a quarter cheaper, four times a line


@lru_cache(maxsize=64)
def _second_text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class SpoolWriter:
    """Appends lines; `flush` hands them to the kernel, `sync` to the disk. One writer per spool, held by a lock."""

    def __init__(self, directory: Path) -> None:
        """Open or continue a record. A torn last line of an earlier recorder is moved to a file beside the record,
        never deleted. Raises SpoolBusy, or BrokenRecord when the record does not verify."""
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise SpoolBusy(f"another recorder writes to {directory}") from error
        chain = verify_record(directory)
        if chain.problem:
            raise BrokenRecord(f"{directory / RECORD}: {chain.problem}")
        self.torn_bytes = chain.torn_bytes
        self.seq = chain.count
        self.head = chain.head
        _set_torn_aside(directory, chain)
        self.descriptor = os.open(directory / RECORD, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        self._lines: list[str] = []

    def append(self, kind: str, at: float, fields: Event, *, plain: bool = False) -> None:
        """Chain one line; it reaches the file with the next flush. plain: no floating-point number is in it."""
        write = plain_canonical if plain else canonical
        text = write({**fields, "seq": self.seq, "kind": kind, "at": utc_text(at), "prev": self.head})
        self.head = hashlib.sha256(text.encode("ascii")).hexdigest()
        self.seq += 1
        self._lines.append(f'{text[:-1]},"hash":"{self.head}"}}\n')

    def flush(self) -> None:
        """Write what was appended to the file."""
        if self._lines:
            write_all(self.descriptor, "".join(self._lines).encode("ascii"))
            self._lines.clear()

    def close(self) -> None:
        """Flush, sync, and let go of the lock."""
        self.flush()
        os.fsync(self.descriptor)
        os.close(self.descriptor)
        os.close(self._lock)


def read_events(directory: Path, from_offset: int = 0) -> tuple[list[Event], int]:
    """The complete lines from a byte offset on, and the offset to go on from; for tailing a record being written.

    An incomplete last line is left for the next call. Raises BrokenRecord for a complete line that is not JSON.
    """
    try:
        with (directory / RECORD).open("rb") as file:
            file.seek(from_offset)
            data = file.read()
    except FileNotFoundError:
        return [], from_offset
    end = data.rfind(b"\n") + 1
    return [_parse(line, from_offset) for line in data[:end].splitlines()], from_offset + end


def verify_record(directory: Path) -> Chain:
    """Check every line's place, link and hash. A record that is not there yet is an empty one."""
    count, head, end = 0, FIRST_PREVIOUS, 0
    for line in _lines(directory / RECORD):
        if not line.endswith(b"\n"):
            return Chain(count, head, end, len(line), None)
        problem = _problem(line, count, head)
        if problem:
            return Chain(count, head, end, 0, f"line {count + 1}: {problem}")
        head = json.loads(line)["hash"]
        count += 1
        end += len(line)
    return Chain(count, head, end, 0, None)


def wait_closed(directory: Path, timeout: float) -> bool:
    """Wait until no recorder writes to the spool any more; False when `timeout` seconds were not enough.

    After a recorder was killed its writer still stores what had been handed over; read the record after this.
    """
    deadline = time.monotonic() + timeout
    while not _is_free(directory / LOCK):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)
    return True


def _is_free(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as file:
            yield from file


def _parse(line: bytes, offset: int) -> Event:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise BrokenRecord(f"a line after byte {offset} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise BrokenRecord(f"a line after byte {offset} is not an object")
    return event


def _problem(line: bytes, seq: int, previous: str) -> str | None:
    try:
        event = _parse(line, 0)
    except BrokenRecord as error:
        return str(error)
    claimed = event.pop("hash", None)
    if event.get("seq") != seq:
        return f"seq {event.get('seq')} stands where {seq} is due"
    if event.get("prev") != previous:
        return "it is not chained to the line before"
    if hashlib.sha256(canonical(event).encode("ascii")).hexdigest() != claimed:
        return "its hash does not match its content"
    return None


def _set_torn_aside(directory: Path, chain: Chain) -> None:
    if not chain.torn_bytes:
        return
    record = directory / RECORD
    with record.open("r+b") as file:
        file.seek(chain.end)
        torn = file.read()
        with (directory / f"record.torn-{chain.count:08d}").open("xb") as aside:
            aside.write(torn)
            aside.flush()
            os.fsync(aside.fileno())
        file.truncate(chain.end)
