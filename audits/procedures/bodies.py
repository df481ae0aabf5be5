"""Bodies of requests and answers on their way from a recorder's folder into the evidence store."""

from __future__ import annotations

from pathlib import Path

from audits.capture.blobs import Bodies, DamagedBlob
from audits.evidence import Store

# Places in packs that are remembered at once; bodies are asked for in the order of the record.
MOST_FOLLOWED = 100_000


class RecordedBodies:
    """What one recorder wrote, taken into the store before a row refers to it."""

    def __init__(self, folder: Path, store: Store) -> None:
        self._bodies = Bodies(folder, most=MOST_FOLLOWED)
        self._store = store
        self._kept: set[str] = set()

    def keep(self, sha256: str) -> None:
        """Have a body in the store; one that neither has stays missing, one that was torn there is written anew."""
        if sha256 in self._kept:
            return
        if len(self._kept) >= MOST_FOLLOWED:
            self._kept.clear()
        self._kept.add(sha256)
        packed = self._bodies.packed(sha256)
        if packed is not None:
            with packed:
                self._store.put_packed(sha256, packed)

    def read(self, sha256: str) -> bytes:
        """A body, from the folder while it is there. Raises Missing or Damaged."""
        try:
            return self._bodies.read(sha256)
        except (FileNotFoundError, DamagedBlob):
            return self._store.get(sha256)
