"""Reading the messages of a WebSocket (RFC 6455, permessage-deflate of RFC 7692) from the bytes that were passed on."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.extensions import Extension, PerMessageDeflate
from wsproto.utilities import ProtocolError

from audits.capture.spool import utc_text

SENDERS = ("client", "upstream")


class MessageReader:
    """Decodes both directions; each message becomes one line of JSON: at, from, type, and text or base64.

    What cannot be decoded is kept as `raw` lines from there on, never dropped.
    """

    def __init__(self, extensions: bytes, mask: Callable[[bytes], bytes]) -> None:
        """extensions: the Sec-WebSocket-Extensions header of the upstream's answer, empty when there is none.
        mask: what may be stored of a message's bytes."""
        self._mask = mask
        # The client's frames are read as a server would read them, and the other way round.
        kinds = (ConnectionType.SERVER, ConnectionType.CLIENT)
        self._sides = [Connection(kind, _extensions(extensions.decode("latin-1"))) for kind in kinds]
        self._parts: list[list[Any]] = [[], []]
        self._broken = [False, False]
        self.counts = [0, 0]
        self.problem: str | None = None

    def read(self, direction: int, data: bytes, at: float) -> bytes:
        """The lines for the messages completed by these bytes; direction 0 is from the client."""
        if self._broken[direction]:
            return self._line(direction, at, "raw", data)
        side = self._sides[direction]
        try:
            side.receive_data(data)
            return b"".join(self._event(direction, event, at) for event in side.events())
        except ProtocolError as error:
            self._broken[direction] = True
            self.problem = f"messages from the {SENDERS[direction]} cannot be decoded: {error}"
            return self._line(direction, at, "raw", data)

    def _event(self, direction: int, event: Event, at: float) -> bytes:
        if isinstance(event, TextMessage | BytesMessage):
            self._parts[direction].append(event.data)
            if not event.message_finished:
                return b""
            parts, self._parts[direction] = self._parts[direction], []
            self.counts[direction] += 1
            whole = "".join(parts) if isinstance(event, TextMessage) else b"".join(parts)
            return self._line(direction, at, "text" if isinstance(whole, str) else "binary", whole)
        if isinstance(event, Ping | Pong):
            return self._line(direction, at, type(event).__name__.lower(), bytes(event.payload))
        if isinstance(event, CloseConnection):
            return self._line(direction, at, "close", f"{int(event.code)} {event.reason or ''}".strip())
        return b""

    def _line(self, direction: int, at: float, kind: str, content: str | bytes) -> bytes:
        line: dict[str, Any] = {"at": utc_text(at), "from": SENDERS[direction], "type": kind}
        if isinstance(content, str):
            line["text"] = self._mask(content.encode("utf-8", "backslashreplace")).decode("utf-8")
        else:
            line["base64"] = base64.b64encode(self._mask(content)).decode("ascii")
        return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _extensions(agreed: str) -> list[Extension]:
    for offer in agreed.split(","):
        if offer.strip().split(";")[0].strip() == PerMessageDeflate.name:
            deflate = PerMessageDeflate()
            deflate.finalize(offer.strip())
            return [deflate]
    return []
