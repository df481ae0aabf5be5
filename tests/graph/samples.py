"""Records of small graphs: two pipelines of one house, the second of which asks the first one's student."""

import datetime as dt
from dataclasses import replace
from typing import Any

from audits.graph.building import build
from audits.graph.model import Graph
from audits.graph.records import (
    CallsRecord,
    DatasetRecord,
    ModelRecord,
    PublicRecord,
    Records,
    RowsRecord,
    RunRecord,
    StudentRecord,
)
from audits.graph.travel import Charge

MORNING = dt.datetime(2026, 3, 1, 8, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
A, B = "a" * 64, "b" * 64


def run(number: int, **fields: Any) -> RunRecord:
    start = MORNING + number * DAY
    return RunRecord(number, 1, f"Pipeline {number}", "Acme", start, start + dt.timedelta(hours=2), **fields)


def calls(run_id: int, model: str, purpose: str = "train", **fields: Any) -> CallsRecord:
    at = MORNING + run_id * DAY
    provider = fields.pop("provider", "openai")
    served_by = fields.pop("served_by", provider)
    return CallsRecord(run_id, provider, served_by, model, purpose, 10, 1, 1000, 500, at, at, **fields)


def dataset(key: int, run_id: int, sha256: str, role: str = "training", **fields: Any) -> DatasetRecord:
    return DatasetRecord(key, run_id, f"out/{role}.jsonl", role, sha256, 100, 4096, "jsonl", **fields)


def rows(dataset_id: int, of: CallsRecord, number: int = 40, labels: int = 0) -> RowsRecord:
    return RowsRecord(dataset_id, of.run, of.provider, of.served_by, of.model, of.purpose, number, labels)


def two_generations(**fields: Any) -> Records:
    """Run 1 trains acme-7b on GPT's answers; run 2 trains acme-mini on acme-7b's answers."""
    first, second = calls(1, "gpt-4.1", catalogued=True), calls(2, "acme-7b", provider="", served_by="self")
    records = Records(
        runs=(run(1), run(2)),
        calls=(first, second),
        datasets=(dataset(1, 1, A), dataset(2, 2, B)),
        rows=(rows(1, first), rows(2, second, 60)),
        students=(
            StudentRecord(1, "acme-7b", "out/student", "1" * 64, "generative"),
            StudentRecord(2, "acme-mini", "out/student", "2" * 64, "classifier"),
        ),
        models={"gpt-4.1": ModelRecord("gpt-4.1", "openai")},
        providers={"openai": "OpenAI"},
    )
    return replace(records, **fields)


def everything() -> Graph:
    """Every kind of node and edge: evaluation, choosing, labels, a base model with a licence, a public data set, a found one."""
    first, judge = calls(1, "gpt-4.1", catalogued=True), calls(1, "gpt-4.1", "filter", catalogued=True)
    measure = calls(2, "gpt-4.1", "evaluate", catalogued=True)
    base = two_generations()
    return build(
        replace(
            base,
            calls=(*base.calls, judge, measure),
            datasets=(
                *base.datasets, dataset(3, 2, A, found=True), dataset(4, 2, "c" * 64, "evaluation"),
                dataset(5, 2, "", "intermediate"),
            ),
            rows=(*base.rows, rows(1, first, 30, labels=30)),
            students=(base.students[0], replace(base.students[1], base_model="meta-llama/Llama-3.1-8B", base_catalogued=True)),
            public=(PublicRecord(2, "acme/open-answers", ("gpt-4.1",), "its card", "train.py:7"),),
            models={
                **base.models,
                "meta-llama/Llama-3.1-8B": ModelRecord("llama-3.1-8b", "meta", ("meta/llama-3.1-licence",), True),
            },
            elsewhere={f"data:{A}": 2},
        )
    )  # fmt: skip


def charge(**fields: Any) -> Charge:
    """A prohibition of a provider's terms of service on training with GPT's answers in run 1."""
    defaults: dict[str, Any] = {
        "clause": "openai/terms:competing", "title": "Competing models", "document": "openai/terms", "version": "2026-01-01",
        "section": "2(e)", "effect": "prohibition", "outcome": "prohibited", "applies": True, "role": "principal",
        "role_why": "the developer's terms for its API", "run": 1, "provider": "openai", "served_by": "openai",
        "model": "gpt-4.1", "activity": "train_on_output", "since": MORNING.date(), "until": MORNING.date(),
    }  # fmt: skip
    return Charge(**{**defaults, **fields})
