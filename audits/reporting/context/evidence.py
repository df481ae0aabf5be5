"""What the report rests on: the evidence log with its hashes, the seal, and the list of calls."""

from typing import Any

from django.db.models import F, Sum

from audits.evidence.seal import Seal
from audits.models import ModelCall, Run

# What the context keeps and the paper has attached as data; how much of it is printed is decided in arrangement.py.
CALLS_KEPT = 20_000
ENTRIES_KEPT = 20_000


def evidence(run: Run) -> dict[str, Any]:
    """The log's entries, first to last, and the seal; `entries_total` counts those beyond the limit too."""
    entries = run.evidence.order_by("seq")
    sealed = sealed_part(run)
    return {
        "root": sealed["root"],
        "exchanges": run.exchanges.count(),
        "exchange_bytes": run.exchanges.aggregate(sum=Sum(F("request_size") + F("response_size")))["sum"] or 0,
        "entries_total": entries.count(),
        "entries": [
            {"seq": one.seq, "kind": one.kind, "reference": one.reference, "sha256": one.sha256, "size": one.size}
            for one in entries[:ENTRIES_KEPT]
        ],
        "sealed_at": sealed["sealed_at"],
        "key": sealed["key"],
    }


def sealed_part(run: Run) -> dict[str, Any]:
    """What the seal says: the root of the log, when it was sealed, and the fingerprint of the key."""
    stored = getattr(run, "seal", None)
    seal = Seal(stored.root, stored.entries, stored.definition) if stored else None
    return {
        "root": run.evidence_root,
        "sealed_at": stored.sealed_at.isoformat() if stored else None,
        "key": seal.key_fingerprint if seal else "",
    }


def calls_annex(run: Run) -> dict[str, Any]:
    """The calls in the order they were made; those beyond the limit are in the evidence bundle."""
    calls = ModelCall.objects.filter(run=run).order_by("at", "pk")
    columns = (
        "exchange__seq", "at", "host", "request_model", "operation", "status", "input_tokens", "output_tokens",
        "purpose", "output_sha256", "failed", "simulated",
    )  # fmt: skip
    rows = [
        {name.removeprefix("exchange__"): value.isoformat() if name == "at" else value for name, value in row.items()}
        for row in calls.values(*columns)[:CALLS_KEPT]
    ]
    return {"total": calls.count(), "rows": rows}
