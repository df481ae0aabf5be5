"""A recorded WebSocket session in the far end's place: what the client says is compared, what the server said is said again.

The server's messages follow in the order of the record, each no sooner than everything that the client had said before it.
The client's messages may overtake each other, as those of two tasks do, and may differ in ids and times; which
of several sessions of one address is meant is told by what the client says first.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Message,
    Ping,
    Request,
    TextMessage,
)
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from audits.capture.sameness import Keys

# RFC 6455, 7.4.1: the endpoint got a message that goes against what it allows.
REFUSED = 1008
_LONGEST_REASON = 120
_HANDSHAKE = frozenset(
    ("upgrade", "connection", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-protocol")
)


@dataclass(slots=True)
class Said:
    """One recorded message. `keys`: of a client's; `content` None: a close of the session, with its code."""

    by_client: bool
    content: str | bytes | None
    code: int = 1000
    keys: Keys | None = None
    heard: bool = False


@dataclass(eq=False, slots=True)
class Script:
    """What was said in one recorded session; `line` is its line of the record."""

    line: Mapping[str, Any]
    said: list[Said]
    deflated: bool = False

    @property
    def unheard(self) -> list[Said]:
        """What the client had said in the record and has not said now."""
        return [one for one in self.said if one.by_client and one.content is not None and not one.heard]

    @property
    def begun(self) -> bool:
        """Whether the client has said anything of it."""
        return any(one.heard for one in self.said)

    @property
    def prelude(self) -> int:
        """How many messages the server sent before the client said anything."""
        return next((at for at, one in enumerate(self.said) if one.by_client), len(self.said))

    def find(self, keys: Keys) -> tuple[Said, str] | None:
        """The message among those to come, and how it matches: "same", else "alike" but for ids and times."""
        waiting = self.unheard
        for match in ("same", "alike"):
            for one in waiting:
                if one.keys is not None and getattr(one.keys, match) == getattr(keys, match):
                    return one, match
        return None


def script_of(line: Mapping[str, Any], messages: bytes, *, persons: bool) -> Script | None:
    """A recorded session; None where its messages could not be decoded. `messages`: the lines that a MessageReader wrote."""
    said = []
    for text in messages.splitlines():
        message = json.loads(text)
        if message["type"] == "raw":
            return None
        if message["type"] in ("text", "binary", "close"):
            said.append(_said(message, persons=persons))
    fields = {name.lower(): value for name, value in line["response_headers"]}
    return Script(line, said, PerMessageDeflate.name in fields.get("sec-websocket-extensions", ""))


def _said(message: Mapping[str, Any], *, persons: bool) -> Said:
    by_client = message["from"] == "client"
    if message["type"] == "close":
        code = str(message.get("text") or "").partition(" ")[0]
        return Said(by_client, None, int(code) if code.isdigit() else 1000)
    text = message.get("text")
    content = text if isinstance(text, str) else base64.b64decode(message["base64"])
    return Said(by_client, content, keys=keys_of(content, persons=persons) if by_client else None)


def keys_of(content: str | bytes, *, persons: bool) -> Keys:
    """The two keys of a client's message, by which it is found in the record."""
    body = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return Keys("TEXT" if isinstance(content, str) else "BINARY", "", "", [], body, persons=persons)


class Stage(Protocol):
    """Where conversations take place: knows the other recorded sessions, and keeps account."""

    def another(self, conversation: Conversation, keys: Keys) -> Script | None:
        """A session of the same address that holds this message of a client, in exchange for the one not yet begun."""

    def diverged(self, conversation: Conversation, excerpt: str, why: str) -> None:
        """A message was not recorded."""

    def left(self, conversation: Conversation) -> None:
        """The client is gone."""


class Conversation:
    """One WebSocket of a replay: bytes of the client in, bytes for it out."""

    def __init__(self, script: Script, stage: Stage, request: bytes, *, persons: bool) -> None:
        """request: the head of the client's handshake. Raises ValueError when it is none."""
        self.script = script
        # How the worst match among the client's messages was.
        self.match = "same"
        self.over = False
        self._stage = stage
        self._persons = persons
        self._state = WSConnection(ConnectionType.SERVER)
        self._parts: list[Any] = []
        self._told = 0
        self.head = self._accept(self._offered(request))

    def _offered(self, request: bytes) -> Request:
        try:
            self._state.receive_data(request)
            offered = next((one for one in self._state.events() if isinstance(one, Request)), None)
        except RemoteProtocolError as error:
            raise ValueError(f"It is no handshake of a WebSocket: {error}") from error
        if offered is None:
            raise ValueError("It is no handshake of a WebSocket.")
        return offered

    def _accept(self, offered: Request) -> bytes:
        recorded = [(name.lower(), value) for name, value in self.script.line["response_headers"]]
        named = dict(recorded).get("sec-websocket-protocol")
        kept = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in recorded if name not in _HANDSHAKE]
        extensions: list[Extension] = [PerMessageDeflate()] if self.script.deflated else []
        return self._state.send(AcceptConnection(named if named in offered.subprotocols else None, extensions, kept))

    @property
    def ending(self) -> dict[str, Any]:
        """Which session was played, for the line of the new record."""
        return {"replayed": replayed(self.script.line, self.match)}

    @property
    def waits_in_vain(self) -> bool:
        """Whether the client has overtaken what it has not said, or nothing more is recorded."""
        rest = self.script.said[self._told :]
        return not rest or any(one.heard for one in rest)

    def begin(self) -> bytes:
        """What the server says before the client has said anything."""
        return self._speak()

    def hear(self, data: bytes) -> bytes:
        """What is answered to bytes of the client."""
        try:
            self._state.receive_data(data)
            return b"".join([self._event(event) for event in self._state.events()])
        except (LocalProtocolError, RemoteProtocolError) as error:
            return b"" if self.over else self._refuse("", f"It is no message of a WebSocket: {error}")

    def give_up(self) -> bytes:
        """The client has been silent for long: what it left out will not come any more, or the record ends here."""
        left_out = self.script.unheard
        if left_out and self._told < len(self.script.said):
            return self._refuse(excerpt_of(left_out[0]), "The record has this message first, and it did not come.")
        self.over = True
        return b""

    def leave(self) -> None:
        """The connection has ended."""
        self.over = True
        self._stage.left(self)

    def play(self, script: Script) -> None:
        """Go on with another recorded session; nothing of either has been heard yet."""
        self.script, self._told = script, min(self._told, script.prelude)

    def _event(self, event: Event) -> bytes:
        if isinstance(event, CloseConnection):
            answered, self.over = self.over, True
            return b"" if answered else self._state.send(event.response())
        if self.over:
            return b""
        if isinstance(event, Ping):
            return self._state.send(event.response())
        return self._part(event) if isinstance(event, Message) else b""

    def _part(self, event: Message[Any]) -> bytes:
        self._parts.append(event.data)
        if not event.message_finished:
            return b""
        parts, self._parts = self._parts, []
        return self._message("".join(parts) if isinstance(event, TextMessage) else b"".join(parts))

    def _message(self, content: str | bytes) -> bytes:
        keys = keys_of(content, persons=self._persons)
        if not self.script.begun and self.script.find(keys) is None:
            other = self._stage.another(self, keys)
            if other is not None:
                self.play(other)
        found = self.script.find(keys)
        if found is None:
            return self._refuse(_excerpt(content), "It was not recorded in this session.")
        found[0].heard = True
        self.match = found[1] if self.match == "same" else self.match
        return self._speak()

    def _speak(self) -> bytes:
        """What the server said next, up to what the client has to say first."""
        out = []
        while self._told < len(self.script.said) and not self.over:
            one = self.script.said[self._told]
            if one.by_client and not one.heard:
                break
            self._told += 1
            if not one.by_client:
                out.append(self._say(one))
        return b"".join(out)

    def _say(self, one: Said) -> bytes:
        if one.content is None:
            self.over = True
            return self._state.send(CloseConnection(one.code))
        if isinstance(one.content, str):
            return self._state.send(TextMessage(one.content))
        return self._state.send(BytesMessage(one.content))

    def _refuse(self, excerpt: str, why: str) -> bytes:
        self.over = True
        self._stage.diverged(self, excerpt, why)
        try:
            return self._state.send(CloseConnection(REFUSED, f"Not in the replayed record. {why}"[:_LONGEST_REASON]))
        except LocalProtocolError:
            return b""


def excerpt_of(said: Said) -> str:
    """The beginning of a message, for people."""
    return _excerpt(said.content)


def _excerpt(content: str | bytes | None) -> str:
    return content[:240] if isinstance(content, str) else f"{len(content or b'')} bytes"


def replayed(line: Mapping[str, Any], match: str) -> dict[str, Any]:
    """Which recorded exchange was answered from, as it stands in the new record."""
    return {"id": line["id"], "seq": line["seq"], "started": line["started"], "match": match}
