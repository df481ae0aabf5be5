"""Public data sets that models wrote, judged as if their rows had been asked for today; whose contract it was is only said."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from audits.gating.uses import FoundUse, found_use
from audits.manifest import Manifest
from audits.scan.result import DatasetUse, ScanResult, Use
from compliance.engine.catalogue import resolve_model
from compliance.engine.library import Library

# By whom models are that nobody runs at home, as the collection spells them; of others the weights' licence is what travels.
_HOSTED = {"openai": "openai", "anthropic": "anthropic"}
WHOSE = (
    "Terms of service bind whoever held the account when the data set was written; whether they reach its users is for a person "
    "to say. When it was written is not known: the terms of today are applied."
)
TRAVELS = "A licence of weights travels with what it covers, as far as it says so."
FIX = "Take a data set that was written by people or by models whose terms allow this, or leave its rows out of training data."


@dataclass(frozen=True)
class WrittenBy:
    """A data set, one of the models that wrote it (as its source spells it), and both as a use that can be judged."""

    dataset: DatasetUse
    spelled: str
    found: FoundUse


def dataset_uses(result: ScanResult, manifest: Manifest | None, library: Library, on: dt.date) -> Iterator[WrittenBy]:
    """Each data set with each of its models whose developer is known."""
    for dataset in result.datasets:
        for spelled in dataset.models:
            provider, model = _whose(spelled, library)
            if provider:
                yield WrittenBy(dataset, spelled, _as_use(dataset, provider, model, manifest, on))


def _whose(spelled: str, library: Library) -> tuple[str, str]:
    """(developer, model by the name that a library knows, "" when it is only called after its developer)."""
    vendor, _, rest = spelled.strip().partition(" ")
    for name in (spelled, rest):
        written = name.strip().lower().replace(" ", "-")
        developer = resolve_model(written, "", library).developer if written else ""
        if developer:
            return developer, written
    return _HOSTED.get(vendor.lower(), ""), ""


def _as_use(dataset: DatasetUse, provider: str, model: str, manifest: Manifest | None, on: dt.date) -> FoundUse:
    hosted = provider in _HOSTED.values()
    scanned = Use(
        provider=provider,
        served_by=provider if hosted else "self",
        models=(model,) if model else (),
        host="",
        sdk="data set",
        external=hosted,
        status="used",
        purpose="generate",
        confidence=1.0,
        evidence=dataset.evidence,
        reasoning=(),
    )
    found = found_use(scanned, model, manifest, on)
    return replace(found, use=replace(found.use, id=f"{dataset.id}/{model or provider}"))
