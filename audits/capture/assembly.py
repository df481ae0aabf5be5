"""From frames of the journal to lines of the record: the writing process's side of an exchange.

Heads are read a second time here, on the other processor core, so that the forwarding process does only what
forwarding needs. A frame that cannot be understood is kept and named as a gap; it never ends the recording.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audits.capture import http2
from audits.capture.blobs import BlobStore
from audits.capture.bodies import BodySink
from audits.capture.header_blocks import unpack_headers
from audits.capture.http1 import FieldLines, Header
from audits.capture.inheritance import Inheritance
from audits.capture.journal import COMPLETE, OVER, Frame, Kind
from audits.capture.masking import Masker
from audits.capture.spool import SpoolWriter, utc_text
from audits.capture.websocket import MessageReader
from audits.capture.withholding import HeldBody, Withholding

Facts = dict[str, Any]


@dataclass(slots=True)
class OpenExchange:
    """An exchange that has begun and not ended."""

    number: int
    connection: int
    facts: Facts
    started: float
    method: str
    target: bytes
    fields: list[Header]
    request: BodySink | HeldBody
    http_version: str
    request_complete: bool = False
    status: int | None = None
    answer_fields: list[Header] = field(default_factory=list)
    response: BodySink | HeldBody | None = None
    response_complete: bool = False
    first_byte: float | None = None
    request_trailers: list[Header] = field(default_factory=list)
    trailers: list[Header] = field(default_factory=list)
    messages: MessageReader | None = None
    stream: int | None = None
    tunnelled: bool = False
    position: int = 0


@dataclass
class _Answers:
    """The upstream's side of one HTTP/2 connection, since `position`: later header blocks rest on earlier ones."""

    position: int
    blocks: http2.HeaderBlocks = field(default_factory=http2.HeaderBlocks)
    streams: dict[int, OpenExchange] = field(default_factory=dict)
    broken: bool = False


class Assembly:
    """Takes frames in order and appends the lines they make."""

    def __init__(
        self,
        spool: SpoolWriter,
        store: BlobStore,
        masker: Masker,
        session: str,
        withholding: Withholding | None = None,
        inheritance: Inheritance | None = None,
    ) -> None:
        """withholding: what decides where not everything may be kept. inheritance: what a predecessor left."""
        self._withholding = withholding
        self._inheritance = inheritance or Inheritance()
        self._spool = spool
        self._store = store
        self._masker = masker
        self._session = session
        self._connections: dict[int, Facts] = {}
        self._exchanges: dict[int, OpenExchange] = {}
        self._answers: dict[int, _Answers] = {}
        self._lines = FieldLines()
        self.counts: Counter[str] = Counter()
        self.stopped: Facts | None = None
        self._takers: dict[int, Callable[[Frame], None]] = {
            Kind.EVENT: self._take_event,
            Kind.CONNECTION: self._take_connection,
            Kind.CONNECTION_END: self._take_connection_end,
            Kind.REQUEST: self._take_request,
            Kind.REQUEST_DATA: self._take_request_data,
            Kind.REQUEST_END: self._take_request_end,
            Kind.RESPONSE: self._take_response,
            Kind.RESPONSE_DATA: self._take_response_data,
            Kind.RESPONSE_END: self._take_response_end,
            Kind.H2_REQUEST: self._take_h2_request,
            Kind.H2_ANSWER: self._take_h2_answer,
            Kind.TUNNEL: self._take_tunnel,
            Kind.END: self._take_end,
            Kind.STOP: self._take_stop,
        }

    def take(self, frame: Frame) -> None:
        """Work one frame in."""
        self._takers[frame.kind](frame)

    def line(self, kind: str, at: float, fields: Facts, *, plain: bool = False) -> None:
        """Append one line, masked. plain: no floating-point number is in it."""
        if self._withholding is not None:
            fields = self._withholding.line(fields)
        fields = self._masker.line(fields)
        if self._inheritance.has(kind, at, fields):
            return
        self.counts[kind] += 1
        self._spool.append(kind, at, fields, plain=plain)

    def needed(self) -> list[int]:
        """Where in the journal what is under way began, ascending: a successor would have to read on from there."""
        begun = [exchange.position for exchange in self._exchanges.values()]
        return sorted([*begun, *(answers.position for answers in self._answers.values() if not answers.broken)])

    def interrupt(self, at: float) -> None:
        """The recorder is gone without a word: end what was open, as cut off."""
        for exchange in list(self._exchanges.values()):
            self._close(
                exchange, at, {"error": "recorder_ended", "error_detail": "the recorder was ended from outside"}
            )
        for number in list(self._connections):
            facts = self._connections.pop(number)
            self.line("connection", at, {**facts, "ended": None, "error": "recorder_ended"})
        self.line("gap", at, {"reason": "recorder_ended", "detail": "the recorder ended without a last word"})

    # Connections and single lines

    def _take_event(self, frame: Frame) -> None:
        fields = json.loads(frame.payload)
        self.line(fields.pop("kind"), frame.at, fields)

    def _take_connection(self, frame: Frame) -> None:
        self._connections[frame.a] = {
            "id": f"{self._session}-c{frame.a}",
            "started": utc_text(frame.at),
            **json.loads(frame.payload),
        }

    def _take_connection_end(self, frame: Frame) -> None:
        facts = self._connections.pop(frame.a, None) or self._inheritance.connection(frame.a)
        self._answers.pop(frame.a, None)
        self.line("connection", frame.at, {**facts, "ended": utc_text(frame.at), **json.loads(frame.payload)})

    def _take_stop(self, frame: Frame) -> None:
        self.stopped = json.loads(frame.payload)

    # HTTP/1.1

    def _take_request(self, frame: Frame) -> None:
        line, _, block = frame.payload[: frame.c].partition(b"\r\n")
        method, target, version = line.split(b" ", 2)
        fields = self._lines.split(block)
        exchange = self._open(
            frame, method, target, fields, version.decode("latin-1")[5:], encoding=_encoding(block, fields)
        )
        exchange.request.write(frame.payload[frame.c :])
        exchange.request_complete = bool(frame.flags & COMPLETE)

    def _take_request_data(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is not None:
            exchange.request.write(frame.payload)

    def _take_request_end(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is not None:
            exchange.request_complete = True
            exchange.request_trailers = unpack_headers(frame.payload)

    def _take_response(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is None:
            return
        line, _, block = frame.payload[: frame.c].partition(b"\r\n")
        exchange.first_byte = frame.at
        fields = self._lines.split(block)
        self._answered(exchange, int(line.split(b" ", 2)[1]), fields, encoding=_encoding(block, fields))
        assert exchange.response is not None
        exchange.response.write(frame.payload[frame.c :])
        exchange.response_complete = bool(frame.flags & COMPLETE)
        if frame.flags & OVER:
            self._close(exchange, frame.at, {})

    def _take_response_data(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is not None and exchange.response is not None:
            exchange.response.write(frame.payload)
            if frame.flags & COMPLETE:
                exchange.response_complete = True
            if frame.flags & OVER:
                self._close(exchange, frame.at, {})

    def _take_response_end(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is not None:
            exchange.response_complete = True
            exchange.trailers = unpack_headers(frame.payload)

    def _take_end(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is not None:
            self._close(exchange, frame.at, json.loads(frame.payload) if frame.payload else {})

    def _take_tunnel(self, frame: Frame) -> None:
        exchange = self._exchanges.get(frame.a)
        if exchange is None or exchange.response is None:
            return
        exchange.tunnelled = True
        if exchange.messages is None:
            (exchange.response if frame.c else exchange.request).write(frame.payload)
        else:
            exchange.response.write(exchange.messages.read(frame.c, frame.payload, frame.at))

    # HTTP/2

    def _take_h2_request(self, frame: Frame) -> None:
        fields = unpack_headers(frame.payload)
        method = http2.first_value(fields, b":method") or b""
        path, encoding = http2.first_value(fields, b":path") or b"", _value(fields, b"content-encoding")
        exchange = self._open(frame, method, path, fields, "2", encoding=encoding)
        exchange.stream = frame.c
        exchange.request_complete = bool(frame.flags & COMPLETE)
        self._answers_of(frame.b, frame).streams[frame.c] = exchange

    def _take_h2_answer(self, frame: Frame) -> None:
        answers = self._answers_of(frame.a, frame)
        if answers.broken:
            return
        try:
            for item in http2.take_frames(frame.payload)[0]:
                self._take_h2_frame(answers, item, frame.at)
        except http2.Malformed as error:
            answers.broken = True
            facts = self._connections.get(frame.a, {})
            self.line("gap", frame.at, {"reason": "http2_undecodable", "host": facts.get("host"), "detail": str(error)})

    def _answers_of(self, connection: int, frame: Frame) -> _Answers:
        if connection not in self._answers:
            self._answers[connection] = _Answers(frame.position)
        return self._answers[connection]

    def _take_h2_frame(self, answers: _Answers, item: http2.H2Frame, at: float) -> None:
        if item.type in (http2.HEADERS, http2.PUSH_PROMISE, http2.CONTINUATION):
            done = answers.blocks.take(item)
            if done is None:
                return
            item, fields = done
            if item.type == http2.PUSH_PROMISE:
                self.line("gap", at, {"reason": "server_push", "detail": "an answer nobody asked for was announced"})
            elif item.stream in answers.streams:
                self._take_h2_fields(answers.streams[item.stream], fields, at)
        exchange = answers.streams.get(item.stream)
        if exchange is None:
            return
        if item.type == http2.DATA and exchange.response is not None:
            exchange.response.write(item.content())
        if item.ends_stream:
            exchange.response_complete = True

    def _take_h2_fields(self, exchange: OpenExchange, fields: list[Header], at: float) -> None:
        status = http2.first_value(fields, b":status")
        if status is None:
            exchange.trailers = fields
        elif not status.startswith(b"1"):
            exchange.first_byte = at
            encoding = _value(fields, b"content-encoding")
            self._answered(exchange, int(status) if status.isdigit() else 0, fields, encoding=encoding)

    # Both

    def _open(
        self, frame: Frame, method: bytes, target: bytes, fields: list[Header], version: str, *, encoding: str | None
    ) -> OpenExchange:
        exchange = OpenExchange(
            number=frame.a,
            connection=frame.b,
            facts=self._connections.get(frame.b) or self._inheritance.connection(frame.b),
            started=frame.at,
            method=method.decode("latin-1"),
            target=target,
            fields=fields,
            request=self._sink(encoding),
            http_version=version,
            position=frame.position,
        )
        self._exchanges[frame.a] = exchange
        return exchange

    def _answered(self, exchange: OpenExchange, status: int, fields: list[Header], *, encoding: str | None) -> None:
        exchange.status, exchange.answer_fields = status, fields
        if status == 101 and (_value(fields, b"upgrade") or "").lower() == "websocket":
            extensions = (_value(fields, b"sec-websocket-extensions") or "").encode("latin-1")
            exchange.messages, encoding = MessageReader(extensions, self._masker.data), None
        exchange.response = self._sink(encoding)

    def _sink(self, encoding: str | None) -> BodySink | HeldBody:
        if self._withholding is not None:
            return self._withholding.body(encoding)
        return BodySink(self._store, self._masker, encoding)

    def _close(self, exchange: OpenExchange, at: float, ending: Facts) -> None:
        del self._exchanges[exchange.number]
        if exchange.stream is not None and exchange.connection in self._answers:
            self._answers[exchange.connection].streams.pop(exchange.stream, None)
        host = str(exchange.facts.get("host") or "")
        line = self._exchange_line(exchange, host, at)
        if ending:
            line |= ending
        if self._withholding is not None:
            line = self._withholding.exchange(line, exchange.request, exchange.response)
        self.line("exchange", at, line, plain=not ending and self._withholding is None)
        if exchange.messages is not None and exchange.messages.problem:
            self.line("gap", at, {"reason": "websocket_undecodable", "host": host, "detail": exchange.messages.problem})

    def _exchange_line(self, exchange: OpenExchange, host: str, at: float) -> Facts:
        masker, known = self._masker, exchange.facts.get
        cut_off = exchange.response is not None and not exchange.response_complete and not exchange.tunnelled
        return {
            "id": f"{self._session}-{exchange.number}",
            "connection": f"{self._session}-c{exchange.connection}",
            "host": known("host"),
            "port": known("port"),
            "address": known("address"),
            "scheme": known("scheme"),
            "simulated": known("simulated"),
            "upstream": known("upstream"),
            "client_pid": known("client_pid"),
            "http_version": exchange.http_version,
            "method": exchange.method,
            "target": masker.target(exchange.target, host),
            "request_headers": masker.fields(exchange.fields, host),
            "request_body": exchange.request.finish(truncated=not exchange.request_complete),
            "request_trailers": masker.fields(exchange.request_trailers, host) if exchange.request_trailers else [],
            "status": exchange.status,
            "response_headers": masker.fields(exchange.answer_fields, host),
            "response_body": exchange.response.finish(truncated=cut_off) if exchange.response else None,
            "trailers": masker.fields(exchange.trailers, host) if exchange.trailers else [],
            "websocket": _message_counts(exchange.messages),
            "secrets_used": masker.used(_said_in_head(exchange), host) if masker else [],
            "started": utc_text(exchange.started),
            "first_byte": utc_text(exchange.first_byte) if exchange.first_byte else None,
            "ended": utc_text(at),
            "answered_by": "upstream" if exchange.status is not None else None,
            "error": None,
            "error_detail": None,
        }


def _message_counts(messages: MessageReader | None) -> Facts | None:
    return None if messages is None else {"from_client": messages.counts[0], "from_upstream": messages.counts[1]}


def _said_in_head(exchange: OpenExchange) -> bytes:
    return b"\n".join([exchange.target, *(value for _, value in exchange.fields)])


def _encoding(block: bytes, fields: list[Header]) -> str | None:
    """The content-encoding of an HTTP/1 head; most have none, which its bytes tell sooner than its fields."""
    return _value(fields, b"content-encoding") if b"content-encoding" in block.lower() else None


def _value(fields: list[Header], name: bytes) -> str | None:
    values = [value.decode("latin-1") for key, value in fields if key.lower() == name]
    return ", ".join(values) if values else None
