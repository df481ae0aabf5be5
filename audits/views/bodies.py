"""One exchange read back from evidence: headers and bodies as recorded, and what the parser makes of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from audits.capture.wire import ModelCall, WireExchange, parse
from audits.capture.wire.bodies import Unreadable, decode_body
from audits.evidence.store import Damaged, Missing, Store
from audits.models import Exchange
from audits.queries.erasable import erased_words
from compliance.templatetags.looks import protocol

LARGEST_READ = 8 * 1024**2
SHOWN_CHARACTERS = 60_000
SIDES = ("request", "response")

Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Side:
    """The request or the response, ready to be shown: first line, headers, body as text, or why there is none."""

    name: str
    line: str
    headers: Headers
    sha256: str
    size: int
    text: str
    problem: str
    cut: bool

    @property
    def title(self) -> str:
        return self.name.capitalize()

    @property
    def shown(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class ExchangeRead:
    """Both sides, and the calls that a parser reads in them (streams assembled)."""

    sides: tuple[Side, ...]
    calls: Sequence[ModelCall]


@dataclass(frozen=True)
class _Body:
    raw: bytes
    problem: str


def read_exchange(exchange: Exchange, store: Store) -> ExchangeRead:
    """Read both bodies from the store, at most LARGEST_READ bytes each; what can't be read is told in words."""
    request = _body(store, exchange.request_sha256, exchange.request_size)
    response = _body(store, exchange.response_sha256, exchange.response_size)
    asked, answered = _headers(exchange.request_headers), _headers(exchange.response_headers)
    version = protocol(exchange.http_version)
    first = f"{exchange.method} {exchange.target} {version}"
    status = f"{version} {exchange.status}" if exchange.status else "No answer came."
    return ExchangeRead(
        sides=(
            _side("request", first, asked, exchange.request_sha256, exchange.request_size, request),
            _side("response", status, answered, exchange.response_sha256, exchange.response_size, response),
        ),
        calls=()
        if request.problem or response.problem
        else _calls(exchange, asked, request.raw, answered, response.raw),
    )


def _headers(stored: Sequence[Sequence[str]]) -> Headers:
    return [(str(name), str(value)) for name, value in stored]


def _body(store: Store, sha256: str, size: int) -> _Body:
    if not sha256 or not size:
        return _Body(b"", "")
    if size > LARGEST_READ:
        return _Body(b"", f"The body has {size:,} bytes, too many to show here. Take the raw bytes.")
    try:
        return _Body(store.get(sha256), "")
    except (Missing, Damaged, ValueError) as error:
        return _Body(b"", erased_words(sha256) or f"The body can’t be shown: {error}.")


def _side(name: str, line: str, headers: Headers, sha256: str, size: int, body: _Body) -> Side:
    text, problem = ("", body.problem) if body.problem else _as_text(body.raw, headers)
    shown = text[:SHOWN_CHARACTERS]
    return Side(name, line, headers, sha256, size, shown, problem, cut=len(text) > len(shown))


def _as_text(raw: bytes, headers: Headers) -> tuple[str, str]:
    """The body decoded and, where it is JSON, indented; or the reason why it can't be shown."""
    try:
        data = decode_body(raw, headers, limit=LARGEST_READ).data
    except Unreadable as problem:
        return "", f"The body can’t be shown: {problem}. The raw bytes are whole."
    if b"\0" in data[:4096]:
        return "", f"The body is {len(data):,} bytes of binary data. Take the raw bytes."
    return indented(data.decode("utf-8", "replace")), ""


def indented(text: str) -> str:
    """JSON indented; anything else, and JSON nested too deep or with numbers too long to be read, as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def _calls(
    exchange: Exchange, asked: Headers, request: bytes, answered: Headers, response: bytes
) -> Sequence[ModelCall]:
    parsed = parse(
        WireExchange(
            host=exchange.host,
            port=exchange.port,
            scheme=exchange.scheme,
            method=exchange.method,
            target=exchange.target,
            request_headers=asked,
            request_body=request,
            status=exchange.status,
            response_headers=answered,
            response_body=response,
            truncated=exchange.truncated,
        )
    )
    return parsed.calls
