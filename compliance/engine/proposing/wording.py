"""What goes into a proposal and what comes out: a clause's wording, and a rule as it might read. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final

from compliance.engine.constraints import ALWAYS, AllOf, Constraint, constraint_sentence, constraint_tree, leaves_of
from compliance.engine.proposing.cues import together
from compliance.engine.proposing.ways_out import Family, exceptions
from compliance.engine.rules import RuleException
from compliance.text.normalise import normalise_clause

LONGEST: Final = 4_000
"""Characters of a clause that are read; a clause is a sentence or two."""


class NothingToPropose(ValueError):
    """The clause asks nothing of whoever uses a model; the message says why."""


@dataclass(frozen=True)
class Wording:
    """A clause as it was found: its text, labels, mode (prohibition, permission, duty or right), and whose paper it is.

    `provider` is the name by which the proposal calls them, `families` their model families, which exceptions may name.
    `licence`: the paper is a licence of weights; `licensed` is then the family that it licenses, "" when it is not known.
    """

    text: str
    labels: tuple[str, ...]
    mode: str
    provider: str
    licence: bool = False
    licensed: str = ""
    families: tuple[Family, ...] = ()

    @property
    def plain(self) -> str:
        """The text without a page's mark-up, in lower case, at most LONGEST characters of it."""
        return normalise_clause(self.text[:LONGEST])

    @property
    def target(self) -> str:
        """What a rule about models made from it is about."""
        return "materials" if self.licence else "output"

    def kept(self, *labels: str) -> tuple[str, ...]:
        """Those of the labels that the clause carries."""
        return tuple(label for label in labels if label in self.labels)


@dataclass(frozen=True)
class Proposal:
    """A rule as it might read. `name` is the last part of its identifier, `notes` what a person should check."""

    name: str
    effect: str
    title: str
    statement: str
    actions: tuple[str, ...]
    target: str = "output"
    severity: str = "high"
    when: Constraint = ALWAYS
    exceptions: tuple[RuleException, ...] = ()
    met: Constraint | None = None
    duty: str = ""
    labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_definition(self) -> dict[str, Any]:
        """The rule as data, without its identifier, revision and citations; empty parts are left out."""
        ways_out = [
            {"name": way.name, "title": way.title, "when": constraint_tree(way.when)} for way in self.exceptions
        ]
        data: dict[str, Any] = {
            "effect": self.effect,
            "title": self.title,
            "statement": self.statement,
            "actions": list(self.actions),
            "target": self.target,
            "severity": self.severity,
            "when": None if self.when == ALWAYS else constraint_tree(self.when),
            "exceptions": ways_out,
            "met": None if self.met is None else constraint_tree(self.met),
            "duty": self.duty,
            "labels": list(self.labels),
        }
        return {key: value for key, value in data.items() if value not in (None, "", [])}


def ways_out(wording: Wording) -> tuple[RuleException, ...]:
    """The exceptions that the wording names."""
    return exceptions(wording.plain, wording.provider, wording.families, wording.licensed)


def limited(when: Constraint, *said: str) -> str:
    """The conditions as the end of a statement, without those that it has said already."""
    parts = when.parts if isinstance(when, AllOf) else (when,)
    rest = [part for part in parts if not all(test.fact in said for test in leaves_of(part))]
    return f", where {constraint_sentence(together(rest))}" if rest else ""
