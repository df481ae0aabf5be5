"""Rows are counted as tracing counts them; kept rows keep their bytes; what can't be read goes, and is named."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audits.graph.cleaning import (
    Cleaned,
    RowSet,
    clean,
    extension_after,
    keeps_bytes,
    line_pieces,
    table_pieces,
    written_anew,
)
from audits.lineage.rows import MalformedRow, read_rows

Pieces = Iterator[tuple[int | None, bytes, bool]]


def cleaned(content: bytes, remove: set[int], reader: Callable[[Any], Pieces] = line_pieces) -> tuple[bytes, Cleaned]:
    result = Cleaned()
    written = b"".join(clean(reader(io.BytesIO(content)), RowSet(remove), result))
    return written, result


def csv_pieces(file: Any) -> Pieces:
    return table_pieces(file, ",")


def test_kept_rows_keep_their_bytes() -> None:
    content = b'{"b":1,  "a":2}\n{"x": "gone"}\n\n{"y":"caf\\u00e9"}\n'
    written, result = cleaned(content, {1})
    assert written == b'{"b":1,  "a":2}\n\n{"y":"caf\\u00e9"}\n'
    assert (result.rows, result.kept, result.removed, result.unreadable) == (3, 2, 1, [])
    assert result.size == len(written)


def test_rows_that_cannot_be_read_go_and_are_named() -> None:
    written, result = cleaned(b'{"a":1}\nnot json\n{"b":2}', {0})
    assert written == b'{"b":2}\n'
    assert result.unreadable == [1]
    assert result.removed == 2


def test_a_table_keeps_its_header_its_quotes_and_rows_over_several_lines() -> None:
    content = b'question,answer\r\nq1,"two\r\nlines"\r\nq2,gone\r\nq3,"a ""word"""\r\n'
    written, result = cleaned(content, {1}, csv_pieces)
    assert written == b'question,answer\r\nq1,"two\r\nlines"\r\nq3,"a ""word"""\r\n'
    assert (result.rows, result.kept) == (3, 2)


def test_a_record_with_too_few_fields_is_unreadable() -> None:
    written, result = cleaned(b"a,b\n1,2\nonly one\n3,4\n", set(), csv_pieces)
    assert written == b"a,b\n1,2\n3,4\n"
    assert result.unreadable == [1]


def test_bytes_that_are_not_utf8_come_back_as_they_were() -> None:
    content = b"a,b\n\xff\xfe,2\n"
    assert cleaned(content, set(), csv_pieces)[0] == content


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", b'\xef\xbb\xbf{"a":1}\n\n  \n[1]\nnull\n{broken\n"text"\n{"a":\xff}\n'),
        ("rows.csv", b'\xef\xbb\xbfa,b\n1,2\n\n3\n"x\ny",5\n"bad"quote,1\n7,8\n'),
        ("rows.tsv", b"a\tb\n1\t2\n3\t4\t5\n6\t7\n"),
    ],
)
def test_rows_are_numbered_as_tracing_numbers_them(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    reader = {"jsonl": line_pieces, "csv": csv_pieces, "tsv": lambda file: table_pieces(file, "\t")}[name.split(".")[1]]
    read = [(row.number, not isinstance(row, MalformedRow)) for row in read_rows(path)]
    assert [(number, good) for number, _, good in reader(io.BytesIO(content)) if number is not None] == read


def test_other_formats_are_written_anew_as_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"a": 1}, {"a": "é"}, {"a": 3}]', encoding="utf-8")
    result = Cleaned()
    written = b"".join(clean(written_anew(read_rows(path)), RowSet([0]), result))
    assert [json.loads(line) for line in written.splitlines()] == [{"a": "é"}, {"a": 3}]
    assert (extension_after("json"), keeps_bytes("json")) == ("jsonl", False)
    assert (extension_after("csv"), keeps_bytes("csv"), keeps_bytes("jsonl.gz")) == ("csv", True, False)


def test_five_million_rows_of_a_set_take_less_than_a_megabyte() -> None:
    rows = RowSet([4_999_999, 3])
    assert 4_999_999 in rows
    assert 3 in rows
    assert 4 not in rows
    assert 10**9 not in rows
    assert len(rows._bits) < 1_000_000
