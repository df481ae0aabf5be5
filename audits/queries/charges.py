"""What the terms say of recorded uses, as charges that travel along the graph."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.db.models import Max, Q, QuerySet

from audits.graph.travel import LICENCES, Charge
from audits.models import AssessedUse, Decision, Finding, Run
from audits.queries.review import DECIDED, with_standing
from compliance.models import RuleRevision

_RULES: Final = (Finding.Kind.RULE, Finding.Kind.DUTY)


@dataclass(frozen=True)
class Clause:
    """A rule that findings rest on, to choose from, as the newest of them calls it."""

    rule: str
    title: str
    document: str
    section: str


def clauses(runs: QuerySet[Run]) -> list[Clause]:
    """The rules behind the findings of some runs, by document. Two queries: the second names the few revisions that the first
    finds behind thousands of findings."""
    found = Finding.objects.filter(run__in=runs, kind__in=_RULES, rule_revision__isnull=False).order_by("document")
    rows = list(found.values_list("rule_revision", "document", "section").annotate(newest=Max("pk")))
    revisions = RuleRevision.objects.filter(pk__in={row[0] for row in rows}).order_by("rule__identifier")
    named = {pk: (rule, title) for pk, rule, title in revisions.values_list("pk", "rule__identifier", "title")}
    at = {pk: place for place, pk in enumerate(named)}
    held: dict[str, Clause] = {}
    for _, of_document in groupby(rows, key=itemgetter(1)):
        for revision, document, section, _ in sorted(of_document, key=lambda row: (at[row[0]], -row[3])):
            rule, title = named[revision]
            held.setdefault(rule, Clause(rule, title, document, section))
    return list(held.values())


def charges_of_clause(runs: QuerySet[Run], rule: str, since: dt.date | None = None) -> list[Charge]:
    """The charges of one rule on all uses of some runs since a day; lifted ones too, which stop at once. Two queries."""
    uses = AssessedUse.objects.filter(run__in=runs, answer__verdicts__contains=[{"rule": rule}])
    if since:
        uses = uses.filter(last_on__gte=since)
    findings = _findings_of(runs, rule)
    return [charge for use in uses.order_by("run_id", "id") for charge in _of_use(use, rule, findings)]


def _findings_of(runs: QuerySet[Run], rule: str) -> dict[tuple[int, str, str, str], tuple[int, str]]:
    """(run, provider, served by, activity) → the rule's finding there, and why a person set it aside, or ""."""
    found = with_standing(
        Finding.objects.filter(run__in=runs, kind__in=_RULES, rule_revision__rule__identifier=rule)
    ).values_list("run_id", "provider", "detail", "pk", "standing", "decision_kind")
    return {
        (run, provider, detail.get("served_by", ""), detail.get("activity", "")): (pk, _set_aside(standing, decided))
        for run, provider, detail, pk, standing, decided in found
    }


def _set_aside(standing: str, decided: str | None) -> str:
    dropped = standing == DECIDED and decided == Decision.Kind.FALSE_POSITIVE
    return "a person decided that the finding is a false positive" if dropped else ""


def _of_use(
    use: AssessedUse, rule: str, findings: Mapping[tuple[int, str, str, str], tuple[int, str]]
) -> Iterator[Charge]:
    roles = {paper["document"]: paper for paper in use.answer.get("governing_documents", ())}
    finding, dropped = findings.get((use.run_id, use.provider, use.served_by, use.activity), (None, ""))
    for verdict in use.answer.get("verdicts", ()):
        if verdict["rule"] != rule or (verdict["applies"] is False and not _way_out(verdict)):
            continue
        paper = roles.get(verdict["document"], {})
        yield Charge(
            clause=rule, title=verdict.get("title") or rule, document=verdict["document"],
            version=verdict.get("version") or "", section=verdict.get("section") or "", effect=verdict["effect"],
            outcome=_outcome(verdict), applies=verdict["applies"], role=paper.get("role", ""),
            role_why=paper.get("why", ""), run=use.run_id, provider=use.provider, served_by=use.served_by,
            model=use.model, activity=use.activity, since=use.first_on, until=use.last_on,
            labels=frozenset(verdict.get("labels") or ()), set_aside=_way_out(verdict) or dropped, finding=finding,
        )  # fmt: skip


def _way_out(verdict: Mapping[str, Any]) -> str:
    """Why a rule whose conditions are met does not hold: an agreement, or an exception of its own; "" when neither."""
    if verdict.get("lifted_by"):
        return f"“{verdict['lifted_by']}” lifts it"
    because = verdict.get("because") or ()
    excepted = [one for one in because if str(one.get("part", "")).startswith("exception: ") and one["held"]]
    unmet = [
        one
        for one in because
        if not str(one.get("part", "")).startswith(("exception: ", "duty")) and one["held"] is False
    ]
    if verdict["applies"] is False and excepted and not unmet:
        return f"an exception of the rule holds: {excepted[0]['constraint']}"
    return ""


def _outcome(verdict: Mapping[str, Any]) -> str:
    if verdict["effect"] == "permission":
        return "permitted"
    strict, mild = (
        ("prohibited", "needs_facts")
        if verdict["effect"] == "prohibition"
        else ("permitted_with_duties", "needs_facts")
    )
    return strict if verdict["applies"] else mild


def ways_of_findings(runs: QuerySet[Run]) -> list[Charge]:
    """A charge for each way and outcome that findings on rules have, however many findings agree in them: what the picture shows
    on its nodes. Two queries.

    Only what its way and outcome depend on is told of a charge (see `Charge.way`); the role of the paper of licences only.
    """
    rows = with_standing(
        Finding.objects.filter(run__in=runs, kind__in=_RULES, rule_revision__isnull=False, use__isnull=False)
    ).order_by().values(
        "run_id", "document", "outcome", "provider", "detail", "standing", "decision_kind", "use_id",
        "rule_revision__definition__labels",
    ).distinct()  # fmt: skip
    papers = _licences(runs)
    return [charge for row in rows for charge in _of_finding(row, papers.get(row["use_id"], {}))]


def _licences(runs: QuerySet[Run]) -> dict[int, Mapping[str, tuple[str, str]]]:
    """Use → document → (role, why it governs), of the uses that a licence governs. Of other papers the role changes no way."""
    licensed = Q(pk__in=())
    for role in LICENCES:
        licensed |= Q(answer__governing_documents__contains=[{"role": role}])
    read = AssessedUse.objects.filter(licensed, run__in=runs).values_list("pk", "answer__governing_documents")
    return {pk: {one["document"]: (one["role"], one["why"]) for one in papers or ()} for pk, papers in read}


def _of_finding(row: Mapping[str, Any], papers: Mapping[str, tuple[str, str]]) -> Iterable[Charge]:
    detail, labels = row["detail"], row["rule_revision__definition__labels"]
    role, why = papers.get(row["document"], ("", ""))
    for name in detail.get("models", ()):
        yield Charge(
            clause="", title="", document=row["document"], version="", section="", effect="", outcome=row["outcome"],
            applies=None if row["outcome"] == "needs_facts" else True, role=role, role_why=why, run=row["run_id"],
            provider=row["provider"], served_by=detail.get("served_by", ""), model=name,
            activity=detail.get("activity", ""), since=dt.date.min, until=dt.date.max, labels=frozenset(labels or ()),
            set_aside=_set_aside(row["standing"], row["decision_kind"]),
        )  # fmt: skip
