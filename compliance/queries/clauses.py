"""What waits for a person who keeps clauses: reworded and vanished ones, and suggestions; and one passage in its place."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet
from django.db.models.functions import Substr

from compliance.models import Anchoring, Clause, Suggestion, Version
from compliance.queries.reader import uncovered
from compliance.queries.siblings import Reappearance, reappearances
from compliance.text.diff import Mark, marked
from compliance.text.labels import BUILDING
from compliance.text.typography import words_of

AROUND = 600
"""Characters before and after a passage that are shown with it."""


@dataclass(frozen=True)
class Waiting:
    """A clause that reads differently in a version, or is gone: its old words, the passage that was found, what changed."""

    anchoring: Anchoring
    old: str
    new: str
    marks: tuple[Mark, ...]
    elsewhere: Reappearance | None = None


def waiting_anchorings(document_id: int | None = None) -> QuerySet[Anchoring]:
    """Clauses that wait for a person's word, document by document. The two passages are cut out by the database."""
    rows = Anchoring.objects.filter(state=Anchoring.State.WAITING).select_related(
        "clause", "version__document__provider", "source__version"
    )
    if document_id:
        rows = rows.filter(version__document=document_id)
    return rows.defer("version__text", "source__version__text").order_by(
        "version__document__identifier", "clause__key", "version__label"
    )


def with_marks(rows: Sequence[Anchoring]) -> list[Waiting]:
    """Each with its changed words marked; of those that are gone, where in a sibling document they stand now."""
    wordings = _both_wordings(rows)
    return [_waiting(row, *wordings[row.pk]) for row in rows]


def _both_wordings(rows: Sequence[Anchoring]) -> dict[int, tuple[str, str]]:
    """The old and the new passage of each, cut out by the database: whole texts stay there."""
    cut = Anchoring.objects.filter(pk__in=[row.pk for row in rows]).values_list(
        "pk",
        Substr("source__version__text", F("source__start") + 1, F("source__end") - F("source__start")),
        Substr("version__text", F("start") + 1, F("end") - F("start")),
    )
    return {pk: (old or "", new or "") for pk, old, new in cut}


def _waiting(row: Anchoring, old: str, new: str) -> Waiting:
    elsewhere = None
    if row.fate == Anchoring.Fate.GONE and old:
        elsewhere = next(iter(reappearances(row.version, [old], later=True)), None)
    before, after = words_of(old), words_of(new)
    return Waiting(row, before, new, marked(before, after) if before and after else (), elsewhere)


def open_suggestions(provider: str = "", document_id: int | None = None, building: bool = True) -> QuerySet[Suggestion]:
    """Suggestions that nobody has decided on and no clause covers, newest versions first."""
    rows = uncovered().select_related("version__document__provider").defer("version__text")
    if provider:
        rows = rows.filter(version__document__provider__slug=provider)
    if document_id:
        rows = rows.filter(version__document=document_id)
    if building:
        rows = rows.filter(labels__has_any_keys=sorted(BUILDING))
    return rows.order_by("version__document__identifier", "-version__label", "start")


def with_words(rows: Sequence[Suggestion]) -> list[tuple[Suggestion, str]]:
    """Each suggestion with its wording, cut out by the database. One query."""
    cut = Suggestion.objects.filter(pk__in=[row.pk for row in rows]).order_by()
    wordings = dict(cut.values_list("pk", Substr("version__text", F("start") + 1, F("end") - F("start"))))
    return [(row, wordings.get(row.pk, "")) for row in rows]


def clauses_to_choose(version: Version) -> list[Clause]:
    """Clauses of the document that do not stand in this version yet."""
    return list(version.document.clauses.exclude(texts__version=version).order_by("key"))


def free_key(version: Version, wanted: str) -> str:
    """The wanted key, with a number when the document has a clause of that key."""
    taken = set(version.document.clauses.filter(key__startswith=wanted).values_list("key", flat=True))
    keys = (wanted, *(f"{wanted[:76]}-{number}" for number in range(2, len(taken) + 3)))
    return next(key for key in keys if key not in taken)


def around(text: str, start: int, end: int) -> tuple[str, str, str]:
    """What stands before a passage, the passage, and what stands after it, cut at white space."""
    before, after = text[max(0, start - AROUND) : start], text[end : end + AROUND]
    if start > AROUND:
        before = "…" + before.partition(" ")[2]
    if end + AROUND < len(text):
        after = after.rpartition(" ")[0] + "…"
    return before, text[start:end], after
