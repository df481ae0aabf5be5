"""The rules that leave the library as a file: published ones of all documents, or of some; or single revisions."""

from collections.abc import Collection, Iterable

from compliance.engine.rules import Rule, rule_from_dict
from compliance.models import RuleRevision


def rules_to_export(documents: Collection[str] = ()) -> tuple[Rule, ...]:
    """The published revision of each rule, by identifier; of these documents only, when any are named. One query."""
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).select_related("rule")
    if documents:
        published = published.filter(rule__document__identifier__in=documents)
    return read_revisions(published.order_by("rule__identifier"))


def read_revisions(revisions: Iterable[RuleRevision]) -> tuple[Rule, ...]:
    """The revisions as the engine reads them. Raises RuleError for one that it can't read."""
    return tuple(
        rule_from_dict({**one.definition, "id": one.rule.identifier, "revision": one.number}, str(one))
        for one in revisions
    )
