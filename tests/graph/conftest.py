"""Two pipelines of one project, the second of which asks the first one's student; and people."""

import datetime as dt
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.test import Client

from audits.actions.taught import roll_lineage_up
from audits.evidence.store import open_store
from audits.models import Dataset, Finding, ModelCall, RowMatch, Run, Student, UsageSignature
from compliance.models import Project, RuleRevision, User
from tests.factories import (
    NOON,
    make_call,
    make_exchange,
    make_finding,
    make_pipeline,
    make_project,
    make_rule_revision,
    make_run,
    make_use,
    make_user,
    sha,
)

RULE = "openai/services-agreement:competing-models"
CONTENT = "".join(f'{{"row": {at}}}\n' for at in range(6)).encode()


@dataclass(frozen=True)
class House:
    """`first` trains acme-7b on GPT's answers, `second` trains acme-mini on acme-7b's; `other` is of another project."""

    project: Project
    first: Run
    second: Run
    other: Run
    dataset: Dataset
    finding: Finding
    engineer: User
    outsider: User

    def client(self, person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client


def teach(run: Run, provider: str, model: str, student: str, content: str, rows: int = 4) -> Dataset:
    """Calls of a model, a training data set of six rows, four of which derive from them, and a student."""
    assert run.started_at
    served_by = provider or "self"
    dataset = Dataset.objects.create(
        run=run,
        path="out/train.jsonl",
        role="training",
        format="jsonl",
        sha256=content,
        size=60,
        rows=6,
        derived_rows=rows,
    )
    exchange = make_exchange(run, started_at=run.started_at)
    for row in range(rows):
        call = make_call(run, exchange, provider=provider, served_by=served_by, request_model=model, position=row)
        RowMatch.objects.create(dataset=dataset, row=row, call=call, kind="exact", similarity=1)
    UsageSignature.objects.create(
        run=run, day=run.started_at.date(), provider=provider, served_by=served_by, model=model, operation="chat",
        purpose=ModelCall.Purpose.TRAIN, calls=rows, input_tokens=120 * rows, output_tokens=80 * rows,
        first_at=run.started_at, last_at=run.started_at,
    )  # fmt: skip
    Student.objects.create(
        run=run, name=student, path="out/student", sha256=sha(f"{student} {run.pk}"), kind="generative"
    )
    roll_lineage_up(run.pk)
    return dataset


def completed(project: Project, name: str, day: int) -> Run:
    start = NOON + dt.timedelta(days=day)
    pipeline = make_pipeline(project, name=name)
    return make_run(pipeline, Run.State.COMPLETED, started_at=start, finished_at=start + dt.timedelta(hours=1))


def judge(run: Run) -> Finding:
    """A finding of the services agreement on the run's training, with the answer that it comes from."""
    known = RuleRevision.objects.filter(rule__identifier=RULE).first()
    revision = known or make_rule_revision(RULE)
    document = revision.rule.document.identifier
    verdict = {
        "rule": RULE, "document": document, "version": "2025-05-31", "section": "3.3(e)", "effect": "prohibition",
        "applies": True, "because": [], "title": revision.title, "labels": ["train_competing"], "lifted_by": None,
    }  # fmt: skip
    paper = {
        "document": document,
        "version": "2025-05-31",
        "role": "principal",
        "why": "the developer's terms for its API",
    }
    assert run.started_at
    day = run.started_at.date()
    use = make_use(
        run, outcome="prohibited", first_on=day, last_on=day,
        answer={"verdicts": [verdict], "governing_documents": [paper]},
    )  # fmt: skip
    return make_finding(
        run, use=use, outcome="prohibited", rule_revision=revision, document=document,
        detail={"models": ["gpt-4.1-mini"], "activity": "train_on_output", "served_by": "openai"},
    )  # fmt: skip


@pytest.fixture
def house(db: None) -> House:
    engineer, outsider = make_user(), make_user()
    project = make_project(engineers=(engineer,))
    elsewhere = make_project("Others", engineers=(outsider,))
    content = open_store(settings.EVIDENCE_URL).put(CONTENT)
    first, second, other = (
        completed(project, "Teach", 0),
        completed(project, "Reteach", 1),
        completed(elsewhere, "Secret", 2),
    )
    dataset = teach(first, "openai", "gpt-4.1-mini", "acme-7b", content)
    teach(second, "", "acme-7b", "acme-mini", sha("second"))
    teach(other, "openai", "gpt-4.1-mini", "hidden-student", content)
    return House(project, first, second, other, dataset, judge(first), engineer, outsider)
