"""From an accepted clause to the first draft of its rule: conditions proposed from label and wording, for a person to weigh."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from compliance.actions.rules import OPEN, RuleRefused, start_rule
from compliance.actions.trail import record
from compliance.engine.proposing.proposal import propose
from compliance.engine.proposing.ways_out import Family
from compliance.engine.proposing.wording import NothingToPropose, Proposal, Wording
from compliance.models import CatalogueEntry, Clause, ClauseText, Rule, RuleRevision, Suggestion, TermsDocument, User
from compliance.sources.cited import PassageSearch
from compliance.text.clauses import find_clauses

PROPOSED = "rule proposed from a clause"
MARK = "Proposed from the clause’s wording, and not yet weighed by counsel."


@transaction.atomic
def draft_from_clause(clause_text: ClauseText, *, acting_user: User) -> RuleRevision:
    """A draft that reads the clause as it stands in that version, linked to it and cited where it stands unchanged.

    Asked again before anybody changed the draft, it gives the same one. Raises RuleRefused when the text is not held, or when
    no rule follows from such a clause.
    """
    clause = clause_text.clause
    document = (
        TermsDocument.objects.select_for_update(of=("self",)).select_related("provider").get(pk=clause.document_id)
    )
    try:
        proposal = propose(_wording(clause_text, document))
    except NothingToPropose as nothing:
        raise RuleRefused(str(nothing)) from nothing
    definition = _definition(proposal, clause_text)
    known = _same(clause, definition)
    if known is not None:
        return known
    revision = start_rule(
        acting_user=acting_user,
        document=document,
        name=_free_name(document, proposal.name),
        definition=definition,
        clauses=[clause],
    )
    record(
        acting_user=acting_user, action=PROPOSED, subject=revision, clause=clause.key, version=clause_text.version.label,
        notes=list(proposal.notes),
    )  # fmt: skip
    return revision


def _wording(clause_text: ClauseText, document: TermsDocument) -> Wording:
    text, suggestion = _passage(clause_text), _suggestion(clause_text)
    labels = clause_text.clause.labels or (suggestion.labels if suggestion else [])
    families = _families(document)
    return Wording(
        text=text,
        labels=tuple(labels),
        mode=suggestion.mode if suggestion else _mode(clause_text, text),
        provider=document.provider.name,
        licence=document.kind == "licence",
        licensed=_licensed(document),
        families=families,
    )


def _passage(clause_text: ClauseText) -> str:
    """The clause's own words in that version."""
    held = clause_text.version.text
    if held and clause_text.end:
        return held[clause_text.start or 0 : clause_text.end]
    search = PassageSearch()
    if not held or not search.find(held, {clause_text.sha256} - {""}):
        raise RuleRefused(
            f"The words of this clause in the version of {clause_text.version.label} are not held. Import that version first."
        )
    return search.wording(clause_text.sha256)


def _suggestion(clause_text: ClauseText) -> Suggestion | None:
    return Suggestion.objects.filter(clause=clause_text.clause, version=clause_text.version).order_by("pk").first()


def _mode(clause_text: ClauseText, passage: str) -> str:
    """The mood in which the text has the passage, read with what stands above it; a prohibition when nothing tells."""
    start, end = clause_text.start or 0, clause_text.end or 0
    for found in find_clauses(clause_text.version.text):
        inside = found.start < end and start < found.end if end else found.text[:60].casefold() in passage.casefold()
        if inside:
            return str(found.mode)
    return "prohibition"


def _families(document: TermsDocument) -> tuple[Family, ...]:
    entries = CatalogueEntry.objects.filter(provider=document.provider).order_by("position")
    return tuple(Family(entry.pattern, _names(entry)) for entry in entries)


def _names(entry: CatalogueEntry) -> tuple[str, ...]:
    title = str(entry.definition.get("title", ""))
    return tuple(dict.fromkeys(name for name in (title, entry.pattern, entry.pattern.replace("-", " ")) if name))


def _licensed(document: TermsDocument) -> str:
    """The family that the document licenses; of several, the one that holds them all, else the first."""
    entries = CatalogueEntry.objects.filter(definition__licences__contains=document.identifier).order_by("position")
    found = list(entries)
    if len(found) < 2:
        return found[0].pattern if found else ""
    shared = set.intersection(*(set(entry.definition.get("within", ())) | {entry.pattern} for entry in found))
    return min(shared, key=len) if shared else found[0].pattern


def _definition(proposal: Proposal, clause_text: ClauseText) -> dict[str, Any]:
    texts = clause_text.clause.texts.exclude(sha256="").select_related("version").defer("version__text")
    same = [text for text in texts.order_by("version__label") if text.sha256 == clause_text.sha256]
    if not same:
        raise RuleRefused("The clause is anchored nowhere yet: accept it in a version whose text is held.")
    cited: dict[str, list[str]] = {}
    for text in same:
        cited.setdefault(text.section, []).append(text.version.label)
    citations = [
        {"versions": versions, "section": section, "sha256": clause_text.sha256} for section, versions in cited.items()
    ]
    guidance = " ".join([MARK, *proposal.notes])
    return {**proposal.as_definition(), "guidance": guidance, "citations": citations}


def _same(clause: Clause, definition: Mapping[str, Any]) -> RuleRevision | None:
    """An open draft of this clause that says just what would be proposed."""
    for revision in clause.rule_revisions.filter(status__in=OPEN, number=1).select_related("rule"):
        kept = revision.definition
        if all(kept.get(key) == definition.get(key) for key in ("effect", "title", "statement", "when", "guidance")):
            return revision
    return None


def _free_name(document: TermsDocument, name: str) -> str:
    taken = set(Rule.objects.filter(document=document).values_list("identifier", flat=True))
    names = (name, *(f"{name}-{number}" for number in range(2, len(taken) + 3)))
    return next(free for free in names if f"{document.identifier}:{free}" not in taken)
