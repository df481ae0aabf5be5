"""The faults, and the states in which a run may truly end after each."""

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audits.capture.packs import SUFFIX
from audits.capture.spool import RECORD
from tests.faults.far_end import FarEnd
from tests.faults.installation import Installation

Ends = frozenset[str]
WELL: Ends = frozenset({"completed"})
OURS: Ends = frozenset({"completed", "errored", "stale"})


@dataclass(frozen=True)
class Fault:
    """One kind. `strike` does it at the given moment; `forgiven` are the last seconds whose answers it may take away."""

    name: str
    ends: Ends
    strike: Callable[[Installation, FarEnd, random.Random], None]
    forgiven: float = 0.0
    lasts: float = 0.0


def _nothing(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    """The control."""


def _worker(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.kill_worker()


def _recorder(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.kill_recorder(b"audits.capture.recorder")


def _writer(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.kill_recorder(b"audits.capture.writer")


def _database(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.kill_server("postgres")
    time.sleep(chance.uniform(0, 2))


def _broker(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.kill_server("valkey")
    time.sleep(chance.uniform(0, 2))


def _disk(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.fill_disk()


def _network(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    far_end.down.set()
    time.sleep(chance.choice((0.2, 1.0, 4.0)))
    far_end.down.clear()


def _clock(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    installation.jump(chance.choice((-7200, -90, -2, 3, 90, 7200)))


def _power(installation: Installation, far_end: FarEnd, chance: random.Random) -> None:
    """All processes gone, and what the last tenths of a second wrote torn: the record's tail, a body half written."""
    installation.cut_power()
    now = time.time()
    for record in installation.runs.glob(f"*/spool-execute/{RECORD}"):
        if now - record.stat().st_mtime < 1:
            size = record.stat().st_size
            os.truncate(record, max(0, size - chance.randrange(1, 600)))
    for pattern in ("evidence/[0-9a-f][0-9a-f]/*.zst", f"*/spool-execute/blobs/*{SUFFIX}"):
        fresh = [path for path in installation.runs.glob(pattern) if _age(path, now) < 0.3]
        for path in chance.sample(sorted(fresh), min(1, len(fresh))):
            path.chmod(0o640)
            size = path.stat().st_size
            os.truncate(path, max(size // 2, size - chance.randrange(1, 600)))


def _age(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except FileNotFoundError:
        return 1e9


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("nothing", WELL, _nothing),
        Fault("worker", OURS, _worker),
        Fault("recorder", OURS, _recorder),
        Fault("writer", OURS, _writer),
        Fault("database", OURS, _database),
        Fault("broker", WELL, _broker),
        Fault("disk", OURS | {"failed"}, _disk, lasts=2.0),
        Fault("network", WELL | {"failed"}, _network),
        Fault("clock", OURS | {"failed"}, _clock, lasts=3.0),
        # What docs/evidence.md promises for a power cut: what is older than a second is on the disk.
        Fault("power", OURS, _power, forgiven=1.0),
    )
}
