"""Keeping imported bytes in the evidence store: named by their SHA-256, compressed, written once.

The audit side reads the same folder (`<first two digits>/<sha256>.zst`); the terms side may not import it, so the few lines
that write the layout stand here too.
"""

import hashlib
import os
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import zstandard

LEVEL: Final = 3


class KeepingProblem(RuntimeError):
    """The evidence store can't be written; the message says how to mend it."""


class Keeper:
    """Writes into the evidence store at a URL (`file:///var/evidence`). Raises KeepingProblem."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._root = Path(unquote(parts.path))
        if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost") or not self._root.is_absolute():
            raise KeepingProblem(f"EVIDENCE_URL {url!r}: the folder must be absolute, as in file:///var/evidence")

    def __call__(self, content: bytes) -> str:
        """Keep the bytes; they are on the disk when this returns. Returns their SHA-256 in hexadecimal."""
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._root / sha256[:2] / f"{sha256}.zst"
        try:
            if not place.exists():
                self._write(place, zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(content))
        except OSError as problem:
            raise KeepingProblem(f"{place}: can't be written: {problem.strerror}") from problem
        return sha256

    def _write(self, place: Path, packed: bytes) -> None:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        temporary = self._root / f".writing-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            with temporary.open("xb") as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(0o440)
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
