"""What a gateway may let through: the ways of a matrix that are open for a purpose, and what a policy says of itself. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from compliance.engine.portfolio import Cell, State
from compliance.engine.vocabulary import ACTIVITIES, FACTS

CHOICES: Final[Mapping[str, str]] = {
    "block": "Block them",
    "duties": "Let through what asks only for duties",
    "allow": "Let them through",
}
"""What may become of conditional cells. Forbidden ones never pass."""


class NothingToLetThrough(ValueError):
    """A policy that names nothing would be read as one that bars nothing."""


@dataclass(frozen=True)
class Head:
    """What a policy is traced back by.

    `facts`: those declared, by path. `conditional`: one of CHOICES. `unknown`: whether it is let through.
    """

    on: date
    rulebook_sha256: str
    matrix_sha256: str
    facts: Mapping[str, object]
    agreements: bool
    conditional: str = "block"
    unknown: bool = False

    def lets_through(self, cell: Cell) -> bool:
        """Whether a use of this cell passes. Unknown is blocked unless somebody chose otherwise."""
        if cell.state is State.CONDITIONAL:
            return self.conditional == "allow" or (self.conditional == "duties" and cell.asks_only_duties)
        return cell.state is State.ALLOWED or (cell.state is State.UNKNOWN and self.unknown)

    def lines(self, purposes: Sequence[str]) -> list[str]:
        """The head in words, a line each; no line holds a break."""
        told = "; ".join(fact_in_words(path, value) for path, value in self.facts.items())
        return [
            "Policy by Clausetrail, from reviewed rules; computed, not written by hand.",
            f"Terms in force on: {self.on.isoformat()}",
            f"Rulebook: sha256:{self.rulebook_sha256}",
            f"Matrix: sha256:{self.matrix_sha256}",
            f"Purposes: {'; '.join(ACTIVITIES[purpose] for purpose in purposes)}",
            f"Declared of the student: {told or 'nothing, so that its facts are unknown'}",
            f"Agreements of the organisation: {'counted' if self.agreements else 'left out'}",
            f"Conditional: {CHOICES[self.conditional].lower()}. Forbidden: always blocked.",
            f"Unknown (terms are silent, or their text is not held): {'let through, by choice' if self.unknown else 'blocked'}.",
            "What is not listed is blocked. A gateway does not see what becomes of an answer: give each key one purpose.",
        ]


def fact_in_words(path: str, value: object) -> str:
    """A declared fact: "the student is distributed"; for choices, "kind of student: classifier"."""
    definition = FACTS[path]
    if isinstance(value, bool):
        return definition.true if value else definition.false
    return f"{definition.label}: {value}".replace("\n", " ")


def group_of(purpose: str) -> str:
    """The name under which a purpose's models stand in a gateway."""
    return f"clausetrail-{purpose.replace('_', '-')}"
