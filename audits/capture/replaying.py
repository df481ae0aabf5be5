"""Replay: recorded answers in the far end's place. Nothing leaves; a request that was not recorded is refused.

The first request of its kind gets the first recorded answer, the n-th the n-th. What was asked and never recorded is a
`divergence` line of the record, what was recorded and never asked a `not_asked` line, and `replay_finished` counts both.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audits.capture.asking import Asked, Reply
from audits.capture.blobs import Bodies, DamagedBlob
from audits.capture.config import Recording
from audits.capture.conversing import Conversation, Script, excerpt_of, replayed, script_of
from audits.capture.refusals import refusal
from audits.capture.sameness import Keys
from audits.capture.wire import WireExchange, parse
from audits.capture.wire.bodies import header

Line = Mapping[str, Any]
# So many unasked calls are listed one by one; the rest is counted.
MOST_LISTED = 1000
PIECE = 64 * 1024
_EVENTS = re.compile(rb".*?(?:\r?\n\r?\n|\r\r)|.+", re.DOTALL)
_LINES = re.compile(rb"[^\n]*\n|[^\n]+")


class Unplayable(ValueError):
    """A record that cannot answer in anybody's place; the message says why."""


@dataclass(eq=False, slots=True)
class _Recorded:
    """One recorded exchange, and whether its answer was given already."""

    line: Line
    keys: Keys
    given: bool = False

    @property
    def is_session(self) -> bool:
        """Whether it is a WebSocket whose messages were kept."""
        return self.line.get("status") == 101 and self.line.get("websocket") is not None


class ReplayGate:
    """Answers from a record. `event` writes a line of the new one."""

    def __init__(self, recording: Recording, event: Callable[..., None]) -> None:
        """Read and index the record. Raises Unplayable when it holds no contents to answer with."""
        self._bodies = Bodies(recording.blobs)
        self._name = recording.name
        self._event = event
        self._same: defaultdict[bytes, deque[_Recorded]] = defaultdict(deque)
        self._alike: defaultdict[bytes, deque[_Recorded]] = defaultdict(deque)
        self._all: list[_Recorded] = []
        self._times: Counter[bytes] = Counter()
        self._counts: Counter[str] = Counter()
        self._persons = False
        self._playing: dict[Conversation, _Recorded] = {}
        self._left_out = 0
        for line in read_exchanges(recording.record):
            if line["kind"] == "started":
                self._persons = line.get("content") == "masked"
                if line.get("content") == "hashes":
                    raise Unplayable(f"{self._name} kept hashes and no contents: there are no answers to give")
            elif line.get("answered_by") != "recorder":
                self._index(line)

    def _index(self, line: Line) -> None:
        headers = [(name, value) for name, value in line["request_headers"]]
        body = self._content(line.get("request_body"))
        encoded = (line.get("request_body") or {}).get("encoding")
        keys = self._keys(line["method"], line["host"], line["target"], headers if encoded else _plain(headers), body)
        recorded = _Recorded(line, keys)
        self._all.append(recorded)
        self._same[keys.same].append(recorded)
        self._alike[keys.alike].append(recorded)
        self._times[keys.alike] += 1

    def _keys(self, method: str, host: str, target: str, headers: list[tuple[str, str]], body: bytes) -> Keys:
        return Keys(method, host, target, headers, body, persons=self._persons)

    def _content(self, body: Mapping[str, Any] | None) -> bytes:
        if not body or not body.get("size"):
            return b""
        try:
            return self._bodies.read(body["sha256"])
        except (KeyError, FileNotFoundError, DamagedBlob) as error:
            raise Unplayable(f"{self._name} lacks a recorded body: {error}") from error

    # What relays ask

    def dials(self, host: str) -> bool:
        """Never: a replay has no way out."""
        return False

    async def admit(self, asked: Asked) -> Reply | None:
        """The recorded answer, or a refusal; never None."""
        if asked.body is None:
            return self._diverge(asked, "too_large", "It is too large to be compared with what was recorded.")
        keys = self._keys(asked.method, asked.host, asked.target, asked.headers(), asked.body)
        found = _take(self._same.get(keys.same))
        match = "same"
        if found is None:
            found, match = _take(self._alike.get(keys.alike)), "alike"
        if found is None:
            times = self._times[keys.alike]
            often = "once" if times == 1 else f"{times} times"
            why = f"It was recorded {often} and is asked once more." if times else "It was not recorded."
            return self._diverge(asked, "asked_again" if times else "new", why)
        if found.is_session:
            return self._session(asked, found)
        self._counts[match] += 1
        return self._reply(found.line, match)

    def glance(self, asked: Asked) -> Reply | None:
        """Nothing passes as it comes: there is no way out."""
        return refusal(asked, "not_recorded", f"This is a replay of {self._name}, without network.")

    def observe(self, kind: int, a: int, c: int, payload: bytes, flags: int) -> None:
        """Nothing to learn from answers that are known."""

    def hear(self, line: bytes) -> None:
        """Nothing is asked of people."""

    def finish(self) -> None:
        """List what was recorded and never asked."""
        unasked = [recorded.line for recorded in self._all if not recorded.given]
        for line in unasked[:MOST_LISTED]:
            self._event("not_asked", recorded=line["id"], **_told(line, self._content(line.get("request_body"))))
        not_asked = len(unasked) + self._left_out
        self._event("replay_finished", recording=self._name, not_asked=not_asked, **self._counts)

    # Sessions of messages

    def _session(self, asked: Asked, found: _Recorded) -> Reply:
        script = self._script(found)
        if script is None:
            error = {"error": "not_replayed", "error_detail": "the messages of this session were not decoded"}
            return Reply(0, [], [], self._ending(found.line, "same") | error, cut_off=True)
        try:
            conversation = Conversation(script, self, _handshake(asked), persons=self._persons)
        except ValueError as error:
            found.given = False
            return self._diverge(asked, "new", str(error))
        self._playing[conversation] = found
        return Reply(101, [], [], self._ending(found.line, "same"), conversation=conversation)

    def _script(self, recorded: _Recorded) -> Script | None:
        return script_of(recorded.line, self._content(recorded.line.get("response_body")), persons=self._persons)

    def another(self, conversation: Conversation, keys: Keys) -> Script | None:
        """A session of the same address that holds this message: one that waits, or one that nobody has begun."""
        mine = self._playing[conversation]
        for one in self._alike[mine.keys.alike]:
            if not one.given and one.is_session and (script := self._script(one)) and script.find(keys):
                one.given, mine.given = True, False
                self._same[mine.keys.same].appendleft(mine)
                self._alike[mine.keys.alike].appendleft(mine)
                self._playing[conversation] = one
                return script
        for other, theirs in self._playing.items():
            if theirs.keys.alike == mine.keys.alike and not other.script.begun and other.script.find(keys):
                script = other.script
                other.play(conversation.script)
                self._playing[conversation], self._playing[other] = theirs, mine
                return script
        return None

    def diverged(self, conversation: Conversation, excerpt: str, why: str) -> None:
        """A message of a session was not recorded: it is refused and listed."""
        self._counts["diverged"] += 1
        self._event("divergence", what="new", why=why, **_place(conversation.script.line), model=None, excerpt=excerpt)

    def left(self, conversation: Conversation) -> None:
        """A session has ended: what it left out is listed."""
        self._playing.pop(conversation, None)
        self._counts[conversation.match] += 1
        left_out = conversation.script.unheard
        if left_out:
            self._left_out += 1
            facts = {"recorded": conversation.script.line["id"], "messages": len(left_out), "model": None}
            self._event("not_asked", **facts, **_place(conversation.script.line), excerpt=excerpt_of(left_out[0]))

    # Answers

    def _diverge(self, asked: Asked, what: str, why: str) -> Reply:
        self._counts["diverged"] += 1
        call = next(iter(asked.parsed.calls), None)
        self._event(
            "divergence",
            what=what,
            why=why,
            host=asked.host,
            method=asked.method,
            target=asked.target.partition("?")[0][:300],
            model=call.request_model if call else None,
            excerpt=call.prompt[-1].text[:240] if call and call.prompt else "",
        )
        return refusal(asked, "not_recorded", f"This is a replay of {self._name}, without network. {why}")

    def _ending(self, line: Line, match: str) -> dict[str, Any]:
        return {"answered_by": "recording", "replayed": replayed(line, match)}

    def _reply(self, line: Line, match: str) -> Reply:
        ending = self._ending(line, match)
        if line.get("status") is None:
            error = {"error": line.get("error") or "no_answer", "error_detail": "the recorded call was not answered"}
            return Reply(0, [], [], ending | error, cut_off=True)
        if line["status"] == 101:
            error = {"error": "not_replayed", "error_detail": "what followed this change of protocol was not read"}
            return Reply(0, [], [], ending | error, cut_off=True)
        facts = line.get("response_body") or {}
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in line["response_headers"]]
        if facts and not facts.get("encoding"):
            fields = [(name, value) for name, value in fields if name.lower() != b"content-encoding"]
        body = self._content(facts)
        streamed = _is_streamed(line)
        return Reply(
            status=line["status"],
            fields=fields,
            pieces=list(_pieces(body, line, streamed=streamed and not facts.get("encoding"))),
            ending=ending,
            trailers=[(name.encode("latin-1"), value.encode("latin-1")) for name, value in line.get("trailers") or []],
            streamed=streamed,
            cut_off=bool(facts.get("truncated")),
        )


def read_exchanges(record: Path) -> Iterator[Line]:
    """The `started` and `exchange` lines of a recorder's log, in the order in which exchanges began."""
    with record.open("rb") as file:
        lines = [json.loads(line) for line in file if b'"kind":"exchange"' in line or b'"kind":"started"' in line]
    yield from sorted(lines, key=lambda line: (line["kind"] != "started", line.get("started", ""), line["seq"]))


def _take(waiting: deque[_Recorded] | None) -> _Recorded | None:
    """The first answer that was not given yet."""
    while waiting:
        recorded = waiting.popleft()
        if not recorded.given:
            recorded.given = True
            return recorded
    return None


def _plain(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() != "content-encoding"]


def _is_streamed(line: Line) -> bool:
    headers = [(name, value) for name, value in line["response_headers"]]
    kind = header(headers, "content-type").lower()
    chunked = "chunked" in header(headers, "transfer-encoding").lower()
    return chunked or kind.startswith(
        ("text/event-stream", "application/x-ndjson", "application/vnd.amazon.eventstream")
    )


def _pieces(body: bytes, line: Line, *, streamed: bool) -> Iterator[bytes]:
    """A body as it is sent again: a stream event by event, anything else in large pieces."""
    kind = header([(name, value) for name, value in line["response_headers"]], "content-type").lower()
    if streamed and kind.startswith("text/event-stream"):
        yield from _EVENTS.findall(body)
    elif streamed and "json" in kind and "\n" in body[:-1].decode("latin-1"):
        yield from _LINES.findall(body)
    elif streamed and "amazon.eventstream" in kind:
        yield from _messages(body)
    else:
        yield from (body[at : at + PIECE] for at in range(0, len(body), PIECE))


def _messages(body: bytes) -> Iterator[bytes]:
    """AWS event stream messages: each begins with its length."""
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big")
        step = size if 16 <= size <= len(body) - at else len(body) - at
        yield body[at : at + step]
        at += step


def _told(line: Line, body: bytes) -> dict[str, Any]:
    headers = [(name, value) for name, value in line["request_headers"]]
    exchange = WireExchange(
        host=line["host"],
        port=line["port"],
        scheme=line["scheme"],
        method=line["method"],
        target=line["target"],
        request_headers=headers,
        request_body=body,
        status=None,
        response_headers=[],
        response_body=b"",
    )
    call = next(iter(parse(exchange).calls), None)
    return {
        **_place(line),
        "model": call.request_model if call else None,
        "excerpt": call.prompt[-1].text[:240] if call and call.prompt else "",
    }


def _place(line: Line) -> dict[str, Any]:
    return {"host": line["host"], "method": line["method"], "target": line["target"].partition("?")[0][:300]}


def _handshake(asked: Asked) -> bytes:
    """The head of a request, as it came."""
    fields = b"".join(b"%s: %s\r\n" % (name, value) for name, value in asked.fields)
    return f"{asked.method} {asked.target} HTTP/1.1\r\n".encode("latin-1") + fields + b"\r\n"
