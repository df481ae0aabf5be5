"""Verdicts: thousands of distinct uses assessed, and a million recorded calls judged anew after a rule changed.

The calls are real rows of real runs, judged first as an audit judges them. Judging call by call is measured on some of the same
calls, each read from the database and judged by itself, with nothing remembered from the one before.
"""

import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from audits.actions.rejudging import rejudge
from audits.actions.usage import refresh_signatures
from audits.matching.answers import answers_on_record
from audits.matching.recorded import Reader, StoredUse
from audits.models import Exchange, ModelCall, Pipeline, Rejudging, Run
from audits.procedures.judging import judge
from compliance.actions import rules
from compliance.actions.rulebook import load_rulebook
from compliance.engine.assessment import assess
from compliance.engine.facts import parse_use
from compliance.engine.library import Library, Memory
from compliance.engine.rulebook import load_directory
from compliance.models import Project, RuleRevision, User
from compliance.queries.library import library_from_database
from tests.benchmarks.figures import Figure

USES, ROUNDS = 10_000, 3
RUNS, CALLS, DAYS = 40, 25_000, 30
ONE_BY_ONE = 20_000
CHANGED = "openai/services-agreement:competing-models"
FIRST = dt.datetime(2026, 2, 1, 12, 0, tzinfo=dt.UTC)
MODELS = [
    ("openai", "openai", "gpt-4.1-mini"),
    ("openai", "openai", "gpt-4o"),
    ("openai", "azure", "gpt-4o"),
    ("anthropic", "anthropic", "claude-sonnet-4-5"),
    ("anthropic", "amazon-bedrock", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
    ("google", "google", "gemini-2.5-pro"),
    ("mistral", "mistral", "mistral-large-latest"),
    ("meta", "together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
    ("deepseek", "deepseek", "deepseek-chat"),
    ("xai", "xai", "grok-4"),
]
PURPOSES = [("train", "observed"), ("evaluate", "declared"), ("filter", "inferred")]


def main() -> list[Figure]:
    shipped = load_directory(Path(settings.BASE_DIR) / "compliance" / "rulebook")
    assessed = min(_assess(shipped) for _ in range(ROUNDS))  # the least disturbed by whatever else the machine does
    load_rulebook(shipped)
    first = _record()
    done, seconds = _rejudge()
    singly = _one_by_one(first)
    return [
        Figure("10,000 uses assessed", assessed, "s", at_most=2),
        Figure("1,000,000 calls judged anew", seconds, "s", at_most=5),
        Figure("calls judged anew", done.calls / seconds, "calls/s"),
        Figure("calls judged anew, of judging call by call", done.calls / seconds / singly, at_least=100),
        Figure("calls of which something changed", float(done.changed_calls), "calls"),
    ]


def _assess(shipped: Library) -> float:
    """Seconds for 10,000 distinct uses, from parsed JSON to JSON text, with nothing remembered."""
    library = Library(**{name: getattr(shipped, name) for name in shipped.__dataclass_fields__})
    uses = list(_uses(USES))
    began = time.perf_counter()
    text = "".join(assess(parse_use(use), library).json_text() for use in uses)
    seconds = time.perf_counter() - began
    assert len(json.loads("[" + assess(parse_use(uses[0]), library).json_text() + "]")) == 1
    assert len(text) > USES * 100
    return seconds


def _uses(count: int) -> Iterator[dict[str, Any]]:
    """Uses that all differ: models, days, activities, students."""
    kinds = ("generative", "classifier", "embedding", "reward")
    activities = ("train_on_output", "evaluate", "filter_training_data", "use_output")
    for number in range(count):
        provider, served_by, model = MODELS[number % len(MODELS)]
        yield {
            "id": f"use {number}", "provider": provider, "model": model, "access": {"kind": "api", "served_by": served_by},
            "on": (FIRST.date() - dt.timedelta(days=number % 700)).isoformat(), "activity": activities[number // 10 % 4],
            "output_modality": "text",
            "student": {"kind": kinds[number // 40 % 4], "general_purpose": bool(number // 160 % 2),
                        "competes_with_provider": (None, True, False)[number // 320 % 3], "distributed": bool(number // 960 % 2)},
        }  # fmt: skip


def _record() -> Run:
    """A million calls in runs of many, recorded and judged; returns the first run."""
    project = Project.objects.create(slug="verdicts", name="Verdicts")
    runs = [_run(project, number) for number in range(RUNS)]
    for run in runs:
        refresh_signatures(run.pk, {})
        judge(run, library_from_database(project.pk))
    assert ModelCall.objects.count() == RUNS * CALLS
    return runs[0]


def _run(project: Project, number: int) -> Run:
    pipeline = Pipeline.objects.create(project=project, slug=f"p{number}", name=f"Pipeline {number}", origin="path")
    student = {"name": f"student-{number}", "kind": "generative", "competes_with": [], "distributed": True}
    run = Run.objects.create(pipeline=pipeline, number=1, state=Run.State.COMPLETED, manifest={"student": student})
    exchange = Exchange.objects.create(
        run=run, seq=0, reference="x", step="execute", started_at=FIRST, scheme="https", host="api.openai.com",
        address="", port=443, http_version="HTTP/1.1", method="POST", target="/v1/chat/completions", line_hash="0" * 64,
    )  # fmt: skip
    calls = [
        ModelCall(run=run, exchange=exchange, at=FIRST + dt.timedelta(days=day), step="execute", host=f"api.{served_by}.example",
                  provider=provider, served_by=served_by, api="chat", operation="chat", request_model=model, outputs=1,
                  purpose=purpose, purpose_source=source)
        for provider, served_by, model in MODELS
        for purpose, source in PURPOSES[: 1 + number % 3]
        for day in range(number % 7, DAYS, 3)
    ]  # fmt: skip
    ModelCall.objects.bulk_create(calls)
    _multiply(run, CALLS)
    return run


def _multiply(run: Run, wanted: int) -> None:
    """Each call as many times over as it takes to have `wanted` of them, inside the database."""
    columns = [field.column for field in ModelCall._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{column}"' for column in columns)
    made = run.calls.count()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audits_modelcall ({names}) SELECT {names} FROM audits_modelcall, generate_series(1, %s) "
            "WHERE run_id = %s LIMIT %s",
            [wanted // made + 1, run.pk, wanted - made],
        )


def _rejudge() -> tuple[Rejudging, float]:
    """A rule reads otherwise from now on; how long until every run's findings say so."""
    writer, second = (User.objects.create_user(name, role="administrator") for name in ("writer", "second"))
    published = RuleRevision.objects.get(rule__identifier=CHANGED, status="published")
    draft = rules.draft_revision(acting_user=writer, rule=published.rule)
    when = {"fact": "student.kind", "op": "in", "value": ["generative", "reward"]}
    definition = {**draft.definition, "when": when, "exceptions": []}
    rules.change_draft(
        acting_user=writer, revision=draft, definition=definition, clauses=[], based_on=draft.content_sha256
    )
    rules.submit(acting_user=writer, revision=draft)
    rules.publish(acting_user=second, revision=draft)
    began = time.perf_counter()
    done = rejudge(cause="A rule was published", caused_by=second)
    seconds = time.perf_counter() - began
    assert done.calls == RUNS * CALLS
    assert done.changed_runs == RUNS
    return done, seconds


def _one_by_one(run: Run) -> float:
    """Calls a second, each judged by itself."""
    library, answers = library_from_database(), answers_on_record()
    reader = Reader(run, library, answers)
    stored = {(use.served_by, use.model, use.activity): use for use in run.uses.all()}
    began = time.perf_counter()
    calls = run.calls.order_by("pk").values_list("served_by", "request_model", "purpose", "at")[:ONE_BY_ONE]
    activities = {"train": "train_on_output", "evaluate": "evaluate", "filter": "filter_training_data"}
    for served_by, model, purpose, at in calls.iterator():
        known = stored[served_by, model, activities[purpose]]
        alone = StoredUse(
            0, run.pk, known.provider, served_by, model, known.activity, at.date(), at.date(), 1, 0, "", known.facts,
            False, {at.date().isoformat(): 1}, "",
        )  # fmt: skip
        library.__dict__["memory"] = Memory()
        for use in reader.uses(alone):
            assess(use.as_use(), library)
    return ONE_BY_ONE / (time.perf_counter() - began)
