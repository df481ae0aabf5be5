"""Made-up contexts of every part: of one run or of several, of any number of findings, in any script, or with empty sections."""

from typing import Any

from audits.reporting.options import PARTS
from tests.factories import sha
from tests.reporting import contexts

Context = dict[str, Any]
MODEL = "organisation/" + "a-very-long-model-name-" * 8 + "v1"
CJK = "学生模型训练数据集的名称与条款的解释"
ARABIC = "نموذج اللغة الكبير لشركة أكمي"
CLAUSE = (
    "You will not, and will not let others, use what the service returns to build, train or improve a model that competes with "
    "it, whether alone or with other material, whether whole or in parts. "
)
WHEN = "2026-11-21T09:00:00+00:00"


def full(*, findings: int = 6, calls: int = 24, profile: str = "counsel", language: str = "en", **more: Any) -> Context:
    """One run with every part that the audience may have."""
    context = contexts.plain(findings=findings, calls=calls)
    context["report"] |= {
        "title": "Support triage, run 1", "profile": profile, "depth": "full", "parts": list(PARTS), "language": language,
        "brand": {"name": "", "colour": "", "logo_sha256": "", "logo": ""}, "privileged": True, "since": 3,
        "scope": {"kind": "run", "ids": ["7"], "from": None, "to": None, "first": "2026-11-20", "last": "2026-11-20"},
    }  # fmt: skip
    for one in context["findings"]:
        one["decisions"] = [_decision(one["number"])] if one["number"] % 2 else []
    return contexts.sealed(context | _exhibits(findings) | more)


def several(**more: Any) -> Context:
    """The same of three runs."""
    context = full(**more)
    parts = [name for name in PARTS if name not in ("pipeline", "annex-manifest", "annex-scan")]
    context["report"] |= {
        "title": "Acme assistants, 1 July 2026 to 22 November 2026",
        "parts": parts,
        "case": "CT-P3-1",
    }
    context["report"]["scope"] |= {"kind": "project"}
    context["run"] |= {
        "several": True,
        "pipeline": context["report"]["title"],
        "number": 3,
        "steps": [],
        "isolation": "",
    }
    context["runs"] = [
        {"id": at, "name": f"Support triage, run {at}", "project": "Acme assistants", "pipeline": "Support triage", "number": at,
         "started_at": WHEN, "finished_at": WHEN, "isolation": ("enforced", "proxy_only", "enforced")[at - 1],
         "simulated": [], "outcome": ("prohibited", "", "permitted")[at - 1], "calls": 24, "findings": 2, "student": "",
         "root": sha("root"), "newest": at == 3}
        for at in (1, 2, 3)
    ]  # fmt: skip
    context["lineage"]["by_run"] = [
        {"run": one["name"], "rows": 2400, "derived_rows": 1200, "label_rows": 30} for one in context["runs"]
    ]
    context["evidence"] |= {
        "by_run": [
            {"run": one["name"], "root": f"sha256:{sha('r')}", "sealed_at": WHEN, "exchanges": 24, "exchange_bytes": 90_000}
            for one in context["runs"]
        ],
        "entries": [], "entries_total": 0,
    }  # fmt: skip
    for one in context["findings"]:
        one |= {"run": "Support triage, run 3", "stands": one["number"] != 2,
                "in_runs": {"count": 2, "first": "Support triage, run 1", "last": "Support triage, run 3"}}  # fmt: skip
    return contexts.sealed(context)


def bare(**more: Any) -> Context:
    """Every part, with nothing in it."""
    context = contexts.empty()
    held = full(findings=0, calls=0)
    empty: Context = {
        "worklist": [], "graph": {"whole": {"nodes": 0, "edges": 0}, "nodes": [], "edges": []}, "decisions": [],
        "rejudged": [], "clauses": [], "questionnaire": [], "patterns": [], "approvals": [],
        "reconciliation": {"from": None, "to": None, "channels": []}, "traffic": {"hosts": [], "inside": []},
        "remarks": {"withheld": [], "rows": []}, "rows": {"total": 0, "rows": []}, "changes": None,
    }  # fmt: skip
    return contexts.sealed(context | empty | {"report": held["report"]} | more)


def far(**more: Any) -> Context:
    """Long names, Chinese and Arabic wherever somebody else chose the words."""
    context = full(**more)
    context["report"]["title"] = f"{CJK} {ARABIC}, run 1"
    context["run"] |= {"project": CJK * 2, "pipeline": f"{ARABIC} {CJK}"}
    for provider in context["providers"]:
        provider["models"] = [model | {"model": MODEL} for model in provider["models"]]
    for one in context["findings"]:
        one |= {"title": f"{CJK * 3} {ARABIC}", "sentence": f"{ARABIC} " * 12 + CJK * 6}
        one["detail"]["models"] = [MODEL, CJK]
    for one in context["clauses"]:
        one["text"] = f"{CJK * 30}\n\n{ARABIC * 20}\n\n{CLAUSE * 30}"
    for node in context["graph"]["nodes"]:
        node["label"] = {"model": MODEL, "student": CJK, "dataset": ARABIC}.get(node["kind"], node["label"])
    return contexts.sealed(context)


def _decision(number: int) -> Context:
    waived = number % 3 == 0
    return {
        "kind": "waive" if waived else "confirm", "words": "Waived" if waived else "Confirmed",
        "reason": "The provider allowed the use in writing; the letter is on file.", "by": "Ada Byron", "at": WHEN,
        "scope": "finding", "scope_words": "This finding, in every run of the project",
        "until": "2027-01-31" if waived else None, "still_holds": True,
    }  # fmt: skip


def _exhibits(findings: int) -> Context:
    numbers = list(range(1, findings + 1))
    side = {"calls": 120, "tokens": 48_000, "cost": "1.92"}
    return {
        "changes": _changes(findings),
        "worklist": [_work(number) for number in numbers],
        "graph": _graph(),
        "decisions": [
            _decision(number) | {"findings": numbers[:40], "still_holds": numbers[:40]} for number in numbers[:3]
        ],
        "rejudged": [
            {"finding": 1, "what": "Changed", "before": "needs_facts", "after": "prohibited", "why": "A new version of the terms",
             "at": WHEN}
        ] if findings else [],
        "clauses": [
            {"document": "openai/services-agreement", "title": "OpenAI Services Agreement", "version": "2025-05-31",
             "section": "3.3(e)", "sha256": sha("clause"), "summary": "bars training models that compete.",
             "text": CLAUSE * at, "characters": len(CLAUSE) * at, "findings": numbers[:30]}
            for at in (0, 1, 12)
        ],
        "questionnaire": [
            {"about": about, "project": "", "fact": "student.distributed", "provider": "", "value": True,
             "question": "Are the student’s weights, or a service built on it, made available to third parties?",
             "words": "the student is made available to third parties", "reason": "As of the launch in October.",
             "valid_from": "2026-10-01", "by": "Ada Byron", "at": WHEN, "holds": about == "acme-triage"}
            for about in ("acme-triage", "the organisation")
        ],
        "reconciliation": {
            "from": "2026-11-01", "to": "2026-11-22",
            "channels": [
                {"channel": "openai", "name": "OpenAI", "lines_total": 2, "simulated": 4,
                 "lines": [
                     {"day": f"2026-11-2{at}", "model": "gpt-4.1-mini", "recorded": side, "logged": None, "billed": side,
                      "unexplained_tokens": {"least": 0, "most": 1200 * at}, "over": 0} for at in (0, 1)
                 ],
                 "total": {"day": None, "model": "", "recorded": side, "logged": None, "billed": side, "over": 0,
                           "unexplained_tokens": {"least": 0, "most": 1200}}}
            ],
        },
        "patterns": [
            {"project": "Acme assistants", "from": "2026-11-01", "to": "2026-11-22", "recorded": 24, "logged": 9_000,
             "wordless": 12, "accounts": 14, "total": 1,
             "indicators": [{"kind": "volume", "title": "Volume of one account", "looks_for": "…", "subject": "svc-harvest",
                             "also": "a nightly job", "calls": 8_000,
                             "sentence": "400 calls a day, 16.0 times the median of 14 accounts. Shown from 10 times upwards."}]}
        ],
        "traffic": {
            "hosts": [{"host": "cdn.example.org", "exchanges": 12, "unparsed": 2, "bytes_out": 900, "bytes_in": 9_000_000}],
            "inside": [{"run": "Support triage, run 1", "subject": "127.0.0.1:8080", "detail": "It answered at port 8080."}],
        },
        "approvals": [
            {"run": "Support triage, run 1", "number": 1, "context_sha256": sha("approval"), "asked_by": "Ada Byron",
             "asked_at": WHEN, "completed_at": WHEN, "withdrawn_at": None, "withdrawal_reason": "",
             "steps": [{"name": "Legal", "quorum": 2}], "warnings": ["1 gap in what was recorded"],
             "signatures": [{"step": "Legal", "word": "Approved", "by": "Grace Hopper", "at": WHEN, "reason": "",
                             "context_sha256": sha("approval")}]}
        ],
        "remarks": {
            "withheld": [],
            "rows": [{"finding": 1, "by": "Ada Byron", "at": WHEN, "privileged": at == 1, "body": "Ask for the letter. " * 9,
                      "enclosures": [{"name": "letter.pdf", "sha256": sha("letter")}]} for at in (1, 2)] if findings else [],
        },
        "rows": {
            "total": 900,
            "rows": [
                {"run": "Support triage, run 1", "dataset": "out/train.jsonl", "row": at, "kind": ("exact", "near")[at % 2],
                 "similarity": 0.91, "model": "openai-large-1", "line": at, "prompt": "How do I reset my password? " * 3,
                 "answer": "Open Settings, choose Account and then Reset password. " * 3, "output_sha256": sha("a")}
                for at in range(24)
            ],
        },
    }  # fmt: skip


def _work(number: int) -> Context:
    return {
        "finding": number, "outcome": contexts.OUTCOMES[min(2, number % 5)], "title": f"Competing models {number}",
        "pipeline": "Support triage", "what": "On 20 November 2026, section 3.3(e) of the Services Agreement bars the use.",
        "how": "Seek written approval, or take these answers out.", "models": ["gpt-4.1-mini"],
        "where": [{"file": "distill/teacher.py", "line": 40 + at, "code": "client.chat.completions.create(model=…)"}
                  for at in range(number % 3)],
        "questions": ["Is the student made available to third parties?"] if number % 2 else [],
        "seen_to_by": ["Edsger"], "due": ["2026-12-01"],
        "remedies": [{"what": "Drop the rows.", "owner": "Edsger", "due": "2026-12-01", "state": "To be done"}][: number % 2],
    }  # fmt: skip


def _graph() -> Context:
    kinds = ("provider", "model", "calls", "dataset", "run", "student")
    nodes = [
        {"id": f"{kind}:{at}", "kind": kind, "label": f"{kind} number {at}", "group": "Support triage", "x": 222 * level,
         "y": 60 * at, "outcome": "prohibited" if level > 2 else ""}
        for level, kind in enumerate(kinds) for at in range(3 if level < 4 else 1)
    ]  # fmt: skip
    edges = [
        {"source": f"{kinds[level]}:{at}", "target": f"{kinds[level + 1]}:{at if level < 3 else 0}", "kind": "wrote", "rows": 10,
         "by_name": at == 2, "carries": at != 1}
        for level in range(5) for at in range(3 if level < 4 else 1)
    ]  # fmt: skip
    return {"whole": {"nodes": len(nodes), "edges": len(edges)}, "nodes": nodes, "edges": edges}


def _changes(findings: int) -> Context:
    line = {
        "number": 1, "outcome": "prohibited", "title": "Competing models 1", "provider_name": "OpenAI", "document": "a/b",
        "document_title": "OpenAI Services Agreement", "section": "3.3(e)", "activity": "train_on_output", "calls": 3, "rows": 2,
    }  # fmt: skip
    changed = {**line, "before": "needs_facts", "stricter": True, "was": 4, "why": "facts became known"}
    return {
        "earlier": {"number": 3, "case": "CT-7-3", "made_at": WHEN, "title": "Support triage, run 1", "outcome": "needs_facts"},
        "outcome": {"before": "needs_facts", "after": "prohibited"}, "same": 2,
        "new": [line] if findings else [], "gone": [line | {"number": 9}], "changed": [changed] if findings else [],
        "decisions": [{"finding": 1, "title": "Competing models 1", "what": "made", "words": "Confirm", "by": "Ada Byron",
                       "at": WHEN, "until": None}] if findings else [],
        "terms": [{"document": "a/b", "title": "OpenAI Services Agreement", "before": ["2025-01-01"], "after": ["2025-05-31"]}],
        "sums": [{"what": what, "before": 1200, "after": 2400}
                 for what in ("calls", "failed", "input_tokens", "output_tokens", "rows", "derived_rows")],
    }  # fmt: skip
