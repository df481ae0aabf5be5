"""Bodies that share a file: found again while it grows, never taken for others, and lost only where the file was torn."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import zstandard

from audits.capture.blobs import BlobStore, Bodies, DamagedBlob, LargeBlob
from audits.capture.packs import SUFFIX, PackIndex, PackWriter, entries

ONE, TWO, THREE = (name * 500 for name in (b"one", b"two", b"three"))
SMALL = b"a small one"


def name_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def pack_in(folder: Path) -> Path:
    (pack,) = folder.glob(f"*{SUFFIX}")
    return pack


def test_a_body_is_there_after_the_flush_and_one_pack_holds_many(tmp_path: Path) -> None:
    store, bodies = BlobStore(tmp_path), Bodies(tmp_path)
    first = store.put(ONE)
    with pytest.raises(FileNotFoundError):
        bodies.read(first)
    store.flush()
    assert bodies.read(first) == ONE
    second, again = store.put(TWO), store.put(ONE)
    store.flush()
    assert (again, bodies.read(second), bodies.read(first)) == (first, TWO, ONE)
    assert [digest.hex() for digest, _, _ in entries(pack_in(tmp_path))] == [first, second]
    assert set(store.unsynced) == {str(pack_in(tmp_path))}


def test_a_large_body_has_a_file_of_its_own_beside_the_packs(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    large = LargeBlob(store)
    large.write(ONE)
    large.write(TWO)
    sha256 = large.finish()
    assert Bodies(tmp_path).read(sha256) == ONE + TWO
    assert list(tmp_path.glob(f"*{SUFFIX}")) == []


def test_what_a_killed_writer_left_torn_is_passed_over_and_its_successors_pack_is_read(tmp_path: Path) -> None:
    killed = BlobStore(tmp_path)
    whole, torn = killed.put(ONE), killed.put(TWO)
    killed.flush()
    os.truncate(pack_in(tmp_path), pack_in(tmp_path).stat().st_size - 1)
    bodies = Bodies(tmp_path)
    assert bodies.read(whole) == ONE
    with pytest.raises(FileNotFoundError):
        bodies.read(torn)
    successor = BlobStore(tmp_path)
    assert successor.put(TWO) == torn
    successor.flush()
    assert bodies.read(torn) == TWO
    assert len(list(tmp_path.glob(f"*{SUFFIX}"))) == 2


@pytest.mark.parametrize("shorter", [1, 39, 40, 41])
def test_an_entry_that_is_half_written_is_found_once_it_is_whole(tmp_path: Path, shorter: int) -> None:
    store = BlobStore(tmp_path)
    first, second = store.put(ONE), store.put(TWO)
    store.flush()
    whole = pack_in(tmp_path).read_bytes()
    os.truncate(pack_in(tmp_path), len(whole) - shorter)
    index = PackIndex(tmp_path)
    assert index.find(first) is not None
    assert index.find(second) is None
    pack_in(tmp_path).write_bytes(whole)
    assert index.find(second) is not None


def test_a_body_that_another_hash_was_claimed_for_is_not_given_out(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    store.put(ONE)
    store.flush()
    found = PackIndex(tmp_path).find(name_of(ONE))
    assert found is not None
    forger = PackWriter(tmp_path)
    forger.add(bytes.fromhex(name_of(THREE)), found.content, packed=True)
    forger.add(bytes.fromhex(name_of(TWO)), b"nothing that was ever packed", packed=True)
    forger.add(bytes.fromhex(name_of(SMALL)), b"another small one", packed=False)
    forger.flush()
    for body in (TWO, THREE, SMALL):
        with pytest.raises(DamagedBlob):
            Bodies(tmp_path).read(name_of(body))


@pytest.mark.parametrize("body", [SMALL, ONE, b"\x28\xb5\x2f\xfd that begins as a zstd frame does"])
def test_a_body_is_packed_for_whoever_keeps_it_however_it_lay(tmp_path: Path, body: bytes) -> None:
    store = BlobStore(tmp_path)
    sha256 = store.put(body)
    store.flush()
    packed = Bodies(tmp_path).packed(sha256)
    assert packed is not None
    assert zstandard.ZstdDecompressor().decompress(packed.read()) == body == Bodies(tmp_path).read(sha256)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "zz" * 32, "A" * 64, "a" * 63])
def test_a_name_that_is_no_hash_is_nowhere(tmp_path: Path, name: str) -> None:
    assert Bodies(tmp_path).packed(name) is None


def test_whoever_asks_in_order_needs_few_places(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    names = [store.put(b"%d" % number * 50) for number in range(300)]
    store.flush()
    index = PackIndex(tmp_path, most=100)
    assert index.find(names[0]) is None, "10,000 are read at once, and the last 100 remembered"
    assert all(index.find(name) is not None for name in names[200:])
    assert len(index._places) == 100
