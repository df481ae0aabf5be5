"""Frozen contexts made up for tests and for the benchmark: plain JSON, of any size, tame or hostile."""

import copy
import json
from typing import Any

from audits.reporting.context.answers import answers
from audits.reporting.context.words import summary
from tests.factories import sha

Context = dict[str, Any]
DAY = "2026-11-20"
OUTCOMES = ("prohibited", "needs_facts", "permitted_with_duties", "permitted", "not_addressed")
HOSTILE = (
    '"><script>alert(1)</script>{{ 7*7 }}{% include "/etc/passwd" %}<img src="file:///etc/passwd">\u202egnp\x00\x1b[31m'
)
LONG = "organisation/" + "a-very-long-model-name-" * 8 + "v1"
FAR = "模型名称" * 12 + " نموذج اللغة " + "модель"
UNBROKEN = "f0" * 400


def plain(*, calls: int = 12, findings: int = 4, datasets: int = 2) -> Context:
    """A completed, simulated run: two providers, `calls` calls, `findings` findings, `datasets` datasets, a student."""
    context: Context = {
        "schema": "clausetrail-report/1",
        "report": _report(),
        "run": _run(),
        "usage": _usage(calls),
        "providers": [_provider(slug, name, number) for slug, name, number in _shares(calls)],
        "lineage": {
            "datasets": [_dataset(at, calls) for at in range(datasets)],
            "kept": _kept(calls),
            "comparisons": [_comparison()],
        },
        "findings": [_finding(number, findings, calls) for number in range(1, findings + 1)],
        "terms": _terms(),
        "agreements": [],
        "connections": [_connection()],
        "gaps": [
            {"kind": "quic", "subject": "api.openai.com", "detail": "UDP 443 refused", "step": "execute", "at": _at(0)}
        ],
        "unparsed": [
            {"seq": 3, "step": "execute", "host": "api.x.test", "method": "POST", "target": "/v9", "why": "unknown API"}
        ],
        "calls": {"total": calls, "rows": [_call(at) for at in range(calls)]},
        "evidence": _evidence(calls),
    }
    return sealed(context)


def sealed(context: Context) -> Context:
    """The context with its summary and answers computed again, as the builder computes them."""
    return context | {"summary": summary(context), "answers": answers(context)}


def round_trip(context: Context) -> Context:
    """The context as it comes back from where it is stored, keys in another order."""
    stored: Context = json.loads(json.dumps(context, sort_keys=True))
    return stored


def empty() -> Context:
    """A run without calls, datasets, student, findings, terms or evidence."""
    context = plain(calls=0, findings=0, datasets=0)
    context["run"] |= {
        "student": None,
        "outcome": "",
        "simulated": [],
        "manifest_text": "",
        "command": [],
        "isolation": "",
    }
    context |= {"providers": [], "terms": [], "connections": [], "gaps": [], "unparsed": []}
    context["lineage"]["kept"] = []
    context["evidence"] |= {"entries": [], "entries_total": 0, "exchanges": 0, "root": "", "sealed_at": None, "key": ""}
    return sealed(context)


def failed() -> Context:
    """A run that failed before it was judged, isolated by proxy only, with calls and without a verdict."""
    context = plain(findings=0)
    reasons = ["the kernel refuses network namespaces", "bubblewrap is missing"]
    context["run"] |= {"state": "failed", "reason": "python distill.py ended with exit status 3.", "exit_code": 3}
    context["run"] |= {"outcome": "", "isolation": "proxy_only", "isolation_reasons": reasons, "student": None}
    context["lineage"]["datasets"][0] |= {"gap": "out/train.jsonl is missing", "rows": 0, "by_model": [], "kinds": []}
    return sealed(context | {"terms": []})


def hostile(text: str = HOSTILE) -> Context:
    """Every word that others chose is `text`."""
    return sealed(_replaced(plain(calls=2, findings=2), text))


def final(subject: str, fingerprint: str) -> Context:
    """A final report of an audit that two persons approved, with everything that gets a place on its signature page."""
    context = plain(calls=6, findings=1, datasets=1)
    verify = {"verify_at": "https://audits.example.org/verify/", "unsigned_because": ""}
    context["report"] |= {"marking": "final", **verify}
    signatures = [
        {"step": "Legal", "by": "Rosa Counsel", "at": _at(51)},
        {"step": "Head of legal", "by": "Max Head", "at": _at(52)},
    ]
    approval = {
        "number": 2,
        "run": "",
        "completed_at": _at(53),
        "context_sha256": sha("record"),
        "signatures": signatures,
    }
    context["signing"] = {
        "approvals": [approval], "subject": subject, "fingerprint": fingerprint, "own": True, "authority": "",
    }  # fmt: skip
    return context


THEIRS = {
    "project", "pipeline", "reason", "command", "setup", "secrets", "manifest_text", "model", "request_model", "dataset",
    "host", "hosts", "operation", "operations", "title", "sentence", "document_title", "section", "statement", "guidance",
    "word", "reference", "models", "where", "detail", "subject", "target", "why", "requested_by", "by", "note", "constraint",
    "unresolved", "simulated", "isolation_reasons", "path", "method", "kind_of_gap",
}  # fmt: skip


def _replaced(value: Any, text: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _replaced(held, text, name if not isinstance(held, dict) else "") for name, held in value.items()}
    if isinstance(value, list):
        return [_replaced(held, text, key) for held in value]
    return text if isinstance(value, str) and key in THEIRS else value


def _at(second: int) -> str:
    return f"{DAY}T12:{second // 60 % 60:02}:{second % 60:02}.250000+00:00"


def _report() -> dict[str, Any]:
    made = "2026-11-20T13:00:00+00:00"
    return {"number": 1, "marking": "draft", "case": "CT-7-1", "made_at": made, "requested_by": "", "language": "en"}


def _run() -> dict[str, Any]:
    use = {
        "provider": "openai",
        "name": "OpenAI",
        "served_by": "openai",
        "models": ["gpt-4.1-mini"],
        "host": "api.openai.com",
    }
    return {
        "id": 7, "number": 1, "project": "Acme assistants", "pipeline": "Support triage", "state": "completed", "reason": "",
        "outcome": "prohibited", "record_only": False, "started_at": _at(0), "finished_at": _at(42), "requested_by": "",
        "isolation": "enforced", "isolation_reasons": [], "simulated": ["api.anthropic.com", "api.openai.com"],
        "replay": None,
        "bounds": {
            "limits": [["At most 5,000 calls", "refuse it and stop the run"]], "used": {"calls": 12, "refused": 1},
            "met": [{"at": _at(3), "limit": "Number of calls", "what": "Refused", "by": "", "why": "12 of 12 are used up.",
                     "host": "api.openai.com", "model": "gpt-4.1-mini"}],
            "met_total": 1, "content": "full",
        },
        "source_sha256": sha("source"), "exit_code": 0, "command": ["python", "distill.py"], "setup": [],
        "secrets": ["OPENAI_API_KEY"], "declared_purpose": "train",
        "declared_purpose_per_host": [{"host": "api.anthropic.com", "purpose": "evaluate"}],
        "manifest_text": '[pipeline]\nname = "Support triage"\n',
        "student": {
            "name": "acme-triage", "kind": "classifier", "path": "out/student", "sha256": sha("student"), "size": 4096,
            "files": [{"path": "model.bin", "size": 4096, "sha256": sha("file")}], "gap": "",
            "facts": [{"fact": "kind", "value": "classifier"}, {"fact": "competes_with", "value": ["openai"]}],
        },
        "scan": {
            "files": 3, "providers": ["openai"], "unresolved": ["distill.py:40 reads a host from the environment"],
            "uses": [{**use, "purpose": "generate", "confidence": 0.9, "status": "used", "where": ["distill.py:12"]}],
        },
        "steps": [
            {"name": name, "state": "done", "seconds": 1.5, "note": ""}
            for name in ("prepare", "scan", "execute", "collect", "lineage", "match", "conclude", "report")
        ],
    }  # fmt: skip


def _shares(calls: int) -> list[tuple[str, str, int]]:
    theirs = calls // 3
    both = [("openai", "OpenAI", calls - theirs), ("anthropic", "Anthropic", theirs)]
    return [one for one in both if one[2]]


def _usage(calls: int) -> dict[str, Any]:
    known = [{"provider": slug, "name": name, "calls": number} for slug, name, number in _shares(calls)]
    return _totals(calls) | {"by_provider": known, "by_day": [one | {"day": DAY} for one in known]}


def _totals(calls: int) -> dict[str, Any]:
    return {
        "calls": calls, "failed": 0, "streamed": calls // 2, "input_tokens": 120 * calls, "output_tokens": 80 * calls,
        "first_at": _at(0) if calls else None, "last_at": _at(calls) if calls else None, "days": 1 if calls else 0,
        "peak_per_minute": min(calls, 60),
    }  # fmt: skip


def _provider(slug: str, name: str, calls: int) -> dict[str, Any]:
    topics = [{"word": word, "prompts": 9 - at} for at, word in enumerate(["invoice", "refund", "login", "router"])]
    return _totals(calls) | {
        "provider": slug, "name": name, "hosts": [f"api.{slug}.com"], "served_by": [slug],
        "models": [_totals(calls) | {"model": f"{slug}-large-1", "operations": ["chat"]}],
        "purposes": [{"purpose": "train" if slug == "openai" else "filter", "source": "observed", "calls": calls}],
        "prompts": [{"host": f"api.{slug}.com", "prompts": calls, "distinct": calls, "median_words": 9.0,
                     "covered_by_topics": calls // 2, "topics": topics}],
    }  # fmt: skip


def _dataset(at: int, rows: int) -> dict[str, Any]:
    half = rows // 2
    return {
        "dataset": ["out/train.jsonl", "out/eval.jsonl"][at] if at < 2 else f"out/part-{at}.jsonl",
        "role": "training" if at == 0 else "evaluation", "rows": rows, "derived_rows": half, "label_rows": 0,
        "by_model": [{"model": "openai-large-1", "rows": half}], "labels_by_model": [], "tokens_by_model": {}, "format": "jsonl",
        "sha256": sha(f"dataset {at}"), "size": 2048, "malformed": 0, "gap": "",
        "kinds": [{"kind": "exact", "rows": half}], "label_only_rows": 0, "own_rows": rows - half,
        "words": 90 * rows, "words_by_model": {"openai-large-1": 80 * half},
        "chains": [{"models": ["drafter-7b", "openai-large-1"], "rows": half}],
        "behind": [
            {"provider": "", "model": "drafter-7b", "rows": half, "only_rows": 0, "calls": half, "output_tokens": 900}
        ],
    }  # fmt: skip


def _comparison() -> dict[str, Any]:
    return {
        "teacher": "openai-large-1", "baseline": "the base model", "prompts": 120, "difference": 0.2, "low": 0.1,
        "high": 0.3, "files": {}, "words": "On these prompts the student answers more like the teacher.",
    }  # fmt: skip


def _kept(calls: int) -> list[dict[str, Any]]:
    return [{"provider": "openai", "name": "OpenAI", "model": "openai-large-1", "answers": calls, "kept": calls // 2}]


def _finding(number: int, of: int, calls: int) -> dict[str, Any]:
    outcome = OUTCOMES[(number - 1) * len(OUTCOMES) // max(of, len(OUTCOMES))]
    condition = {"constraint": "the student competes with the provider", "fact": "student.competes_with_provider"}
    facts = [
        {"fact": "on", "value": DAY, "source": "observed", "by": "", "note": "date of the calls"},
        {"fact": "student.kind", "value": "classifier", "source": "declared", "by": "audit.toml", "note": ""},
    ]
    return {
        "id": number, "number": number, "kind": "rule", "outcome": outcome, "level": "error", "provider": "openai",
        "provider_name": "OpenAI", "activity": "train_on_output", "title": f"Competing models {number}",
        "sentence": f"On 20 November 2026, section 3.3(e) of the Services Agreement (version of 2025-05-31) bars use {number}.",
        "document": "openai/services-agreement", "document_title": "OpenAI Services Agreement", "section": "3.3(e)",
        "version": {"label": "2025-05-31", "since": "2025-05-31", "until": None, "basis": "stated effective date",
                    "text_sha256": sha("text")},
        "rule": {"id": "openai/services-agreement:competing-models", "revision": 1, "effect": "prohibition",
                 "statement": "bars using output to develop models that compete", "guidance": "Ask who is offered it.",
                 "remedy": "Seek written approval.", "severity": "critical", "sha256": sha("rule")},
        "clause_sha256": sha("clause"), "facts": facts, "missing_facts": [],
        "because": [condition | {"held": True, "value": True, "source": "declared", "by": "audit.toml"}],
        "detail": {"activity": "train_on_output", "models": ["gpt-4.1-mini"], "uses": [1]}, "calls": calls, "rows": calls,
        "call_references": [{"seq": seq, "at": _at(seq), "model": "gpt-4.1-mini"} for seq in range(min(8, calls))],
        "row_references": [{"dataset": "out/train.jsonl", "row": row} for row in range(min(20, calls))], "decisions": [],
    }  # fmt: skip


def _terms() -> list[dict[str, Any]]:
    version = {
        "label": "2025-05-31",
        "since": "2025-05-31",
        "until": None,
        "basis": "stated",
        "text_sha256": sha("text"),
    }
    return [
        {"document": "openai/services-agreement", "title": "OpenAI Services Agreement", "provider": "OpenAI", "kind": "terms",
         "version": version, "role": "principal", "why": "these terms cover the API",
         "uses": [{"model": "gpt-4.1-mini", "activity": "train_on_output", "calls": 3}]},
        {"document": "openai/usage-policies", "title": "OpenAI Usage Policies", "provider": "OpenAI", "kind": "usage policy",
         "version": None, "role": "usage_policy", "why": "incorporated", "uses": []},
    ]  # fmt: skip


def _connection() -> dict[str, Any]:
    return {
        "disposition": "refused", "host": "", "address": "192.0.2.10", "port": 22, "protocol": "tcp", "count": 2,
        "bytes_out": 0, "bytes_in": 0, "reason": "Dialled by address, without a name.", "step": "execute",
    }  # fmt: skip


def _call(seq: int) -> dict[str, Any]:
    slug = "anthropic" if seq % 3 == 2 else "openai"
    return {
        "seq": seq, "at": _at(seq), "host": f"api.{slug}.com", "request_model": f"{slug}-large-1", "operation": "chat",
        "status": 200, "input_tokens": 120, "output_tokens": 80, "purpose": "train", "output_sha256": sha(f"answer {seq}"),
        "failed": False, "simulated": True,
    }  # fmt: skip


def _evidence(calls: int) -> dict[str, Any]:
    kinds = ("manifest", "source", "scan", "log", "dataset", "student", "record", "findings")
    entries = [
        {"seq": at, "kind": kind, "reference": kind, "sha256": sha(kind), "size": 900} for at, kind in enumerate(kinds)
    ]
    return {
        "root": f"sha256:{sha('root')}", "exchanges": calls, "exchange_bytes": 900 * calls, "entries_total": len(entries),
        "entries": entries, "sealed_at": _at(50), "key": f"sha256:{sha('key')}",
    }  # fmt: skip


def changed(context: Context, **parts: Any) -> Context:
    """A copy of the context with whole parts replaced, and its words computed again."""
    return sealed(copy.deepcopy(context) | parts)
