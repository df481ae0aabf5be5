"""What reading a data set keeps, and what it says about what it cannot read."""

import csv
import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audits.lineage.rows import LONGEST_ROW, MalformedRow, Row, UnreadableDataset, read_rows


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_line_that_is_not_json_is_kept_in_its_place_with_the_reason(tmp_path):
    rows = list(read_rows(written(tmp_path, "a.jsonl", '{"a": 1}\n{"a": \n\n{"a": 3}\n')))
    assert [row.number for row in rows] == [0, 1, 2]
    assert [row.line for row in rows] == [1, 2, 4]
    assert isinstance(rows[1], MalformedRow)
    assert rows[1].reason.startswith("not JSON: ")
    assert rows[1].raw == '{"a":'


@pytest.mark.parametrize("line", ["[" * 100_000, "9" * 5000, '{"a": ' * 50_000, "\x00", '"\\ud800', "nul"])
def test_hostile_lines_are_malformed_rows_and_the_next_line_is_still_read(tmp_path, line):
    rows = list(read_rows(written(tmp_path, "a.jsonl", line + '\n{"a": "ok"}\n')))
    assert isinstance(rows[0], MalformedRow)
    assert rows[1] == Row(1, 2, {"a": "ok"})


def test_bytes_that_are_not_utf8_are_replaced_and_the_row_says_so(tmp_path):
    (row,) = read_rows(written(tmp_path, "a.jsonl", b'{"a": "caf\xe9 au lait"}\n'))
    assert isinstance(row, Row)
    assert row.value == {"a": "caf\ufffd au lait"}
    assert "byte 10" in row.damage


def test_a_byte_order_mark_is_not_part_of_the_first_row(tmp_path):
    for name, content in (
        ("a.jsonl", b'\xef\xbb\xbf{"a": 1}'),
        ("a.json", b'\xef\xbb\xbf[{"a": 1}]'),
        ("a.csv", b"\xef\xbb\xbfa\n1\n"),
    ):
        (row,) = read_rows(written(tmp_path, name, content))
        assert isinstance(row, Row)
        assert row.value in ({"a": 1}, {"a": "1"})


def test_nan_and_infinity_are_read_as_python_writes_them(tmp_path):
    (row,) = read_rows(written(tmp_path, "a.jsonl", '{"score": NaN, "loss": -Infinity}'))
    assert isinstance(row, Row)


def test_a_line_longer_than_a_row_may_be_is_malformed_and_reading_goes_on(tmp_path):
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'"' + b"x" * LONGEST_ROW + b'"\n' + b'{"a": 1}\n')
    rows = list(read_rows(path))
    long, short = rows
    assert isinstance(long, MalformedRow)
    assert "longer than" in long.reason
    assert isinstance(short, Row)


def test_an_array_gives_its_elements_with_the_lines_on_which_they_begin(tmp_path):
    rows = list(read_rows(written(tmp_path, "a.json", '[\n  {"a": 1},\n  {"a":\n 2},\n\n  "three"\n]\n')))
    assert rows == [Row(0, 2, {"a": 1}), Row(1, 3, {"a": 2}), Row(2, 6, "three")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('[{"a": 1}, {"b": ]', "not JSON"),
        ('[{"a": 1},', "never closed"),
        ('[{"a": 1}] trailing', "after the end of the array"),
        ('[{"a": 1}, ' + "[" * 100_000, "nested too deeply"),
    ],
)
def test_an_array_that_breaks_keeps_what_came_before_and_names_the_break(tmp_path, content, reason):
    rows = list(read_rows(written(tmp_path, "a.json", content)))
    assert rows[0] == Row(0, 1, {"a": 1})
    assert isinstance(rows[1], MalformedRow)
    assert reason in rows[1].reason


def test_characters_on_the_edge_of_what_is_read_at_once_stay_whole(tmp_path):
    values = ["é" * 700_001, "🙂" * 300_001, 12345]
    path = written(tmp_path, "a.json", json.dumps(values, ensure_ascii=False))
    assert [row.value for row in read_rows(path) if isinstance(row, Row)] == values


def test_an_object_around_one_list_of_objects_is_that_list_and_any_other_document_is_one_row(tmp_path):
    around = written(tmp_path, "a.json", json.dumps({"version": 1, "data": [{"a": 1}, {"a": 2}]}, indent=1))
    assert [row.value for row in read_rows(around) if isinstance(row, Row)] == [{"a": 1}, {"a": 2}]
    document = written(tmp_path, "b.json", json.dumps({"a": {"b": 1}}, indent=1))
    assert [row.value for row in read_rows(document) if isinstance(row, Row)] == [{"a": {"b": 1}}]


def test_json_lines_under_a_json_name_are_read_line_by_line(tmp_path):
    rows = list(read_rows(written(tmp_path, "a.json", '{"a": 1}\n{"a": 2}\n{"a"\n')))
    assert [type(row) for row in rows] == [Row, Row, MalformedRow]


def test_a_long_cell_is_read_and_other_readers_of_csv_keep_their_limit(tmp_path):
    before = csv.field_size_limit()
    rows = read_rows(written(tmp_path, "a.csv", "q\n" + "x" * 2 * before + "\nlast\n"))
    assert next(rows) == Row(0, 2, {"q": "x" * 2 * before})
    assert csv.field_size_limit() == before
    assert list(rows) == [Row(1, 3, {"q": "last"})]


def test_a_csv_record_with_a_shifted_column_is_malformed(tmp_path):
    rows = list(read_rows(written(tmp_path, "a.csv", 'q,a\n"one, two","three\nfour"\nfive,six,seven\neight,nine\n')))
    assert rows[0] == Row(0, 2, {"q": "one, two", "a": "three\nfour"})
    assert isinstance(rows[1], MalformedRow)
    assert "3 fields where the header names 2" in rows[1].reason
    assert rows[2] == Row(2, 5, {"q": "eight", "a": "nine"})


def test_plain_text_is_read_in_blocks_between_blank_lines(tmp_path):
    rows = list(read_rows(written(tmp_path, "a.txt", "one\ntwo\n\n\nthree\n")))
    assert rows == [Row(0, 1, "one\ntwo"), Row(1, 5, "three")]


def test_a_compressed_data_set_is_read_and_a_broken_archive_named(tmp_path):
    whole = gzip.compress(b'{"a": 1}\n' * 1000)
    assert len(list(read_rows(written(tmp_path, "a.jsonl.gz", whole)))) == 1000
    with pytest.raises(UnreadableDataset, match=r"b\.jsonl\.gz: cannot be read to its end"):
        list(read_rows(written(tmp_path, "b.jsonl.gz", whole[:-12])))


@pytest.mark.parametrize(
    ("name", "said"),
    [("a.parquet", ".parquet is not a format"), ("data", "without an extension"), ("no.jsonl", "no such")],
)
def test_what_cannot_be_read_at_all_is_an_error_that_names_the_file(tmp_path, name, said):
    if name != "no.jsonl":
        written(tmp_path, name, b"PAR1")
    with pytest.raises(UnreadableDataset, match=rf"{name}: .*{said}"):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt"])
def test_an_empty_data_set_has_no_rows(tmp_path, name):
    rows = list(read_rows(written(tmp_path, name, b"")))
    assert rows == []


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "a.json"
    with path.open("w") as file:
        file.write("[" + ",\n".join(json.dumps({"text": "x" * 1000}) for _ in range(20_000)) + "]")
    tracemalloc.start()
    assert sum(1 for _ in read_rows(path)) == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12_000_000


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=400), name=st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.tsv", "a.txt"]))
def test_no_bytes_make_reading_fail(tmp_path, content, name):
    rows = list(read_rows(written(tmp_path, name, content)))
    assert [row.number for row in rows] == list(range(len(rows)))
