"""An evidence store in a bucket of an S3-compatible service, by URL: `s3://bucket/prefix?endpoint=http://127.0.0.1:9000`.

The objects are the very files of a folder store: `<prefix>/<sha256[:2]>/<sha256>.zst`, so a bucket and a folder can be copied
into each other with any tool. Credentials and region come from the usual AWS_* variables of the environment.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import parse_qs, urlsplit

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from audits.evidence.blobs import (
    FRAME_HEAD,
    NAME,
    PIECE,
    Checked,
    Missing,
    StoreProblem,
    frame_size,
    pack,
)

_OPTIONS = frozenset({"endpoint", "region", "path_style", "retries"})
_PUT_AT_ONCE = 8 * 1024 * 1024


def open_bucket(url: str) -> ObjectStore:
    """The store at an s3: URL. Raises StoreProblem for a URL that says something unknown, or a bucket out of reach."""
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = sorted(set(options) - _OPTIONS)
    if not parts.netloc or "@" in parts.netloc or unknown:
        what = f"it knows no {', '.join(unknown)}" if unknown else "it names no bucket, or holds credentials"
        raise StoreProblem(
            f"EVIDENCE_URL {parts.scheme}://{parts.hostname}…: {what}. Write s3://bucket/prefix?endpoint=https://host, and give "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment."
        )
    endpoint = options.get("endpoint")
    config: dict[str, object] = {"virtual_hosted_style_request": options.get("path_style", "1") == "0"}
    if endpoint:
        config["endpoint"] = endpoint
    if options.get("region"):
        config["region"] = options["region"]
    plain = {"allow_http": True} if endpoint and endpoint.startswith("http://") else {}
    try:
        retry = {"max_retries": int(options.get("retries", "8"))}
        place = parts.path.strip("/") or None
        made = S3Store(parts.netloc, prefix=place, client_options=plain, retry_config=retry, **config)  # type: ignore[arg-type]
    except (BaseError, ValueError) as problem:
        raise StoreProblem(f"EVIDENCE_URL {url}: {problem}") from problem
    return ObjectStore(made, url)


class ObjectStore:
    """A store in a bucket. What is put there is read back by no one before it is acknowledged by the service."""

    def __init__(self, bucket: S3Store, url: str) -> None:
        self._bucket, self._url = bucket, url

    def put(self, content: bytes | BinaryIO) -> str:
        """See Store. The service has acknowledged the whole object when this returns."""
        with tempfile.TemporaryFile() as packed:
            sha256 = pack(io.BytesIO(content) if isinstance(content, bytes) else content, packed)
            if not self.exists(sha256):
                packed.seek(0)
                self._send(sha256, packed)
        return sha256

    def _send(self, sha256: str, packed: IO[bytes]) -> None:
        try:
            obstore.put(self._bucket, _key(sha256), cast("BinaryIO", packed), chunk_size=_PUT_AT_ONCE)
        except BaseError as problem:
            raise StoreProblem(f"the evidence store {self._url} did not take {sha256}: {problem}") from problem

    def get(self, sha256: str) -> bytes:
        """See Store."""
        with self.open(sha256) as stream:
            return stream.read()

    def open(self, sha256: str) -> IO[bytes]:
        """See Store."""
        try:
            answer = obstore.get(self._bucket, _key(sha256))
        except (NotFoundError, FileNotFoundError) as problem:
            raise Missing(sha256) from problem
        except BaseError as problem:
            raise StoreProblem(f"the evidence store {self._url} can't be read: {problem}") from problem
        raw = io.BufferedReader(_Pieces(iter(answer.stream(min_chunk_size=PIECE))), PIECE)
        return io.BufferedReader(Checked(cast("BinaryIO", raw), sha256), PIECE)

    def exists(self, sha256: str) -> bool:
        """See Store."""
        try:
            obstore.head(self._bucket, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return False
        except BaseError as problem:
            raise StoreProblem(f"the evidence store {self._url} can't be asked: {problem}") from problem
        return True

    def is_whole(self, sha256: str) -> bool:
        """See Store. A service takes an object whole or not at all."""
        return self.exists(sha256)

    def size(self, sha256: str) -> int:
        """See Store."""
        try:
            head = bytes(obstore.get_range(self._bucket, _key(sha256), start=0, length=FRAME_HEAD))
        except (NotFoundError, FileNotFoundError) as problem:
            raise Missing(sha256) from problem
        known = frame_size(head, sha256)
        if known >= 0:
            return known
        with self.open(sha256) as stream:
            return sum(len(piece) for piece in iter(lambda: stream.read(PIECE), b""))

    def put_packed(self, sha256: str, packed: BinaryIO) -> None:
        """See Store."""
        if not self.exists(sha256):
            self._send(sha256, packed)

    def settle(self) -> None:
        """See Store: the service had acknowledged each content before `put_packed` returned."""

    def remove(self, sha256: str) -> bool:
        """See Store. Versions that the bucket keeps are the bucket's own matter: its owner turns them off, or lets them lapse."""
        if not self.exists(sha256):
            return False
        obstore.delete(self._bucket, _key(sha256))
        return True

    def set_aside(self, sha256: str) -> None:
        """See Store. It goes to `damaged/` beside the contents."""
        obstore.rename(self._bucket, _key(sha256), f"damaged/{sha256}.zst")

    def lend(self, sha256s: Iterable[str], folder: Path) -> Path:
        """See Store."""
        for sha256 in sha256s:
            path = folder / sha256[:2] / f"{sha256}.zst"
            if not path.exists() and self.exists(sha256):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("wb") as file:
                    for piece in obstore.get(self._bucket, _key(sha256)).stream(min_chunk_size=PIECE):
                        file.write(bytes(piece))
        return folder


def _key(sha256: str) -> str:
    if not NAME.match(f"{sha256}.zst"):
        raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hex digits")
    return f"{sha256[:2]}/{sha256}.zst"


class _Pieces(io.RawIOBase):
    """The pieces of an answer as a file."""

    def __init__(self, pieces: Iterator[object]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(bytes(piece))  # type: ignore[call-overload]
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
