"""Why a clause has no rule, a version no text, or a document no version for some days: said once, in our own words."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Reason:
    """One recorded reason, in our own words, about one document.

    `clauses`: SHA-256 of the normalised texts of clauses that need no rule. `unheld`: labels of versions whose text is not held
    and need not be. `since` to `until` (exclusive): days on which another paper stands in for this one.
    """

    document: str
    reason: str
    clauses: tuple[str, ...] = ()
    unheld: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def covers_days(self, since: date, until: date) -> bool:
        """Whether it explains every day from `since` up to, not including, `until`."""
        return self.since is not None and self.until is not None and self.since <= since and until <= self.until
