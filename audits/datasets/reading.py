"""One way to read any data set: text formats, tables (Parquet, Arrow, Feather), SQLite, and folders of any of these.

A folder is what the Hugging Face library saved (`dataset_dict.json`, or `state.json` that lists the parts), or else all the data
files in it, by name. Its rows are numbered through, in that order. Readers that need a large library are loaded when a file asks
for them: a data set in JSON Lines does not wait for Arrow.
"""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, cast

from audits.lineage import rows as plain
from audits.lineage.rows import AnyRow, UnreadableDataset

Reader = Callable[[Path], Iterator[AnyRow]]
_READERS = {
    ".parquet": "audits.datasets.tables:parquet_rows",
    ".pq": "audits.datasets.tables:parquet_rows",
    ".arrow": "audits.datasets.tables:arrow_rows",
    ".feather": "audits.datasets.tables:arrow_rows",
    ".ipc": "audits.datasets.tables:arrow_rows",
    ".sqlite": "audits.datasets.databases:sqlite_rows",
    ".sqlite3": "audits.datasets.databases:sqlite_rows",
    ".db": "audits.datasets.databases:sqlite_rows",
}
_ABOUT_THE_FOLDER = frozenset(("dataset_info.json", "state.json", "dataset_dict.json", "dataset_infos.json"))
MOST_PARTS = 10_000


def read_rows(path: Path) -> Iterator[AnyRow]:
    """The rows of a data set, file or folder, in order. Raises UnreadableDataset when it can't be read to its end."""
    if path.is_dir():
        yield from _folder_rows(path)
    else:
        yield from _file_rows(path)


def data_files(folder: Path) -> list[Path]:
    """The files of a data set that is a folder, in the order of their rows. Links are left out: they may lead anywhere."""
    listed = _listed_parts(folder)
    return _present_parts(folder) if listed is None else listed


def _file_rows(path: Path) -> Iterator[AnyRow]:
    extension = plain.extension_of(path)
    if extension in _READERS:
        if path.suffix.lower() in plain.PACKED:
            raise UnreadableDataset(f"{path}: unpack it first; {extension} files are read as they are.")
        if not path.exists():
            raise UnreadableDataset(f"{path}: there is no such file.")
        yield from _reader(_READERS[extension])(path)
    elif extension not in plain.TEXT_FORMATS:
        raise UnreadableDataset(_unknown(path, extension))
    elif path.suffix.lower() == ".zst":
        opener = _reader("audits.datasets.packed:open_zst")
        yield from plain.read_text_rows(path, lambda: cast(BinaryIO, opener(path)))
    else:
        yield from plain.read_rows(path)


def _unknown(path: Path, extension: str) -> str:
    known = " ".join(sorted(plain.TEXT_FORMATS | _READERS.keys()))
    return (
        f"{path}: {extension or 'a file without an extension'} is not a format read here. "
        f"Convert it to one of {known} (text formats also as {' '.join(sorted(plain.PACKED))})."
    )


def _reader(name: str) -> Reader:
    module, _, function = name.partition(":")
    return cast(Reader, getattr(importlib.import_module(module), function))


def _folder_rows(folder: Path) -> Iterator[AnyRow]:
    files = data_files(folder)
    if not files:
        raise UnreadableDataset(f"{folder}: the folder holds no data file that can be read.")
    number = 0
    for file in files:
        for row in _file_rows(file):
            yield replace(row, number=number)
            number += 1


def _listed_parts(folder: Path) -> list[Path] | None:
    """The parts that the folder's own description names; None when it has none."""
    splits = _described(folder / "dataset_dict.json").get("splits")
    if isinstance(splits, list) and splits:
        return [part for split in splits for part in data_files(_inside(folder, split))]
    parts = _described(folder / "state.json").get("_data_files")
    if isinstance(parts, list) and parts:
        return [_inside(folder, part.get("filename") if isinstance(part, dict) else part) for part in parts]
    return None


def _described(file: Path) -> dict[str, Any]:
    if not file.is_file() or file.is_symlink():
        return {}
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise UnreadableDataset(f"{file}: does not describe the data set's parts: {error}.") from error
    return value if isinstance(value, dict) else {}


def _inside(folder: Path, name: object) -> Path:
    path = folder / str(name)
    if not isinstance(name, str) or path.is_symlink() or path.resolve().parent != folder.resolve():
        raise UnreadableDataset(f"{folder}: {name!r} is not the name of a part in this folder.")
    if not path.exists():
        raise UnreadableDataset(f"{path}: the folder's description names this part, but it is not there.")
    return path


def _present_parts(folder: Path) -> list[Path]:
    known = plain.TEXT_FORMATS - {".md"} | _READERS.keys()
    parts: list[Path] = []
    for base, folders, names in os.walk(folder, followlinks=False):
        folders.sort()
        paths = (Path(base, name) for name in sorted(names) if name not in _ABOUT_THE_FOLDER)
        parts += [path for path in paths if plain.extension_of(path) in known and not path.is_symlink()]
        if len(parts) > MOST_PARTS:
            raise UnreadableDataset(f"{folder}: more than {MOST_PARTS:,} data files; name a narrower folder.")
    return parts
