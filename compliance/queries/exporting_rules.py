"""The rules that leave the library as a file: published ones of all documents, or of some; or single revisions."""

from collections.abc import Collection, Iterable

from compliance.engine.broken import MEND
from compliance.engine.rules import Rule, RuleError
from compliance.models import RuleRevision
from compliance.queries.library import rule_of


def rules_to_export(documents: Collection[str] = ()) -> tuple[Rule, ...]:
    """The published revision of each rule, by identifier; of these documents only, when any are named. One query.

    Raises RuleError naming every rule that can't be read: a file that left them out would look whole.
    """
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).select_related("rule")
    if documents:
        published = published.filter(rule__document__identifier__in=documents)
    return read_revisions(published.order_by("rule__identifier"))


def read_revisions(revisions: Iterable[RuleRevision]) -> tuple[Rule, ...]:
    """The revisions as the engine reads them. Raises RuleError naming those that it can't read."""
    read = tuple(rule_of(one) for one in revisions)
    broken = [f"revision {one.revision} of {one.id} ({one.broken})" for one in read if one.broken]
    if broken:
        raise RuleError(f"can't be read, so that no file would be whole: {'; '.join(broken)}. {MEND}.")
    return read
