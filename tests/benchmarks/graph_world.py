"""A house whose graph is large: pipelines of several projects, students that teach further students, shared data sets.

Everything is invented and the same each time. What an audit would write is written by the audit's own procedures: purposes,
roll-ups, uses and findings against the shipped rulebook.
"""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from audits.actions.copying import copy_rows
from audits.actions.usage import CALL_COLUMNS, CallRow, ExchangeRow, reserve_ids, write_usage
from audits.models import Dataset, Exchange, ModelCall, Pipeline, RowMatch, Run, Student
from audits.procedures.judging import decide_what_calls_were_for, judge
from audits.procedures.tracing import MATCH_COLUMNS, Lineage
from compliance.actions.rulebook import load_rulebook
from compliance.engine.library import Library
from compliance.engine.rulebook import load_directory
from compliance.models import Project
from compliance.queries.library import library_from_database

START: Final = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)
TEACHERS: Final = (
    ("openai", "gpt-4.1-mini"), ("openai", "gpt-4.1"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5"),
    ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-flash"), ("mistral", "mistral-large-2411"),
    ("deepseek", "deepseek-chat"), ("meta", "meta-llama/Llama-3.3-70B-Instruct"), ("alibaba", "Qwen/Qwen2.5-72B-Instruct"),
    ("cohere", "command-r-plus"), ("xai", "grok-3"),
)  # fmt: skip
BASES: Final = ("meta-llama/Llama-3.1-8B", "Qwen/Qwen2.5-7B", "mistralai/Mistral-7B-v0.3", "google/gemma-2-9b")
PUBLIC: Final = (
    ("invented/open-instructions", ("gpt-4.1",)),
    ("invented/mixed-chat", ("claude-haiku-4-5", "gpt-4o-mini")),
)
SUBJECTS: Final = ("Support triage", "Contract summaries", "Code review", "Search ranking", "Speech notes", "Invoices")
PIPELINES_IN_PROJECT: Final = 30


@dataclass(frozen=True)
class Size:
    """How large: runs (each of a pipeline of its own), calls of each teacher in a run, rows of a training data set."""

    runs: int = 285
    calls: int = 30
    rows: int = 400


def make_graph_world(size: Size = Size()) -> None:
    """Write it all; some seven nodes for each run, and 1.25 matches for each row."""
    load_rulebook(load_directory(settings.BASE_DIR / "compliance" / "rulebook"))
    library = library_from_database()
    projects = [
        Project.objects.create(slug=f"house-{number}", name=f"House {number + 1}")
        for number in range(-(-size.runs // PIPELINES_IN_PROJECT))
    ]
    for number in range(size.runs):
        _audit(number, projects[number // PIPELINES_IN_PROJECT], size, library)


def _audit(number: int, project: Project, size: Size, library: Library) -> None:
    run = _run(number, project)
    asked = list(_teachers(number))
    calls = {teacher: _calls(run, teacher, size.calls) for teacher in asked}
    _evaluated(run, number, size)
    _trained(run, number, size, [ids for teacher, ids in calls.items() if teacher != asked[-1] or number % 3])
    Student.objects.create(
        run=run, name=f"acme-{number}", path="out/student", sha256=_sha(f"student {number}"), kind="generative", size=4_096,
        facts={"base_model": BASES[number % len(BASES)]} if number % 2 else {},
    )  # fmt: skip
    decide_what_calls_were_for(run, Lineage())
    judge(run, library)


def _run(number: int, project: Project) -> Run:
    name = f"{SUBJECTS[number % len(SUBJECTS)]} {number + 1}"
    pipeline = Pipeline.objects.create(project=project, slug=f"line-{number}", name=name, origin=Pipeline.Origin.PATH)
    started = START + dt.timedelta(days=number)
    public = [{"id": key, "models": list(models), "source": "its card"} for key, models in PUBLIC[: number % 3]]
    return Run.objects.create(
        pipeline=pipeline, number=1, state=Run.State.COMPLETED, started_at=started,
        finished_at=started + dt.timedelta(hours=3), scan={"datasets": public} if number % 7 == 0 else {},
        manifest={"student": {"name": f"acme-{number}", "kind": "generative", "distributed": number % 2 == 0}},
    )  # fmt: skip


def _teachers(number: int) -> Iterator[tuple[str, str]]:
    """Two to four models; every third run asks the student of an earlier one too."""
    for at in range(2 + number % 2):
        yield TEACHERS[(number * 5 + at * 7) % len(TEACHERS)]
    if number % 3 == 2:
        yield "", f"acme-{number - 2}"


def _calls(run: Run, teacher: tuple[str, str], count: int) -> list[int]:
    assert run.started_at
    provider, _ = teacher
    [exchange] = reserve_ids(Exchange, 1)
    host = f"api.{provider}.com" if provider else "127.0.0.1"
    row = ExchangeRow(
        id=exchange, run_id=run.pk, seq=exchange, reference=f"x{exchange}", step="execute", started_at=run.started_at,
        first_byte_at=None, ended_at=None, scheme="https", host=host, address="", port=443, http_version="HTTP/1.1",
        method="POST", target="/v1/chat/completions", status=200, request_headers=[], response_headers=[],
        request_sha256="", request_size=600, response_sha256="", response_size=900, truncated=False, simulated=False,
        upstream="", error="", unparsed="", not_a_model_call="", line_hash="0" * 64,
    )  # fmt: skip
    ids = list(reserve_ids(ModelCall, count))
    write_usage([row], [_call(key, run, exchange, host, teacher, at) for at, key in enumerate(ids)])
    return ids


def _call(key: int, run: Run, exchange: int, host: str, teacher: tuple[str, str], at: int) -> CallRow:
    assert run.started_at
    provider, model = teacher
    values: dict[str, Any] = dict.fromkeys(CALL_COLUMNS, "") | {
        "id": key, "run_id": run.pk, "exchange_id": exchange, "position": at, "step": "execute", "host": host,
        "at": run.started_at + dt.timedelta(minutes=at), "provider": provider, "served_by": provider or "self",
        "api": "openai.chat", "operation": "chat", "request_model": model, "response_model": model, "input_tokens": 120,
        "output_tokens": 80, "status": 200, "failed": False, "streamed": False, "simulated": False, "outputs": 1,
        "output_sha256": _sha(f"answer {key}"),
    }  # fmt: skip
    return CallRow(**values)


def _trained(run: Run, number: int, size: Size, taught: list[list[int]]) -> None:
    """A training data set; each fifth pipeline trains on the one that the pipeline before it made."""
    dataset = Dataset.objects.create(
        run=run, path="out/train.jsonl", role="training", format="jsonl", size=size.rows * 200, rows=size.rows,
        sha256=_sha(f"data {number - (number % 5 == 4)}"), derived_rows=size.rows,
    )  # fmt: skip
    kinds = ("exact", "normalised", "contained", "near", "label")
    calls = [key for ids in taught for key in ids]
    rows = [
        (
            dataset.pk,
            row,
            calls[(row + more * 7) % len(calls)],
            0,
            kinds[(row + more) % (4 + number % 2)],
            1.0,
            "text",
            8,
        )
        for row in range(size.rows)
        for more in range(2 if row % 4 == 0 else 1)
    ]
    copy_rows(RowMatch, MATCH_COLUMNS, rows)


def _evaluated(run: Run, number: int, size: Size) -> None:
    Dataset.objects.create(
        run=run, path="data/holdout.jsonl", role="evaluation", format="jsonl", size=size.rows * 20, rows=size.rows // 10,
        sha256=_sha(f"holdout {number}"),
    )  # fmt: skip


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
