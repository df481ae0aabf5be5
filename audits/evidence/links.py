"""Canonical JSON, hash-chained logs and Merkle trees, as bundles hold them.

Part of the stand-alone verifier: Python 3.8 and the standard library only.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

NO_HASH = "0" * 64
_HEX = re.compile(r"[0-9a-f]{64}\Z")


class Broken(Exception):
    """A link does not hold; the message names it."""


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: keys sorted, no white space, ASCII with escapes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")


def line_hash(line: dict[str, Any]) -> str:
    """The hash that a line of a chain carries: SHA-256 over its canonical JSON without `hash`."""
    return hashlib.sha256(canonical({key: value for key, value in line.items() if key != "hash"})).hexdigest()


def read_chain(data: bytes, name: str) -> list[dict[str, Any]]:
    """The lines of a chained log. Raises Broken at the first that is not canonical, out of place or changed."""
    lines: list[dict[str, Any]] = []
    previous = NO_HASH
    if data and not data.endswith(b"\n"):
        raise Broken(f"{name}: its last line is not complete")
    for number, text in enumerate(data.split(b"\n")[:-1], 1):
        line = read_object(text, f"{name} line {number}")
        problem = _line_problem(line, text, number - 1, previous)
        if problem:
            raise Broken(f"{name} line {number}: {problem}")
        previous = line["hash"]
        lines.append(line)
    return lines


def _line_problem(line: dict[str, Any], text: bytes, seq: int, previous: str) -> str | None:
    if line.get("seq") != seq or isinstance(line.get("seq"), bool):
        return f"sequence number {line.get('seq')!r} stands where {seq} is due"
    if line.get("prev") != previous:
        return "it is not chained to the line before"
    if line.get("hash") != line_hash(line):
        return "its hash does not match its content"
    # The recorder appends the hash to the canonical text; the evidence log sorts it in.
    appended = canonical({k: v for k, v in line.items() if k != "hash"})[:-1] + b',"hash":"%s"}' % line["hash"].encode()
    return None if text in (canonical(line), appended) else "it is not written in its one canonical form"


def merkle_root(leaves: list[bytes]) -> str:
    """The root of the Merkle tree over the leaves (RFC 6962, section 2.1), as `sha256:` and hex digits."""
    return "sha256:" + _tree_hash([hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]).hex()


def _tree_hash(level: list[bytes]) -> bytes:
    if not level:
        return hashlib.sha256(b"").digest()
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def is_hash(value: Any) -> bool:
    """Whether a value is a SHA-256 in lower-case hex digits."""
    return isinstance(value, str) and _HEX.match(value) is not None


def named_contents(line: dict[str, Any]) -> list[str]:
    """The hashes of contents that a recorder's line names: every value under a key `sha256` or ending `_sha256`."""
    found: list[str] = []
    rest: list[Any] = [line]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            found += [v for k, v in value.items() if (k == "sha256" or k.endswith("_sha256")) and is_hash(v)]
            rest += value.values()
        elif isinstance(value, list):
            rest += value
    return found


def read_object(data: bytes, name: str) -> dict[str, Any]:
    """A JSON object from bytes; raises Broken, naming what it is, for anything else."""
    try:
        found = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        raise Broken(f"{name}: not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Broken(f"{name}: not a JSON object")
    return found


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no JSON")
