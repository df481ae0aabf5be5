"""What a scan found and a manifest declares, as uses that can be judged. Nothing is guessed: what neither says stays unknown."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from audits.manifest import Manifest
from audits.scan.result import ScanResult
from audits.scan.result import Use as ScannedUse
from compliance.engine.facts import Fact, FactValue, Use

ACTIVITY_OF_DECLARED = {"train": "train_on_output", "evaluate": "evaluate", "filter": "filter_training_data"}
# What the code itself shows. Who writes "judge" may evaluate with it or choose training data: only people can say.
ACTIVITY_OF_SCANNED = {"filter": "filter_training_data", "evaluate": "evaluate", "student_base": "fine_tune_weights"}
DECLARED_BY = "audit.toml"
STUDENT_KEYS = ("kind", "general_purpose", "base_model", "distributed", "commercial", "name", "trained_at_provider")


@dataclass(frozen=True)
class FoundUse:
    """One model in one use that the scan found, with its facts. `activity` "": nobody has said what the output is for."""

    scanned: ScannedUse
    model: str
    activity: str
    use: Use


def found_uses(result: ScanResult, manifest: Manifest | None, on: dt.date) -> list[FoundUse]:
    """The uses of a tree as of a day, in the scan's order. What is merely possible by configuration counts as well."""
    return [
        found_use(scanned, model, manifest, on)
        for scanned in result.uses
        if scanned.provider and scanned.provider != "unknown"
        for model in scanned.models or ("",)
    ]


def found_use(scanned: ScannedUse, model: str, manifest: Manifest | None, on: dt.date) -> FoundUse:
    """One model of a use with its facts: what the scan shows, and over it what the manifest declares."""
    facts = {"on": Fact(on, "observed", note="the day of this check"), **_read(scanned, model)}
    declared = dict(_declared(scanned, manifest)) if manifest else {}
    facts |= declared
    activity = str(facts["activity"].value) if "activity" in facts else ""
    return FoundUse(scanned, model, activity, Use(f"{scanned.provider}/{model}", facts))


def _read(scanned: ScannedUse, model: str) -> Mapping[str, Fact]:
    place = scanned.evidence[0] if scanned.evidence else None
    note = f"{place.file}:{place.line}" if place else ""
    weights = not scanned.external
    found: dict[str, FactValue] = {
        "provider": scanned.provider,
        "model": model,
        "access.kind": "weights" if weights else "api",
        "access.served_by": "self" if weights else scanned.served_by,
        "output_modality": "embedding" if scanned.purpose == "embed" else "",
        "activity": ACTIVITY_OF_SCANNED.get(scanned.purpose, ""),
    }
    return {path: Fact(value, "inferred", "static scan", note) for path, value in found.items() if value != ""}


def _declared(scanned: ScannedUse, manifest: Manifest) -> Iterator[tuple[str, Fact]]:
    purpose = manifest.purpose_per_host.get(scanned.host) or manifest.purpose
    if purpose and scanned.purpose != "student_base":
        yield "activity", _fact(ACTIVITY_OF_DECLARED[purpose])
    access = manifest.access.get(scanned.provider)
    if access and scanned.external:
        yield "access.kind", _fact(access.kind)
        if access.served_by:
            yield "access.served_by", _fact(access.served_by)
    student = manifest.student
    if student is None:
        return
    for key in STUDENT_KEYS:
        value = getattr(student, key)
        if value not in (None, ""):
            yield f"student.{key}", _fact(value)
    if student.competes_with is not None:
        yield "student.competes_with_provider", _fact(scanned.provider in student.competes_with)


def _fact(value: FactValue) -> Fact:
    return Fact(value, "declared", DECLARED_BY)
