"""Where contents of evidence lie: named by the SHA-256 of their bytes, compressed, written once, checked when read.

`open_store` picks the kind of store by URL. A folder keeps `<sha256[:2]>/<sha256>.zst`.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

from audits.evidence.blobs import (
    FRAME_HEAD,
    NAME,
    PIECE,
    Checked,
    Damaged,
    Missing,
    StoreProblem,
    frame_size,
    pack,
)
from audits.evidence.objects import open_bucket

__all__ = ["Damaged", "FolderStore", "Missing", "Store", "StoreProblem", "open_store"]


class Store(Protocol):
    """What every store does. Hashes are SHA-256 of the uncompressed content, in lower-case hex digits."""

    def put(self, content: bytes | BinaryIO) -> str:
        """Keep bytes, or all that can be read from an open file; returns the hash. Known content costs no write."""

    def get(self, sha256: str) -> bytes:
        """The content. Raises Missing or Damaged."""

    def open(self, sha256: str) -> IO[bytes]:
        """A stream of the content; reading it to its end raises Damaged if it is not what it should be."""

    def exists(self, sha256: str) -> bool:
        """Whether a content of this hash is kept."""

    def is_whole(self, sha256: str) -> bool:
        """Whether a content of this hash is kept and is what its name says: a power cut may have torn what nobody needed."""

    def size(self, sha256: str) -> int:
        """Bytes of the uncompressed content. Raises Missing or Damaged."""

    def put_packed(self, sha256: str, packed: BinaryIO) -> None:
        """Keep a content that is packed already, as one zstd frame with a checksum, under the hash that it is said to have;
        known content costs little. It is checked when it is read, and on the disk after `settle`."""

    def settle(self) -> None:
        """Bring to the disk what was kept by `put_packed`."""

    def remove(self, sha256: str) -> bool:
        """Let go of a content for good, for erasure alone; False when there was none."""

    def set_aside(self, sha256: str) -> None:
        """Move a damaged content out of the way of a good one, without losing what is left of it."""

    def lend(self, sha256s: Iterable[str], folder: Path) -> Path:
        """A folder in the layout above that holds these contents, for reading: the store's own, or `folder`, filled."""


def open_store(url: str) -> Store:
    """The store at a URL; `file:///var/evidence` or a plain path is a folder, `s3://bucket/prefix` a bucket (see objects).

    Raises StoreProblem for other kinds.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        return open_bucket(url)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise StoreProblem(f"EVIDENCE_URL {url!r}: only file:///an/absolute/folder and s3://bucket/prefix are known")
    path = Path(unquote(parts.path))
    if not path.is_absolute():
        raise StoreProblem(f"EVIDENCE_URL {url!r}: the folder must be an absolute path, as in file:///var/evidence")
    return FolderStore(path)


class FolderStore:
    """A store in a local folder. Several processes may write to it at once."""

    def __init__(self, root: Path) -> None:
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o750)
        except OSError as problem:
            raise StoreProblem(f"the evidence folder {root} can't be made: {problem.strerror}") from problem
        self.root = root

    def path(self, sha256: str) -> Path:
        """Where the content of this hash lies, kept or not. Raises ValueError for what is no hash."""
        return Path(self._place(sha256))

    def _place(self, sha256: str) -> str:
        """The same as text: asked for once and more for each body of a run."""
        name = f"{sha256}.zst"
        if not NAME.match(name):
            raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hex digits")
        return f"{self.root}/{sha256[:2]}/{name}"

    def put(self, content: bytes | BinaryIO) -> str:
        """See Store. The content is on the disk when this returns."""
        if isinstance(content, bytes):
            sha256 = hashlib.sha256(content).hexdigest()
            if self.is_whole(sha256):
                return sha256
            content = io.BytesIO(content)
        with self._beside() as (file, publish):
            sha256 = pack(content, file)
            publish(sha256)
        return sha256

    @contextmanager
    def _beside(self) -> Iterator[tuple[BinaryIO, Callable[[str], None]]]:
        """A new file, and a function that puts it under its name for good; without that it vanishes again."""
        temporary = self.root / f".writing-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            with temporary.open("xb") as file:
                yield file, lambda sha256: self._publish(file, temporary, sha256)
        finally:
            temporary.unlink(missing_ok=True)

    def _publish(self, file: BinaryIO, temporary: Path, sha256: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        place = self.path(sha256)
        made = not place.parent.exists()
        place.parent.mkdir(exist_ok=True, mode=0o750)
        temporary.chmod(0o440)
        temporary.replace(place)
        _sync_folder(place.parent)
        if made:
            _sync_folder(self.root)

    def get(self, sha256: str) -> bytes:
        """See Store."""
        with self.open(sha256) as stream:
            return stream.read()

    def open(self, sha256: str) -> IO[bytes]:
        """See Store."""
        try:
            file = open(self._place(sha256), "rb")  # noqa: SIM115 - it closes with the stream
        except FileNotFoundError as problem:
            raise Missing(sha256) from problem
        return io.BufferedReader(Checked(file, sha256), PIECE)

    def exists(self, sha256: str) -> bool:
        """See Store."""
        return os.path.exists(self._place(sha256))

    def is_whole(self, sha256: str) -> bool:
        """See Store. Costs reading it."""
        try:
            with self.open(sha256) as stream:
                while stream.read(PIECE):
                    continue
        except (Missing, Damaged):
            return False
        return True

    def size(self, sha256: str) -> int:
        """See Store. Known from the frame's head where the writer gave it, else by reading."""
        try:
            with self.path(sha256).open("rb") as file:
                head = file.read(FRAME_HEAD)
        except FileNotFoundError as problem:
            raise Missing(sha256) from problem
        known = frame_size(head, sha256)
        if known >= 0:
            return known
        with self.open(sha256) as stream:
            return sum(len(piece) for piece in iter(lambda: stream.read(PIECE), b""))

    def put_packed(self, sha256: str, packed: BinaryIO) -> None:
        """See Store."""
        place = self._place(sha256)
        if self.is_whole(sha256):
            return
        folder = os.path.dirname(place)
        if not os.path.exists(folder):
            Path(folder).mkdir(exist_ok=True, mode=0o750)
        temporary = f"{folder}/.writing-{os.getpid()}-{os.urandom(6).hex()}"
        try:
            with open(temporary, "xb", buffering=0, opener=_for_reading_only) as file:
                shutil.copyfileobj(packed, file, PIECE)
            os.rename(temporary, place)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def settle(self) -> None:
        """See Store."""
        _sync_file_system(self.root)

    def remove(self, sha256: str) -> bool:
        """See Store. Gone from the disk when this returns."""
        place = self.path(sha256)
        try:
            place.unlink()
        except FileNotFoundError:
            return False
        _sync_folder(place.parent)
        return True

    def set_aside(self, sha256: str) -> None:
        """See Store. It goes to `damaged/` beside the contents."""
        folder = self.root / "damaged"
        folder.mkdir(exist_ok=True, mode=0o750)
        self.path(sha256).replace(folder / f"{sha256}-{os.urandom(4).hex()}.zst")

    def lend(self, sha256s: Iterable[str], folder: Path) -> Path:
        """See Store."""
        return self.root


def _for_reading_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o440)


def _sync_file_system(path: Path) -> None:
    """Bring everything on the file system of `path` to the disk: for thousands of files, far quicker than one by one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
