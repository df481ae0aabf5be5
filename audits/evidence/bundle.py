"""Writes evidence bundles: one ZIP with everything, signed, and the verifier beside it.

The same evidence gives the same bytes (with one build of zlib). Contents are packed one by one through a temporary
file, so memory stays flat however large the evidence is.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from audits.evidence.chain import Entry, check, log_text, root_of
from audits.evidence.container import DEFLATED, STORED, Packed, directory_end, directory_header, file_end, local_header
from audits.evidence.keys import SigningKey
from audits.evidence.links import Broken, canonical, is_hash, named_contents, read_chain
from audits.evidence.seal import Seal
from audits.evidence.standalone import verifier_source
from audits.evidence.store import Store
from audits.evidence.verifier import (
    CHAIN,
    FORMAT,
    MANIFEST,
    MANIFEST_TYPE,
    PIECE,
    SEAL,
    SIGNATURE,
    Unreadable,
    Verification,
    blob_path,
    is_safe_path,
    verify_bundle,
)

__all__ = ["Bundle", "IncompleteBundle", "Unreadable", "Verification", "verify_bundle", "write_bundle"]

_LEVEL = 6

README = """\
This is an evidence bundle made by Clausetrail.

To check it:  python3 verify.py BUNDLE.zip --key sha256:FINGERPRINT
(Python 3.8 or later, nothing to install. Take verify.py from a place you trust: whoever can replace the bundle can
replace the verifier in it. The fingerprint of the key comes from the organisation that made the bundle.)

Inside:
  manifest.json, signature.json   every file with its size and hash, signed
  chain.jsonl                     the log of the evidence, each line bound to the one before
  seal.json                       a signed statement of what ran, over the Merkle root of that log
  records/                        what the recorder wrote while the pipeline ran, chained as well
  blobs/                          requests, responses, data sets and other contents, named by their SHA-256
  run.json                        the facts and findings in machine-readable form
  report.pdf                      the report, where one was added

What an intact bundle proves:
  - Nothing in it was changed, added, dropped, put in another order or cut off since the holder of the key signed it.
  - Each content that the log and the records name is here, or manifest.json lists it under left_out with the reason.

What it does not prove:
  - When it was made. The times in it are those of the machine that made it, unless a time stamp of a third party
    (RFC 3161) stands in seal.json. verify.py checks that such a stamp is over this seal and holds in itself. Whether its
    certificate belongs to an authority you trust it can't know: give the certificate's fingerprint (--tsa), or use
    openssl ts -verify.
  - That run.json and report.pdf are as old as the seal. They were written when the bundle was made, and a time stamp does not
    cover them. Findings, assessed uses, records and contents, as they were sealed, are what chain.jsonl lists.
  - Who holds the key. Compare the fingerprint with one that you were given by another way.
  - That the recorder saw everything the organisation did: it shows one run, under the isolation that run.json names,
    with the gaps that run.json lists.
  - That findings are right in law. They are what the rules said on these facts.
  - What contents said that were erased. Their hashes and lengths are here; manifest.json says when they were erased.
Credentials were masked before anything was written; the masks are part of the record.
"""


class IncompleteBundle(RuntimeError):
    """Evidence that the bundle must hold is neither in the store nor listed as left out."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was written: where, the sealed root, and its size in files and bytes."""

    path: Path
    root: str
    files: int
    size: int


def write_bundle(
    path: Path,
    *,
    entries: Sequence[Entry],
    seal: Seal,
    key: SigningKey,
    store: Store,
    run: Mapping[str, Any],
    records: Mapping[str, Path] | None = None,
    report: Path | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Bundle:
    """Write a bundle to `path`, replacing what is there only when it is complete.

    `entries` is the sealed log, `run` the facts and findings (JSON), `records` maps names like
    `execute/record.jsonl` to the recorder's files, `left_out` maps hashes of contents that stay out to the reason.
    Raises IncompleteBundle when a content is nowhere to be found, Broken when log and seal do not belong together.
    """
    _check_belonging(entries, seal, key)
    kept_out = dict(left_out or {})
    named = {f"records/{name}": file for name, file in sorted((records or {}).items())}
    files: list[tuple[str, bytes | Path]] = [(CHAIN, log_text(entries)), (SEAL, canonical(dict(seal.definition)))]
    files += named.items()
    files += [("run.json", json.dumps(run, indent=1, sort_keys=True, ensure_ascii=True).encode())]
    files += [("report.pdf", report)] if report else []
    files += [("README.txt", README.encode()), ("verify.py", verifier_source().encode())]
    with tempfile.TemporaryFile(dir=path.parent) as body:
        packing = _Packing(body)
        for name, source in files:
            packing.add(name, source)
        _check_entered(entries, packing.rows)
        held = {row["sha256"] for row in packing.rows} | set(kept_out)
        for sha256 in sorted(_wanted(entries, named.values()) - held):
            packing.add_stored(sha256, store)
        manifest = {"format": FORMAT, "root": seal.root, "files": packing.rows, "left_out": kept_out}
        return _finish(path, manifest, key, packing)


def _check_belonging(entries: Sequence[Entry], seal: Seal, key: SigningKey) -> None:
    check(entries)
    if root_of(entries) != seal.root or len(entries) != seal.entries or not seal.holds():
        raise Broken("the seal is not one over this evidence log")
    if seal.public_key != key.public_key:
        raise Broken(f"the seal was made with the key {seal.key_fingerprint}, not with {key.fingerprint}")


def _check_entered(entries: Iterable[Entry], rows: Iterable[Mapping[str, Any]]) -> None:
    entered = {entry.sha256 for entry in entries}
    for row in rows:
        if row["path"].startswith("records/") and row["sha256"] not in entered:
            raise Broken(f"{row['path']}: no entry of the evidence log names this record as it is now")


def _wanted(entries: Iterable[Entry], records: Iterable[Path]) -> set[str]:
    wanted = {entry.sha256 for entry in entries}
    for path in records:
        data = path.read_bytes()
        for line in read_chain(data[: data.rfind(b"\n") + 1], path.name):
            wanted.update(named_contents(line))
    return wanted


class _Packing:
    """Files of a bundle on their way into a temporary body."""

    def __init__(self, body: IO[bytes]) -> None:
        self.body = body
        self.rows: list[dict[str, Any]] = []
        self.files: list[Packed] = []

    def add(self, path: str, source: bytes | Path) -> None:
        """Pack bytes or a file under a path of the bundle. Raises ValueError for a path that may not stand there."""
        if not is_safe_path(path):
            raise ValueError(f"{path!r} is no path that may stand in a bundle: letters, digits, dots, dashes, slashes")
        with ExitStack() as stack:
            if isinstance(source, bytes):
                self._add_stream(path, io.BytesIO(source), len(source))
            else:
                stream = stack.enter_context(source.open("rb"))
                self._add_stream(path, stream, os.fstat(stream.fileno()).st_size)

    def add_stored(self, sha256: str, store: Store) -> None:
        """Pack a content of the evidence store."""
        if not is_hash(sha256) or not store.exists(sha256):
            raise IncompleteBundle(f"the evidence store lacks {sha256}, and it is not listed as left out")
        with store.open(sha256) as stream:
            self._add_stream(blob_path(sha256), stream, store.size(sha256))

    def _add_stream(self, path: str, stream: IO[bytes], expected: int) -> None:
        """The header is written twice: its sizes are known only when the data stands behind it."""
        start = self.body.tell()
        placeholder = local_header(Packed(path, expected, 0, 0, DEFLATED))
        self.body.write(placeholder)
        packed, sha256, packed_sha256 = _deflate(path, stream, self.body)
        header = local_header(packed)
        if len(header) != len(placeholder):
            raise IncompleteBundle(f"{path} grew from {expected} to {packed.size} bytes while it was packed")
        self.body.seek(start)
        self.body.write(header)
        self.body.seek(0, os.SEEK_END)
        self.files.append(packed)
        self.rows.append(
            {
                "path": path,
                "size": packed.size,
                "sha256": sha256,
                "packed": packed.packed,
                "packed_sha256": packed_sha256,
                "crc": packed.crc,
            }
        )


def _deflate(path: str, stream: IO[bytes], body: IO[bytes]) -> tuple[Packed, str, str]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, -15)
    content, stored = hashlib.sha256(), hashlib.sha256()
    size, packed_size, crc = 0, 0, 0
    for piece in _with_end(stream):
        content.update(piece or b"")
        crc, size = zlib.crc32(piece or b"", crc), size + len(piece or b"")
        packed = packer.flush() if piece is None else packer.compress(piece)
        stored.update(packed)
        packed_size += len(packed)
        body.write(packed)
    return Packed(path, size, packed_size, crc, DEFLATED), content.hexdigest(), stored.hexdigest()


def _with_end(stream: IO[bytes]) -> Iterator[bytes | None]:
    while piece := stream.read(PIECE):
        yield piece
    yield None


def _finish(path: Path, manifest: Mapping[str, Any], key: SigningKey, packing: _Packing) -> Bundle:
    """Put manifest and signature in front, the directory behind, and the whole under its name."""
    data = canonical(dict(manifest))
    fronts = [(MANIFEST, data), (SIGNATURE, canonical(key.envelope(MANIFEST_TYPE, data)))]
    beside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with beside.open("xb") as file:
            files = [_write_front(file, name, content) for name, content in fronts] + packing.files
            packing.body.seek(0)
            while piece := packing.body.read(PIECE):
                file.write(piece)
            _write_directory(file, files)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return Bundle(path, str(manifest["root"]), len(files), size)


def _write_front(file: BinaryIO, name: str, content: bytes) -> Packed:
    packed = Packed(name, len(content), len(content), zlib.crc32(content), STORED)
    file.write(local_header(packed) + content)
    return packed


def _write_directory(file: BinaryIO, files: Sequence[Packed]) -> None:
    begin = file.tell()
    start = 0
    for packed in files:
        file.write(directory_header(packed, start))
        start = file_end(packed, start)
    file.write(directory_end(len(files), file.tell() - begin, begin))
