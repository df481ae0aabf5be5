"""Two commands that start at once: one lock while servers start and stop, and a lease for as long as they are used."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from compliance.embedded.places import run_directory


@contextmanager
def exclusive(var: Path) -> Iterator[None]:
    """Hold the installation's lock: nobody else starts or stops servers meanwhile. Waits for whoever holds it."""
    with _opened(var, "lock") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Lease:
    """A shared claim on the running servers; the kernel drops it when its process ends, however it ends."""

    def __init__(self, var: Path) -> None:
        self._file = _opened(var, "in-use")
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def give_up(self) -> bool:
        """Drop the claim; True when it was the last one. To be called while holding `exclusive`."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            self._file.close()
        return True


def _opened(var: Path, name: str) -> IO[bytes]:
    return (run_directory(var) / name).open("ab")
