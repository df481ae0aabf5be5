"""Findings in full, the terms that governed, and the agreements on record."""

from typing import Any

from django.db.models import Q

from audits.models import Decision, Finding, ModelCall, RowMatch, Run
from audits.queries.standing import DECIDED, TO_BE_SHOWN, WAITING, with_standing
from audits.reporting.context.names import provider_name
from compliance.engine.vocabulary import FACTS
from compliance.models import Agreement, ClauseText, TermsDocument, Version

CALLS_SHOWN = 8
ROWS_SHOWN = 20
OBSERVED_ACTIVITY = {"train": "train_on_output", "filter": "filter_training_data", "evaluate": "evaluate"}


def findings(run: Run) -> list[dict[str, Any]]:
    """Every finding, strictest first, with its clause, facts, evidence references and decisions."""
    titles = dict(TermsDocument.objects.values_list("identifier", "title"))
    decisions = _decisions(run)
    found = run.findings.select_related("rule_revision__rule", "use").order_by("number")
    return [_finding(finding, titles, decisions[finding.key]) for finding in found]


def _finding(finding: Finding, titles: dict[str, str], decisions: list[dict[str, Any]]) -> dict[str, Any]:
    revision = finding.rule_revision
    return {
        "id": finding.pk,
        "number": finding.number,
        "kind": finding.kind,
        "outcome": finding.outcome,
        "level": finding.level,
        "provider": finding.provider,
        "provider_name": provider_name(finding.provider),
        "activity": finding.detail.get("activity") or OBSERVED_ACTIVITY.get(finding.detail.get("observed", ""), ""),
        "title": finding.title,
        "sentence": finding.sentence,
        "document": finding.document,
        "document_title": titles.get(finding.document, finding.document),
        "section": finding.section,
        "version": _version(finding.document, finding.version),
        "rule": {
            "id": revision.rule.identifier,
            "revision": revision.number,
            "effect": revision.effect,
            "statement": revision.statement,
            "guidance": revision.guidance,
            "remedy": revision.remedy,
            "severity": revision.severity,
            "sha256": revision.content_sha256,
        }
        if revision
        else None,
        "clause_sha256": _clause_hash(finding),
        "because": finding.because,
        "facts": _facts(finding),
        "missing_facts": finding.missing_facts,
        "detail": finding.detail,
        "calls": finding.calls,
        "rows": finding.rows,
        **_references(finding),
        "decisions": decisions,
    }


def _facts(finding: Finding) -> list[dict[str, Any]]:
    """The facts of the use that the finding is about, in the order of the vocabulary."""
    facts = finding.use.facts if finding.use else {}
    order = [path for path in FACTS if path in facts] + sorted(path for path in facts if path not in FACTS)
    return [
        {
            "fact": path,
            "value": facts[path].get("value"),
            "source": facts[path].get("source"),
            "by": facts[path].get("by", ""),
            "note": facts[path].get("note", ""),
        }
        for path in order
    ]


def _version(document: str, label: str) -> dict[str, Any] | None:
    version = Version.objects.filter(document__identifier=document, label=label).first()
    if version is None:
        return {"label": label, "since": None, "until": None, "basis": ""} if label else None
    days = version.in_force
    return {
        "label": label,
        "since": days.lower.isoformat() if not days.isempty and days.lower else None,
        "until": days.upper.isoformat() if not days.isempty and days.upper else None,
        "basis": version.basis,
        "text_sha256": version.text_sha256,
    }


def _clause_hash(finding: Finding) -> str:
    if finding.rule_revision is None:
        return ""
    texts = ClauseText.objects.filter(
        clause__in=finding.rule_revision.clauses.all(), version__label=finding.version
    ).values_list("sha256", flat=True)
    return texts.first() or ""


def _references(finding: Finding) -> dict[str, Any]:
    """The first calls and rows concerned; all of them stand in the annex and in the evidence bundle."""
    uses = finding.detail.get("uses") or []
    calls = ModelCall.objects.filter(run=finding.run_id, failed=False)
    if uses:
        models = finding.detail.get("models", [])
        calls = calls.filter(provider=finding.provider, request_model__in=models, purpose__in=_purposes(finding))
    elif finding.detail.get("host"):
        calls = calls.filter(host=finding.detail["host"], purpose=finding.detail.get("observed", ""))
    else:
        calls = calls.none()
    rows = RowMatch.objects.filter(call__in=calls, dataset__role="training").order_by("dataset", "row")
    shown = calls.select_related("exchange").order_by("at", "pk")[:CALLS_SHOWN]
    return {
        "call_references": [
            {"seq": call.exchange.seq, "at": call.at.isoformat(), "model": call.request_model} for call in shown
        ],
        "row_references": [
            {"dataset": path, "row": row}
            for path, row in rows.values_list("dataset__path", "row").distinct()[:ROWS_SHOWN]
        ],
    }


def _purposes(finding: Finding) -> list[str]:
    purposes = {
        "train_on_output": ["train"],
        "filter_training_data": ["filter"],
        "evaluate": ["evaluate"],
        "use_output": ["unused", ""],
    }
    return purposes.get(str(finding.detail.get("activity")), [])


def _decisions(run: Run) -> dict[str, list[dict[str, Any]]]:
    """Finding's key → what was decided on it, oldest first. `still_holds`: it is the newest, and nothing ended it."""
    found = with_standing(run.findings.select_related("rule_revision__rule"))
    by_key = {one.key: one for one in found}
    told: dict[str, list[dict[str, Any]]] = {key: [] for key in by_key}
    decisions = Decision.objects.filter(project=run.pipeline.project).select_related("decided_by").order_by("pk")
    wanted = Q(finding_key__in=list(by_key)) | ~Q(scope=Decision.Scope.FINDING)
    for decision in decisions.filter(wanted):
        for key, one in by_key.items():
            if _covers(decision, one):
                told[key].append(_decision(decision, one))
    return told


def _covers(decision: Decision, finding: Any) -> bool:
    if decision.scope == Decision.Scope.FINDING:
        return bool(decision.finding_key == finding.key)
    if not decision.rule or decision.rule != finding.of_rule:
        return False
    return decision.scope == Decision.Scope.PROJECT or bool(decision.student == finding.of_student)


def _decision(decision: Decision, finding: Any) -> dict[str, Any]:
    return {
        "kind": decision.kind,
        "words": decision.get_kind_display(),
        "reason": decision.reason,
        "by": str(decision.decided_by),
        "at": decision.decided_at.isoformat(),
        "scope": decision.scope,
        "scope_words": decision.get_scope_display(),
        "until": decision.until.isoformat() if decision.until else None,
        "still_holds": finding.decision_id == decision.pk and finding.standing in (DECIDED, WAITING, TO_BE_SHOWN),
    }


def terms_in_force(run: Run) -> list[dict[str, Any]]:
    """The documents that governed the uses of this run, each once for each version that governed."""
    titles = {document.identifier: document for document in TermsDocument.objects.select_related("provider")}
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for use in run.uses.order_by("pk"):
        for paper in use.answer.get("governing_documents", []):
            key = (paper["document"], paper["version"])
            if key not in found:
                document = titles.get(paper["document"])
                found[key] = {
                    "document": paper["document"],
                    "title": document.title if document else paper["document"],
                    "provider": document.provider.name if document else paper["document"].partition("/")[0],
                    "kind": document.kind if document else "",
                    "version": _version(paper["document"], paper["version"]) if paper["version"] else None,
                    "role": paper.get("role", ""),
                    "why": paper.get("why", ""),
                    "uses": [],
                }
            found[key]["uses"].append({"model": use.model, "activity": use.activity, "calls": use.calls})
    return sorted(found.values(), key=lambda one: (one["provider"], one["document"], str(one["version"])))


def agreements(run: Run) -> list[dict[str, Any]]:
    """Agreements with the providers used, for this project or the whole organisation."""
    providers = run.uses.values_list("provider", flat=True).distinct()
    project = run.pipeline.project
    found = Agreement.objects.filter(provider__slug__in=list(providers)).select_related("provider", "project")
    return [
        {
            "provider": one.provider.name,
            "reference": one.reference,
            "grants": one.grants,
            "from": one.starts_on.isoformat(),
            "to": one.ends_on.isoformat() if one.ends_on else None,
            "scope": one.project.name if one.project else "the whole organisation",
        }
        for one in found
        if one.project_id in (None, project.pk)
    ]
