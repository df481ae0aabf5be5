"""The log of a run's evidence: each entry names a content by its hash and is chained to the entry before.

An entry's line is canonical JSON: `at, kind, prev, ref, seq, sha256, size` and, where there is more to say,
`details`; its `hash` is the SHA-256 of that. The Merkle tree over the lines (RFC 6962) gives one root to sign, and
short proofs that an entry is among those signed, without showing the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audits.evidence.links import NO_HASH, Broken, canonical, is_hash, line_hash, merkle_root, read_chain


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is ISO 8601 in UTC, `ref` says what it is of (`execute/record.jsonl`), `size` is in bytes."""

    seq: int
    kind: str
    at: str
    ref: str
    sha256: str
    size: int
    prev: str
    hash: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The line as it is hashed and kept, its hash included."""
        return {**_body(self), "hash": self.hash}

    def line(self) -> bytes:
        """The canonical text of the line, without its newline: a leaf of the tree."""
        return canonical(self.as_dict())


def _body(entry: Entry) -> dict[str, Any]:
    names = ("seq", "kind", "at", "ref", "sha256", "size", "prev")
    body: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return {**body, "details": dict(entry.details)} if entry.details else body


def utc_text(at: datetime) -> str:
    """A moment as the log writes it: ISO 8601 in UTC with microseconds. Raises ValueError without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link(
    previous: Entry | None,
    *,
    kind: str,
    at: datetime,
    ref: str,
    sha256: str,
    size: int,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """The entry that follows `previous` (None: the first). Raises ValueError for a malformed hash or a naive time."""
    if not is_hash(sha256):
        raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hex digits")
    seq = previous.seq + 1 if previous else 0
    prev = previous.hash if previous else NO_HASH
    bare = Entry(seq, kind, utc_text(at), ref, sha256, size, prev, "", dict(details or {}))
    return Entry(seq, kind, bare.at, ref, sha256, size, prev, line_hash(_body(bare)), bare.details)


def from_dict(line: Mapping[str, Any]) -> Entry:
    """An entry from its kept line, unchecked: `check` says whether the chain holds. Raises Broken when keys lack."""
    try:
        return Entry(
            line["seq"],
            line["kind"],
            line["at"],
            line["ref"],
            line["sha256"],
            line["size"],
            line["prev"],
            line["hash"],
            dict(line.get("details", {})),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise Broken(f"an entry of the evidence log is malformed: {problem}") from problem


def log_text(entries: Iterable[Entry]) -> bytes:
    """The log as a file: one line per entry."""
    return b"".join(entry.line() + b"\n" for entry in entries)


def check(entries: Sequence[Entry]) -> None:
    """Raises Broken, naming the entry, at the first that is out of place, changed or not chained."""
    read_chain(log_text(entries), "evidence log")


def read_log(data: bytes) -> list[Entry]:
    """Entries of a log file; raises Broken like `check`."""
    return [from_dict(line) for line in read_chain(data, "evidence log")]


def root_of(entries: Iterable[Entry]) -> str:
    """The Merkle root over the entries' lines, `sha256:…`."""
    return merkle_root([entry.line() for entry in entries])


def inclusion_proof(entries: Sequence[Entry], seq: int) -> list[str]:
    """The hashes that lead from entry `seq` to the root (RFC 6962, section 2.1.1), nearest first."""
    if not 0 <= seq < len(entries):
        raise IndexError(f"there is no entry {seq} among {len(entries)}")
    level = [hashlib.sha256(b"\x00" + entry.line()).digest() for entry in entries]
    proof: list[str] = []
    while len(level) > 1:
        sibling = seq ^ 1
        if sibling < len(level):
            proof.append(level[sibling].hex())
        pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
        seq //= 2
    return proof


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(entry: Entry, proof: Sequence[str], entries: int, root: str) -> bool:
    """Whether the proof leads from `entry` to the root of a log of that many entries (RFC 9162, section 2.1.3.2)."""
    node, index, last = hashlib.sha256(b"\x00" + entry.line()).digest(), entry.seq, entries - 1
    if not 0 <= index <= last:
        return False
    for text in proof:
        if last == 0 or not is_hash(text):
            return False
        other = bytes.fromhex(text)
        if index & 1 or index == last:
            node = _node(other, node)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            node = _node(node, other)
        index, last = index >> 1, last >> 1
    return last == 0 and "sha256:" + node.hex() == root
