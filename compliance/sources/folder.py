"""Reading a folder of dated texts: provider/document/YYYY-MM-DD.md, with an INDEX.tsv that says where they are from."""

import csv
import datetime as dt
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from compliance.sources.captures import (
    KINDS,
    LARGEST_FILE,
    LARGEST_PAGE,
    MARKDOWN,
    PDF,
    Archive,
    Capture,
    Series,
    UnreadableTerms,
)
from compliance.sources.names import shown, slug

INDEX: Final = "INDEX.tsv"
LARGEST_INDEX: Final = 64 * 1024 * 1024
NEEDED: Final = ("provider", "document", "file")
_DATED = re.compile(r"(\d{4}-\d\d-\d\d)(?:[-_.][\w-]{1,20})?\.(?:md|txt|html?|pdf)\Z")
_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z")

Row = Mapping[str, str]


def looks_dated(path: Path) -> bool:
    """Whether a folder is laid out as provider/document/YYYY-MM-DD.md (or .txt, .html, .pdf)."""
    return (path / INDEX).is_file() or any(_DATED.fullmatch(one.name) for one in path.glob("*/*/*") if one.is_file())


def read_folder(path: Path) -> Archive:
    """All texts of the folder, the listed ones first. Raises UnreadableTerms: no such folder, or its list is broken."""
    if not path.is_dir():
        raise UnreadableTerms(f"{path}: no such folder")
    archive = Archive(dated=True)
    listed = set()
    for line, row in _rows(path):
        name = row.get("file") or ""
        listed.add(name)
        _take(archive, path, name, f"{INDEX}, line {line}", row)
    for name in _files(path):
        if name not in listed:
            _take(archive, path, name, name, {})
    for series in archive.series.values():
        series.captures.sort(key=lambda capture: (capture.label, capture.where))
    return archive


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    index = path / INDEX
    if not index.is_file():
        return
    if index.stat().st_size > LARGEST_INDEX:
        raise UnreadableTerms(f"{index}: larger than {LARGEST_INDEX // 1024**2} MB")
    try:
        lines = index.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as problem:
        raise UnreadableTerms(f"{index}: not UTF-8 at byte {problem.start}") from problem
    reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    missing = [column for column in NEEDED if column not in (reader.fieldnames or ())]
    if missing:
        raise UnreadableTerms(f"{index}, line 1: no column {', '.join(missing)}; the columns are separated by tabs")
    try:
        for row in reader:
            yield reader.line_num, {key: value or "" for key, value in row.items() if key}
    except csv.Error as problem:
        raise UnreadableTerms(f"{index}, line {reader.line_num + 1}: {problem}") from problem


def _files(path: Path) -> Iterator[str]:
    """Names of the texts two folders down, as INDEX.tsv would write them. Links are not followed."""
    for folder in sorted(one for one in path.glob("*/*") if one.is_dir() and not one.is_symlink()):
        for name in sorted(os.listdir(folder)):
            if name.endswith(tuple(KINDS)):
                yield f"{folder.parent.name}/{folder.name}/{name}"


def _take(archive: Archive, path: Path, name: str, where: str, row: Row) -> None:
    reason = _refusal(path, name, row)
    if reason:
        archive.reject(shown(where), reason)
        return
    provider, document, base = name.split("/")
    label = _DATED.fullmatch(base)
    day = row.get("version_date") or (label.group(1) if label else "")
    capture = Capture(
        where=where if where == name else f"{where} ({name})",
        at=dt.datetime.combine(_day(row.get("first_captured", "")) or _day(day) or dt.date.min, dt.time(), dt.UTC),
        digest=row.get("sha256", "") or name,
        load=(path / name).read_bytes,
        label=day,
        basis=row.get("version_date_basis", ""),
        origin=row.get("source", ""),
        effective=_day(row.get("effective_date_stated", "")),
        updated=_day(row.get("updated_date_stated", "")),
        media_type=KINDS.get(Path(base).suffix, MARKDOWN),
    )
    identifier = f"{slug(provider)}/{slug(document)}"
    series = archive.series.setdefault(identifier, Series(identifier, provider, document))
    series.captures.append(capture)


def _refusal(path: Path, name: str, row: Row) -> str:
    """Why a file can't be taken; "" when it can. Nothing outside the folder is ever opened."""
    parts = name.split("/")
    if len(parts) != 3 or any(part in ("", ".", "..") or "\\" in part or "\x00" in part for part in parts):
        return f"{shown(name)!r} is no provider/document/YYYY-MM-DD.md inside the folder"
    if row and (row.get("provider") != parts[0] or row.get("document") != parts[1]):
        return f"{shown(name)!r} stands in another folder than its provider and document say"
    dated = _DATED.fullmatch(parts[2])
    day = row.get("version_date") or (dated.group(1) if dated else "")
    if _day(day) is None:
        return (
            f"{shown(day or parts[2])!r} is no date; a version is named YYYY-MM-DD.md, or dated in column version_date"
        )
    file = path / name
    try:
        if any(one.is_symlink() for one in (file, file.parent, file.parent.parent)):
            return "a link: texts are files of their own"
        if not file.is_file():
            return f"there is no file {shown(name)}"
        largest = LARGEST_FILE if KINDS.get(file.suffix) == PDF else LARGEST_PAGE
        if file.stat().st_size > largest:
            return f"{file.stat().st_size} bytes: larger than {largest // 1024**2} MB, no terms are"
        return _other_bytes(file, row.get("sha256", ""))
    except (OSError, ValueError) as problem:
        return f"can't be read: {getattr(problem, 'strerror', None) or problem}"


def _other_bytes(file: Path, listed: str) -> str:
    if listed and hashlib.sha256(file.read_bytes()).hexdigest() != listed.lower():
        return "the file holds other bytes than column sha256 says; restore the file or mend the list"
    return ""


def _day(text: str) -> dt.date | None:
    if not _DAY.match(text[:10]):
        return None
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None
