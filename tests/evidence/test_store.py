import hashlib
import io
import os
import stat
from pathlib import Path

import pytest
import zstandard

from audits.capture.blobs import BlobStore
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


def test_the_recorders_blobs_are_adopted_and_damaged_ones_named(store, tmp_path):
    spool = tmp_path / "spool"
    blobs = BlobStore(spool)
    names = [blobs.put(content) for content in (b"one", b"two", b"three")]
    store.put(b"three")
    bad = spool / names[1][:2] / f"{names[1]}.zst"
    bad.chmod(0o600)
    bad.write_bytes(zstandard.compress(b"another"))
    found = store.adopt(spool)
    assert (found.taken, found.known) == (1, 1)
    assert found.damaged == (f"{names[1][:2]}/{names[1]}.zst",)
    assert store.get(names[0]) == b"one"
    assert not store.exists(names[1])


def test_a_link_out_of_the_spool_is_not_followed(store, tmp_path):
    secret = tmp_path / "secret.zst"
    secret.write_bytes(zstandard.compress(b"secret"))
    name = hashlib.sha256(b"secret").hexdigest()
    place = tmp_path / "spool" / name[:2] / f"{name}.zst"
    place.parent.mkdir(parents=True)
    place.symlink_to(secret)
    assert store.adopt(tmp_path / "spool").damaged == (f"{name[:2]}/{name}.zst",)


@pytest.mark.parametrize("url", ["gs://bucket/evidence", "file://elsewhere/evidence", "evidence"])
def test_an_address_that_is_no_folder_here_is_refused_with_what_would_do(url):
    with pytest.raises(StoreProblem, match="file:///"):
        open_store(url)
