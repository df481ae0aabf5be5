"""Importing usage that other tools logged: keep what was given, credentials masked; read it; sum it up; judge it."""

import hashlib
import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from audits.actions.ingesting import (
    BATCH,
    EntryRow,
    Written,
    begin,
    move,
    sum_up,
    sum_up_changed,
    write_entries,
)
from audits.actions.same_calls import Changed, together
from audits.capture.masking import Masker
from audits.evidence.store import Store, open_store
from audits.ingest.guessing import LOOKED_AT, likely_source
from audits.ingest.keeping import Pieces, kept_text
from audits.ingest.masking import Fingerprint
from audits.ingest.readers.mapped import BadMapping, mapping_of, require_columns
from audits.ingest.reading import Found, Rejected, first_rows, is_table, read_part
from audits.ingest.records import Reader
from audits.ingest.sources import SOURCES, Source, reader_of
from audits.ingest.unpacking import MOST_BYTES, NOT_READ, TooLarge, Unacceptable, parts_of
from audits.models import Import
from audits.procedures.executing import mask_salt
from audits.procedures.imported_rows import Rows
from audits.procedures.judging_imports import judge_log, judge_logs
from compliance.engine.library import Library
from compliance.queries.library import library_from_database

# Session-wide name of the locks: one worker reads an import, even when its task was delivered twice.
LOCK = 0x494D50
_HASHED_AT_ONCE = 1024 * 1024
Progress = Callable[[Import], None]


@dataclass(frozen=True)
class Kept:
    """What is in the evidence store of a file: its own hash and size, and each part's name, hash and size."""

    sha256: str
    size: int
    parts: list[dict[str, Any]]


def fingerprints() -> Fingerprint:
    """How keys are told apart without being kept: as the recorder does it, so that one key looks the same everywhere."""
    return Masker((), mask_salt(Path(settings.VAR_DIR))).fingerprint


def keep_file(file: BinaryIO, name: str, source: Source, most: int = MOST_BYTES) -> Kept:
    """Put a file (seekable) into the evidence store, unpacked, as text of one record a line, credentials masked.

    Raises Unacceptable, naming the file, when it can't be read at all.
    """
    store = open_store(settings.EVIDENCE_URL)
    sha256, size = _digest(file)
    if not size:
        raise Unacceptable(f"{name}: an empty file")
    kept, refused = _keep_parts(file, name, source, most)
    if not kept:
        raise refused[0][1] if refused else Unacceptable(f"{name}: there is nothing in it")
    return Kept(sha256, size, kept + [_said(problem, part, store) for part, problem in refused])


def _keep_parts(
    file: BinaryIO, name: str, source: Source, most: int
) -> tuple[list[dict[str, Any]], list[tuple[str, Unacceptable]]]:
    """The parts that are kept, and which others of an archive were refused."""
    store, kept, refused = open_store(settings.EVIDENCE_URL), [], []
    for part in parts_of(file, name, most):
        try:
            kept.append(_keep_part(part.stream, part.name, source, store))
        except TooLarge:
            raise
        except Unacceptable as problem:
            if not part.of_archive:
                raise
            refused.append((part.name, problem))
    return [one for one in kept if one["size"]], refused


def _said(problem: Unacceptable, name: str, store: Store) -> dict[str, Any]:
    """What stands in the place of a file that was refused, and is rejected when it is read: that, and why."""
    line = NOT_READ + " ".join(str(problem).split()).encode() + b"\n"
    return {"name": name, "sha256": store.put(line), "size": len(line)}


def _digest(file: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    while piece := file.read(_HASHED_AT_ONCE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _keep_part(stream: Any, name: str, source: Source, store: Store) -> dict[str, Any]:
    binary = source.is_binary is not None and source.is_binary(stream.peek(16)[:16])
    decoder = source.decoder if binary else None
    pieces = Pieces(_ahead(kept_text(stream, name, fingerprints(), decoder, source.prepare)))
    sha256 = store.put(pieces)  # type: ignore[arg-type]
    return {"name": name[:300], "sha256": sha256, "size": pieces.size}


def _ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces; each is made while the one before is hashed and packed, which lets other threads run."""
    with ThreadPoolExecutor(1, "keep") as thread:
        waiting = thread.submit(next, pieces, None)
        while (piece := waiting.result()) is not None:
            waiting = thread.submit(next, pieces, None)
            yield piece


def carry_out(import_id: int, progress: Progress | None = None) -> Import:
    """Read what an import kept, write what is new, judge its log anew. May be repeated: it changes nothing the second time."""
    imported = Import.objects.select_related("pipeline__project").get(pk=import_id)
    with _alone(imported) as alone:
        if alone and move(imported, Import.State.READING):
            try:
                _read(imported, progress)
            except (Unacceptable, BadMapping) as problem:
                imported.refresh_from_db()
                sum_up(imported)
                move(imported, Import.State.FAILED, reason=f"{problem}"[:2000])
    imported.refresh_from_db()
    return imported


@contextmanager
def _alone(imported: Import) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK, imported.pk])
        (alone,) = cursor.fetchone()
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK, imported.pk])


def _read(imported: Import, progress: Progress | None) -> None:
    store = open_store(settings.EVIDENCE_URL)
    library = library_from_database(imported.pipeline.project_id)
    reader = reader_of(SOURCES[imported.source], imported.options)
    begin(imported)
    Import.objects.filter(pk=imported.pk).update(total_bytes=sum(part["size"] for part in imported.parts))
    if SOURCES[imported.source].reader is None:
        _require_columns(imported, store)
    rows = Rows(imported, library)
    several = len(imported.parts) > 1
    written: list[Written] = []
    for part in imported.parts:
        with store.open(part["sha256"]) as stream:
            try:
                written.append(read_kept(imported, stream, part["name"] if several else "", reader, rows, progress))
            except Unacceptable as problem:
                if not several:
                    raise
                unread = [Rejected(1, f"none of this file could be read: {problem}", "")]
                written.append(write_entries(imported, [], part["name"], unread, rejected=1))
    changed = together(*(one.changed for one in written))
    _require_something(imported, store)
    conclude(imported, library, Written(sum(one.entries for one in written), changed))


def _require_columns(imported: Import, store: Store) -> None:
    """Raise BadMapping when the mapping names columns that a table of the import does not have; JSON may leave some out."""
    mapping = mapping_of(imported.options)
    for part in imported.parts:
        with store.open(part["sha256"]) as stream:
            if is_table(stream):  # type: ignore[arg-type]
                require_columns(mapping, first_rows(stream, 0)[0])  # type: ignore[arg-type]


def _require_something(imported: Import, store: Store) -> None:
    """Raise Unacceptable when every record was rejected: then it is of another source, most likely."""
    imported.refresh_from_db(fields=["read", "passed_over", "rejected"])
    first = imported.rejected_lines.order_by("id").first()
    if imported.read or imported.passed_over or first is None:
        return
    likely = "" if SOURCES[imported.source].reader is None else _likely(imported, store)
    what = "its only record" if imported.rejected == 1 else f"none of its {imported.rejected:,} records"
    verb = "can't" if imported.rejected == 1 else "can"
    raise Unacceptable(f"{imported.name}: {what} {verb} be read; line {first.line}: {first.reason}. {likely}".strip())


def _likely(imported: Import, store: Store) -> str:
    with store.open(imported.parts[0]["sha256"]) as stream:
        source = likely_source(stream.read(LOOKED_AT), imported.source)
    return f"It looks like a file of {source.title} ({source.name})." if source else "Is it really of that source?"


def read_kept(
    imported: Import, stream: Any, part: str, reader: Reader, rows: Rows, progress: Progress | None = None
) -> Written:
    """Read one kept part into the import, batch by batch, each written whole or not at all; tells what that came to."""
    counted = _Counted(stream)
    batch = _Batch(imported, part)
    with _Writer() as writer:
        for outcome in read_part(io.BufferedReader(counted, _HASHED_AT_ONCE), reader):
            if type(outcome) is Found:
                batch.entries.append(rows.row(outcome))
            elif type(outcome) is Rejected:
                batch.rejected.append(outcome)
            else:
                batch.passed_over += 1
            if len(batch.entries) >= BATCH or len(batch.rejected) >= BATCH:
                writer.wait()
                if progress:
                    progress(imported)
                writer.take(batch, counted.taken())
                batch = _Batch(imported, part)
        writer.wait()
        writer.took(batch.write(counted.taken()))
        return Written(writer.entries, writer.changed)


class _Batch:
    """Records on their way into the database."""

    def __init__(self, imported: Import, part: str) -> None:
        self._imported, self._part = imported, part
        self.entries: list[EntryRow] = []
        self.rejected: list[Rejected] = []
        self.passed_over = 0

    def write(self, done_bytes: int) -> Written:
        """Write them; tells what that came to."""
        return write_entries(
            self._imported, self.entries, self._part, self.rejected,
            read=len(self.entries), rejected=len(self.rejected), passed_over=self.passed_over, done_bytes=done_bytes,
        )  # fmt: skip


class _Writer:
    """Writes one batch while the next is read: the database has a processor of its own to do it with.

    It does so on the connection of whoever made it, who leaves that alone until `wait` is back: then a batch that failed
    fails the reading as well, and what is read inside a transaction stays inside it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "import", initializer=_share, initargs=(connections[DEFAULT_DB_ALIAS],))
        self._pending: Future[Written] | None = None
        self.entries = 0
        self.changed: Changed = {}

    def take(self, batch: _Batch, done_bytes: int) -> None:
        """Begin to write a batch; nothing may be pending."""
        self._pending = self._thread.submit(batch.write, done_bytes)

    def wait(self) -> None:
        """Until the last batch is written; raises what went wrong with it."""
        pending, self._pending = self._pending, None
        if pending is not None:
            self.took(pending.result())

    def took(self, written: Written) -> None:
        """Add what a batch came to."""
        self.entries += written.entries
        self.changed = together(self.changed, written.changed)

    def __enter__(self) -> "_Writer":
        connections[DEFAULT_DB_ALIAS].inc_thread_sharing()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(wait=True)
        connections[DEFAULT_DB_ALIAS].dec_thread_sharing()


def _share(lent: BaseDatabaseWrapper) -> None:
    connections[DEFAULT_DB_ALIAS] = lent


class _Counted(io.RawIOBase):
    """A stream that tells how much of it was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        given = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._read += given
        return int(given)

    def taken(self) -> int:
        """Bytes read since this was last asked."""
        since, self._read = self._read, 0
        return since


def conclude(imported: Import, library: Library, written: Written) -> None:
    """Sum up what was read, judge the log anew if that wrote anything, and say that the import is done.

    So are other logs of the project, where calls of theirs turned out to be the same.
    """
    imported.refresh_from_db()
    new = sum_up(imported)
    sum_up_changed(written.changed)
    judged = written.entries or written.changed or (new and imported.run is None)
    run = judge_log(imported, library) if judged else imported.run
    judge_logs(written.changed.keys() - {imported.pipeline_id}, library)
    move(imported, Import.State.DONE, new=new, known=imported.read - new, done_bytes=imported.total_bytes, run=run)
