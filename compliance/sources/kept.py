"""Reading kept bytes back from the evidence store: what `keeping` wrote, and nothing that is not what its name says."""

import hashlib
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import zstandard

LARGEST: Final = 256 * 1024 * 1024
"""Bytes of one snapshot: what unpacks to more is refused."""


class KeptProblem(RuntimeError):
    """The bytes can't be given: they are missing, or are not what they are called by. The message names the place."""


def kept_bytes(url: str, sha256: str) -> bytes:
    """The bytes of that SHA-256 from the evidence store at `url`. Raises KeptProblem."""
    place = Path(unquote(urlsplit(url).path)) / sha256[:2] / f"{sha256}.zst"
    try:
        content = zstandard.ZstdDecompressor().decompress(place.read_bytes(), max_output_size=LARGEST)
    except OSError as problem:
        raise KeptProblem(
            f"{place}: can't be read: {problem.strerror}; restore the evidence store from its backup"
        ) from problem
    except zstandard.ZstdError as problem:
        raise KeptProblem(f"{place}: is damaged ({problem}); restore it from its backup") from problem
    if hashlib.sha256(content).hexdigest() != sha256:
        raise KeptProblem(f"{place}: holds other bytes than its name says; restore it from its backup")
    return content
