"""Bodies from a recorder's folder into the store: each before a row names it, and once more when the store's was torn."""

import hashlib
from pathlib import Path

import pytest

from audits.capture.blobs import BlobStore
from audits.evidence import Missing
from audits.evidence.store import FolderStore
from audits.models import Gap
from audits.procedures.bodies import RecordedBodies
from audits.procedures.recording import Event
from audits.procedures.salvaging import _check_contents
from tests.factories import make_run

ASKED, ANSWERED = b"a question " * 40, b"an answer " * 40


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "evidence")


@pytest.fixture
def recorder(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "spool" / "blobs")


def lines(*bodies: bytes) -> list[Event]:
    return [{"kind": "exchange", "request_body": {"sha256": hashlib.sha256(body).hexdigest()}} for body in bodies]


def test_a_body_is_in_the_store_once_it_is_kept_and_can_be_read_before(store: FolderStore, recorder: BlobStore):
    bodies, sha256 = RecordedBodies(recorder.directory, store), recorder.put(ASKED)
    recorder.flush()
    assert bodies.read(sha256) == ASKED
    assert not store.exists(sha256)
    bodies.keep(sha256)
    assert store.get(sha256) == ASKED


def test_a_body_that_only_the_store_has_is_read_from_there(store: FolderStore, recorder: BlobStore):
    bodies = RecordedBodies(recorder.directory, store)
    assert bodies.read(store.put(ASKED)) == ASKED
    with pytest.raises(Missing):
        bodies.read("0" * 64)


def test_what_an_earlier_power_cut_tore_in_the_store_is_written_anew_by_the_next_who_keeps_it(
    store: FolderStore, recorder: BlobStore
):
    sha256 = recorder.put(ASKED)
    recorder.flush()
    store.put(ASKED)
    store.path(sha256).chmod(0o600)
    store.path(sha256).write_bytes(store.path(sha256).read_bytes()[:-12])
    RecordedBodies(recorder.directory, store).keep(sha256)
    assert store.get(sha256) == ASKED
    store.path(sha256).chmod(0o600)
    store.path(sha256).write_bytes(b"")
    assert store.get(store.put(ASKED)) == ASKED


@pytest.mark.django_db
def test_what_the_power_cut_tore_in_the_store_is_taken_once_more_from_the_recorder(
    store: FolderStore, recorder: BlobStore
):
    run = make_run()
    sha256 = recorder.put(ASKED)
    recorder.flush()
    store.put(ASKED)
    store.path(sha256).chmod(0o600)
    store.path(sha256).write_bytes(b"")
    _check_contents(run, lines(ASKED), store, RecordedBodies(recorder.directory, store), "execute")
    assert store.get(sha256) == ASKED
    assert not Gap.objects.filter(run=run).exists()


@pytest.mark.django_db
def test_a_body_that_is_nowhere_whole_is_named_and_what_is_left_of_it_put_aside(
    store: FolderStore, recorder: BlobStore
):
    run = make_run()
    torn = store.put(ANSWERED)
    store.path(torn).chmod(0o600)
    store.path(torn).write_bytes(store.path(torn).read_bytes()[:-12])
    events = lines(ASKED, ANSWERED, ASKED)
    _check_contents(run, events, store, RecordedBodies(recorder.directory, store), "execute")
    gaps = {gap.subject: gap.detail for gap in Gap.objects.filter(run=run)}
    assert set(gaps) == {hashlib.sha256(ASKED).hexdigest(), torn}
    assert "never reached the store" in gaps[hashlib.sha256(ASKED).hexdigest()]
    assert "was put aside" in gaps[torn]
    assert len(list((store.root / "damaged").iterdir())) == 1
