"""Rows of the tables of an SQLite file, opened so that nothing in the file can run or write."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from audits.lineage.rows import LONGEST_ROW, AnyRow, MalformedRow, Row, UnreadableDataset

_DAMAGE = "holds text that is not UTF-8; such bytes were replaced"
_TABLES = (
    "SELECT name, coalesce(sql, '') FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)


def sqlite_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of all tables, by table name and row; a virtual table, whose reading runs code, is named instead.

    Where there are several tables a row stands under its table's name. Raises UnreadableDataset for what is no SQLite file.
    """
    if path.stat().st_size == 0:
        return
    try:
        _check_length(path)
        with tempfile.TemporaryDirectory() as folder:
            with closing(sqlite3.connect(_address(path, Path(folder)), uri=True)) as connection:
                yield from _all_rows(connection)
    except sqlite3.Error as error:
        raise UnreadableDataset(f"{path}: cannot be read to its end as SQLite: {error}.") from error


def _check_length(path: Path) -> None:
    """SQLite reads a file that was cut off as far as it goes, without a word; its header tells how many pages there were."""
    with path.open("rb") as file:
        header = file.read(100)
    page = int.from_bytes(header[16:18], "big")
    needed = int.from_bytes(header[28:32], "big") * (65_536 if page == 1 else page)
    if header.startswith(b"SQLite format 3\0") and path.stat().st_size < needed:
        raise UnreadableDataset(f"{path}: cut off: {path.stat().st_size:,} of {needed:,} bytes are there.")


def _address(path: Path, folder: Path) -> str:
    """Where to open it: in place and unchanging, or a copy when a write-ahead log beside it holds rows of its own."""
    log = path.with_name(path.name + "-wal")
    if not log.is_file() or log.is_symlink() or log.stat().st_size == 0:
        return f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    copy = folder / "copy.sqlite"
    shutil.copyfile(path, copy)
    shutil.copyfile(log, folder / "copy.sqlite-wal")
    return f"{copy.as_uri()}?mode=rw"


def _all_rows(connection: sqlite3.Connection) -> Iterator[AnyRow]:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
    connection.text_factory = bytes
    tables = [(_text(name)[0], _text(sql)[0]) for name, sql in connection.execute(_TABLES + " ORDER BY name")]
    number = 0
    for name, sql in tables:
        if sql.upper().lstrip().startswith("CREATE VIRTUAL"):
            yield MalformedRow(number, 1, f"{name} is a virtual table; its content is not read", sql[:4096])
            number += 1
            continue
        for line, value, damage in _table(connection, name):
            yield Row(number, line, {name: value} if len(tables) > 1 else value, damage)
            number += 1


def _table(connection: sqlite3.Connection, name: str) -> Iterator[tuple[int, dict[str, Any], str]]:
    quoted = name.replace('"', '""')
    cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a quoted name; names can't be parameters
    columns = [str(column[0]) for column in cursor.description]
    for line, record in enumerate(cursor, start=1):
        read = [_text(cell) if isinstance(cell, bytes) else (cell, False) for cell in record]
        damaged = any(broken for _, broken in read)
        yield line, dict(zip(columns, (cell for cell, _ in read), strict=True)), _DAMAGE if damaged else ""


def _text(cell: bytes) -> tuple[str, bool]:
    try:
        return cell.decode("utf-8"), False
    except UnicodeDecodeError:
        return cell.decode("utf-8", "replace"), True
