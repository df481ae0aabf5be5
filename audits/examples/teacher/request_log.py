"""What the teacher served, one JSON line per request, written before the first byte of its response leaves.

An auditor's recorder can be checked against it: this is the count at the far end of the wire.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass
class Served:
    """One served request; `bytes` are body bytes before compression."""

    request_id: str
    provider: str
    method: str
    host: str
    path: str
    operation: str = ""
    model: str = ""
    stream: bool = False
    status: int = 0
    bytes: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    answer_sha256: str | None = None

    def answered(self, text: str) -> None:
        """Note the answer text; several choices are joined by a line feed."""
        self.answer_sha256 = hashlib.sha256(text.encode()).hexdigest()


class RequestLog:
    """Appends to a JSONL file, or counts in memory only when there is no path."""

    def __init__(self, path: Path | None) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1) if path else None
        self.count = 0

    def write(self, served: Served) -> None:
        self.count += 1
        if self._file is None:
            return
        line = {"time": datetime.now(UTC).isoformat(timespec="microseconds"), **asdict(served)}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
