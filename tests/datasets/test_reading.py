"""Every format a pipeline leaves behind gives the same rows, and what can't be read is named."""

import gzip
import json
import sqlite3
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import zstandard

from audits.datasets.reading import data_files, read_rows
from audits.lineage.fields import MOST_FIELDS, text_fields
from audits.lineage.rows import MalformedRow, Row, UnreadableDataset

ROWS = [
    {"prompt": f"What is {n}?", "messages": [{"role": "assistant", "content": f"It is {n}, naïvely."}]}
    for n in range(2_500)
]
TABLE = pa.Table.from_pylist(ROWS)
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def stream(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=700)


def arrow_file(path: Path) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, TABLE.schema) as writer:
        writer.write_table(TABLE)


def saved_to_disk(folder: Path) -> None:
    """As the Hugging Face library lays a dictionary of splits out."""
    half = len(ROWS) // 2
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    for split, start in (("train", 0), ("test", half)):
        part = folder / split
        part.mkdir()
        (part / "dataset_info.json").write_text("{}")
        (part / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}))
        (part / "cache-0123.arrow").write_bytes(b"left over by a filter")
        stream(part / "data-00000-of-00001.arrow", TABLE.slice(start, half))


def as_folder(write: Callable[[Path], object]) -> Callable[[Path], None]:
    def made(path: Path) -> None:
        path.mkdir()
        write(path)

    return made


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.jsonl": lambda path: path.write_bytes(LINES),
    "a.jsonl.gz": lambda path: path.write_bytes(gzip.compress(LINES)),
    "a.jsonl.zst": lambda path: path.write_bytes(
        zstandard.compress(LINES[:70_000]) + zstandard.compress(LINES[70_000:])
    ),
    "a.json.zst": lambda path: path.write_bytes(zstandard.compress(json.dumps(ROWS).encode())),
    "a.parquet": lambda path: pq.write_table(TABLE, path, row_group_size=900),
    "stream.arrow": lambda path: stream(path, TABLE),
    "file.arrow": arrow_file,
    "a.feather": lambda path: pyarrow.feather.write_feather(TABLE, path),
    "saved": as_folder(saved_to_disk),
    "shards": as_folder(
        lambda path: [
            pq.write_table(TABLE.slice(start, 1250), path / f"train-{i}.parquet") for i, start in enumerate((0, 1250))
        ]
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_rows_come_out_of_every_format(tmp_path, name):
    WRITERS[name](tmp_path / name)
    rows = list(read_rows(tmp_path / name))
    assert [row.value for row in rows if isinstance(row, Row)] == ROWS
    assert [row.number for row in rows] == list(range(len(ROWS)))


def test_the_tables_of_a_database_are_read_and_what_would_run_code_is_named(tmp_path):
    path = tmp_path / "a.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE answers (question TEXT, answer TEXT, score REAL)")
        connection.execute("INSERT INTO answers VALUES ('Why?', 'Because.', 0.5)")
        connection.execute("INSERT INTO answers VALUES ('How?', CAST(x'636166e9' AS TEXT), NULL)")
    connection.close()
    whole, damaged = read_rows(path)
    assert whole == Row(0, 1, {"question": "Why?", "answer": "Because.", "score": 0.5})
    assert isinstance(damaged, Row)
    assert damaged.value == {"question": "How?", "answer": "caf\ufffd", "score": None}
    assert "not UTF-8" in damaged.damage
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE VIRTUAL TABLE search USING fts5(body)")
    connection.close()
    named = next(row for row in read_rows(path) if isinstance(row, MalformedRow))
    assert "search is a virtual table" in named.reason


def test_text_in_a_table_that_is_not_utf8_damages_its_row_alone(tmp_path):
    texts = pa.Array.from_buffers(pa.string(), 3, pa.array([b"one", b"caf\xe9", b"three"]).buffers())
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet")
    rows = [row for row in read_rows(tmp_path / "a.parquet") if isinstance(row, Row)]
    assert [row.value for row in rows] == [{"text": "one"}, {"text": "caf\ufffd"}, {"text": "three"}]
    assert [bool(row.damage) for row in rows] == [False, True, False]


@pytest.mark.parametrize("name", ["a.parquet", "stream.arrow", "file.arrow", "a.feather", "a.sqlite", "a.jsonl.zst"])
@pytest.mark.parametrize("keep", [0.0, 0.1, 0.6, 0.95])
def test_a_file_that_was_cut_off_is_named_and_nothing_else_goes_wrong(tmp_path, name, keep):
    if name == "a.sqlite":
        with sqlite3.connect(tmp_path / name) as connection:
            connection.execute("CREATE TABLE t (text TEXT)")
            connection.executemany("INSERT INTO t VALUES (?)", [(row["prompt"],) for row in ROWS])
        connection.close()
    else:
        WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * keep)])
    if keep == 0.0 and name != "a.parquet":
        assert list(read_rows(tmp_path / name)) == []
        return
    with pytest.raises(UnreadableDataset, match=name):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.feather", "a.db", "a.jsonl.zst"])
def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"FEA1 not what it says" * 200)
    with pytest.raises(UnreadableDataset, match=name):
        list(read_rows(tmp_path / name))


def test_a_folders_description_leads_nowhere_outside_the_folder(tmp_path):
    (tmp_path / "secret.arrow").write_bytes(b"")
    folder = tmp_path / "saved"
    folder.mkdir()
    for names in (["../secret.arrow"], [7], ["missing.arrow"]):
        (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
        with pytest.raises(UnreadableDataset, match=r"saved"):
            list(read_rows(folder))
    (folder / "state.json").unlink()
    (folder / "link.jsonl").symlink_to(tmp_path / "secret.arrow")
    assert data_files(folder) == []


def test_an_unknown_format_is_refused_with_those_that_are_read(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(b"PK")
    with pytest.raises(UnreadableDataset, match=r"a\.xlsx: \.xlsx is not a format read here.*\.parquet"):
        list(read_rows(tmp_path / "a.xlsx"))


def used_by(action: Callable[[], int]) -> int:
    """Megabytes of address space that an action may take before it fails, measured as what it takes at most."""
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    action()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return (peak + max(0, pa.default_memory_pool().max_memory() - before)) // 1_000_000


@pytest.mark.parametrize("form", ["parquet", "nested parquet", "arrow"])
def test_a_small_table_that_says_one_long_text_many_times_is_read_row_by_row(tmp_path, form):
    """1,500 rows of 2 MB in a file of a few kilobytes: 3 GB when all of it is unpacked at once."""
    text = "word " * 400_000
    once = pa.DictionaryArray.from_arrays(pa.array([0] * 1_500, pa.int32()), pa.array([text]))
    column = pa.StructArray.from_arrays([once], ["content"]) if form.startswith("nested") else once
    table, path = pa.table({"text": column}), tmp_path / ("a.arrow" if form == "arrow" else "a.parquet")
    if form == "arrow":
        stream(path, table)
    else:
        pq.write_table(table, path, compression="zstd")
        assert path.stat().st_size < 10_000
    assert used_by(lambda: sum(1 for _ in read_rows(path))) < 1_000
    rows = read_rows(path)
    first = next(rows)
    assert isinstance(first, Row)
    assert first.value == {"text": {"content": text} if form.startswith("nested") else text}


def test_one_row_that_unpacks_beyond_measure_is_malformed_and_the_next_is_read(tmp_path):
    texts = pa.array(["word " * 400_000, "short"])
    lists = pa.ListArray.from_arrays(
        pa.array([0, 4_000, 4_001], pa.int32()),
        pa.DictionaryArray.from_arrays(pa.array([0] * 4_000 + [1], pa.int32()), texts),
    )
    stream(tmp_path / "a.arrow", pa.table({"texts": lists}))
    bomb, after = read_rows(tmp_path / "a.arrow")
    assert isinstance(bomb, MalformedRow)
    assert "8,000,000,000" in bomb.reason
    assert after == Row(1, 2, {"texts": ["short"]})


def test_pages_that_unpack_a_thousandfold_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("audits.datasets.tables.LARGEST_UNPACKED", 1_000_000)
    table = pa.table({"text": ["0" * 40_000_000]})
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd", use_dictionary=False)
    with pytest.raises(UnreadableDataset, match=r"a\.parquet: a group of its rows unpacks to 40,000,\d+ bytes"):
        list(read_rows(tmp_path / "a.parquet"))


@pytest.mark.parametrize("name", ["a.jsonl.zst", "a.csv.zst"])
def test_a_packed_line_of_320_megabytes_is_passed_over_in_pieces_and_the_next_line_is_read(tmp_path, name):
    packer = zstandard.ZstdCompressor().compressobj()
    with (tmp_path / name).open("wb") as file:
        file.write(packer.compress(b'text\n"' if "csv" in name else b'"'))
        for _ in range(320):
            file.write(packer.compress(b"x" * 1_000_000))
        file.write(packer.compress(b'"\n"after"\n') + packer.flush())
    assert (tmp_path / name).stat().st_size < 100_000
    assert used_by(lambda: len(list(read_rows(tmp_path / name)))) < 700
    long, after = read_rows(tmp_path / name)
    assert isinstance(long, MalformedRow)
    assert "longer than" in long.reason
    assert isinstance(after, Row)


def test_a_table_of_a_million_columns_is_one_row_of_which_the_first_texts_are_traced(tmp_path):
    columns = 1_000_000
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{at}" for at in range(columns)) + "\n" + "some text," * (columns - 1) + "end\nshort\n")
    wide, short = read_rows(path)
    assert isinstance(wide, Row)
    assert len(list(text_fields(wide.value))) == MOST_FIELDS
    assert isinstance(short, MalformedRow)
    assert "1 fields where the header names 1000000" in short.reason


def test_a_folder_that_links_to_itself_is_read_once(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n')
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert [row.value for row in read_rows(tmp_path) if isinstance(row, Row)] == [{"a": 1}]
