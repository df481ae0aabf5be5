"""A data set without some of its rows: streamed, the kept rows byte for byte where the format has rows in lines.

Rows are counted as `audits.lineage.rows` counts them, from 0. JSON Lines, CSV and TSV keep the bytes of every kept row; other
formats are written anew as JSON Lines, which the manifest says.
"""

import csv
import hashlib
import io
import json
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from audits.lineage.rows import LONGEST_ROW, AnyRow, MalformedRow

UNREADABLE: Final = "it can’t be read, so nobody can say what it derives from"
LINES: Final = frozenset({"jsonl", "ndjson"})
DELIMITERS: Final = {"csv": ",", "tsv": "\t"}


class RowSet:
    """Numbers of rows, a bit each: five million rows take 625 kB."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._bits = bytearray()
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Take a row in, once or again."""
        at, bit = divmod(number, 8)
        if at >= len(self._bits):
            self._bits.extend(bytes(at + 1 - len(self._bits)))
        self._bits[at] |= 1 << bit

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        at, bit = divmod(number, 8)
        return at < len(self._bits) and bool(self._bits[at] >> bit & 1)


@dataclass
class Cleaned:
    """What came of it, filled while the rows are read. `unreadable`: numbers of rows taken out because they can't be read."""

    rows: int = 0
    kept: int = 0
    removed: int = 0
    unreadable: list[int] = field(default_factory=list)
    size: int = 0
    sha256: str = ""


def keeps_bytes(form: str) -> bool:
    """Whether the kept rows of a data set with this extension are those of the original, byte for byte."""
    return form in LINES or form in DELIMITERS


def extension_after(form: str) -> str:
    """The extension of the clean data set, for a data set of this extension."""
    return form if keeps_bytes(form) else "jsonl"


def clean(pieces: Iterable[tuple[int | None, bytes, bool]], remove: Container[int], result: Cleaned) -> Iterator[bytes]:
    """The bytes of a data set without the rows in `remove` and those that can't be read; `result` is filled on the way.

    `pieces`: (number of the row, or None for what is no row; its bytes; whether it can be read), in order.
    """
    digest = hashlib.sha256()
    for number, content, readable in pieces:
        if number is not None:
            result.rows += 1
            if number in remove or not readable:
                result.removed += 1
                if number not in remove:
                    result.unreadable.append(number)
                continue
            result.kept += 1
        digest.update(content)
        result.size += len(content)
        yield content
    result.sha256 = digest.hexdigest()


def line_pieces(file: BinaryIO) -> Iterator[tuple[int | None, bytes, bool]]:
    """The rows of JSON Lines, as `clean` takes them; blank lines are no rows."""
    number = 0
    while raw := file.readline(LONGEST_ROW):
        if len(raw) >= LONGEST_ROW and not raw.endswith(b"\n"):
            while (rest := file.readline(LONGEST_ROW)) and not rest.endswith(b"\n"):
                continue
            yield number, b"", False
            number += 1
            continue
        content = raw.removeprefix(b"\xef\xbb\xbf").strip() if number == 0 else raw.strip()
        if not content:
            yield None, raw, True
            continue
        yield number, raw if raw.endswith(b"\n") else raw + b"\n", _is_json(content)
        number += 1


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return True


def table_pieces(file: BinaryIO, delimiter: str) -> Iterator[tuple[int | None, bytes, bool]]:
    """The records of CSV or TSV, as `clean` takes them; the header is no row, and records may go over several lines."""
    taken: list[str] = []
    lines = _kept_lines(file, taken)
    records = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    number = 0
    while True:
        try:
            record, readable = _next(records), True
        except StopIteration:
            return
        except csv.Error:
            record, readable = ["?"], False
        content = "".join(taken).encode("utf-8", "surrogateescape")
        taken.clear()
        if not record or (header is None and readable):
            header = header or record or None
            yield None, _ended(content), True
            continue
        yield number, _ended(content), readable and len(record) == len(header or ())
        number += 1


def _kept_lines(file: BinaryIO, taken: list[str]) -> Iterator[str]:
    """Decoded lines, each also put into `taken`; bytes that are not UTF-8 come back as they were."""
    text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
    for at, line in enumerate(text):
        taken.append(line)
        yield line.removeprefix("\ufeff") if at == 0 else line


def _next(records: Iterator[list[str]]) -> list[str]:
    before = csv.field_size_limit(LONGEST_ROW)
    try:
        return next(records)
    finally:
        csv.field_size_limit(before)


def _ended(content: bytes) -> bytes:
    return content if not content or content.endswith((b"\n", b"\r")) else content + b"\n"


def written_anew(rows: Iterable[AnyRow]) -> Iterator[tuple[int | None, bytes, bool]]:
    """Rows of any other format as lines of JSON, as `clean` takes them."""
    for row in rows:
        if isinstance(row, MalformedRow):
            yield row.number, b"", False
        else:
            yield row.number, _line(row.value), True


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
