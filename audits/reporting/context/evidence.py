"""What the report rests on: the evidence log with its hashes, the seal, and the list of calls."""

from typing import Any

from audits.evidence.seal import Seal
from audits.models import ModelCall, Run

CALLS_PRINTED = 1_000
ENTRIES_PRINTED = 400


def evidence(run: Run) -> dict[str, Any]:
    """The log's entries, first to last, and the seal; `entries_total` counts those that paper has no room for."""
    entries = run.evidence.order_by("seq")
    stored = getattr(run, "seal", None)
    seal = Seal(stored.root, stored.entries, stored.definition) if stored else None
    return {
        "root": run.evidence_root,
        "exchanges": run.exchanges.count(),
        "exchange_bytes": sum(
            size for pair in run.exchanges.values_list("request_size", "response_size") for size in pair
        ),
        "entries_total": entries.count(),
        "entries": [
            {"seq": one.seq, "kind": one.kind, "reference": one.reference, "sha256": one.sha256, "size": one.size}
            for one in entries[:ENTRIES_PRINTED]
        ],
        "sealed_at": stored.sealed_at.isoformat() if stored else None,
        "key": seal.key_fingerprint if seal else "",
    }


def calls_annex(run: Run) -> dict[str, Any]:
    """The calls in the order they were made, as many as paper bears; all of them are in the evidence bundle."""
    calls = ModelCall.objects.filter(run=run).order_by("at", "pk")
    columns = (
        "exchange__seq", "at", "host", "request_model", "operation", "status", "input_tokens", "output_tokens",
        "purpose", "output_sha256", "failed", "simulated",
    )  # fmt: skip
    rows = [
        {name.removeprefix("exchange__"): value.isoformat() if name == "at" else value for name, value in row.items()}
        for row in calls.values(*columns)[:CALLS_PRINTED]
    ]
    return {"total": calls.count(), "rows": rows}
