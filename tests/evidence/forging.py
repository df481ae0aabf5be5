"""Forged bundles, and the ways to ask the verifiers."""

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any

from django.core.management import call_command

from audits.evidence import SigningKey
from audits.evidence.bundle import _deflate
from audits.evidence.container import STORED, Packed, directory_end, directory_header, file_end, local_header
from audits.evidence.links import canonical
from audits.evidence.verifier import MANIFEST_TYPE


def forged(members: dict[str, bytes], key: SigningKey, **manifest: Any) -> bytes:
    """A well-formed, signed container with any content."""
    body, rows, files = io.BytesIO(), [], []
    for path, content in members.items():
        packed_body = io.BytesIO()
        packed, sha256, packed_sha256 = _deflate(path, io.BytesIO(content), packed_body)
        body.write(local_header(packed) + packed_body.getvalue())
        files.append(packed)
        row = {"path": path, "size": packed.size, "sha256": sha256, "packed": packed.packed}
        rows.append(row | {"packed_sha256": packed_sha256, "crc": packed.crc})
    listed = {"format": "clausetrail-bundle/1", "root": "", "files": rows, "left_out": {}} | manifest
    data = canonical(listed)
    fronts = {"manifest.json": data, "signature.json": canonical(key.envelope(MANIFEST_TYPE, data))}
    heads = [Packed(name, len(c), len(c), zlib.crc32(c), STORED) for name, c in fronts.items()]
    out = io.BytesIO()
    for head, content in zip(heads, fronts.values(), strict=True):
        out.write(local_header(head) + content)
    out.write(body.getvalue())
    begin, start = out.tell(), 0
    for packed in [*heads, *files]:
        out.write(directory_header(packed, start))
        start = file_end(packed, start)
    out.write(directory_end(len(heads) + len(files), out.tell() - begin, begin))
    return out.getvalue()


def members_of(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {n: archive.read(n) for n in archive.namelist() if n not in ("manifest.json", "signature.json")}


def run_command(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("verify", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def outcome(verifier: Any, path: str) -> tuple[bool, list[str]]:
    """Whether intact, and the problems; `Unreadable` counts as not intact."""
    try:
        found = verifier.verify_bundle(path)
    except verifier.Unreadable as problem:
        return False, [str(problem)]
    return found.ok, found.problems
