"""What ran, in the terms of SLSA's provenance (v1), beside our own words in the seal's statement."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from audits.models import Run

BUILD_TYPE = "urn:clausetrail:audited-run:v1"
INPUTS = ("source", "manifest", "limits")


def provenance_of(
    run: Run, pieces: Iterable[tuple[str, str, str]], version: str, sealed_at: dt.datetime
) -> dict[str, Any]:
    """`buildDefinition` and `runDetails` of a run. `pieces`: kind, name and SHA-256 of each piece of its evidence."""
    pieces = list(pieces)
    program = run.manifest.get("pipeline") or {}
    return {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "pipeline": run.pipeline.slug,
                "command": program.get("command") or [],
                "setup": program.get("setup") or [],
                "simulated_upstreams": sorted(run.upstreams),
                "record_only": run.record_only,
            },
            "internalParameters": {"isolation": run.isolation, "python": str(run.environment.get("python") or "")},
            "resolvedDependencies": [
                *(_named(name, sha256) for kind, name, sha256 in pieces if kind in INPUTS),
                *_packages(run.environment.get("packages") or {}),
            ],
        },
        "runDetails": {
            "builder": {"id": "urn:clausetrail:worker", "version": {"clausetrail": version}},
            "metadata": {
                "invocationId": str(run.pk),
                **({"startedOn": _moment(run.started_at)} if run.started_at else {}),
                "finishedOn": _moment(sealed_at),
            },
            "byproducts": [_named(f"{kind}: {name}", sha256) for kind, name, sha256 in pieces if kind not in INPUTS],
        },
    }


def _named(name: str, sha256: str) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}}


def _packages(packages: Mapping[str, str]) -> list[dict[str, Any]]:
    """The packages of the pipeline's environment by package URL: what they call themselves, no hashes are known."""
    return [
        {"name": name, "uri": f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"}
        for name, version in packages.items()
    ]


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
