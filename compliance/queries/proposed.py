"""The library as it would be if one revision were published now: what a preview judges by."""

from dataclasses import replace

from compliance.engine.broken import rule_of_definition
from compliance.engine.library import Library
from compliance.engine.rules import RuleError
from compliance.models import RuleRevision
from compliance.queries.library import library_from_database


class UnreadableRevision(ValueError):
    """The engine can't read the revision, so nothing can be judged by it; the message says why."""


def library_with(revision: RuleRevision, library: Library | None = None) -> Library:
    """`library` (the database's, when None) with this revision as its rule's reading, in place of the published one.

    Raises UnreadableRevision. The library's own answers kept in memory are not shared: it is another library.
    """
    known = library_from_database() if library is None else library
    identifier = revision.rule.identifier
    try:
        rule = rule_of_definition(revision.definition, identifier, revision.number)
    except RuleError as error:
        raise UnreadableRevision(str(error)) from error
    others = tuple(one for one in known.rules if one.id != identifier)
    return replace(known, rules=tuple(sorted((*others, rule), key=lambda one: one.id)))
