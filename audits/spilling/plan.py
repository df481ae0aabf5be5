"""What is to be traced, in which blocks, and how far it has come; kept in the work folder so that stopped work can go on."""

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from audits.datasets.reading import read_rows
from audits.lineage.rows import AnyRow, MalformedRow, Row, json_row, row_starts, rows_from

VERSION = 1
BLOCK = 20_000


class WorkFolderError(ValueError):
    """A work folder that belongs to other files; the message says what to do."""


@dataclass(frozen=True)
class Lines:
    """A JSON Lines file cut into blocks: for each its first byte, row number and line."""

    path: str
    rows: int
    blocks: list[tuple[int, int, int]]
    block: int
    copied: bool

    def rows_of(self, block: int) -> Iterator[tuple[AnyRow, int]]:
        """The rows of one block, each with the byte at which its line begins."""
        at, number, line = self.blocks[block]
        with open(self.path, "rb") as file:
            file.seek(at)
            for row, begin in islice(rows_from(file, number, line), self.block):
                yield _restored(row) if self.copied else row, begin

    def row_of(self, number: int, raw: bytes) -> AnyRow:
        """The row that stands in this line of the file; its line number is not told."""
        row = json_row(number, 0, raw.removeprefix(b"\xef\xbb\xbf").strip())
        return _restored(row) if self.copied else row


@dataclass(frozen=True)
class Plan:
    """The work of one folder. `seed`: of Python's hashes, the same in every process that works on it."""

    version: int
    seed: int
    files: dict[str, list[int | str]]
    outputs: Lines
    dataset: Lines


def make_plan(folder: Path, outputs: Path, dataset: Path, *, block: int = BLOCK, seed: int | None = None) -> Plan:
    """The plan that the folder holds, or a new one with `block` rows a block (`seed`: a random one, when none is given).

    Raises WorkFolderError when the folder holds the plan of other files, or of files that have changed since.
    """
    files = {"outputs": _identity(outputs), "dataset": _identity(dataset)}
    written = folder / "plan.json"
    if written.exists():
        plan = read_plan(folder)
        if plan.version != VERSION or plan.files != files:
            raise WorkFolderError(
                f"{folder}: holds work on other files, or these have changed since. Name another folder, or remove it."
            )
        return plan
    folder.mkdir(parents=True, exist_ok=True)
    cut = (_cut(folder, "outputs", outputs, block), _cut(folder, "dataset", dataset, block))
    plan = Plan(VERSION, secrets.randbelow(2**32 - 1) + 1 if seed is None else seed, files, *cut)
    write_whole(written, json.dumps(asdict(plan)).encode())
    return plan


def read_plan(folder: Path) -> Plan:
    held = json.loads((folder / "plan.json").read_bytes())
    lines = {
        name: Lines(**held[name] | {"blocks": [tuple(b) for b in held[name]["blocks"]]})
        for name in ("outputs", "dataset")
    }
    return Plan(held["version"], held["seed"], held["files"], **lines)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def _identity(path: Path) -> list[int | str]:
    details = path.stat() if path.exists() else None
    return [str(path.resolve()), details.st_size if details else 0, details.st_mtime_ns if details else 0]


def _cut(folder: Path, name: str, path: Path, block: int) -> Lines:
    """JSON Lines are read where they lie; any other format is first written down as such, packed ones too."""
    plain = path.is_file() and path.suffix.lower() in (".jsonl", ".ndjson")
    if not plain:
        copy = folder / f"{name}.jsonl"
        with copy.open("wb") as file:
            for row in read_rows(path):
                file.write(_kept(row))
        path = copy
    with path.open("rb") as file:
        blocks, rows = _blocks(file, block)
    return Lines(str(path.resolve()), rows, blocks, block, not plain)


def _blocks(file: BinaryIO, block: int) -> tuple[list[tuple[int, int, int]], int]:
    blocks: list[tuple[int, int, int]] = []
    rows = 0
    for number, line, at in row_starts(file):
        rows = number + 1
        if number % block == 0:
            blocks.append((at, number, line))
    return blocks, rows


def _kept(row: AnyRow) -> bytes:
    """A row of any format as a line: its own line number, its value or reason, and its damage or beginning."""
    fields: list[object]
    if isinstance(row, Row):
        fields = [row.line, "row", row.value, row.damage]
    else:
        fields = [row.line, "malformed", row.reason, row.raw]
    return json.dumps(fields, default=lambda value: None).encode("utf-8", "surrogatepass") + b"\n"


def _restored(row: AnyRow) -> AnyRow:
    if isinstance(row, MalformedRow) or not isinstance(row.value, list):
        return row
    line, what, first, second = islice(row.value, 4)
    return Row(row.number, line, first, second) if what == "row" else MalformedRow(row.number, line, first, second)
