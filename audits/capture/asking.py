"""A request before it leaves: what it asks of which model, how many tokens it may cost, and answers given in its stead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from audits.capture.wire import ModelCall, Parsed, WireExchange, parse
from audits.capture.wire.bodies import header
from audits.capture.wire.hosts import other_purpose_of

Fields = Sequence[tuple[bytes, bytes]]
# A body that is larger is passed on as it comes, and nobody has read it before.
LARGEST_READ = 32 * 1024 * 1024
# Operations that give no output of a model: they cost nothing that is counted, and no terms on output bear on them.
FREE = frozenset({"count_tokens", "file_upload", "list_models", "moderation"})
# What was asked before is read again, or for the first time: it was counted when it was asked.
_READ_AGAIN = "retrieve_"
_OUTPUT_BOUNDS = (
    "max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens", "max_tokens_to_sample",
    "num_predict", "max_gen_len",
)  # fmt: skip
BYTES_PER_TOKEN = 4


@dataclass
class Asked:
    """One request, whole: `body` is its payload without transfer coding, None when it was too large to be read.

    `gone`: whether the client has given up meanwhile.
    """

    number: int
    host: str
    port: int
    scheme: str
    method: str
    target: str
    fields: Fields
    body: bytes | None
    size: int
    gone: Callable[[], bool]
    _parsed: Parsed | None = field(default=None, repr=False)

    def headers(self) -> list[tuple[str, str]]:
        """The header fields as text."""
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields]

    @property
    def parsed(self) -> Parsed:
        """What the request says, as the wire parsers read it; without an answer."""
        if self._parsed is None:
            self._parsed = parse(self.exchange(None, (), b""))
        return self._parsed

    def exchange(self, status: int | None, fields: Fields, body: bytes) -> WireExchange:
        """The exchange that this request and an answer make."""
        return WireExchange(
            host=self.host,
            port=self.port,
            scheme=self.scheme,
            method=self.method,
            target=self.target,
            request_headers=self.headers(),
            request_body=self.body or b"",
            status=status,
            response_headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in fields],
            response_body=body,
        )

    @property
    def opens_websocket(self) -> bool:
        """Whether it asks for a WebSocket where models may be asked: nobody can read before what is said on it."""
        upgrade = header(self.headers(), "upgrade").lower()
        return self.method.upper() == "GET" and "websocket" in upgrade and other_purpose_of(self.host) is None

    @property
    def unread(self) -> bool:
        """Whether it may ask a model something that could not be read."""
        if self.opens_websocket or (self.body is None and self.size > 0):
            return True
        return not self.parsed.calls and self.parsed.not_a_model_call is None

    @property
    def asking(self) -> tuple[ModelCall, ...]:
        """The calls in it that ask a model for output: the file of a batch asks what its lines ask."""
        return tuple(call for call in self.parsed.calls if call.questions or not _is_free(call.operation))

    @property
    def calls(self) -> int:
        """How many calls it counts for: those read in it, each line of a batch as one, or one that could not be read."""
        return sum(max(1, len(call.questions)) for call in self.asking) or (1 if self.unread else 0)


def _is_free(operation: str) -> bool:
    return operation in FREE or operation.startswith(_READ_AGAIN)


def models_asked(call: ModelCall) -> list[str | None]:
    """The models that a call asks: those that the lines of a batch name, or its own; None where none is named."""
    return list(dict.fromkeys(question.model or call.request_model for question in call.questions)) or [
        call.request_model
    ]


def asked_by_head(number: int, host: str, port: int, fields: Fields, gone: Callable[[], bool]) -> Asked:
    """A request over HTTP/2 of which nothing but its header fields is known when it leaves."""
    named = {name: value.decode("latin-1") for name, value in fields if name[:1] == b":"}
    kept = [(name, value) for name, value in fields if name[:1] != b":"]
    method, target = named.get(b":method", "GET"), named.get(b":path", "/")
    return Asked(number, host, port, named.get(b":scheme", "https"), method, target, kept, None, 0, gone)


def input_estimate(asked: Asked, call: ModelCall) -> int:
    """Tokens of a call's input, estimated: a quarter of the bytes of its text, or of its whole body when none is read."""
    texts = [call.system or "", *(message.text for message in call.prompt)]
    size = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) or asked.size
    return -(-size // BYTES_PER_TOKEN)


def output_bound(call: ModelCall) -> int:
    """The most tokens of output that a request asks for, over all its choices; 0 when it names no bound."""
    most = next((call.settings[name] for name in _OUTPUT_BOUNDS if name in call.settings), 0)
    times = call.settings.get("n", call.settings.get("candidateCount", 1))
    return int(most) * int(times) if isinstance(most, int | float) and isinstance(times, int) and most > 0 else 0


class Talk(Protocol):
    """A WebSocket that is answered here: the client's bytes in, bytes for it out."""

    head: bytes
    over: bool

    @property
    def waits_in_vain(self) -> bool:
        """Whether a client that says nothing for long is given up."""

    @property
    def ending(self) -> dict[str, Any]:
        """What completes the exchange's line in the record."""

    def begin(self) -> bytes:
        """What is said first."""

    def hear(self, data: bytes) -> bytes:
        """What is answered."""

    def give_up(self) -> bytes:
        """What is said to a client that was silent for long."""

    def leave(self) -> None:
        """The connection has ended."""


@dataclass
class Reply:
    """An answer that is given instead of the far end's. `pieces` are sent one by one; `cut_off`: then the connection breaks.

    `ending` completes the exchange's line in the record. `conversation`: what follows a change of protocol.
    """

    status: int
    fields: list[tuple[bytes, bytes]]
    pieces: Iterable[bytes]
    ending: dict[str, Any]
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    streamed: bool = False
    cut_off: bool = False
    conversation: Talk | None = None


class Gate(Protocol):
    """Looks at each request before it leaves."""

    async def admit(self, asked: Asked) -> Reply | None:
        """None: it may leave. Otherwise what the client is answered."""

    def glance(self, asked: Asked) -> Reply | None:
        """The same at once, for a request that passes as it comes and is known by its head alone."""

    def dials(self, host: str) -> bool:
        """Whether a connection to this host may be opened before a request has been admitted."""

    def observe(self, kind: int, a: int, c: int, payload: bytes, flags: int) -> None:
        """A frame of the journal: how answers become known."""

    def hear(self, line: bytes) -> None:
        """A line of JSON from whoever started the recorder: a person's answer to a held call."""

    def finish(self) -> None:
        """The recorder ends: say what was used."""
