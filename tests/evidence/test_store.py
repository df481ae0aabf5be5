import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
import zstandard

from audits.evidence import Damaged, Missing, StoreProblem, open_store
from audits.evidence.store import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    found = open_store((tmp_path / "evidence").as_uri())
    assert isinstance(found, FolderStore)
    return found


@pytest.mark.parametrize("content", [b"", b"a", b"abc" * 100_000, os.urandom(3_000_000)])
def test_what_is_put_comes_back_under_the_hash_of_its_bytes(store, content):
    sha256 = store.put(content)
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert store.get(sha256) == content
    assert store.size(sha256) == len(content)
    assert store.exists(sha256)


def test_a_file_is_put_without_holding_it_and_gets_the_same_name_as_its_bytes(store):
    content = os.urandom(1000) * 3000
    assert store.put(io.BytesIO(content)) == store.put(content)
    assert store.size(hashlib.sha256(content).hexdigest()) == len(content)


def test_the_same_content_is_kept_once_and_nothing_unfinished_stays(store):
    first = store.put(b"same")
    second = store.put(io.BytesIO(b"same"))
    files = [p for p in store.root.rglob("*") if p.is_file()]
    assert first == second
    assert files == [store.path(first)]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o440


def test_a_write_that_fails_leaves_nothing_behind(store):
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        store.put(Breaking())
    assert list(store.root.iterdir()) == []


def test_changed_bytes_are_noticed_when_they_are_read(store):
    sha256 = store.put(b"the truth")
    path = store.path(sha256)
    path.chmod(0o600)
    path.write_bytes(zstandard.compress(b"a lie"))
    with pytest.raises(Damaged, match="holds other bytes than its name says"):
        store.get(sha256)
    path.write_bytes(b"no zstd at all")
    with pytest.raises(Damaged, match="can't be unpacked"):
        store.get(sha256)


def test_a_content_cut_short_on_the_disk_is_noticed(store):
    sha256 = store.put(os.urandom(500_000))
    path = store.path(sha256)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(Damaged):
        store.get(sha256)


def test_an_unknown_content_is_missing_and_a_malformed_hash_never_reaches_the_disk(store):
    with pytest.raises(Missing, match="no content with the hash"):
        store.get("0" * 64)
    with pytest.raises(ValueError, match="no SHA-256"):
        store.get("../../etc/passwd")


def test_a_content_that_was_packed_elsewhere_is_kept_as_it_is_and_once(store):
    packed = zstandard.ZstdCompressor(level=1, write_checksum=True).compress(b"packed by a recorder")
    sha256 = hashlib.sha256(b"packed by a recorder").hexdigest()
    store.put_packed(sha256, io.BytesIO(packed))
    store.put_packed(sha256, io.BytesIO(b"not read any more"))
    store.settle()
    assert store.get(sha256) == b"packed by a recorder"
    assert store.size(sha256) == len(b"packed by a recorder")
    assert [path for path in store.root.rglob("*") if path.is_file()] == [store.path(sha256)]
    assert stat.S_IMODE(store.path(sha256).stat().st_mode) == 0o440


def test_a_packed_content_that_is_another_than_its_hash_says_is_noticed_when_it_is_read(store):
    store.put_packed("0" * 64, io.BytesIO(zstandard.compress(b"another")))
    with pytest.raises(Damaged):
        store.get("0" * 64)


def test_a_packed_content_that_breaks_off_leaves_nothing_behind(store):
    class Breaking(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        store.put_packed("0" * 64, Breaking())
    assert not [path for path in store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("url", ["gs://bucket/evidence", "file://elsewhere/evidence", "evidence"])
def test_an_address_that_is_no_folder_here_is_refused_with_what_would_do(url):
    with pytest.raises(StoreProblem, match="file:///"):
        open_store(url)
