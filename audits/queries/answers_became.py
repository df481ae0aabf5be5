"""What became of each model's answers in a run: declared for what, and observed where. Read for the page of its lineage."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from audits.manifest import declared_purpose
from audits.models import ModelCall, Run
from audits.queries.run_counts import counts_of

Purpose = ModelCall.Purpose
Key = tuple[str, str, str]
COLUMNS = {
    "taught": "Taught",
    "behind": "Through others",
    "chose": "Judged",
    "evaluated": "Evaluated",
    "filtered": "Filtered out",
    "unused": "Not kept",
    "failed": "Failed",
    "unknown": "Not known",
}
DECLARED = {Purpose.TRAIN: "Training", Purpose.EVALUATE: "Evaluation", Purpose.FILTER: "Choosing training data"}


@dataclass(frozen=True)
class Became:
    """Calls of one model at one host. `counts`: each call in one of COLUMNS. `tokens`: output tokens of all of them.

    `declared_only`: those of "evaluated" and "chose" that audit.toml alone says so of. `contradicts`: audit.toml says otherwise.
    """

    provider: str
    model: str
    host: str
    declared: str
    calls: int
    tokens: int
    counts: Mapping[str, int]
    declared_only: int
    contradicts: bool


def answers_became(run: Run) -> tuple[Became, ...]:
    """By provider, model and host, most calls first. One query where they were kept."""
    tokens: Counter[Key] = Counter()
    columns: defaultdict[Key, Counter[str]] = defaultdict(Counter)
    counts = counts_of(run, "answers", "filtered")
    for provider, model, host, purpose, source, failed, calls, given in counts.answers:
        key = (provider, model, host)
        tokens[key] += given
        columns[key][_column(purpose, source, failed)] += calls
        if source == "declared":
            columns[key]["declared_only"] += calls
    for provider, model, host, calls in counts.filtered:
        key = (provider, model, host)
        columns[key]["filtered"] = calls
        columns[key]["unused"] -= calls
    found = [_became(run, key, columns[key], tokens[key]) for key in columns]
    return tuple(sorted(found, key=lambda one: (-one.calls, one.provider, one.model, one.host)))


def _column(purpose: str, source: str, failed: bool) -> str:
    if failed:
        return "failed"
    if purpose == Purpose.TRAIN:
        return "behind" if source == "inferred" else "taught"
    return {Purpose.FILTER: "chose", Purpose.EVALUATE: "evaluated", Purpose.UNUSED: "unused"}.get(
        Purpose(purpose), "unknown"
    )


def _became(run: Run, key: Key, columns: Counter[str], tokens: int) -> Became:
    declared = declared_purpose(run.manifest, key[2]) or ""
    seen = {
        Purpose.TRAIN: columns["taught"] + columns["behind"],
        Purpose.FILTER: columns["chose"],
        Purpose.EVALUATE: columns["evaluated"],
    }
    others = (Purpose.TRAIN, Purpose.FILTER) if declared == Purpose.EVALUATE else (Purpose.TRAIN,)
    return Became(
        *key,
        declared=DECLARED[Purpose(declared)] if declared in DECLARED else "",
        calls=sum(columns[name] for name in COLUMNS),
        tokens=tokens,
        counts={name: columns[name] for name in COLUMNS},
        declared_only=columns["declared_only"],
        contradicts=declared in (Purpose.EVALUATE, Purpose.FILTER) and any(seen[one] for one in others),
    )
