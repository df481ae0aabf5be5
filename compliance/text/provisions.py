"""What makes a unit of terms a provision of one kind: cues in its wording, read with its stance. Pure.

A `Provision` is a sentence of the grammar: these words in the unit itself, those in the unit or its stem, not these; under
a prohibition, a duty, a permission; addressed to the user or to the provider. The tables stand in `provisions_of_building`
(models made from output), `provisions_of_use` (what may be done with a service) and `provisions_of_dealing` (the rest).
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
EVERYONE = ("user", "provider", "")

_DEFINITION = re.compile(
    r"^\W*(?:[a-z0-9.]{1,5}\s+)?\"[^\"]{1,60}\"[^.;]{0,60}?\b(?:means?|shall\s+mean|refers?\s+to)\b", re.IGNORECASE
)


def spaced(source: str) -> str:
    """The pattern in which a literal space stands for any white space, for wording may be wrapped anywhere."""
    return source.replace(" ?", r"\s*").replace(" ", r"\s+")


def cue(*alternatives: str) -> Search:
    """A search for any of the patterns; white space may be any, letter case does not count."""
    return re.compile(spaced("|".join(alternatives)), re.IGNORECASE).search


@dataclass(frozen=True, slots=True)
class Provision:
    """`because` says in our words what `own` recognises. `around` must be met by the unit or by a stem of it, `unless` by
    no word of the unit. `unstated` admits wording whose mood is nowhere stated, `defined` the definitions of terms.
    `score` is how sure a person may be, 0 to 1."""

    label: str
    because: str
    own: Search
    modes: frozenset[Mode] = FORBIDDEN
    parties: tuple[str, ...] = ("user", "")
    around: Search | None = None
    unless: Search | None = None
    unstated: bool = False
    defined: bool = False
    score: float = 0.9

    def match(self, own: str, context: str, position: Stance) -> re.Match[str] | None:
        """The words of `own` that make it this provision, or None. `context` holds the stems and `own` itself."""
        if not self._admits(position):
            return None
        found = self.own(own)
        if found is None or (self.around is not None and self.around(context) is None):
            return None
        if (self.unless is not None and self.unless(own)) or (not self.defined and _DEFINITION.search(own)):
            return None
        return found

    def _admits(self, position: Stance) -> bool:
        if position.mode is None:
            return self.unstated
        return position.mode in self.modes and position.party in self.parties
