"""What makes a unit of terms a provision of one kind: cues in its wording, read with its stance. Pure.

A `Provision` is a sentence of the grammar: these words in the unit itself, those in the unit or its stem, not these; under
a prohibition, a duty, a permission; addressed to the user or to the provider. The tables stand in
`provisions_of_building` (models made from output) and `provisions_of_use` (everything else).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from compliance.text.stance import Mode, Stance

Search = Callable[[str], re.Match[str] | None]

FORBIDDEN = frozenset({Mode.PROHIBITION})
ALLOWED = frozenset({Mode.PERMISSION})
BOUND = frozenset({Mode.DUTY})
ANY = frozenset({Mode.PROHIBITION, Mode.PERMISSION, Mode.DUTY, Mode.RIGHT})


def cue(source: str) -> Search:
    """A search for `source`, in which a literal space stands for any white space and letter case does not count."""
    return re.compile(source.replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE).search


@dataclass(frozen=True, slots=True)
class Provision:
    """`because` says in our words what `own` recognises. `around` must be met by the unit or by a stem of it, `unless` by
    neither the unit nor (with `unless_around`) its stems. `unstated` admits a list item whose mood is nowhere stated.
    `score` is how sure a person may be, 0 to 1."""

    label: str
    because: str
    own: Search
    modes: frozenset[Mode] = FORBIDDEN
    parties: tuple[str, ...] = ("user", "")
    around: Search | None = None
    unless: Search | None = None
    unless_around: Search | None = None
    unstated: bool = False
    score: float = 0.9

    def match(self, own: str, context: str, position: Stance) -> re.Match[str] | None:
        """The words of `own` that make it this provision, or None. `context` holds the stems and `own` itself."""
        if position.mode is None:
            if not self.unstated:
                return None
        elif position.mode not in self.modes or position.party not in self.parties:
            return None
        found = self.own(own)
        if found is None or (self.around is not None and self.around(context) is None):
            return None
        if (self.unless is not None and self.unless(own)) or (
            self.unless_around is not None and self.unless_around(context)
        ):
            return None
        return found
