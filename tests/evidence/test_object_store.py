"""Evidence in a bucket, against an S3 server in a process of its own."""

import hashlib
import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
import zstandard

from audits.evidence import Damaged, Missing, StoreProblem, open_store, verify_bundle
from audits.evidence.objects import ObjectStore
from tests.evidence.conftest import make_evidence

SOME = b"a question and its answer " * 4_000


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(f"{address}/evidence", method="PUT"), timeout=10).close()
            break
        except OSError:
            assert time.monotonic() < deadline, "the S3 server did not come up"
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait()


@pytest.fixture
def url(server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return f"s3://evidence/{request.node.name[:40]}?endpoint={server}&region=us-east-1"


@pytest.fixture
def store(url: str) -> ObjectStore:
    found = open_store(url)
    assert isinstance(found, ObjectStore)
    return found


def test_a_content_comes_back_as_it_was_put_and_lies_there_packed(store: ObjectStore):
    sha256 = store.put(SOME)
    assert (store.get(sha256), store.size(sha256), store.exists(sha256)) == (SOME, len(SOME), True)
    assert store.put(SOME) == sha256
    assert len(bytes(obstore.get(store._bucket, f"{sha256[:2]}/{sha256}.zst").bytes())) < len(SOME) / 10
    with pytest.raises(Missing):
        store.get("0" * 64)
    assert store.remove(sha256)
    assert not store.exists(sha256)
    assert not store.remove(sha256)


def test_large_contents_go_in_parts(store: ObjectStore):
    large = os.urandom(20 * 1024 * 1024)
    sha256 = store.put(large)
    assert store.get(sha256) == large


def test_a_content_that_was_changed_in_the_bucket_is_not_read_by_mistake(store: ObjectStore):
    sha256, other = store.put(SOME), store.put(b"something else")
    body = obstore.get(store._bucket, f"{other[:2]}/{other}.zst").bytes()
    obstore.put(store._bucket, f"{sha256[:2]}/{sha256}.zst", bytes(body))
    with pytest.raises(Damaged, match="holds other bytes than its name says"):
        store.get(sha256)
    store.set_aside(sha256)
    assert not store.exists(sha256)


def test_a_content_that_was_packed_elsewhere_is_sent_as_it_is_and_can_be_lent(store: ObjectStore, tmp_path: Path):
    sha256 = hashlib.sha256(SOME).hexdigest()
    store.put_packed(sha256, io.BytesIO(zstandard.ZstdCompressor(write_checksum=True).compress(SOME)))
    store.put_packed(sha256, io.BytesIO(b"not read any more"))
    store.settle()
    assert store.get(sha256) == SOME
    assert store.lend([sha256], tmp_path / "lent").joinpath(sha256[:2], f"{sha256}.zst").exists()


def test_a_bundle_is_made_from_a_bucket(url: str, tmp_path: Path):
    evidence = make_evidence(tmp_path, url=url)
    assert verify_bundle(str(evidence.bundle(tmp_path / "bundle.zip"))).ok


@pytest.mark.parametrize("wrong", ["s3://", "s3://key:secret@bucket/x", "s3://bucket/x?acl=public"])
def test_a_url_that_says_something_unknown_is_refused_without_repeating_secrets(wrong: str):
    with pytest.raises(StoreProblem, match="AWS_ACCESS_KEY_ID") as problem:
        open_store(wrong)
    assert "secret" not in str(problem.value).replace("AWS_SECRET", "")


def test_a_bucket_out_of_reach_is_a_problem_that_names_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    store = open_store("s3://nowhere/x?endpoint=http://127.0.0.1:9&region=us-east-1&retries=0")
    with pytest.raises(StoreProblem, match="s3://nowhere"):
        store.put(b"x")
