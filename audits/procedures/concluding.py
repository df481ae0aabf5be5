"""The end of an audit: findings into evidence, the log chained, the root sealed; and the bundle made of it."""

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from audits.actions.counting import keep_counts
from audits.evidence.bundle import Bundle, write_bundle
from audits.evidence.chain import Entry, from_dict, link
from audits.evidence.keys import KeyProblem, SigningKey, load_key, load_or_make_key
from audits.evidence.seal import Seal, WhatRan, seal
from audits.evidence.store import Store, open_store
from audits.models import EvidenceEntry, Report, Run
from audits.models import Seal as StoredSeal
from audits.procedures.left_out import left_out
from audits.procedures.provenance import provenance_of
from audits.procedures.proving import ask_for_proofs, with_stamps
from audits.queries.summary import findings_of, summary_of


@dataclass(frozen=True)
class Piece:
    """One content that belongs into the log. `size` is in bytes, uncompressed."""

    kind: str
    ref: str
    sha256: str
    size: int


def findings_pieces(run: Run, store: Store) -> list[Piece]:
    """What was concluded, as contents of its own: the assessed uses with every fact, the findings, the log lines."""
    uses = [
        {"use": use.pk, "facts": use.facts, "answer": use.answer, "calls": use.calls, "rows": use.rows}
        for use in run.uses.order_by("pk")
    ]
    lines = run.log_lines.order_by("seq").values_list("at", "step", "stream", "text")
    log = "".join(f"{at.isoformat()} {step} {stream} {text}\n" for at, step, stream, text in lines.iterator())
    contents = {
        "uses": ("assessed uses", json.dumps(uses, sort_keys=True, default=str)),
        "findings": ("findings", json.dumps(findings_of(run), sort_keys=True, default=str)),
        "log": ("log lines", log),
    }
    return [_piece(kind, ref, text.encode("utf-8", "replace"), store) for kind, (ref, text) in contents.items()]


def _piece(kind: str, ref: str, content: bytes, store: Store) -> Piece:
    return Piece(kind, ref, store.put(content), len(content))


@transaction.atomic
def seal_run(run: Run, pieces: list[Piece], var: Path) -> str:
    """Chain the pieces, seal the log, and store both; returns the root. The sealed rows can't be changed afterwards."""
    now = datetime.now(UTC)
    entries: list[Entry] = []
    for piece in pieces:
        previous = entries[-1] if entries else None
        entries.append(link(previous, kind=piece.kind, at=now, ref=piece.ref, sha256=piece.sha256, size=piece.size))
    made = seal(entries, sealing_key(var), _what_ran(run, pieces), now)
    EvidenceEntry.objects.bulk_create(
        EvidenceEntry(
            run=run,
            seq=entry.seq,
            at=now,
            kind=entry.kind,
            reference=entry.ref[:500],
            sha256=entry.sha256,
            size=entry.size,
            line=entry.as_dict(),
            hash=entry.hash,
        )
        for entry in entries
    )
    # Before the seal: from then on the database keeps the run's row as it is.
    Run.objects.filter(pk=run.pk).update(evidence_root=made.root)
    run.evidence_root = made.root
    stored = StoredSeal.objects.create(
        run=run, root=made.root, entries=made.entries, definition=dict(made.definition), sealed_at=now
    )
    ask_for_proofs(stored)
    # Once the seal stands: a fault in what pages count must not undo it, and the first look at the run counts otherwise.
    transaction.on_commit(partial(keep_counts, run), robust=True)
    return made.root


def sealing_key(var: Path) -> SigningKey:
    """The installation's sealing key: in a file outside the database, readable by its owner only."""
    return load_or_make_key(var / "keys" / "seal.pem")


def key_of(seal: Seal, var: Path) -> SigningKey:
    """The key that made a seal, among those kept under `var/keys`: after a change of keys the old ones lie beside the new.

    Raises KeyProblem naming the fingerprint that is missing, and where its file belongs.
    """
    present = sealing_key(var)
    if present.public_key == seal.public_key:
        return present
    for path in sorted((var / "keys").glob("*.pem")):
        try:
            held = load_key(path)
        except KeyProblem:
            continue
        if held.public_key == seal.public_key:
            return held
    raise KeyProblem(
        f"the run was sealed with the key {seal.key_fingerprint}, which is none of those in {var / 'keys'}; "
        "put its file back there, under any name ending in .pem"
    )


def tool_version() -> str:
    try:
        return version("clausetrail")
    except PackageNotFoundError:  # run from a checkout, as the README has it
        return "0.1.0"


def _what_ran(run: Run, pieces: list[Piece]) -> WhatRan:
    by_kind = {piece.kind: piece.sha256 for piece in pieces}
    outputs = {piece.ref: piece.sha256 for piece in pieces if piece.kind in ("dataset", "student")}
    return WhatRan(
        run=str(run.pk),
        tool_version=tool_version(),
        source_sha256=run.source_sha256,
        manifest_sha256=by_kind.get("manifest", ""),
        environment={"isolation": run.isolation, **run.environment},
        inputs={"source": run.source_sha256},
        outputs=outputs,
        further={
            "simulated_upstreams": sorted(run.upstreams),
            "limits": run.limits,
            "limits_used": run.limits_used,
            "content": run.content,
            **provenance_of(
                run, ((one.kind, one.ref, one.sha256) for one in pieces), tool_version(), datetime.now(UTC)
            ),
            "replay": {key: run.replay[key] for key in ("name", "root", "recorded_at", "counts") if key in run.replay},
        },
    )


def write_run_bundle(run: Run, target: Path, report: Report | None = None) -> Bundle:
    """Write the evidence bundle of a sealed run, under the key that sealed it.

    Raises Broken or IncompleteBundle when the evidence does not hold, KeyProblem when that key is gone.
    """
    store, var = open_store(settings.EVIDENCE_URL), Path(settings.VAR_DIR)
    stored = run.seal
    entries = [from_dict(entry.line) for entry in run.evidence.order_by("seq")]
    made = Seal(stored.root, stored.entries, with_stamps(stored))
    missing = left_out(run, entries)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        records = {
            f"{entry.ref.split()[-1]}/record.jsonl": _as_file(store, entry.sha256, Path(folder))
            for entry in entries
            if entry.kind == "record" and entry.sha256 not in missing
        }
        paper = _as_file(store, report.pdf_sha256, Path(folder)) if report and report.pdf_sha256 else None
        return write_bundle(
            target,
            entries=entries,
            seal=made,
            key=key_of(made, var),
            store=store,
            run=_facts_of(run),
            records=records,
            report=paper,
            left_out=missing,
        )


def _facts_of(run: Run) -> dict[str, Any]:
    summary = summary_of(run)
    return {**summary, "isolation_reasons": run.isolation_reasons, "source_sha256": run.source_sha256}


def _as_file(store: Store, sha256: str, folder: Path) -> Path:
    path = folder / sha256
    path.write_bytes(store.get(sha256))
    return path
