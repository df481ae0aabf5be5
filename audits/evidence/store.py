"""Where contents of evidence lie: named by the SHA-256 of their bytes, compressed, written once, checked when read.

`open_store` picks the kind of store by URL. A folder keeps `<sha256[:2]>/<sha256>.zst`, the layout that the recorder
writes as well, so that its blobs are adopted without being copied where the file system allows.
"""

from __future__ import annotations

import ctypes
import hashlib
import io
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Protocol
from urllib.parse import unquote, urlsplit

import zstandard

LEVEL = 3
PIECE = 1024 * 1024
_FRAME_HEAD = 18  # the longest head of a zstd frame, in bytes
_NAME = re.compile(r"([0-9a-f]{64})\.zst\Z")


class StoreProblem(RuntimeError):
    """The store can't be opened or written; the message says how to mend it."""


class Missing(KeyError):
    """No content of this hash is in the store."""

    def __str__(self) -> str:
        return f"no content with the hash {self.args[0]} is in the evidence store"


class Damaged(ValueError):
    """A stored content is not what its name says."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What adopting a folder of blobs came to; `damaged` names files whose content is not what they are called."""

    taken: int
    known: int
    damaged: tuple[str, ...]


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

    def size(self, sha256: str) -> int:
        """Bytes of the uncompressed content. Raises Missing or Damaged."""

    def adopt(self, folder: Path) -> Adopted:
        """Take in the blobs of a folder in the layout above, each checked first."""

    def remove(self, sha256: str) -> bool:
        """Let go of a content for good, for erasure alone; False when there was none."""

    def set_aside(self, sha256: str) -> None:
        """Move a damaged content out of the way of a good one, without losing what is left of it."""


def open_store(url: str) -> FolderStore:
    """The store at a URL; `file:///var/evidence` or a plain path is a folder. Raises StoreProblem for other kinds."""
    parts = urlsplit(url)
    if parts.scheme not in ("", "file") or parts.netloc not in ("", "localhost"):
        raise StoreProblem(f"EVIDENCE_URL {url!r}: only file:///an/absolute/folder is known")
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
        if not _NAME.match(f"{sha256}.zst"):
            raise ValueError(f"{sha256!r} is no SHA-256 in lower-case hex digits")
        return self.root / sha256[:2] / f"{sha256}.zst"

    def put(self, content: bytes | BinaryIO) -> str:
        """See Store. The content is on the disk when this returns."""
        if isinstance(content, bytes):
            sha256 = hashlib.sha256(content).hexdigest()
            if self.path(sha256).exists():
                return sha256
            content = io.BytesIO(content)
        digest = hashlib.sha256()
        with self._beside() as (file, publish):
            with zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).stream_writer(
                file, closefd=False
            ) as packer:
                while piece := content.read(PIECE):
                    digest.update(piece)
                    packer.write(piece)
            publish(digest.hexdigest())
        return digest.hexdigest()

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
            file = self.path(sha256).open("rb")
        except FileNotFoundError as problem:
            raise Missing(sha256) from problem
        return io.BufferedReader(_Checked(file, sha256), PIECE)

    def exists(self, sha256: str) -> bool:
        """See Store."""
        return self.path(sha256).exists()

    def size(self, sha256: str) -> int:
        """See Store. Known from the frame's head where the writer gave it, else by reading."""
        try:
            with self.path(sha256).open("rb") as file:
                head = file.read(_FRAME_HEAD)
        except FileNotFoundError as problem:
            raise Missing(sha256) from problem
        try:
            known = zstandard.frame_content_size(head)
        except zstandard.ZstdError as problem:
            raise Damaged(f"the content {sha256} can't be unpacked: {problem}") from problem
        if known >= 0:
            return known
        with self.open(sha256) as stream:
            return sum(len(piece) for piece in iter(lambda: stream.read(PIECE), b""))

    def adopt(self, folder: Path) -> Adopted:
        """See Store. Blobs stay in `folder` too: linked where both lie on one file system, else copied."""
        taken, known = 0, 0
        damaged: list[str] = []
        for path in sorted(folder.glob("[0-9a-f][0-9a-f]/*.zst")):
            named = _NAME.match(path.name)
            if named is None or not _is_good(path, named.group(1)):
                damaged.append(path.relative_to(folder).as_posix())
            elif self.exists(named.group(1)):
                known += 1
            else:
                self._take(path, named.group(1))
                taken += 1
        if taken:
            _sync_file_system(self.root)
        return Adopted(taken, known, tuple(damaged))

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

    def _take(self, path: Path, sha256: str) -> None:
        place = self.path(sha256)
        place.parent.mkdir(exist_ok=True, mode=0o750)
        try:
            os.link(path, place)
        except FileExistsError:
            return
        except OSError:
            with self._beside() as (file, publish), path.open("rb") as source:
                while piece := source.read(PIECE):
                    file.write(piece)
                publish(sha256)
            return
        place.chmod(0o440)


def _is_good(path: Path, sha256: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with suppress(Damaged), io.BufferedReader(_Checked(path.open("rb"), sha256), PIECE) as stream:
        while stream.read(PIECE):
            continue
        return True
    return False


class _Checked(io.RawIOBase):
    """Unpacks while it is read, and compares the hash at the end."""

    def __init__(self, file: BinaryIO, sha256: str) -> None:
        self._file = file
        self._reader = zstandard.ZstdDecompressor().stream_reader(file)
        self._digest = hashlib.sha256()
        self._sha256 = sha256

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            piece = self._reader.read(len(buffer))
        except zstandard.ZstdError as problem:
            raise Damaged(f"the content {self._sha256} can't be unpacked: {problem}") from problem
        if not piece and self._digest.hexdigest() != self._sha256:
            raise Damaged(f"the content {self._sha256} holds other bytes than its name says")
        self._digest.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._file.close()
        super().close()


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
