"""Published rules whose stored definition can't be read: each is stood in for, so that what it would say counts as unknown."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from compliance.engine.rules import EFFECTS, Citation, Rule, RuleError, rule_from_dict
from compliance.engine.vocabulary import ACTIVITIES

MEND: Final = "Draft a new revision in the terms library, correct it, and have a second person publish it"
"""What to do about a broken rule."""
LONGEST: Final = 400
"""Characters of what is wrong that are told: a broken definition may be of any length."""


def read_or_stand_in(
    definition: Any, *, identifier: str, revision: int, versions: Iterable[str], title: str, effect: str, section: str
) -> Rule:
    """The stored revision as a rule; when it can't be read, what stands in for it, with `broken` saying what is wrong.

    `identifier`, `title`, `effect`, `section`: as the library lists the rule, for what the definition does not tell. `versions`:
    labels of every version of its document.
    """
    try:
        return rule_of_definition(definition, identifier, revision)
    except RuleError as error:
        return _stand_in(definition, identifier, revision, str(error), tuple(versions), (title, effect, section))


def rule_of_definition(definition: Any, identifier: str, revision: int) -> Rule:
    """The rule that a stored definition holds. Raises RuleError for whatever can't be read, and for another rule's definition."""
    if not isinstance(definition, Mapping):
        raise RuleError(f"the definition is no object, but {_kind(definition)}")
    told = definition.get("id", identifier)
    if told != identifier:
        raise RuleError(f"id: the definition is that of {str(told)[:200]!r}")
    return rule_from_dict({**definition, "id": identifier, "revision": revision}, "definition of")


def _stand_in(
    definition: Any,
    identifier: str,
    revision: int,
    complaint: str,
    versions: tuple[str, ...],
    listed: tuple[str, str, str],
) -> Rule:
    """What can be read of it narrows what it may bear on; what can't be read leaves it open."""
    told: Mapping[str, Any] = definition if isinstance(definition, Mapping) else {}
    title, effect, section = listed
    named = told.get("effect")
    return Rule(
        id=identifier,
        revision=revision,
        effect=named if named in EFFECTS else effect if effect in EFFECTS else EFFECTS[0],
        title=title or identifier,
        statement="is read by a rule that is broken",
        actions=_actions(told.get("actions")),
        citations=_citations(told.get("citations"), versions, section),
        broken=_cut(complaint),
    )


def _cut(complaint: str) -> str:
    said = complaint.strip().rstrip(".")
    return said if len(said) <= LONGEST else f"{said[:LONGEST]}…"


def _actions(raw: Any) -> tuple[str, ...]:
    known = isinstance(raw, list) and raw and all(isinstance(one, str) and one in ACTIVITIES for one in raw)
    return tuple(raw) if known else tuple(ACTIVITIES)


def _citations(raw: Any, versions: tuple[str, ...], section: str) -> tuple[Citation, ...]:
    """Those versions that it certainly cites; every version of the document when that can't be told."""
    found: dict[str, Citation] = {}
    for item in raw if isinstance(raw, list) else ():
        labels = item.get("versions") if isinstance(item, Mapping) else None
        if not isinstance(labels, list) or not labels or not all(isinstance(label, str) for label in labels):
            return tuple(Citation(label, section, "") for label in versions)
        digest, where = item.get("sha256"), item.get("section")
        for label in labels:
            found[label] = Citation(
                label, where if isinstance(where, str) else "", digest if isinstance(digest, str) else ""
            )
    return tuple(found.values()) or tuple(Citation(label, section, "") for label in versions)


def _kind(value: Any) -> str:
    return "nothing" if value is None else {list: "a list", str: "text", bool: "yes or no"}.get(type(value), "a number")
