"""The writing process of a recorder: frames in, record and bodies out.

`python -m audits.capture.writer RING NOTIFY READY`, started by the recorder alone, with file descriptor numbers; its
configuration comes on standard input. It lives in a session of its own and ignores polite signals: it ends when the
recorder is gone, however that came about, and everything handed over is stored. One that is killed has a successor,
which reads once more what was under way.

What reaches the disk when: lines and bodies are handed to the kernel within milliseconds (they survive the death of
both processes) and flushed to the disk about ten times a second, and at the end (they survive a power cut).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from audits.capture.assembly import Assembly
from audits.capture.blobs import BlobStore
from audits.capture.config import RecorderConfig
from audits.capture.inheritance import Inheritance
from audits.capture.journal import JournalReader, Ring
from audits.capture.masking import Masker
from audits.capture.packs import SUFFIX
from audits.capture.spool import SpoolWriter, utc_text
from audits.capture.withholding import Withholding

BATCH_BYTES = 512 * 1024
SYNC_SECONDS = 0.1
# While calls pour in they come first: the writer rests this many times as long as it worked, and between so many seconds,
# until the backlog fills this part of the ring, or something has waited for so many seconds.
REST_FACTOR, SHORTEST_REST, LONGEST_REST = 6.0, 0.05, 0.25
CALM_PART, LONGEST_WAIT = 0.25, 0.5
# As nice as can be: between two cores that are busy with calls nothing is left for it but what they leave.
NICENESS = 19
# Beyond so many new files one call for the whole file system is cheaper than one for each.
MOST_SINGLE_SYNCS = 32


class Turn:
    """Who goes first. Where the kernel groups processes by session (sched(7), autogroup), niceness counts inside a
    session alone, and this process is alone in its own: the session has to be nice, and can stop being so."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):
            os.nice(NICENESS)
        self._niceness = 0

    def take(self, *, calm: bool) -> None:
        """Calm: forwarding goes first. Otherwise somebody waits for what is written here."""
        niceness = NICENESS if calm else 0
        if niceness != self._niceness:
            # Refused when somebody changed theirs a moment ago: the next round tries again.
            with contextlib.suppress(OSError):
                Path("/proc/self/autogroup").write_text(str(niceness))
                self._niceness = niceness


class Syncing:
    """Flushes what was written to the disk, in a thread of its own: a slow disk must not hold up the writing."""

    def __init__(self, spool: SpoolWriter, store: BlobStore) -> None:
        self._spool = spool
        self._store = store
        self._wake = threading.Event()
        self._ending = False
        self.failure: OSError | None = None
        self._named: set[str] = set()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def request(self) -> None:
        """Something was written. Raises the OSError of an earlier flush that failed."""
        if self.failure is not None:
            raise self.failure
        self._wake.set()

    def finish(self) -> None:
        """Flush the rest and end the thread."""
        self._ending = True
        self._wake.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        while not self._ending and self.failure is None:
            self._wake.wait()
            self._wake.clear()
            began = time.monotonic()
            try:
                self._sync()
            except OSError as error:
                self.failure = error
            if not self._ending:
                # A disk that is slow to flush is not kept busy with nothing else.
                time.sleep(max(SYNC_SECONDS, 4 * (time.monotonic() - began)))

    def _sync(self) -> None:
        names: set[str] = set()
        with contextlib.suppress(IndexError):
            while True:
                names.add(self._store.unsynced.popleft())
        if len(names) > MOST_SINGLE_SYNCS:
            _sync_file_system(self._spool.descriptor)
        else:
            # A pack that grows is named in its folder once.
            for name in names | {os.path.dirname(name) for name in names - self._named}:
                _sync_path(name)
            self._named |= {name for name in names if name.endswith(SUFFIX)}
        os.fsync(self._spool.descriptor)


def _sync_path(name: str) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(descriptor: int) -> None:
    if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@dataclass(frozen=True)
class Commission:
    """What a writing process is told beside its configuration.

    session: what the names of exchanges begin with. salt: what secrets are hashed with. connections: for a successor,
    the facts of connections that frames may refer to, by number; None for the first.
    """

    session: str
    salt: str
    connections: dict[int, dict[str, Any]] | None = None

    def to_json(self) -> str:
        """One line of text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Commission:
        """What `to_json` wrote."""
        told = json.loads(text)
        found = told["connections"]
        return cls(told["session"], told["salt"], found and {int(number): facts for number, facts in found.items()})


def run(config: RecorderConfig, commission: Commission, reader: JournalReader, ready: int) -> None:
    """Write until the recorder is gone and the ring is empty."""
    spool = SpoolWriter(config.spool_directory)
    store = BlobStore(config.blob_directory)
    session, salt = commission.session, commission.salt
    masker = Masker(config.secrets, salt)
    withholding = None if config.content == "full" else Withholding(config.content, store, masker, salt)
    inheritance = None
    if commission.connections is not None:
        known = {
            number: {"id": f"{session}-c{number}", "started": utc_text(facts.pop("at")), **facts}
            for number, facts in commission.connections.items()
        }
        inheritance = Inheritance.of(config.spool_directory, known, reader.first_at())
    assembly = Assembly(spool, store, masker, session, withholding, inheritance)
    assembly.line("started", time.time(), _started(config, session, spool))
    spool.flush()
    syncing = Syncing(spool, store)
    os.write(ready, b"ready\n")
    os.close(ready)
    turn = Turn()
    while not (reader.ended and not reader.behind):
        if not reader.behind:
            reader.wait(1.0)
        calm = is_calm(reader)
        turn.take(calm=calm)
        began = time.monotonic()
        _drain(reader, assembly, store, spool, syncing)
        if calm and reader.behind:
            reader.rest(min(max(REST_FACTOR * (time.monotonic() - began), SHORTEST_REST), LONGEST_REST))
    _conclude(assembly, store, spool)
    syncing.finish()
    spool.close()


def is_calm(reader: JournalReader) -> bool:
    """Whether nobody waits for what is written: there is room in the ring, nothing in it is old, and the recorder lives."""
    fills = reader.backlog >= CALM_PART * reader.capacity
    return not fills and not reader.ended and time.time() - reader.first_at() < LONGEST_WAIT


def _drain(reader: JournalReader, assembly: Assembly, store: BlobStore, spool: SpoolWriter, syncing: Syncing) -> None:
    taken = False
    for frame in reader.frames(BATCH_BYTES):
        assembly.take(frame)
        taken = True
    if taken:
        store.flush()
        spool.flush()
        reader.release(assembly.needed())
        syncing.request()


def _conclude(assembly: Assembly, store: BlobStore, spool: SpoolWriter) -> None:
    now = time.time()
    if assembly.stopped is None:
        assembly.interrupt(now)
    else:
        counts = {kind: count for kind, count in sorted(assembly.counts.items()) if kind != "started"}
        assembly.line("stopped", now, {**assembly.stopped, "totals": counts, "chain_head": spool.head})
    store.flush()
    spool.flush()


def _started(config: RecorderConfig, session: str, spool: SpoolWriter) -> dict[str, object]:
    return {
        "run_id": config.run_id,
        "phase": config.phase,
        "session": session,
        "format": 1,
        "continues": spool.seq > 0,
        "torn_bytes": spool.torn_bytes,
        "default_policy": config.default_policy,
        "policies": dict(config.policies),
        "simulated_upstreams": dict(config.upstreams),
        "secrets": [{"name": item.name, "hosts": list(item.hosts)} for item in config.secrets],
        "allowance": _bounds(config),
        "replay_of": config.recording.name if config.recording else None,
        "content": config.content,
    }


def _bounds(config: RecorderConfig) -> dict[str, object] | None:
    allowance = config.allowance
    if allowance is None:
        return None
    return {
        "hosts": list(allowance.hosts) if allowance.hosts is not None else None,
        "calls": allowance.calls,
        "tokens": allowance.tokens,
        "money_usd": allowance.money_usd,
        "prices": allowance.prices.source if allowance.prices else None,
        "terms_of": allowance.terms.on if allowance.terms else None,
        "purposes": dict(allowance.terms.purposes) if allowance.terms else None,
        "actions": dict(allowance.actions),
        "unpriced": allowance.unpriced,
        "hold_seconds": allowance.hold_seconds,
    }


def main() -> int:
    """Entry point; returns the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ring, notify, ready = (int(text) for text in sys.argv[1:4])
    told, _, configured = sys.stdin.read().partition("\n")
    config = RecorderConfig.from_json(configured)
    try:
        run(config, Commission.from_json(told), JournalReader(Ring(ring), notify), ready)
    except Exception as error:  # noqa: BLE001 - the last line of defence: say it and fail, the recorder then stops
        print(f"the writer of {Path(config.spool_directory)} failed: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
