"""Findings in full, the terms that governed, and the agreements on record."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet

from audits.models import AssessedUse, Decision, Finding, ModelCall, RowMatch, Run
from audits.queries.standing import DECIDED, TO_BE_SHOWN, WAITING, with_reach, with_standing
from audits.reporting.context.names import known_names, named
from compliance.engine.vocabulary import FACTS
from compliance.models import Agreement, ClauseText, Project, TermsDocument, Version

CALLS_SHOWN = 8
ROWS_SHOWN = 20
OBSERVED_ACTIVITY = {"train": "train_on_output", "filter": "filter_training_data", "evaluate": "evaluate"}


class Library:
    """What findings are told with, read once for all of them: names, titles, versions, hashes of clauses, calls and rows."""

    def __init__(self, found: Sequence[Finding]) -> None:
        self.names = known_names()
        self.titles = dict(TermsDocument.objects.values_list("identifier", "title"))
        documents = {one.document for one in found if one.document}
        versions = Version.objects.filter(document__identifier__in=documents).select_related("document").defer("text")
        self.versions = {(one.document.identifier, one.label): one for one in versions}
        self.clauses = _clause_hashes(found)
        self.references: dict[tuple[Any, ...], dict[str, Any]] = {}

    def version(self, document: str, label: str) -> dict[str, Any] | None:
        """The version of a document, with its days; None where none is named."""
        return _told(self.versions.get((document, label)), label)


def findings(run: Run) -> list[dict[str, Any]]:
    """Every finding, strictest first, with its clause, facts, evidence references and decisions."""
    found = list(run.findings.select_related("rule_revision__rule", "use").order_by("number"))
    return in_full(found, decisions_on(found, [run.pipeline.project]))


def in_full(found: Sequence[Finding], decisions: Mapping[int, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Findings as a report tells them. `decisions`: by the finding's id."""
    library = Library(found)
    return [_finding(finding, library, decisions.get(finding.pk, [])) for finding in found]


def _finding(finding: Finding, library: Library, decisions: list[dict[str, Any]]) -> dict[str, Any]:
    revision = finding.rule_revision
    return {
        "id": finding.pk,
        "number": finding.number,
        "kind": finding.kind,
        "outcome": finding.outcome,
        "level": finding.level,
        "provider": finding.provider,
        "provider_name": named(finding.provider, library.names),
        "activity": finding.detail.get("activity") or OBSERVED_ACTIVITY.get(finding.detail.get("observed", ""), ""),
        "title": finding.title,
        "sentence": finding.sentence,
        "document": finding.document,
        "document_title": library.titles.get(finding.document, finding.document),
        "section": finding.section,
        "version": library.version(finding.document, finding.version),
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
        "clause_sha256": library.clauses.get((finding.rule_revision_id or 0, finding.version), ""),
        "because": finding.because,
        "facts": _facts(finding),
        "missing_facts": finding.missing_facts,
        "detail": finding.detail,
        "calls": finding.calls,
        "rows": finding.rows,
        **_references(finding, library.references),
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


def _told(version: Version | None, label: str) -> dict[str, Any] | None:
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


def _clause_hashes(found: Sequence[Finding]) -> dict[tuple[int, str], str]:
    """Rule revision and version's label → the hash of the clause's text there. One query."""
    revisions = {one.rule_revision_id for one in found if one.rule_revision_id}
    texts = ClauseText.objects.filter(clause__rule_revisions__in=revisions).order_by("-clause", "-version")
    rows = texts.values_list("clause__rule_revisions", "version__label", "sha256")
    return {(revision, label): sha256 for revision, label, sha256 in rows}


def _references(finding: Finding, known: dict[tuple[Any, ...], dict[str, Any]]) -> dict[str, Any]:
    """The first calls and rows concerned, read once for findings of the same use; all stand in the evidence bundle."""
    models, purposes = tuple(finding.detail.get("models", [])), tuple(_purposes(finding))
    key: tuple[Any, ...]
    if finding.detail.get("uses"):
        key = (finding.run_id, finding.provider, models, purposes)
        narrowed = Q(provider=finding.provider, request_model__in=models, purpose__in=purposes)
    elif finding.detail.get("host"):
        key = (finding.run_id, finding.detail["host"], finding.detail.get("observed", ""))
        narrowed = Q(host=finding.detail["host"], purpose=finding.detail.get("observed", ""))
    else:
        return {"call_references": [], "row_references": []}
    if key not in known:
        known[key] = _referred(ModelCall.objects.filter(narrowed, run=finding.run_id, failed=False))
    return known[key]


def _referred(calls: QuerySet[ModelCall]) -> dict[str, Any]:
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


def decisions_on(found: Sequence[Finding], projects: Sequence[Project]) -> dict[int, list[dict[str, Any]]]:
    """Finding's id → what was decided on it, oldest first. `still_holds`: it is the newest, and nothing ended it. Two queries."""
    standing = with_reach(with_standing(Finding.every.filter(pk__in=[one.pk for one in found]))).select_related(
        "run__pipeline"
    )
    told: dict[int, list[dict[str, Any]]] = {}
    by_key: dict[tuple[int, str], list[Any]] = {}
    by_rule: dict[tuple[int, str], list[Any]] = {}
    for one in standing:
        project = one.run.pipeline.project_id
        by_key.setdefault((project, one.key), []).append(one)
        by_rule.setdefault((project, one.of_rule), []).append(one)
    decisions = Decision.objects.filter(project__in=projects).select_related("decided_by").order_by("pk")
    keys = {key for _, key in by_key}
    for decision in decisions.filter(Q(finding_key__in=keys) | ~Q(scope=Decision.Scope.FINDING)):
        narrow = decision.scope == Decision.Scope.FINDING
        held = by_key if narrow else by_rule
        for one in held.get((decision.project_id, decision.finding_key if narrow else decision.rule), []):
            if _covers(decision, one):
                told.setdefault(one.pk, []).append(_decision(decision, one))
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
        "words": Decision.Kind(decision.kind).done,
        "reason": decision.reason,
        "by": str(decision.decided_by),
        "at": decision.decided_at.isoformat(),
        "scope": decision.scope,
        "scope_words": decision.get_scope_display(),
        "until": decision.until.isoformat() if decision.until else None,
        "still_holds": finding.decision_id == decision.pk and finding.standing in (DECIDED, WAITING, TO_BE_SHOWN),
    }


def terms_in_force(*runs: Run, providers: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The documents that governed the uses of these runs, each once for each version that governed. Three queries."""
    titles = {document.identifier: document for document in TermsDocument.objects.select_related("provider")}
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    uses = list(_uses(runs, providers).order_by("pk"))
    labels = {paper["version"] for use in uses for paper in use.answer.get("governing_documents", [])} - {None}
    held = Version.objects.filter(label__in=labels).select_related("document").defer("text")
    versions = {(one.document.identifier, one.label): one for one in held}
    for use in uses:
        for paper in use.answer.get("governing_documents", []):
            key = (paper["document"], paper["version"])
            if key not in found:
                document = titles.get(paper["document"])
                found[key] = {
                    "document": paper["document"],
                    "title": document.title if document else paper["document"],
                    "provider": document.provider.name if document else paper["document"].partition("/")[0],
                    "kind": document.kind if document else "",
                    "version": _told(versions.get(key), paper["version"]) if paper["version"] else None,
                    "role": paper.get("role", ""),
                    "why": paper.get("why", ""),
                    "uses": [],
                }
            _add(found[key]["uses"], {"model": use.model, "activity": use.activity, "calls": use.calls})
    return sorted(found.values(), key=lambda one: (one["provider"], one["document"], str(one["version"])))


def _uses(runs: Sequence[Run], providers: Sequence[str]) -> QuerySet[AssessedUse]:
    uses = AssessedUse.objects.filter(run__in=[run.pk for run in runs])
    return uses.filter(provider__in=providers) if providers else uses


def _add(uses: list[dict[str, Any]], use: dict[str, Any]) -> None:
    """The same use of another run adds its calls."""
    for known in uses:
        if (known["model"], known["activity"]) == (use["model"], use["activity"]):
            known["calls"] += use["calls"]
            return
    uses.append(use)


def agreements(*runs: Run, providers: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Agreements with the providers used, for these projects or the whole organisation. Two queries."""
    used = _uses(runs, providers).order_by().values_list("provider", flat=True).distinct()
    projects = {run.pipeline.project_id for run in runs} | {None}
    found = Agreement.objects.filter(provider__slug__in=list(used)).select_related("provider", "project")
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
        if one.project_id in projects
    ]
