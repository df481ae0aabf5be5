"""What a writing process that was killed left to its successor: its record, and the connections it knew.

The successor reads once more what was under way. What already stands in the record it does not write again.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audits.capture.spool import RECORD, Event, canonical, read_events, utc_text

_OF_THE_CHAIN = ("seq", "prev", "hash")


class Inheritance:
    """Nothing, or what `of` found."""

    def __init__(self, connections: Mapping[int, Event] | None = None) -> None:
        """connections: facts of those that are open or were closed a moment ago, by number."""
        self._connections = dict(connections or {})
        self._exchanges: set[str] = set()
        self._lines: set[str] = set()

    @classmethod
    def of(cls, directory: Path, connections: Mapping[int, Event], since: float) -> Inheritance:
        """What the record in `directory` says from the time `since` on (seconds since the epoch, of the first frame that is
        read again). Exchanges are known by their names, other lines by all they say."""
        found, begin = cls(connections), utc_text(since)
        offset = 0
        while (directory / RECORD).exists():
            events, end = read_events(directory, offset)
            if end == offset:
                break
            offset = end
            for event in events:
                if event["kind"] == "exchange":
                    found._exchanges.add(str(event["id"]))
                elif event["at"] >= begin:
                    found._lines.add(_said(event))
        return found

    def has(self, kind: str, at: float, fields: Event) -> bool:
        """Whether a line stands in the record already."""
        if kind == "exchange":
            return fields["id"] in self._exchanges
        return bool(self._lines) and _said({**fields, "kind": kind, "at": utc_text(at)}) in self._lines

    def connection(self, number: int) -> dict[str, Any]:
        """The facts of a connection that was opened before what is read again."""
        return dict(self._connections.get(number, {}))


def _said(event: Event) -> str:
    return canonical({key: value for key, value in event.items() if key not in _OF_THE_CHAIN})
