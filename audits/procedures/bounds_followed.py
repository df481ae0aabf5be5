"""What a recorder says of bounds and replays, written as rows while it runs; and people's answers, told back to it."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from audits.actions.limits import close_hold, wishes_to_tell, write_differences, write_limit_events
from audits.capture.process import RecorderProcess
from audits.models import ReplayDifference, Run
from audits.text import storable

Event = Mapping[str, Any]
_NOT_USED = frozenset({"kind", "at", "seq", "prev", "hash"})


@dataclass
class BoundsFollowed:
    """One recorder's bounds. `stopped`: why the run is to be stopped, once the recorder has said so."""

    run_id: int
    stopped: str = ""
    holding: bool = False
    _told: set[str] = field(default_factory=set)

    def take(self, events: Sequence[Event]) -> None:
        """Write what these lines of the record say."""
        limits = [event for event in events if event["kind"] == "limit"]
        if limits:
            write_limit_events(self.run_id, map(_limit_row, limits))
        for event in limits:
            self.holding = self.holding or event["what"] == "held"
            if event["what"] == "stopped" and not self.stopped:
                self.stopped = str(event["why"])
        self._take_answers(event for event in events if event["kind"] == "hold_answered")
        self._take_replay(events)

    def _take_answers(self, events: Iterable[Event]) -> None:
        for event in events:
            close_hold(self.run_id, str(event["hold"])[:20], str(event["answer"])[:10], _time(event["at"]))

    def _take_replay(self, events: Sequence[Event]) -> None:
        rows = [_difference(event) for event in events if event["kind"] in ("divergence", "not_asked")]
        if rows:
            write_differences(self.run_id, rows)
        for event in events:
            facts = {key: value for key, value in event.items() if key not in _NOT_USED}
            if event["kind"] == "allowance_used":
                Run.objects.filter(pk=self.run_id).update(limits_used=facts)
            elif event["kind"] == "replay_finished":
                run = Run.objects.only("replay").get(pk=self.run_id)
                Run.objects.filter(pk=self.run_id).update(replay={**run.replay, "counts": facts})

    def tell(self, recorder: RecorderProcess) -> None:
        """Pass people's answers on to the recorder."""
        if not self.holding:
            return
        for hold, answer, by in wishes_to_tell(self.run_id, self._told):
            recorder.tell({"hold": hold, "answer": answer, "by": by})
            self._told.add(hold)


def _limit_row(event: Event) -> dict[str, Any]:
    return {
        "at": _time(event["at"]),
        "limit": _clean(event["limit"], 12),
        "what": _clean(event["what"], 10),
        "why": _clean(event.get("why"), 2000),
        "tokens": int(event.get("tokens") or 0),
        "hold": _clean(event.get("hold"), 20),
        "until": dt.datetime.fromtimestamp(event["until"], dt.UTC) if event.get("until") else None,
        **_call(event),
    }


def _difference(event: Event) -> dict[str, Any]:
    kind = ReplayDifference.Kind.NOT_ASKED if event["kind"] == "not_asked" else event["what"]
    return {"at": _time(event["at"]), "kind": _clean(kind, 12), **_call(event)}


def _call(event: Event) -> dict[str, str]:
    widths = {"host": 300, "method": 20, "target": 300, "model": 300, "excerpt": 240}
    return {name: _clean(event.get(name), width) for name, width in widths.items()}


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _clean(value: Any, most: int) -> str:
    return "" if value is None else storable(str(value))[:most]
