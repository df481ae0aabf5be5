"""Exhibits: clauses where their text is held, training rows, the questionnaire, decisions, approvals, remarks."""

from collections.abc import Sequence
from typing import Any, Final

from audits.models import Approval, FactAnswer, Finding, FindingChange, Remark, RowMatch, Run
from audits.reporting.context.material import Material
from audits.reporting.context.names import known_names, named
from audits.reporting.context.several import name_of
from compliance.access import may
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import FACTS
from compliance.models import ClauseText, Project
from compliance.roles import Deed

ROWS_KEPT: Final = 400
REMARKS_KEPT: Final = 1_000
CHANGES_KEPT: Final = 200
LONGEST_CLAUSE: Final = 20_000


def clauses(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The clauses that the findings' rules cite, as they stood in the versions that governed. One query.

    `text` is empty where the version is cited without being held here; `sha256` is of the normalised text.
    """
    cited: dict[tuple[str, int, str], list[int]] = {}
    for one in found:
        if one["rule"] and one["version"]:
            key = (one["rule"]["id"], one["rule"]["revision"], one["version"]["label"])
            cited.setdefault(key, []).append(one["number"])
    texts = (
        ClauseText.objects.filter(
            clause__rule_revisions__rule__identifier__in={rule for rule, _, _ in cited},
            version__label__in={label for _, _, label in cited},
        )
        .select_related("version__document", "clause")
        .order_by("version__document__identifier", "version__in_force", "start", "pk")
        .values_list("pk", "clause__rule_revisions__rule__identifier", "clause__rule_revisions__number")
    )
    numbers: dict[int, set[int]] = {}
    held = {one.pk: one for one in ClauseText.objects.filter(pk__in=[pk for pk, _, _ in texts]).select_related(
        "version__document", "clause"
    )}  # fmt: skip
    for pk, rule, revision in texts:
        numbers.setdefault(pk, set()).update(cited.get((rule, revision, held[pk].version.label), ()))
    return [_clause(held[pk], sorted(found_in)) for pk, found_in in numbers.items() if found_in]


def _clause(one: ClauseText, findings: list[int]) -> dict[str, Any]:
    located = one.version.text and one.start is not None and one.end is not None
    text = one.version.text[one.start : one.end].strip() if located else ""
    return {
        "document": one.version.document.identifier,
        "title": one.version.document.title,
        "version": one.version.label,
        "section": one.section,
        "sha256": one.sha256,
        "summary": one.clause.summary,
        "text": text[:LONGEST_CLAUSE],
        "characters": len(text),
        "findings": findings,
    }


def rows(material: Material) -> dict[str, Any]:
    """Training rows with the answers that they hold, the first of them; excerpts are what the record keeps of a call."""
    matches = RowMatch.objects.filter(
        dataset__run__in=[run.pk for run in material.newest], dataset__role="training", call__failed=False
    )
    if material.providers:
        matches = matches.filter(call__provider__in=material.providers)
    shown = matches.select_related("dataset__run__pipeline", "call__exchange").order_by("dataset", "row", "pk")
    return {
        "total": matches.count(),
        "rows": [
            {
                "run": name_of(one.dataset.run),
                "dataset": one.dataset.path,
                "row": one.row,
                "kind": one.kind,
                "similarity": round(one.similarity, 3),
                "model": one.call.request_model,
                "line": one.call.exchange.seq,
                "prompt": one.call.prompt_excerpt,
                "answer": one.call.output_excerpt,
                "output_sha256": one.call.output_sha256,
            }
            for one in shown[:ROWS_KEPT]
        ],
    }


def questionnaire(material: Material) -> list[dict[str, Any]]:
    """What named persons said of the students and of the organisation, with what it replaced. Two queries."""
    names = known_names()
    answers = FactAnswer.objects.filter(project__in=material.projects) | FactAnswer.objects.filter(project=None)
    students = {run.student.name for run in material.runs if getattr(run, "student", None)}
    told, newest = [], set()
    for one in answers.select_related("answered_by", "project").order_by("fact", "provider", "-valid_from", "-pk"):
        if one.project_id and one.student not in students:
            continue
        key = (one.project_id, one.student, one.fact, one.provider)
        told.append(
            {
                "about": one.student or "the organisation",
                "project": one.project.name if one.project else "",
                "fact": one.fact,
                "question": FACTS[one.fact].question if one.fact in FACTS else one.fact,
                "provider": named(one.provider, names) if one.provider else "",
                "value": one.value,
                "words": fact_phrase(one.fact, one.value),
                "reason": one.reason,
                "valid_from": one.valid_from.isoformat(),
                "by": str(one.answered_by),
                "at": one.answered_at.isoformat(),
                "holds": key not in newest,
            }
        )
        newest.add(key)
    return sorted(
        told, key=lambda one: (one["about"] != "the organisation", one["about"], one["fact"], one["provider"])
    )


def decisions(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every decision on the findings, oldest first, and the findings that it covers."""
    told: dict[tuple[Any, ...], dict[str, Any]] = {}
    for one in found:
        for decision in one["decisions"]:
            key = (decision["at"], decision["by"], decision["kind"], decision["reason"], decision["scope"])
            entry = told.setdefault(key, {**decision, "still_holds": [], "findings": []})
            entry["findings"].append(one["number"])
            if decision["still_holds"]:
                entry["still_holds"].append(one["number"])
    return sorted(told.values(), key=lambda one: str(one["at"]))


def rejudged(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What judging anew did to the findings, oldest first. One query."""
    numbers = {one["id"]: one["number"] for one in found}
    changes = (
        FindingChange.objects.filter(finding__in=numbers).select_related("rejudging").order_by("-pk")[:CHANGES_KEPT]
    )
    return [
        {
            "finding": numbers[one.finding_id],
            "what": one.get_what_display(),
            "before": str(one.before.get("outcome") or ""),
            "after": str(one.after.get("outcome") or ""),
            "why": one.rejudging.cause,
            "at": one.rejudging.at.isoformat(),
        }
        for one in reversed(changes)
    ]


def approvals(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Every approval of the runs: its steps, who signed what and when, and whether it stands. Three queries."""
    found = Approval.objects.filter(run__in=[run.pk for run in runs]).order_by("run", "number")
    return [
        {
            "run": name_of(one.run),
            "number": one.number,
            "context_sha256": one.context_sha256,
            "steps": [{"name": str(step["name"]), "quorum": step["quorum"]} for step in one.steps],
            "warnings": [str(lack.get("words", "")) for lack in one.warnings],
            "asked_by": str(one.asked_by),
            "asked_at": one.asked_at.isoformat(),
            "completed_at": one.completed_at.isoformat() if one.completed_at else None,
            "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
            "withdrawal_reason": one.withdrawal_reason,
            "signatures": [
                {
                    "step": str(one.steps[signed.step]["name"]),
                    "word": signed.get_word_display(),
                    "by": str(signed.signed_by),
                    "at": signed.signed_at.isoformat(),
                    "reason": signed.reason,
                    "context_sha256": signed.context_sha256,
                }
                for signed in one.signatures.all()
            ],
        }
        for one in found.select_related("asked_by", "run__pipeline").prefetch_related("signatures__signed_by")
    ]


def remarks(material: Material, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The discussion of the findings. Privileged notes only for counsel, and only where whoever asked for it may read them.

    `withheld`: projects whose privileged notes whoever asked for the report may not read; nothing else is said of them.
    """
    projects = [one for one in material.projects if _reads_privileged(material, one)]
    kept = Remark.objects.filter(project__in=material.projects, finding_key__in=_keys(found))
    shown = kept.filter(privileged=False) | kept.filter(privileged=True, project__in=projects)
    numbers = {one["key"]: one["number"] for one in _keyed(found)}
    return {
        "withheld": [one.name for one in material.projects if one not in projects],
        "rows": [
            {
                "finding": numbers.get(one.finding_key),
                "by": str(one.author),
                "at": one.at.isoformat(),
                "privileged": one.privileged,
                "body": one.body,
                "enclosures": [{"name": held.name, "sha256": held.sha256} for held in one.enclosures.all()],
            }
            for one in shown.select_related("author").prefetch_related("enclosures").order_by("pk")[:REMARKS_KEPT]
        ],
    }


def _reads_privileged(material: Material, project: Project) -> bool:
    for_counsel = material.options.profile == "counsel"
    return for_counsel and material.reader is not None and may(material.reader, Deed.READ_PRIVILEGED, project)


def _keyed(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = {one["id"]: one["number"] for one in found}
    keys = Finding.every.filter(pk__in=numbers).values_list("pk", "key")
    return [{"key": key, "number": numbers[pk]} for pk, key in keys]


def _keys(found: Sequence[dict[str, Any]]) -> list[str]:
    return [one["key"] for one in _keyed(found)]
