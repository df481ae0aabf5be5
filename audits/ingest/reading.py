"""A kept part, record by record: each line's usage, or the reason why it is none. PURE."""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import orjson

from audits.ingest.records import Fields, Reader, Unreadable, UsageRecord
from audits.ingest.unpacking import NOT_READ, Unacceptable
from audits.ingest.values import one_after_another, unwrapped
from audits.text import storable, storable_json

KEPT_OF_A_LINE = 4000
# A file of which nothing at all can be read is of another format than was said; nobody wants a million rejections.
GIVEN_UP_AFTER = 1000
_LONGEST_FIELD = 16 * 1024**2
_ESCAPED = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as decoding keeps them
_DELIMITERS = (",", ";", "\t", "|")


class Found(NamedTuple):
    """One record of a part. `key`: 16 bytes, the same whenever the same record is read again from whichever file."""

    line: int
    key: bytes
    record: UsageRecord


class Rejected(NamedTuple):
    """A line that can't be read, why, and its beginning."""

    line: int
    reason: str
    raw: str


class PassedOver(NamedTuple):
    """A line that was read and tells of no use of a model (a span of a tool, a health check)."""

    line: int


Outcome = Found | Rejected | PassedOver


def read_part(stream: BinaryIO, reader: Reader) -> Iterator[Outcome]:
    """Every record of a kept part (an io.BufferedReader), in its order. Raises Unacceptable when the format is another one."""
    outcomes = _table(stream, reader) if is_table(stream) else _json_lines(stream, reader)
    return _unless_hopeless(outcomes)


def is_table(stream: BinaryIO) -> bool:
    """Whether a kept part (an io.BufferedReader at its beginning) is a table rather than JSON lines, or nothing that was read."""
    start = stream.peek(64).lstrip()  # type: ignore[attr-defined]
    return start[:1] not in (b"{", b"[") and not start.startswith(NOT_READ)


def _unless_hopeless(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    held: list[Outcome] = []
    for outcome in outcomes:
        held.append(outcome)
        if not isinstance(outcome, Rejected):
            break
        if len(held) >= GIVEN_UP_AFTER:
            raise Unacceptable(
                f"none of the first {GIVEN_UP_AFTER} records can be read; line {outcome.line}: {outcome.reason}. "
                "Is it really of that source?"
            )
    yield from held
    yield from outcomes


def _json_lines(stream: BinaryIO, reader: Reader) -> Iterator[Outcome]:
    keys = Keys()
    for number, raw in enumerate(stream, 1):
        if not raw.strip():
            continue
        try:
            value = _value(raw)
        except (ValueError, RecursionError) as problem:
            yield from _not_one_value(number, raw, problem, reader, keys)
            continue
        if isinstance(value, dict) and reader_is_plain(value):
            yield from _outcomes(number, raw, value, reader, keys)
            continue
        yield from _wrapped(number, value, reader, keys)


def _wrapped(number: int, value: Any, reader: Reader, keys: "Keys") -> Iterator[Outcome]:
    for one in unwrapped(value):
        yield from _outcomes(number, json.dumps(one, sort_keys=True).encode(), one, reader, keys)


def _not_one_value(number: int, raw: bytes, problem: Exception, reader: Reader, keys: "Keys") -> Iterator[Outcome]:
    """The records of a line that holds several values; what is no JSON, also behind them, is rejected."""
    if isinstance(problem, json.JSONDecodeError) and problem.msg == "Extra data" and raw.lstrip()[:1] == b"{":
        try:
            for value in one_after_another(raw.decode()):
                yield from _wrapped(number, storable_json(value), reader, keys)
        except (ValueError, RecursionError) as behind:
            problem = behind
        else:
            return
    yield Rejected(number, _told(raw) or _not_json(problem), shown(raw))


def _value(raw: bytes) -> Any:
    """The JSON value of a line. The quick parser knows neither NaN nor lone surrogates: what it refuses the other one judges."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return storable_json(json.loads(raw))
    return storable_json(value) if b"\\u0000" in raw else value


def reader_is_plain(value: dict[str, Any]) -> bool:
    """Whether the value is a record itself: what wraps records is an object with few keys."""
    return len(value) > 8 or next(unwrapped(value), None) is value


def _told(raw: bytes) -> str:
    """The reason in a line that unpacking put in the place of what it could not read."""
    return storable(raw[len(NOT_READ) :].decode("utf-8", "replace").strip())[:400] if raw.startswith(NOT_READ) else ""


def _not_json(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "nested too deeply to be read"
    if isinstance(problem, UnicodeDecodeError):
        return f"not UTF-8: {problem.reason} at byte {problem.start + 1}"
    if isinstance(problem, json.JSONDecodeError):
        return f"not JSON: {problem.msg} at character {problem.pos + 1}"
    return f"not JSON: {problem}"[:400]


def _outcomes(number: int, raw: bytes, value: Any, reader: Reader, keys: "Keys") -> Iterator[Outcome]:
    if not isinstance(value, dict):
        yield Rejected(number, f"not a JSON object but {type(value).__name__}", shown(raw))
        return
    found = unread = 0
    try:
        for record in reader(value):
            if isinstance(record, Unreadable):
                unread += 1
                yield _rejected(number, record, raw)
                continue
            yield Found(number, keys.of(record, raw, found), record)
            found += 1
    except Unreadable as problem:
        yield _rejected(number, problem, raw)
    except RecursionError:
        yield Rejected(number, "nested too deeply to be read", shown(raw))
    else:
        if not found and not unread:
            yield PassedOver(number)


def _rejected(number: int, problem: Unreadable, raw: bytes) -> Rejected:
    return Rejected(number, storable(str(problem))[:400], shown(raw))


def shown(raw: bytes) -> str:
    """The beginning of a line, as it can be stored."""
    return storable(raw[:KEPT_OF_A_LINE].decode("utf-8", "replace")).rstrip("\r\n")


class Keys:
    """Keys of records: from the source's id; else from the line itself, and which of several like it this is.

    Two equal lines without an id may be two equal calls, so both count; the same file read again gives the same keys. Lines
    without an id cost some 70 bytes each while a part is read.
    """

    def __init__(self) -> None:
        self._seen: set[bytes] = set()
        self._again: dict[bytes, int] = {}

    def of(self, record: UsageRecord, raw: bytes, position: int) -> bytes:
        """The key of one record of a line."""
        if record.id:
            return hashlib.blake2b(f"{record.kind}\0{record.id}".encode("utf-8", "replace"), digest_size=16).digest()
        key = hashlib.blake2b(raw.strip() + b"\0%d" % position, digest_size=16).digest()
        if key not in self._seen:
            self._seen.add(key)
            return key
        self._again[key] = self._again.get(key, 0) + 1
        return hashlib.blake2b(key + b"%d" % self._again[key], digest_size=16).digest()


def delimiter_of(header: str) -> str:
    """What separates the cells of a table, told by its first line."""
    return max(_DELIMITERS, key=header.count)


def _table(stream: BinaryIO, reader: Reader) -> Iterator[Outcome]:
    text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
    header = text.readline(65536)
    columns = table_columns(_decoded(header))
    keys = Keys()
    lines = _Lines(text)
    rows = csv.reader(lines, delimiter=delimiter_of(header))
    while True:
        number = lines.begin()
        try:
            cells = _next(rows)
            problem = "a quote that is never closed" if cells is not None and lines.ended else ""
        except csv.Error as error:
            cells, problem = [], f"not CSV: {error}"
        if problem:
            yield Rejected(number, problem, shown(lines.give_back().encode("utf-8", "surrogateescape")))
            rows = csv.reader(lines, delimiter=delimiter_of(header))
        elif cells is None:
            return
        elif cells:
            yield from _row(number, columns, cells, reader, keys)


class _Lines:
    """The lines of a table, numbered, and given back when a record that swallowed them turns out to be none: a quote that is
    never closed would take all records behind it for one cell.
    """

    def __init__(self, text: Iterator[str]) -> None:
        self._text = text
        self._taken: list[str] = []
        self._given_back: list[str] = []
        self._number = 1
        self.ended = False

    def begin(self) -> int:
        """A record begins; tells the number of its first line."""
        self._number += len(self._taken)
        self._taken = []
        return self._number + 1

    def give_back(self) -> str:
        """Take all lines of the record for unread, but the first, which is returned."""
        first, *others = self._taken
        self._given_back += reversed(others)
        self._taken, self.ended = [first], False
        return first

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._given_back.pop() if self._given_back else next(self._text, "")
        if not line:
            self.ended = True
            raise StopIteration
        self._taken.append(line)
        return line


def _decoded(text: str) -> str:
    """Text of a table that is not UTF-8 as Windows-1252, which spreadsheets write: so no two names become one."""
    if text.isascii() or not _ESCAPED.search(text):
        return text
    return text.encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _next(rows: Iterator[list[str]]) -> list[str] | None:
    """The csv module keeps one limit for the whole process: ours holds while a record is read, others rely on theirs."""
    before = csv.field_size_limit(_LONGEST_FIELD)
    try:
        return next(rows, None)
    finally:
        csv.field_size_limit(before)


def table_columns(header: str) -> list[str]:
    """The names in a table's first line. Raises Unacceptable when there are none."""
    columns = [
        cell.strip().removeprefix("\ufeff") for cell in next(csv.reader([header], delimiter=delimiter_of(header)), [])
    ]
    if len(columns) < 2:
        raise Unacceptable("the first line names no columns: neither JSON, nor a CSV with a head")
    return columns


def _row(number: int, columns: list[str], cells: list[str], reader: Reader, keys: Keys) -> Iterator[Outcome]:
    raw = "\x1f".join(cells)
    if not raw.isascii() and _ESCAPED.search(raw):
        cells = [_decoded(cell) for cell in cells]
        raw = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if len(cells) != len(columns):
        line = raw.replace("\x1f", ",").encode()
        yield Rejected(number, _told(line) or f"{len(cells)} cells under {len(columns)} columns", shown(line))
        return
    if "\0" in raw:
        cells = [storable(cell) for cell in cells]
    row: Mapping[str, Any] = dict(zip(columns, cells, strict=True))
    for outcome in _outcomes(number, raw.encode(), row, reader, keys):
        yield outcome._replace(raw=outcome.raw.replace("\x1f", ",")) if isinstance(outcome, Rejected) else outcome


def first_rows(stream: BinaryIO, most: int) -> tuple[list[str], list[Fields]]:
    """The columns and the first rows of a kept table, for a preview. Raises Unacceptable."""
    text = io.TextIOWrapper(stream, "utf-8", errors="surrogateescape", newline="")
    header = text.readline(65536)
    columns = table_columns(_decoded(header))
    rows: list[Fields] = []
    try:
        for cells in csv.reader(text, delimiter=delimiter_of(header)):
            if len(rows) >= most:
                break
            rows.append(dict(zip(columns, (storable(_decoded(cell)) for cell in cells), strict=False)))
    except csv.Error as problem:
        raise Unacceptable(f"not CSV: {problem}") from problem
    return columns, rows
