"""Rows for the browser tests: the shipped rulebook, a pipeline audited twice, exchanges with bodies, a run going on."""

import datetime as dt
import json
from dataclasses import dataclass

from django.conf import settings

from audits.actions.decisions import decide
from audits.actions.taught import roll_lineage_up
from audits.evidence.store import open_store
from audits.models import (
    Connection,
    Dataset,
    EvidenceEntry,
    Finding,
    Gap,
    LogLine,
    ModelCall,
    Outcome,
    Pipeline,
    Report,
    RowMatch,
    Run,
    RunStep,
    Seal,
    Student,
    UsageSignature,
)
from compliance.actions.rulebook import load_rulebook
from compliance.engine.rulebook import load_directory
from compliance.models import Agreement, Provider, RuleRevision, User
from tests.factories import (
    NOON,
    make_call,
    make_exchange,
    make_finding,
    make_pipeline,
    make_project,
    make_run,
    make_use,
    make_user,
    sha,
)

QUESTIONS = [
    ("How do I reset my password?", "Open Settings, choose Account and then Reset password. We send you a link."),
    ("Where can I see my invoices?", "Invoices stand under Billing, newest first; each can be taken as PDF."),
    ("Can I change my plan in the middle of a month?", "Yes. The difference is charged for the days that are left."),
    ("كيف أغيّر لغة الواجهة؟", "افتح الإعدادات ثم اختر اللغة."),
    ("請問如何匯出我的資料？", "請到「設定」→「資料」→「匯出」。"),
]
MANIFEST = """[pipeline]
name = "Support triage"
command = ["python", "distill.py"]

[[dataset]]
path = "out/train.jsonl"
role = "training"

[student]
name = "acme-triage"
kind = "classifier"
"""
RULE = "openai/services-agreement:competing-models"


@dataclass(frozen=True)
class BrowserWorld:
    """What the tests walk through."""

    run: Run
    going: Run
    finding: Finding
    engineer: User
    legal: User
    administrator: User

    def say(self, text: str) -> None:
        """The pipeline of the run going on prints a line."""
        seq = self.going.log_lines.count()
        now = dt.datetime.now(dt.UTC)
        LogLine.objects.create(run=self.going, seq=seq, at=now, step="execute", stream="stdout", text=text)

    def end_run(self) -> None:
        """The run going on completes."""
        Run.objects.filter(pk=self.going.pk).update(state=Run.State.COMPLETED, finished_at=dt.datetime.now(dt.UTC))


def make_world() -> BrowserWorld:
    """Make it all; takes about half a second."""
    engineer = make_user(username="ines", first_name="Ines", last_name="Aalto")
    legal = make_user(User.Role.LEGAL, username="marguerite", first_name="Marguerite", last_name="Okonkwo-Lindqvist")
    administrator = make_user(
        User.Role.ADMINISTRATOR, username="ada", first_name="Ada", last_name="Brandt", is_staff=True
    )
    project = make_project("Acme assistants", engineers=(engineer,))
    pipeline = make_pipeline(project, name="Support triage", created_by=engineer)
    make_pipeline(make_project("Search quality", engineers=(engineer,)), name="Judge and teach")
    load_rulebook(load_directory(settings.BASE_DIR / "compliance" / "rulebook"))
    rule = RuleRevision.objects.select_related("rule__document").get(rule__identifier=RULE, status="published")
    before = _completed(pipeline, rule, engineer, NOON - dt.timedelta(days=9))
    run = _completed(pipeline, rule, engineer, NOON)
    decide(
        finding=before.findings.latest("number"), kind="accept_risk", acting_user=legal,
        reason="The student stays inside the company. Revisit before it is offered to anybody.",
    )  # fmt: skip
    Agreement.objects.create(
        provider=Provider.objects.get(slug="openai"), reference="Order form 2026-17", grants=["evaluate"],
        starts_on=dt.date(2026, 1, 1),
    )  # fmt: skip
    finding = run.findings.get(number=1)
    return BrowserWorld(run, _going(pipeline, engineer), finding, engineer, legal, administrator)


def _completed(pipeline: Pipeline, rule: RuleRevision, person: User, at: dt.datetime) -> Run:
    run = make_run(
        pipeline, Run.State.COMPLETED, requested_by=person, started_at=at, finished_at=at + dt.timedelta(seconds=94),
        isolation=Run.Isolation.ENFORCED, upstreams={"api.openai.com": "http://127.0.0.1:9000"},
        outcome=Outcome.PROHIBITED, source_sha256=sha("source"), evidence_root=f"sha256:{sha('root')}",
        exit_status="exited", exit_code=0, manifest_text=MANIFEST, manifest={"student": {"name": "acme-triage"}},
    )  # fmt: skip
    for position, step in enumerate(run.steps.order_by("position")):
        begin = at + dt.timedelta(seconds=10 * position)
        RunStep.objects.filter(pk=step.pk).update(
            state=RunStep.State.DONE, started_at=begin, finished_at=begin + dt.timedelta(seconds=3 + position)
        )
    calls = [_exchange(run, at, number) for number in range(24)]
    _other_traffic(run, at)
    _data(run, calls, at)
    _findings(run, rule)
    _evidence(run, at)
    return run


def _exchange(run: Run, at: dt.datetime, number: int) -> ModelCall:
    question, answer = QUESTIONS[number % len(QUESTIONS)]
    asked = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": question}], "temperature": 0.2}
    answered = {
        "id": f"chatcmpl-{number}", "object": "chat.completion", "created": 1, "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 24, "completion_tokens": 31, "total_tokens": 55},
    }  # fmt: skip
    store = open_store(settings.EVIDENCE_URL)
    bodies = [json.dumps(body).encode() for body in (asked, answered)]
    exchange = make_exchange(
        run, seq=number, started_at=at + dt.timedelta(seconds=number), simulated=True, upstream="http://127.0.0.1:9000",
        first_byte_at=at + dt.timedelta(seconds=number, milliseconds=180),
        ended_at=at + dt.timedelta(seconds=number, milliseconds=420),
        request_sha256=store.put(bodies[0]), request_size=len(bodies[0]),
        response_sha256=store.put(bodies[1]), response_size=len(bodies[1]),
    )  # fmt: skip
    return make_call(run, exchange, prompt_excerpt=question, output_excerpt=answer)


def _other_traffic(run: Run, at: dt.datetime) -> None:
    make_exchange(
        run, seq=24, started_at=at, host="telemetry.example.org", target="/v2/events?batch=1",
        unparsed="no parser knows this body"
    )  # fmt: skip
    make_exchange(
        run, seq=25, started_at=at, method="GET", target="/v1/models", not_a_model_call="a listing of models"
    )  # fmt: skip
    Connection.objects.create(
        run=run, at=at, step="execute", disposition="refused", protocol="tcp", address="192.0.2.10", port=22,
        reason="Dialled by address, without a name.",
    )  # fmt: skip
    Gap.objects.create(
        run=run, at=at, step="execute", kind="quic", subject="api.openai.com", detail="UDP 443 was refused."
    )


def _data(run: Run, calls: list[ModelCall], at: dt.datetime) -> None:
    train = Dataset.objects.create(
        run=run, path="out/train.jsonl", role="training", format="jsonl", sha256=sha("train"), size=48_211, rows=31,
        derived_rows=18,
    )  # fmt: skip
    Dataset.objects.create(
        run=run, path="out/holdout.jsonl", role="evaluation", format="jsonl", sha256=sha("holdout"), size=9_100, rows=12
    )
    for row, call in enumerate(calls[:18]):
        RowMatch.objects.create(
            dataset=train, row=row, call=call, kind="exact" if row % 3 else "normalised", similarity=1.0,
            field="messages[1].content",
        )  # fmt: skip
    Student.objects.create(
        run=run, name="acme-triage", kind="classifier", path="out/student", sha256=sha("student"), size=182_044,
        facts={"general_purpose": False, "distributed": True, "competes_with": []},
    )  # fmt: skip
    for provider, model, purpose, count in (
        ("openai", "gpt-4.1-mini", "train", 24), ("anthropic", "claude-haiku-4-5", "evaluate", 9),
    ):  # fmt: skip
        UsageSignature.objects.create(
            run=run, day=at.date(), provider=provider, served_by=provider, model=model, operation="chat",
            access_kind="api", purpose=purpose, simulated=True, calls=count, input_tokens=24 * count,
            output_tokens=31 * count, first_at=at, last_at=at,
        )  # fmt: skip
    roll_lineage_up(run.pk)
    for seq in range(40):
        text = f"{seq:02d} asked, \x1b[32manswered\x1b[0m" if seq == 7 else f"question {seq + 1} of 40 answered"
        LogLine.objects.create(
            run=run, seq=seq, at=at + dt.timedelta(seconds=seq), step="execute", stream="stdout", text=text
        )


def _findings(run: Run, rule: RuleRevision) -> None:
    facts = {
        "activity": {"value": "train_on_output", "source": "observed", "by": "", "note": "18 answers stand in out/train.jsonl"},
        "student.kind": {"value": "classifier", "source": "declared", "by": "audit.toml", "note": ""},
        "student.distributed": {"value": True, "source": "declared", "by": "audit.toml", "note": ""},
        "output_modality": {"value": "text", "source": "inferred", "by": "", "note": ""},
    }  # fmt: skip
    use = make_use(run, calls=24, rows=18, outcome=Outcome.PROHIBITED, facts=facts)
    shared = {"use": use, "detail": {"models": ["gpt-4.1-mini"], "activity": "train_on_output", "served_by": "openai"}}
    make_finding(
        run, rule_revision=rule, outcome=Outcome.PROHIBITED, level="error", title=rule.title, section=rule.section,
        document=rule.rule.document.identifier, version=_version_of(rule, run), calls=24, rows=18, missing_facts=[],
        sentence="Prohibited: on 20 November 2026 OpenAI’s Services Agreement bars using output to develop models that "
        "compete; the student “acme-triage” was declared to be distributed, and 18 of its 31 training rows derive from "
        "24 recorded answers.",
        because=[
            {"constraint": "the activity is training a model on output", "held": True, "fact": "activity",
             "value": "train_on_output", "source": "observed"},
            {"constraint": "the student is distributed to third parties", "held": True, "fact": "student.distributed",
             "value": True, "source": "declared"},
            {"constraint": "the student is not a classifier that stays inside the organisation", "held": True,
             "fact": "student.kind", "value": "classifier", "source": "declared"},
        ],
        **shared,
    )  # fmt: skip
    make_finding(
        run, rule_revision=rule, document=rule.rule.document.identifier, version=_version_of(rule, run), **shared
    )
    make_finding(
        run, outcome=Outcome.NOT_ADDRESSED, kind="silence", level="note", title="The terms are silent on evaluation",
        sentence="Nothing in the governing documents speaks to evaluation with claude-haiku-4-5. Silence is not permission.",
        provider="anthropic", document="", version="", section="", because=[], missing_facts=[], calls=9, rows=0, use=None,
    )  # fmt: skip


def _version_of(rule: RuleRevision, run: Run) -> str:
    assert run.started_at is not None
    return rule.rule.document.versions.get(in_force__contains=run.started_at.date()).label


def _evidence(run: Run, at: dt.datetime) -> None:
    pieces = [("source", "listing of the source tree"), ("manifest", "audit.toml"), ("record", "recorder's log of execute"),
              ("dataset", "out/train.jsonl"), ("findings", "findings")]  # fmt: skip
    for seq, (kind, reference) in enumerate(pieces):
        EvidenceEntry.objects.create(
            run=run, seq=seq, at=at, kind=kind, reference=reference, sha256=sha(reference), size=4_096 + seq, line={},
            hash=sha(f"line {seq}"),
        )  # fmt: skip
    Seal.objects.create(
        run=run, root=run.evidence_root, entries=len(pieces), definition={"public_key": sha("key")}, sealed_at=at
    )
    Report.objects.create(
        run=run, number=1, state=Report.State.READY, pages=14, size=812_345, context_sha256=sha("context"),
        pdf_sha256=open_store(settings.EVIDENCE_URL).put(b"%PDF-1.7 a report"), requested_by=run.requested_by,
    )  # fmt: skip


def _going(pipeline: Pipeline, person: User) -> Run:
    """A run at work: five steps done or begun, its calls still coming."""
    now = dt.datetime.now(dt.UTC)
    run = make_run(
        pipeline, Run.State.RUNNING, requested_by=person, started_at=now, heartbeat_at=now, worker="worker-1",
        isolation=Run.Isolation.PROXY_ONLY, isolation_reasons=["user namespaces are refused by this kernel."],
        upstreams={"api.openai.com": "http://127.0.0.1:9000"},
    )  # fmt: skip
    run.steps.filter(name__in=["prepare", "scan"]).update(state="done", started_at=now, finished_at=now)
    run.steps.filter(name="execute").update(state="running", started_at=now, done=12, total=40, note="calls recorded")
    make_call(run, make_exchange(run, simulated=True))
    LogLine.objects.create(run=run, seq=0, at=now, step="execute", stream="stdout", text="asking 40 questions")
    return run
