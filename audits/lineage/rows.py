"""Reading data sets row by row, whatever state they are in: what cannot be read is kept as such, never skipped.

JSON Lines, JSON (an array of rows, or an object that holds one), CSV and TSV with a header, and plain text (a row is a block
between blank lines); each also compressed with gzip, bzip2 or xz. Memory grows with the longest row, not with the file. Row
numbers count from 0 over everything that stands in a row's place, malformed rows included; lines count from 1.
Formats that need more than the standard library stand in audits.datasets, whose read_rows reads all of them.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from audits.lineage.json_array import BrokenArray, elements

LONGEST_ROW = 64 * 1024 * 1024
LONGEST_KEPT = 4096
_CHUNK = 1024 * 1024
_OPENERS: dict[str, Callable[[Path], object]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
PACKED = frozenset((*_OPENERS, ".zst"))
_UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)


class UnreadableDataset(ValueError):
    """A data set that cannot be read at all; the message names the file and what would help."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `damage` says what had to be replaced to read it (bytes that are not UTF-8), empty when nothing had to."""

    number: int
    line: int
    value: object
    damage: str = ""


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """What stands where a row should: why it is not one, and its beginning (at most 4096 characters)."""

    number: int
    line: int
    reason: str
    raw: str


AnyRow = Row | MalformedRow


def read_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of a data set, in order. Raises UnreadableDataset for a missing file, an unknown format or a broken archive."""
    opener = _OPENERS.get(path.suffix.lower())
    yield from read_text_rows(path, lambda: cast(BinaryIO, opener(path)) if opener else path.open("rb"))


def read_text_rows(path: Path, opened: Callable[[], BinaryIO]) -> Iterator[AnyRow]:
    """The same for a file that `opened` opens, whatever it is packed with; `path` gives the format and the name in messages."""
    extension = extension_of(path)
    reader = _READERS.get(extension)
    if reader is None:
        raise UnreadableDataset(
            f"{path}: {extension or 'a file without an extension'} is not a format read here. "
            f"Convert it to one of {' '.join(sorted(_READERS))} (each also as .gz, .bz2 or .xz)."
        )
    try:
        with opened() as file:
            yield from reader(file)
    except FileNotFoundError as error:
        raise UnreadableDataset(f"{path}: there is no such file.") from error
    except _UNREADABLE as error:
        raise UnreadableDataset(f"{path}: cannot be read to its end: {error}.") from error


def extension_of(path: Path) -> str:
    """The extension that tells the format, in lower case: that of what was packed, when the file is packed."""
    plain = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return plain.suffix.lower()


def _decoded(raw: bytes) -> tuple[str, str]:
    try:
        return raw.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return raw.decode("utf-8", "replace"), f"byte {error.start} of the row is not UTF-8; such bytes were replaced"


def _lines(file: BinaryIO, first: int = 1) -> Iterator[tuple[int, bytes, bool]]:
    """Line number, the line's bytes, and whether it was longer than a row may be (then only its beginning is given)."""
    number = first - 1
    while raw := file.readline(LONGEST_ROW):
        number += 1
        too_long = len(raw) >= LONGEST_ROW and not raw.endswith(b"\n")
        if too_long:
            raw = raw[:LONGEST_KEPT]
            while (rest := file.readline(_CHUNK)) and not rest.endswith(b"\n"):
                continue
        yield number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw, too_long


def _json_lines(file: BinaryIO) -> Iterator[AnyRow]:
    return (row for row, _ in rows_from(file, 0, 1))


def rows_from(file: BinaryIO, number: int, line: int) -> Iterator[tuple[AnyRow, int]]:
    """The rows of JSON Lines from where the file stands, where `number` stands on `line`; each with its line's first byte."""
    at = file.tell()
    for here, raw, too_long in _lines(file, line):
        if raw := raw.strip():
            yield _overlong(number, here, raw) if too_long else json_row(number, here, raw), at
            number += 1
        at = file.tell()


def row_starts(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Where the rows of a JSON Lines file begin: number, line, and the line's first byte; nothing is parsed."""
    number, at = 0, 0
    for line, raw, _ in _lines(file):
        if raw.strip():
            yield number, line, at
            number += 1
        at = file.tell()


def json_row(number: int, line: int, raw: bytes) -> AnyRow:
    """The row that stands in one line of JSON Lines."""
    text, damage = _decoded(raw)
    try:
        return Row(number, line, json.loads(text), damage)
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} at column {error.colno}"
    except RecursionError:
        reason = "nested too deeply to be read"
    except ValueError as error:  # a number with thousands of digits
        reason = f"not readable as JSON: {error}"
    return MalformedRow(number, line, reason, text[:LONGEST_KEPT])


def _overlong(number: int, line: int, raw: bytes) -> MalformedRow:
    return MalformedRow(number, line, f"longer than {LONGEST_ROW} bytes", _decoded(raw)[0])


def _json_document(file: BinaryIO) -> Iterator[AnyRow]:
    """An array is read element by element; several lines that are JSON each are JSON Lines; anything else is one document."""
    if _beginning(file).startswith(b"["):
        yield from _array_rows(file)
    elif _looks_like_json_lines(file):
        yield from _json_lines(file)
    else:
        yield from _whole_document(file)


def _beginning(file: BinaryIO) -> bytes:
    start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    file.seek(0)
    return start


def _looks_like_json_lines(file: BinaryIO) -> bool:
    rows = _json_lines(file)
    first, second = next(rows, None), next(rows, None)
    file.seek(0)
    return isinstance(first, Row) and second is not None


def _whole_document(file: BinaryIO) -> Iterator[AnyRow]:
    raw = file.read(8 * LONGEST_ROW + 1).removeprefix(b"\xef\xbb\xbf")
    if len(raw) > 8 * LONGEST_ROW:
        yield MalformedRow(
            0, 1, f"one JSON document longer than {8 * LONGEST_ROW} bytes", _decoded(raw[:LONGEST_KEPT])[0]
        )
        return
    if not raw.strip():
        return
    row = json_row(0, 1, raw)
    yield from [row] if isinstance(row, MalformedRow) else _rows_within(row)


def _rows_within(document: Row) -> Iterator[Row]:
    """An object that holds exactly one list of objects (`{"data": [...]}`) is that list; any other document is one row."""
    members = list(document.value.values()) if isinstance(document.value, dict) else []
    lists = [m for m in members if isinstance(m, list) and m and all(isinstance(x, dict) for x in m)]
    for number, value in enumerate(lists[0] if len(lists) == 1 else [document.value]):
        yield Row(number, document.line, value, document.damage)


def _array_rows(file: BinaryIO) -> Iterator[AnyRow]:
    number = 0
    try:
        for element in elements(file):
            yield Row(number, element.line, element.value, element.damage)
            number += 1
    except BrokenArray as broken:
        yield MalformedRow(number, broken.line, f"{broken.reason}; nothing after it was read", broken.raw)


def _delimited(file: BinaryIO, delimiter: str) -> Iterator[AnyRow]:
    """Records under a header. A record with too many or too few fields is malformed: a shifted column is the wrong text."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    records = csv.reader(_BoundedLines(text), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        line = records.line_num + 1
        try:
            record = _next_record(records)
        except StopIteration:
            return
        except (csv.Error, _TooLong) as error:
            yield MalformedRow(number, line, f"not readable as CSV: {error}", "")
            number += 1
            continue
        if not record:
            continue
        if header is None:
            header = record
            continue
        yield _record(number, line, header, record, delimiter)
        number += 1


class _TooLong(ValueError):
    """A line that is longer than a row may be."""


class _BoundedLines:
    """The lines of a text; one that is longer than a row may be is passed over with _TooLong, and the next one follows."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def __iter__(self) -> "_BoundedLines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW)
        if len(line) < LONGEST_ROW or line.endswith(("\n", "\r")):
            if not line:
                raise StopIteration
            return line
        while (rest := self._text.readline(_CHUNK)) and not rest.endswith(("\n", "\r")):
            continue
        raise _TooLong(f"a line longer than {LONGEST_ROW} characters")


def _next_record(records: Iterator[list[str]]) -> list[str]:
    """The csv module keeps one limit for the whole process: ours holds while a record is read, others rely on theirs."""
    before = csv.field_size_limit(LONGEST_ROW)
    try:
        return next(records)
    finally:
        csv.field_size_limit(before)


def _record(number: int, line: int, header: list[str], record: list[str], delimiter: str) -> AnyRow:
    if len(record) != len(header):
        reason = f"{len(record)} fields where the header names {len(header)}"
        return MalformedRow(number, line, reason, delimiter.join(record)[:LONGEST_KEPT])
    damaged = any("\ufffd" in field for field in record)
    return Row(
        number,
        line,
        dict(zip(header, record, strict=True)),
        "holds bytes that are not UTF-8, replaced" if damaged else "",
    )


def _text_blocks(file: BinaryIO) -> Iterator[AnyRow]:
    """Blocks of lines between blank lines."""
    number, start, block = 0, 1, list[bytes]()
    for line, raw, too_long in _lines(file):
        if too_long:
            yield _overlong(number, line, raw)
            number += 1
        elif raw.strip() and sum(map(len, block[-1:])) + len(raw) < LONGEST_ROW:
            start = start if block else line
            block.append(raw)
        elif block:
            yield _block(number, start, block)
            number, block = number + 1, []
    if block:
        yield _block(number, start, block)


def _block(number: int, line: int, block: list[bytes]) -> Row:
    text, damage = _decoded(b"".join(block))
    return Row(number, line, text.rstrip("\r\n"), damage)


_READERS: dict[str, Callable[[BinaryIO], Iterator[AnyRow]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_document,
    ".csv": lambda file: _delimited(file, ","),
    ".tsv": lambda file: _delimited(file, "\t"),
    ".txt": _text_blocks,
    ".text": _text_blocks,
    ".md": _text_blocks,
}
TEXT_FORMATS = frozenset(_READERS)
