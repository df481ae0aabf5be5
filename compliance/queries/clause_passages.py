"""The words of the clauses that a rule cites, to be read beside it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, QuerySet
from django.db.models.functions import Substr

from compliance.engine.rules import Citation
from compliance.models import Clause, ClauseText, TermsDocument

LONGEST: Final = 3_000
"""Characters of a passage that are shown; the reader's page has the rest."""


@dataclass(frozen=True)
class Passage:
    """One wording of a clause. `versions`: labels of those in which it stands so, oldest first; `version`: pk of the newest.

    `text` is empty where no text of these versions is held, or the passage was not found in it.
    """

    sha256: str
    section: str
    text: str
    versions: tuple[str, ...]
    version: int
    start: int | None

    @property
    def cut(self) -> bool:
        """Whether more stands in the version than is shown."""
        return len(self.text) >= LONGEST


def passages_of(
    document: TermsDocument, citations: Iterable[Citation], clauses: Iterable[Clause] = ()
) -> list[Passage]:
    """The wordings that a rule cites, and those of its clauses that it does not cite yet. One query."""
    digests = {citation.sha256 for citation in citations} - {""}
    places = ClauseText.objects.filter(version__document=document, sha256__in=digests)
    if clauses:
        places |= ClauseText.objects.filter(clause__in=clauses).exclude(sha256="")
    return _passages(places)


def _passages(places: QuerySet[ClauseText]) -> list[Passage]:
    rows = (
        places.annotate(words=Substr("version__text", F("start") + 1, LONGEST))
        .order_by("version__in_force", "version__label", "pk")
        .values("sha256", "section", "words", "start", "end", "version_id", "version__label")
    )
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["sha256"], []).append(row)
    return [_passage(digest, same) for digest, same in found.items()][::-1]


def _passage(digest: str, same: list[Mapping[str, Any]]) -> Passage:
    newest = next((row for row in reversed(same) if row["start"] is not None and row["words"]), same[-1])
    length = (newest["end"] or 0) - (newest["start"] or 0)
    labels = tuple(dict.fromkeys(row["version__label"] for row in same))
    words = (newest["words"] or "")[:length] if newest["start"] is not None else ""
    return Passage(digest, newest["section"], words, labels, newest["version_id"], newest["start"])
