#!/usr/bin/env python3
"""Checks an evidence bundle with nothing but the bundle and Python's standard library (3.8 or later).

    python3 verify.py BUNDLE.zip [--key sha256:FINGERPRINT] [--tsa sha256:FINGERPRINT] [--format json]

Exit status: 0 the bundle is intact, 1 it is not and the first broken link is named, 2 it could not be read.

A bundle is a ZIP file of which every byte is accounted for. `manifest.json` lists each file with its size and hash,
packed and unpacked; `signature.json` signs the manifest; all other bytes of the ZIP follow from the manifest.
`chain.jsonl` is the log of the evidence, each line bound to the one before by a hash; `seal.json` signs the root of a
Merkle tree (RFC 6962) over these lines, with a statement of what ran. `records/` are the recorder's own logs, chained
in the same way; `blobs/` hold requests and responses under their hashes.

This very file is part of the project's package and is copied into each bundle: there is one verifier.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from audits.evidence.container import (
    DEFLATED,
    STORED,
    Packed,
    directory_end,
    directory_header,
    expect,
    file_end,
    local_header,
)
from audits.evidence.ed25519 import fingerprint, signature_holds, signed_text
from audits.evidence.links import Broken, canonical, is_hash, merkle_root, named_contents, read_chain, read_object
from audits.evidence.timestamps import Stamp, read_stamp

FORMAT = "clausetrail-bundle/1"
MANIFEST, SIGNATURE, CHAIN, SEAL, RUN = "manifest.json", "signature.json", "chain.jsonl", "seal.json", "run.json"
# What stands beside records/ and blobs/. Any other name would be a file that nothing accounts for.
BESIDE = (CHAIN, SEAL, RUN, "report.pdf", "README.txt", "verify.py")
MANIFEST_TYPE = "application/vnd.clausetrail.manifest+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
LARGEST_TABLE = 512 * 1024 * 1024
PIECE = 1024 * 1024
MOST_PROBLEMS = 50
_SAFE_PATH = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")


class Unreadable(Exception):
    """The file can't be read or is no evidence bundle at all."""


class Verification(NamedTuple):
    """What was found. `problems` begins with the first broken link; `left_out` counts contents that are not in it, and
    `reasons` says why, each with its number; `stamps` are the time stamps that hold."""

    ok: bool
    problems: list[str]
    root: str | None = None
    entries: int = 0
    files: int = 0
    left_out: int = 0
    public_key: str | None = None
    statement: dict[str, Any] | None = None
    reasons: dict[str, int] | None = None
    stamps: tuple[Stamp, ...] = ()


def _check_signature(holder: dict[str, Any], payload_type: str, payload: bytes, name: str) -> bytes:
    key = _base64(holder.get("public_key"), name + " public_key")
    signatures = holder.get("signatures")
    first = signatures[0] if isinstance(signatures, list) and len(signatures) == 1 else None
    if not isinstance(first, dict) or holder.get("payloadType") != payload_type:
        raise Broken(f"{name}: it does not hold one signature over {payload_type}")
    signature = _base64(first.get("sig"), name + " sig")
    message = signed_text(payload_type, payload)
    if first.get("keyid") != fingerprint(key) or not signature_holds(key, message, signature):
        raise Broken(f"{name}: the signature does not fit what it signs")
    return key


def _base64(text: Any, name: str) -> bytes:
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (AttributeError, UnicodeError, binascii.Error):
        raise Broken(f"{name}: not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Broken(f"{name}: not in its one base64 form")
    return data


def _first_header(file: BinaryIO, path: str, start: int) -> Packed:
    """Reads where manifest and signature say how long they are; both are stored as they are."""
    file.seek(start)
    head = file.read(30)
    if len(head) < 30:
        raise Broken(f"container: it ends at byte {start + len(head)}, where {path} is due")
    crc, size = struct.unpack("<I", head[14:18])[0], struct.unpack("<I", head[22:26])[0]
    found = Packed(path, size, size, crc, STORED)
    expect(file, local_header(found), start, path)
    if size > LARGEST_TABLE:
        raise Broken(f"{path}: {size} bytes are too many")
    return found


def _stored(file: BinaryIO, entry: Packed, start: int) -> bytes:
    file.seek(start + len(local_header(entry)))
    data = file.read(entry.size)
    if len(data) != entry.size or zlib.crc32(data) != entry.crc:
        raise Broken(f"{entry.path}: its bytes are not what its checksum says")
    return data


class _Listed(NamedTuple):
    packed: Packed
    sha256: str
    packed_sha256: str
    start: int


class _Bundle:
    """A bundle whose manifest was read and whose signature holds."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.size = file.seek(0, 2)
        self.tables = [_first_header(file, MANIFEST, 0)]
        data = _stored(file, self.tables[0], 0)
        start = file_end(self.tables[0], 0)
        self.tables.append(_first_header(file, SIGNATURE, start))
        signature = read_object(_stored(file, self.tables[1], start), SIGNATURE)
        if canonical(signature) != _stored(file, self.tables[1], start):
            raise Broken(f"{SIGNATURE}: it is not written in its one canonical form")
        self.key = _check_signature(signature, MANIFEST_TYPE, data, SIGNATURE)
        self.manifest = read_object(data, MANIFEST)
        if self.manifest.get("format") != FORMAT or canonical(self.manifest) != data:
            raise Broken(f"{MANIFEST}: it is not in the form {FORMAT}")
        self.left_out = _dict(self.manifest.get("left_out"), "left_out")
        self.files: dict[str, _Listed] = {}
        self.start = file_end(self.tables[1], start)
        self.end = self.start
        for listed in self._listed():
            self.files[listed.packed.path] = listed

    def _listed(self) -> Iterator[_Listed]:
        rows = self.manifest.get("files")
        for row in rows if isinstance(rows, list) else []:
            listed = _listed_file(row, self.end)
            path = listed.packed.path
            if path in self.files or path in (MANIFEST, SIGNATURE):
                raise Broken(f"{MANIFEST}: {path} is listed twice")
            self.end = file_end(listed.packed, self.end)
            if self.end > self.size:
                raise Broken(f"container: it ends at byte {self.size}, before {path} does")
            yield listed

    def walk(self) -> list[str]:
        """Read every byte after the signature; the problems found, in the order of the files."""
        problems: list[str] = []
        try:
            for listed in self.files.values():
                expect(self.file, local_header(listed.packed), listed.start, listed.packed.path)
                problem = _content_problem(self.file, listed)
                problems += [problem] if problem else []
            self._check_directory()
        except Broken as broken:
            problems.append(str(broken))
        return problems

    def _check_directory(self) -> None:
        first = [(self.tables[0], 0), (self.tables[1], file_end(self.tables[0], 0))]
        position = self.end
        for packed, start in first + [(listed.packed, listed.start) for listed in self.files.values()]:
            header = directory_header(packed, start)
            expect(self.file, header, position, "the directory's line of " + packed.path)
            position += len(header)
        tail = directory_end(len(self.files) + 2, position - self.end, self.end)
        expect(self.file, tail, position, "the directory's end")
        if self.file.read(1):
            raise Broken(f"container: something follows its end at byte {position + len(tail)}")

    def content(self, path: str) -> bytes:
        """The content of a file that `walk` found good. Raises Broken when the bundle has none of this name."""
        listed = self.files.get(path)
        if listed is None:
            raise Broken(f"{path}: the bundle does not hold it")
        return b"".join(_unpacked(self.file, listed))


def _listed_file(row: Any, start: int) -> _Listed:
    fields = _dict(row, "files")
    path = fields.get("path")
    hashes = [str(fields.get(key)) for key in ("sha256", "packed_sha256")]
    if not isinstance(path, str) or not is_safe_path(path):
        raise Broken(f"{MANIFEST}: {path!r} is no path that may stand in a bundle")
    if path not in BESIDE and not path.startswith(("records/", "blobs/")):
        raise Broken(f"{MANIFEST}: {path!r} is no file that a bundle has")
    if not all(map(is_hash, hashes)):
        raise Broken(f"{MANIFEST}: the hashes of {path} are malformed")
    size, packed, crc = (_number(fields, key, path) for key in ("size", "packed", "crc"))
    if size > 1100 * (packed + 1) or crc >= 2**32:
        raise Broken(f"{MANIFEST}: {path} can't unpack to {size} bytes")
    return _Listed(Packed(path, size, packed, crc, DEFLATED), hashes[0], hashes[1], start)


def _number(fields: dict[str, Any], key: str, path: str) -> int:
    value = fields.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**48:
        raise Broken(f"{MANIFEST}: {key} of {path} is malformed")
    return value


def _pieces(file: BinaryIO, listed: _Listed) -> Iterator[bytes]:
    file.seek(listed.start + len(local_header(listed.packed)))
    left = listed.packed.packed
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            return
        left -= len(piece)
        yield piece


def _unpacked(file: BinaryIO, listed: _Listed) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-15)
    left = listed.packed.size
    for piece in _pieces(file, listed):
        while piece:
            data = inflater.decompress(piece, min(PIECE, left + 1))
            left -= len(data)
            if left < 0:
                raise Broken(f"{listed.packed.path}: it unpacks to more than {listed.packed.size} bytes")
            yield data
            piece = inflater.unconsumed_tail
    if not inflater.eof or left or inflater.unused_data:
        raise Broken(f"{listed.packed.path}: it does not unpack to {listed.packed.size} bytes")


def _content_problem(file: BinaryIO, listed: _Listed) -> str | None:
    stored, content, crc = hashlib.sha256(), hashlib.sha256(), 0
    path = listed.packed.path
    for piece in _pieces(file, listed):
        stored.update(piece)
    if stored.hexdigest() != listed.packed_sha256:
        return f"{path}: its bytes in the bundle are not those that the manifest lists"
    try:
        for piece in _unpacked(file, listed):
            content.update(piece)
            crc = zlib.crc32(piece, crc)
    except (zlib.error, Broken) as problem:
        return str(problem) if isinstance(problem, Broken) else f"{path}: it can't be unpacked: {problem}"
    if content.hexdigest() != listed.sha256 or crc != listed.packed.crc:
        return f"{path}: its content is not what the manifest lists"
    if path.startswith("blobs/") and path != blob_path(listed.sha256):
        return f"{path}: its content has another hash than its name"
    return None


def blob_path(sha256: str) -> str:
    """Where a bundle holds the content of this hash."""
    return f"blobs/{sha256[:2]}/{sha256}"


def is_safe_path(path: str) -> bool:
    """Whether a path may stand in a bundle: ASCII names without leading dots, joined by single slashes."""
    return len(path) <= 300 and _SAFE_PATH.match(path) is not None


def _dict(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Broken(f"{MANIFEST}: {name} is not an object")
    return value


def _check_seal(
    bundle: _Bundle, seal: dict[str, Any], chain: list[dict[str, Any]], leaves: list[bytes]
) -> tuple[str, dict[str, Any]]:
    payload = _base64(seal.get("payload"), SEAL + " payload")
    key = _check_signature(seal, STATEMENT_TYPE, payload, SEAL)
    if key != bundle.key:
        raise Broken(f"{SEAL}: another key made it than signed the manifest")
    statement = read_object(payload, SEAL + " payload")
    root = merkle_root(leaves)
    subjects = statement.get("subject")
    wanted = [{"name": "evidence", "digest": {"sha256": root[7:]}}]
    if subjects != wanted or _dict(statement.get("predicate"), "predicate").get("entries") != len(chain):
        raise Broken(f"{SEAL}: it seals another log than {CHAIN}, whose root is {root}")
    return root, statement


def _check_stamps(seal: dict[str, Any], pinned: str | None) -> tuple[Stamp, ...]:
    """The time stamps beside the seal's signature, each over that signature. Raises Broken at the first that is not."""
    listed = seal.get("timestamps", [])
    if not isinstance(listed, list) or (pinned is not None and not listed):
        raise Broken(f"{SEAL}: it holds no time stamp")
    signature = base64.b64decode(seal["signatures"][0]["sig"])
    stamps = []
    for row in listed:
        fields = row if isinstance(row, dict) else {}
        response = _base64(fields.get("response"), f"{SEAL} time stamp")
        stamps.append(read_stamp(response, signature, str(fields.get("authority")), pinned))
    return tuple(stamps)


def _reasons(bundle: _Bundle) -> dict[str, int]:
    """Why contents were left out, each reason with its number."""
    counted: dict[str, int] = {}
    for reason in bundle.left_out.values():
        counted[str(reason)] = counted.get(str(reason), 0) + 1
    return counted


def _check_references(bundle: _Bundle, chain: list[dict[str, Any]]) -> list[str]:
    """Each content that the log or a record names is in the bundle, or the manifest says that it was left out."""
    held = {listed.sha256 for listed in bundle.files.values()} | set(bundle.left_out)
    problems = []
    for line in chain:
        if not is_hash(line.get("sha256")) or line["sha256"] not in held:
            problems.append(f"{CHAIN} line {line['seq'] + 1}: the bundle lacks {line.get('sha256')}")
    entered = {line.get("sha256") for line in chain}
    named = set(entered)
    for path, listed in bundle.files.items():
        if path.startswith("records/"):
            problems += _record_problems(bundle, path, held, named)
            if listed.sha256 not in entered:
                problems.append(f"{path}: no line of {CHAIN} enters this record")
    if not problems:
        unnamed = (p for p, one in bundle.files.items() if p.startswith("blobs/") and one.sha256 not in named)
        problems += [f"{path}: neither {CHAIN} nor a record names this content" for path in unnamed]
    return problems


def _check_run(bundle: _Bundle, statement: dict[str, Any], root: str) -> list[str]:
    """The facts beside the log are those of the run that the seal names."""
    told = read_object(bundle.content(RUN), RUN)
    sealed = _dict(statement.get("predicate"), "predicate").get("run")
    evidence = told.get("evidence")
    other = evidence.get("root") if isinstance(evidence, dict) else None
    if str(told.get("run")) != str(sealed):
        return [f"{RUN}: it tells of the run {told.get('run')!r}, and {SEAL} of the run {sealed!r}"]
    return [f"{RUN}: it names the root {other!r}, and {CHAIN} has {root}"] if other not in (None, "", root) else []


def _record_problems(bundle: _Bundle, path: str, held: set[str], seen: set[Any]) -> list[str]:
    """What the lines of a record name and the bundle lacks; all that they name is added to `seen`."""
    data = bundle.content(path)
    # A recorder that was killed may have left a torn last line; the hash of the file covers it all the same.
    whole = data[: data.rfind(b"\n") + 1]
    try:
        lines = read_chain(whole, path)
    except Broken as broken:
        return [str(broken)]
    named = [(number, sha256) for number, line in enumerate(lines, 1) for sha256 in named_contents(line)]
    seen.update(sha256 for _, sha256 in named)
    return [f"{path} line {number}: the bundle lacks {sha256}" for number, sha256 in named if sha256 not in held]


def _verify(file: BinaryIO, key: str | None, tsa: str | None) -> Verification:
    bundle = _Bundle(file)
    named = fingerprint(bundle.key)
    found = Verification(False, [], None, 0, len(bundle.files) + 2, len(bundle.left_out), named)
    found = found._replace(reasons=_reasons(bundle))
    if key is not None and key != named:
        raise Broken(f"{SIGNATURE}: the key {named} signed it, not {key}")
    problems = bundle.walk()
    if problems:
        return found._replace(problems=problems[:MOST_PROBLEMS])
    data = bundle.content(CHAIN)
    chain = read_chain(data, CHAIN)
    seal = read_object(bundle.content(SEAL), SEAL)
    root, statement = _check_seal(bundle, seal, chain, data.split(b"\n")[:-1])
    found = found._replace(stamps=_check_stamps(seal, tsa))
    problems = _check_references(bundle, chain)
    if bundle.manifest.get("root") != root:
        problems.append(f"{MANIFEST}: it names another root than {root}")
    problems += _check_run(bundle, statement, root)
    found = found._replace(root=root, entries=len(chain), statement=statement)
    return found._replace(ok=not problems, problems=problems[:MOST_PROBLEMS])


def verify_bundle(path: str, key: str | None = None, tsa: str | None = None) -> Verification:
    """Check a bundle. `key` is the fingerprint of the only key that may have signed it, `tsa` that of the only certificate
    that may have stamped its time; without `tsa` a bundle needs no time stamp.

    Raises Unreadable when there is no such file, or it is no bundle at all.
    """
    try:
        with open(path, "rb") as file:
            start = file.read(64)
            if not start.startswith(b"PK") and MANIFEST.encode() not in start:
                raise Unreadable(f"{path} is not an evidence bundle")
            try:
                return _verify(file, key, tsa)
            except (Broken, ValueError, RecursionError) as broken:
                return Verification(False, [str(broken)])
    except OSError as problem:
        raise Unreadable(f"{path} can't be read: {problem.strerror or problem}") from None


NOT_PROVED = (
    "that the recorder saw everything: see the isolation and the gaps in run.json",
    "that run.json and report.pdf are as old as the seal: they came with the bundle; what was sealed is in chain.jsonl",
    "who holds the key, unless --key named it",
    "that its findings are right in law",
)
NO_TIME = "when it was made: its times are those of the machine that made it"


def not_proved(found: Verification) -> list[str]:
    """What an intact bundle does not prove."""
    stamps = [f"of the time stamp by {stamp.authority}: {stamp.unchecked}" for stamp in found.stamps]
    return [*(stamps or [NO_TIME]), *NOT_PROVED]


def as_json(path: str, found: Verification) -> dict[str, Any]:
    """The answer of `--format json`."""
    return {
        "bundle": path,
        "intact": found.ok,
        "problems": found.problems,
        "root": found.root,
        "entries": found.entries,
        "files": found.files,
        "left_out": found.left_out,
        "left_out_because": found.reasons or {},
        "timestamps": [stamp._asdict() for stamp in found.stamps],
        "not_proved": not_proved(found) if found.ok else [],
        "public_key": found.public_key,
        "statement": found.statement,
    }


def as_text(path: str, found: Verification) -> str:
    """The answer for people; what comes from the bundle is escaped, so that it can't drive a terminal."""
    if not found.ok:
        rest = "".join(f"\n  also: {p}" for p in found.problems[1:])
        text = f"BROKEN {path}\n  {found.problems[0]}{rest}"
    else:
        text = f"INTACT {path}\n  root     {found.root}\n  entries  {found.entries}\n  files    {found.files}"
        text += f"\n  left out {found.left_out}"
        text += "".join(f"\n           {count} × {reason}" for reason, count in sorted((found.reasons or {}).items()))
        text += f"\n  key      {found.public_key}"
        text += "".join(f"\n  stamped  {stamp.time} by {stamp.authority}" for stamp in found.stamps)
        text += "\nNot proved by this:" + "".join(f"\n  - {line}" for line in not_proved(found))
    return "".join(c if c == "\n" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def main(arguments: list[str]) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Check an evidence bundle with nothing but the bundle.")
    parser.add_argument("bundle", help="the ZIP file")
    parser.add_argument("--key", help="fingerprint (sha256:…) of the only key that may have signed it")
    parser.add_argument("--tsa", help="fingerprint (sha256:…) of the only certificate that may have stamped its time")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args(arguments)
    try:
        found = verify_bundle(options.bundle, options.key, options.tsa)
    except Unreadable as problem:
        print(problem, file=sys.stderr)
        return 2
    in_json = options.format == "json"
    print(json.dumps(as_json(options.bundle, found), indent=2) if in_json else as_text(options.bundle, found))
    return 0 if found.ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
