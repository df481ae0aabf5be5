"""A small but complete run's evidence: a recorder's record, contents in a store, a sealed log, a bundle."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from audits.capture.spool import SpoolWriter
from audits.evidence import (
    Entry,
    Seal,
    SigningKey,
    Store,
    WhatRan,
    link,
    load_or_make_key,
    open_store,
    seal,
    write_bundle,
)

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
WHAT = WhatRan(
    run="12",
    tool_version="0.1.0",
    source_sha256="a" * 64,
    manifest_sha256="b" * 64,
    environment={"python": "3.11.2", "isolation": "enforced"},
    outputs={"out/train.jsonl": "c" * 64},
)


class Evidence(NamedTuple):
    """What a test needs to write bundles of its own."""

    folder: Path
    store: Store
    key: SigningKey
    entries: list[Entry]
    seal: Seal
    record: Path

    def bundle(self, path: Path, **changes: Any) -> Path:
        given: dict[str, Any] = {
            "entries": self.entries,
            "seal": self.seal,
            "key": self.key,
            "store": self.store,
            "run": {"run": 12, "outcome": "prohibited"},
            "records": {"execute/record.jsonl": self.record},
        }
        return write_bundle(path, **given | changes).path


def add(entries: list[Entry], store: Store, kind: str, ref: str, content: bytes) -> None:
    sha256 = store.put(content)
    last = entries[-1] if entries else None
    entries.append(link(last, kind=kind, at=NOON, ref=ref, sha256=sha256, size=len(content)))


def make_evidence(folder: Path, bodies: int = 4, url: str = "") -> Evidence:
    store = open_store(url or (folder / "store").as_uri())
    key = load_or_make_key(folder / "keys" / "seal.pem")
    entries: list[Entry] = []
    add(entries, store, "manifest", "audit.toml", b'[pipeline]\nname = "demo"\n')
    spool = SpoolWriter(folder / "spool")
    for number in range(bodies):
        request = store.put(json.dumps({"model": "gpt-4o", "n": number}).encode())
        response = store.put(json.dumps({"answer": "x" * (20 * number)}).encode())
        spool.append("exchange", 1.5 + number, {"request": {"sha256": request}, "response": {"sha256": response}})
    spool.close()
    record = folder / "spool" / "record.jsonl"
    data = record.read_bytes()
    details = {"lines": bodies, "head": json.loads(data.splitlines()[-1])["hash"]}
    entries.append(
        link(
            entries[-1],
            kind="record",
            at=NOON,
            ref="execute/record.jsonl",
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            details=details,
        )
    )
    add(entries, store, "dataset", "out/train.jsonl", b'{"text": "Hello"}\n' * 20)
    return Evidence(folder, store, key, entries, seal(entries, key, WHAT, NOON), record)


@pytest.fixture(scope="session")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    return make_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="session")
def bundle(evidence: Evidence) -> Path:
    return evidence.bundle(evidence.folder / "run-12.zip")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[bytes], str]:
    """Writes bytes as a bundle and returns its path."""

    def written(data: bytes) -> str:
        path = tmp_path / "changed.zip"
        path.write_bytes(data)
        return str(path)

    return written
