"""Where a replay's answers come from: a run of this installation, or a sealed bundle of any."""

import datetime as dt
import json
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from audits.capture.blobs import BlobStore
from audits.capture.config import Recording
from audits.evidence import Unreadable, verify_bundle
from audits.evidence.links import named_contents
from audits.evidence.store import Missing, Store
from audits.evidence.verifier import blob_path
from audits.models import EvidenceEntry, Run
from audits.procedures.lifecycle import AuditFailed

RECORD_REF = "recorder's log of execute"
_BUNDLED_RECORD = "records/execute/record.jsonl"


class NotReplayable(ValueError):
    """A run or file that can't be replayed; the message says why, and what could be."""


def replay_of_run(source: Run) -> dict[str, Any]:
    """What `request_run(replay=…)` takes for a run of this installation. Raises NotReplayable."""
    entry = EvidenceEntry.objects.filter(run=source, kind="record", reference=RECORD_REF).first()
    if entry is None:
        raise NotReplayable(f"{source} left no recorder's log of its calls, so there is nothing to answer with.")
    if source.content == Run.Content.HASHES:
        raise NotReplayable(f"{source} kept hashes and no contents: there are no answers to give.")
    if source.is_replay:
        raise NotReplayable(f"{source} is a replay itself. Replay the run that it replayed.")
    return {
        "name": f"run {source.number} of {source.pipeline.name}",
        "run": source.pk,
        "record": entry.sha256,
        "root": source.evidence_root,
        "recorded_at": (source.started_at or source.requested_at).isoformat(),
        "source_sha256": source.source_sha256,
    }


def replay_of_bundle(path: Path, store: Store) -> dict[str, Any]:
    """The same for a sealed bundle, which is checked and kept in the store. Raises NotReplayable."""
    try:
        checked = verify_bundle(str(path))
    except (OSError, Unreadable) as error:
        raise NotReplayable(f"{path.name} is no bundle that can be read: {error}") from error
    if not checked.ok:
        raise NotReplayable(f"{path.name} does not verify: {checked.problems[0]}. What it holds proves nothing.")
    with zipfile.ZipFile(path) as bundle:
        if _BUNDLED_RECORD not in bundle.namelist():
            raise NotReplayable(f"{path.name} holds no recorder's log of a pipeline's calls.")
        facts = json.loads(bundle.read("run.json"))
        with bundle.open(_BUNDLED_RECORD) as lines:
            first = json.loads(lines.readline() or b"{}")
    if first.get("content") == "hashes":
        raise NotReplayable(f"{path.name} holds hashes and no contents: there are no answers to give.")
    with path.open("rb") as file:
        kept = store.put(file)
    return {
        "name": f"the bundle of run {facts.get('run')} ({facts.get('pipeline')})",
        "bundle": kept,
        "root": str(facts.get("evidence", {}).get("root") or ""),
        "recorded_at": str(first.get("at") or ""),
        "source_sha256": str(facts.get("source_sha256") or ""),
        "findings": facts.get("findings") or [],
    }


def recording_for(run: Run, store: Store, folder: Path) -> Recording:
    """The recorded answers laid out for a recorder. Raises AuditFailed when they are not all there any more."""
    name = str(run.replay["name"])
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "record.jsonl"
    try:
        if "bundle" in run.replay:
            return Recording(record, _unpack(store, str(run.replay["bundle"]), record, folder / "blobs"), name)
        record.write_bytes(store.get(str(run.replay["record"])))
    except (Missing, OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise AuditFailed(f"The evidence of {name} is no longer whole, so it can't be replayed: {error}") from error
    return Recording(record, store.lend(sorted(_named(record)), folder / "blobs"), name)


def _unpack(store: Store, sha256: str, record: Path, blobs: Path) -> Path:
    """The record, and the bodies its lines name, out of a bundle that lies in the store."""
    target = BlobStore(blobs)
    with tempfile.NamedTemporaryFile(dir=blobs.parent) as file:
        file.write(store.get(sha256))
        file.flush()
        with zipfile.ZipFile(file.name) as bundle:
            record.write_bytes(bundle.read(_BUNDLED_RECORD))
            held = set(bundle.namelist())
            for digest in sorted(_named(record)):
                if blob_path(digest) in held:
                    target.put(bundle.read(blob_path(digest)))
    target.flush()
    return blobs


def _named(record: Path) -> set[str]:
    with record.open("rb") as lines:
        return {digest for line in lines for digest in named_contents(json.loads(line))}


# What came of it


def recorded_time(event: Mapping[str, Any]) -> str | None:
    """When a replayed answer was given in truth: a replay is judged by the terms of that day."""
    replayed = event.get("replayed")
    return str(replayed["started"]) if isinstance(replayed, dict) and replayed.get("started") else None


def compared(found: Iterable[Any], run: Run) -> dict[str, Any]:
    """Findings that the replay reproduces, that it no longer has, and new ones, by title; how often counts too."""
    now = Counter(_name(one, one.rule or one.key.split("|")[0]) for one in found)
    before = Counter(_recorded_findings(run))
    return {
        "reproduced": _titles(before & now),
        "gone": _titles(before - now),
        "new": _titles(now - before),
        "judged_at": dt.datetime.now(dt.UTC).isoformat(),
    }


Name = tuple[str, ...]


def _name(finding: Any, rule: str) -> Name:
    return str(finding.title)[:300], str(finding.kind), rule, finding.document, finding.provider, str(finding.outcome)


def _titles(found: Counter[Name]) -> list[str]:
    return sorted(name[0] for name in found.elements())


def _recorded_findings(run: Run) -> Iterator[Name]:
    if run.replay_of is None:
        for one in run.replay.get("findings") or []:
            yield tuple(str(one[key]) for key in ("title", "kind", "rule", "document", "provider", "outcome"))
        return
    for finding in run.replay_of.findings.select_related("rule_revision__rule"):
        revision = finding.rule_revision
        yield _name(finding, revision.rule.identifier if revision else finding.key.split("|")[0])
