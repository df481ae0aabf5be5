"""Sealing: a signature over the root of a run's evidence log, with an in-toto statement of what ran."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audits.evidence.chain import Entry, check, root_of, utc_text
from audits.evidence.ed25519 import fingerprint, signature_holds, signed_text
from audits.evidence.keys import SigningKey
from audits.evidence.links import Broken, canonical
from audits.evidence.verifier import STATEMENT_TYPE

PREDICATE_TYPE = "urn:clausetrail:audited-run:v1"


@dataclass(frozen=True, slots=True)
class WhatRan:
    """What the seal states beside the root. Hashes are SHA-256 in hex; `inputs` and `outputs` map names to hashes."""

    run: str
    tool_version: str
    source_sha256: str
    manifest_sha256: str
    environment: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    further: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed log: its root, how many entries, and the signed envelope (`definition`), as kept and as bundled."""

    root: str
    entries: int
    definition: Mapping[str, Any]

    @property
    def statement(self) -> dict[str, Any]:
        """The in-toto statement that was signed."""
        found: dict[str, Any] = json.loads(base64.b64decode(self.definition["payload"]))
        return found

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the key that made it."""
        return base64.b64decode(self.definition["public_key"])

    @property
    def key_fingerprint(self) -> str:
        """The name of that key."""
        return fingerprint(self.public_key)

    def holds(self) -> bool:
        """Whether the signature fits the statement, and the statement names this root."""
        payload = base64.b64decode(self.definition["payload"])
        signature = base64.b64decode(self.definition["signatures"][0]["sig"])
        subject = [{"name": "evidence", "digest": {"sha256": self.root.removeprefix("sha256:")}}]
        fits = signature_holds(self.public_key, signed_text(STATEMENT_TYPE, payload), signature)
        return fits and self.statement["subject"] == subject


def seal(entries: Sequence[Entry], key: SigningKey, what: WhatRan, at: datetime) -> Seal:
    """Seal a log. Raises Broken when its chain does not hold or it is empty: nothing wrong gets a signature."""
    if not entries:
        raise Broken("an empty evidence log can't be sealed")
    check(entries)
    root = root_of(entries)
    payload = canonical(statement(entries, root, what, at))
    definition = {"payload": base64.b64encode(payload).decode(), **key.envelope(STATEMENT_TYPE, payload)}
    return Seal(root, len(entries), definition)


def statement(entries: Sequence[Entry], root: str, what: WhatRan, at: datetime) -> dict[str, Any]:
    """The in-toto statement: the evidence's root is its subject, the run its predicate."""
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "evidence", "digest": {"sha256": root.removeprefix("sha256:")}}],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "run": what.run,
            "sealed_at": utc_text(at),
            "entries": len(entries),
            "head": entries[-1].hash,
            "tool": {"name": "clausetrail", "version": what.tool_version},
            "source": {"sha256": what.source_sha256},
            "manifest": {"sha256": what.manifest_sha256},
            "environment": dict(what.environment),
            "inputs": dict(what.inputs),
            "outputs": dict(what.outputs),
            **what.further,
        },
    }
