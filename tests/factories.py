"""Typed makers of rows for tests: each makes what it needs, and takes what the test is about."""

import datetime as dt
import hashlib
import itertools
from typing import Any

import pgtrigger
from psycopg.types.range import DateRange

from audits.actions.runs import STEPS
from audits.models import (
    AssessedUse,
    Connection,
    Dataset,
    Exchange,
    Finding,
    Gap,
    LogLine,
    ModelCall,
    Outcome,
    Pipeline,
    RowMatch,
    Run,
    RunStep,
    Student,
    UsageSignature,
)
from compliance.models import Membership, Project, Provider, Rule, RuleRevision, TermsDocument, User, Version

PASSWORD = "correct-horse-battery-staple"
NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
_numbers = itertools.count(1)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def make_user(role: str = User.Role.MEMBER, username: str | None = None, **fields: Any) -> User:
    return User.objects.create_user(username or f"{role}-{next(_numbers)}", password=PASSWORD, role=role, **fields)


def make_project(
    name: str = "Acme assistants", *, engineers: tuple[User, ...] = (), legal: tuple[User, ...] = ()
) -> Project:
    project = Project.objects.create(name=name, slug=f"project-{next(_numbers)}")
    for role, people in ((Membership.Role.ENGINEER, engineers), (Membership.Role.LEGAL, legal)):
        for person in people:
            Membership.objects.create(project=project, user=person, role=role)
    return project


def make_pipeline(project: Project | None = None, **fields: Any) -> Pipeline:
    defaults = {"name": "Support triage", "slug": f"pipeline-{next(_numbers)}", "origin": Pipeline.Origin.PATH}
    return Pipeline.objects.create(project=project or make_project(), **{**defaults, "path": "/srv/triage", **fields})


def make_run(pipeline: Pipeline | None = None, state: str = Run.State.QUEUED, **fields: Any) -> Run:
    pipeline = pipeline or make_pipeline()
    number = Run.objects.filter(pipeline=pipeline).count() + 1
    run = Run.objects.create(pipeline=pipeline, number=number, state=state, **fields)
    RunStep.objects.bulk_create(RunStep(run=run, position=at, name=name) for at, name in enumerate(STEPS))
    return run


def make_exchange(run: Run, **fields: Any) -> Exchange:
    seq = next(_numbers)
    defaults: dict[str, Any] = {
        "seq": seq,
        "reference": f"x{seq}",
        "step": "execute",
        "started_at": NOON,
        "first_byte_at": NOON + dt.timedelta(milliseconds=180),
        "ended_at": NOON + dt.timedelta(milliseconds=420),
        "scheme": "https",
        "host": "api.openai.com",
        "address": "198.18.0.1",
        "port": 443,
        "http_version": "HTTP/1.1",
        "method": "POST",
        "target": "/v1/chat/completions",
        "status": 200,
        "request_headers": [["content-type", "application/json"], ["authorization", "masked:sha256:0a1b2c3d4e5f"]],
        "response_headers": [["content-type", "application/json"]],
        "line_hash": sha(f"line {seq}"),
    }
    return Exchange.objects.create(run=run, **{**defaults, **fields})


def make_call(run: Run, exchange: Exchange | None = None, **fields: Any) -> ModelCall:
    exchange = exchange or make_exchange(run)
    defaults: dict[str, Any] = {
        "at": exchange.started_at,
        "step": exchange.step,
        "host": exchange.host,
        "provider": "openai",
        "served_by": "openai",
        "api": "openai.chat",
        "operation": "chat",
        "request_model": "gpt-4.1-mini",
        "response_model": "gpt-4.1-mini-2025-04-14",
        "response_id": f"chatcmpl-{exchange.seq}",
        "input_tokens": 120,
        "output_tokens": 80,
        "status": 200,
        "simulated": exchange.simulated,
        "outputs": 1,
        "output_sha256": sha(f"answer {exchange.seq}"),
        "prompt_excerpt": "How do I reset my password?",
        "output_excerpt": "Open Settings, choose Account and then Reset password.",
        "purpose": ModelCall.Purpose.TRAIN,
        "purpose_source": "observed",
    }
    return ModelCall.objects.create(run=run, exchange=exchange, **{**defaults, **fields})


def make_rule_revision(identifier: str = "openai/services-agreement:competing-models", **fields: Any) -> RuleRevision:
    """A published, shipped revision with its document, one version and its provider."""
    document_id = identifier.split(":")[0]
    slug = document_id.split("/")[0]
    provider, _ = Provider.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    document, _ = TermsDocument.objects.get_or_create(
        identifier=document_id, defaults={"provider": provider, "title": "Services Agreement", "kind": "terms"}
    )
    days = DateRange(dt.date(2025, 5, 31), None)
    Version.objects.get_or_create(
        document=document, label="2025-05-31", defaults={"in_force": days, "basis": "effective date stated"}
    )
    rule, _ = Rule.objects.get_or_create(identifier=identifier, document=document)
    defaults: dict[str, Any] = {
        "number": rule.revisions.count() + 1,
        "status": RuleRevision.Status.PUBLISHED,
        "effect": RuleRevision.Effect.PROHIBITION,
        "title": "No competing models from output",
        "statement": "Output may not be used to develop models that compete with the provider.",
        "guidance": "Ask who the student is offered to.",
        "section": "3.3(e)",
        "in_force": days,
        "definition": {
            "id": identifier,
            "effect": "prohibition",
            "title": "No competing models from output",
            "statement": "bars using output to develop models that compete",
            "actions": ["train_on_output"],
            "citations": [{"versions": ["2025-05-31"], "section": "3.3(e)", "sha256": sha("clause")}],
        },
        "content_sha256": sha(identifier),
        "shipped": True,
        "published_at": NOON,
    }
    return RuleRevision.objects.create(rule=rule, **{**defaults, **fields})


def break_rule(identifier: str, definition: Any) -> RuleRevision:
    """The published revision after somebody wrote `definition` into the database past everything that checks it."""
    revision = RuleRevision.objects.get(rule__identifier=identifier, status=RuleRevision.Status.PUBLISHED)
    with pgtrigger.ignore("compliance.RuleRevision:published_is_not_edited"):
        RuleRevision.objects.filter(pk=revision.pk).update(definition=definition)
    revision.refresh_from_db()
    return revision


def make_use(run: Run, **fields: Any) -> AssessedUse:
    defaults: dict[str, Any] = {
        "provider": "openai",
        "served_by": "openai",
        "model": "gpt-4.1-mini",
        "activity": "train_on_output",
        "first_on": NOON.date(),
        "last_on": NOON.date(),
        "calls": 3,
        "rows": 2,
        "outcome": Outcome.NEEDS_FACTS,
        "facts": {
            "provider": {"value": "openai", "source": "observed", "by": ""},
            "student.kind": {"value": "classifier", "source": "declared", "by": "audit.toml"},
        },
        "answer": {},
    }
    return AssessedUse.objects.create(run=run, **{**defaults, **fields})


def make_finding(run: Run, **fields: Any) -> Finding:
    number = Finding.objects.filter(run=run).count() + 1
    defaults: dict[str, Any] = {
        "number": number,
        "key": f"openai/services-agreement:competing-models|student|{number}",
        "kind": Finding.Kind.RULE,
        "outcome": Outcome.NEEDS_FACTS,
        "level": Finding.Level.WARNING,
        "provider": "openai",
        "title": "No competing models from output",
        "sentence": "Cannot tell whether the Services Agreement (in force since 31 May 2025, section 3.3(e)) bars this use: "
        "nobody has said whether the student is distributed.",
        "document": "openai/services-agreement",
        "version": "2025-05-31",
        "section": "3.3(e)",
        "because": [
            {
                "constraint": "the activity is training on output",
                "held": True,
                "fact": "activity",
                "value": "train_on_output",
                "source": "observed",
            },
            {
                "constraint": "the student is distributed",
                "held": None,
                "fact": "student.distributed",
                "value": None,
                "source": None,
            },
        ],
        "missing_facts": ["student.distributed"],
        "calls": 3,
        "rows": 2,
        "basis_sha256": sha(f"basis {number}"),
    }
    if "use" not in fields:
        fields["use"] = make_use(run)
    return Finding.objects.create(run=run, **{**defaults, **fields})


def make_completed_run(pipeline: Pipeline | None = None, calls: int = 3, **fields: Any) -> Run:
    """A finished, simulated run with calls, a dataset, matches, a student, a finding, a refused connection and a log."""
    run = make_run(
        pipeline,
        Run.State.COMPLETED,
        **{
            "started_at": NOON,
            "finished_at": NOON + dt.timedelta(seconds=42),
            "isolation": Run.Isolation.ENFORCED,
            "upstreams": {"api.openai.com": "http://127.0.0.1:9000"},
            "outcome": Outcome.NEEDS_FACTS,
            "source_sha256": sha("source"),
            "evidence_root": f"sha256:{sha('root')}",
            "manifest": {"pipeline": {"name": "Support triage"}, "student": {"name": "acme-triage"}},
            **fields,
        },
    )
    run.steps.update(state=RunStep.State.DONE, started_at=NOON, finished_at=NOON)
    rule = make_rule_revision() if not RuleRevision.objects.exists() else RuleRevision.objects.first()
    made = [make_call(run, make_exchange(run, simulated=True)) for _ in range(calls)]
    dataset = Dataset.objects.create(
        run=run,
        path="out/train.jsonl",
        role="training",
        format="jsonl",
        sha256=sha("train"),
        rows=calls,
        derived_rows=calls,
    )
    for row, call in enumerate(made):
        RowMatch.objects.create(
            dataset=dataset, row=row, call=call, kind="exact", similarity=1.0, field="messages[1].content"
        )
    Student.objects.create(run=run, name="acme-triage", kind="classifier", path="out/student", sha256=sha("student"))
    UsageSignature.objects.create(
        run=run, day=NOON.date(), provider="openai", served_by="openai", model="gpt-4.1-mini", operation="chat",
        access_kind="api", purpose="train", simulated=True, calls=calls, input_tokens=120 * calls,
        output_tokens=80 * calls, first_at=NOON, last_at=NOON,
    )  # fmt: skip
    make_finding(run, rule_revision=rule, calls=calls, rows=calls)
    Connection.objects.create(
        run=run, at=NOON, step="execute", disposition="refused", protocol="tcp", address="192.0.2.10", port=22,
        reason="Dialled by address, without a name.",
    )  # fmt: skip
    Gap.objects.create(
        run=run, at=NOON, step="execute", kind="quic", subject="api.openai.com", detail="UDP 443 refused."
    )
    for seq, text in enumerate(["asking 3 questions", "kept 2 of 3 answers", "trained acme-triage"]):
        LogLine.objects.create(run=run, seq=seq, at=NOON, step="execute", stream="stdout", text=text)
    return run
