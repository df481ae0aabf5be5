"""One version laid out for reading: its passages, and the clauses that are marked beside them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Exists, ExpressionWrapper, F, IntegerField, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Greatest, Least

from compliance.models import Clause, ClauseText, RuleRevision, Suggestion, Version
from compliance.text.contents import Heading, Passage, headings, lay_out
from compliance.text.labels import bears_on_building
from compliance.text.normalise import clause_hash
from compliance.text.typography import Run, runs

SHOWN: Final = (Suggestion.State.SUGGESTED, Suggestion.State.REJECTED, Suggestion.State.ACCEPTED)


@dataclass
class Highlight:
    """A marked passage: an accepted clause (with the rules that read it), or a suggestion that nobody has decided on yet.

    `state`: "covered" (a published rule reads it), "accepted" (a clause without such a rule), "suggested", "rejected".
    """

    anchor: str
    start: int
    end: int
    state: str
    labels: tuple[str, ...]
    mode: str
    section: str
    place: ClauseText | None = None
    suggestion: Suggestion | None = None
    also: list[Suggestion] = field(default_factory=list)
    rules: tuple[RuleRevision, ...] = ()

    @property
    def bears(self) -> bool:
        """Whether it bears on models built from output."""
        return bears_on_building(self.labels)

    @property
    def because(self) -> list[dict[str, Any]]:
        """Why it was marked: the reasons of the suggestions that lie in it."""
        return [reason for one in (self.suggestion, *self.also) if one for reason in one.because]


@dataclass(frozen=True)
class Row:
    """A passage with the runs of its wording, what of each is marked, and the highlights that begin in it."""

    passage: Passage
    pieces: tuple[tuple[Run, Highlight | None], ...]
    highlights: tuple[Highlight, ...]


@dataclass(frozen=True)
class Reader:
    """Everything that the page of one version shows of its text."""

    text: str
    rows: tuple[Row, ...]
    outline: tuple[Heading, ...]
    highlights: tuple[Highlight, ...]

    @property
    def covered(self) -> int:
        """How many marked passages a published rule reads."""
        return self._counted("covered")

    @property
    def accepted(self) -> int:
        """How many are accepted clauses that no published rule reads."""
        return self._counted("accepted")

    @property
    def suggested(self) -> int:
        """How many nobody has decided on."""
        return self._counted("suggested")

    def _counted(self, state: str) -> int:
        return sum(one.state == state for one in self.highlights)


def read(version: Version) -> Reader:
    """The version for reading. Four queries, whatever its length."""
    passages = lay_out(version.text)
    marked = highlights(version)
    rows = _rows(version.text, passages, marked)
    return Reader(version.text, rows, tuple(headings(version.text, passages)), tuple(marked))


def highlights(version: Version) -> list[Highlight]:
    """What is marked in a version, in the order of its text: clauses that are placed, and suggestions that lie in none."""
    found = [_of_place(place) for place in _places(version) if _stands(place, version.text)]
    open_ones = version.suggestions.filter(state__in=SHOWN).select_related("decided_by")
    for suggestion in open_ones:
        holder = next((one for one in found if one.place and _covers(one, suggestion)), None)
        if holder:
            holder.also.append(suggestion)
            holder.mode = holder.mode or suggestion.mode
        elif suggestion.state != Suggestion.State.ACCEPTED:
            found.append(_of_suggestion(suggestion))
    return sorted(found, key=lambda one: (one.start, -one.end))


def _places(version: Version) -> QuerySet[ClauseText]:
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).order_by("rule__identifier")
    clauses = Clause.objects.prefetch_related(Prefetch("rule_revisions", published, to_attr="published"))
    places = version.clause_texts.filter(start__isnull=False)
    return places.prefetch_related(Prefetch("clause", clauses)).order_by("start")


def _stands(place: ClauseText, text: str) -> bool:
    """Whether the place still holds what it is said to hold: a citation may have been corrected since it was placed."""
    return not place.sha256 or clause_hash(text[place.start : place.end]) == place.sha256


def _of_place(place: ClauseText) -> Highlight:
    rules = tuple(getattr(place.clause, "published", ()))
    mode = rules[0].effect if rules else ""
    return Highlight(
        f"c-{place.clause.key}", place.start or 0, place.end or 0, "covered" if rules else "accepted",
        tuple(place.clause.labels), mode, place.section, place=place, rules=rules,
    )  # fmt: skip


def _of_suggestion(suggestion: Suggestion) -> Highlight:
    return Highlight(
        f"s-{suggestion.pk}", suggestion.start, suggestion.end, suggestion.state, tuple(suggestion.labels),
        suggestion.mode, suggestion.section, suggestion=suggestion,
    )  # fmt: skip


def _covers(holder: Highlight, suggestion: Suggestion) -> bool:
    """Is the suggestion the clause's own passage: do they share at least half of the shorter one?"""
    shared = min(holder.end, suggestion.end) - max(holder.start, suggestion.start)
    return 2 * shared >= min(holder.end - holder.start, suggestion.end - suggestion.start)


def uncovered() -> QuerySet[Suggestion]:
    """Suggestions that nobody has decided on and that lie in no placed clause: the same measure as on the page."""
    whole: IntegerField[int, int] = IntegerField()
    last = Least(F("end"), OuterRef("end"), output_field=whole)
    first = Greatest(F("start"), OuterRef("start"), output_field=whole)
    theirs = ExpressionWrapper(OuterRef("end") - OuterRef("start"), output_field=whole)
    shorter = Least(F("end") - F("start"), theirs, output_field=whole)
    overlapping = ClauseText.objects.filter(
        version=OuterRef("version"), start__lt=OuterRef("end"), end__gt=OuterRef("start")
    )
    placed = overlapping.annotate(
        shared=ExpressionWrapper((last - first) * 2, output_field=whole), shorter=shorter
    ).filter(shared__gte=F("shorter"))
    return Suggestion.objects.filter(~Exists(placed), state=Suggestion.State.SUGGESTED)


def _rows(text: str, passages: Iterable[Passage], marked: list[Highlight]) -> tuple[Row, ...]:
    """Each passage with what is marked in it. A highlight's note stands beside the passage in which it begins."""
    rows = []
    waiting = sorted(marked, key=lambda one: one.start)
    running: list[Highlight] = []
    for passage in passages:
        running = [one for one in running if one.end > passage.start]
        begun: list[Highlight] = []
        while waiting and waiting[0].start < passage.until:
            begun.append(waiting.pop(0))
        running += begun
        cuts = [edge for one in running for edge in (one.start, one.end)]
        pieces = tuple((run, _top(running, run)) for run in runs(text, passage.start, passage.end, cuts))
        rows.append(Row(passage, pieces, tuple(begun)))
    return tuple(rows)


def _top(running: list[Highlight], run: Run) -> Highlight | None:
    """The highlight that is shown where several lie over one another: a clause before a suggestion, the shorter one first."""
    over = [one for one in running if one.start <= run.start and run.end <= one.end]
    return min(over, key=lambda one: (one.place is None, one.end - one.start), default=None)


def neighbours(version: Version) -> tuple[Version | None, Version | None]:
    """The versions before and after, by the day they came into force or are called by; each knows whether its text is `held`."""
    ordered = sorted(
        version.document.versions.annotate(held=~Q(text="")).defer("text"),
        key=lambda one: ("" if one.in_force.isempty else str(one.in_force.lower or "")) or one.label,
    )
    index = [one.pk for one in ordered].index(version.pk)
    before = ordered[index - 1] if index else None
    return before, ordered[index + 1] if index + 1 < len(ordered) else None


def unplaced(version: Version) -> QuerySet[ClauseText]:
    """Clauses that are cited in the version and whose place in its text is not known."""
    return version.clause_texts.filter(start__isnull=True).select_related("clause").order_by("section", "clause__key")


def waiting_here(version: Version) -> int:
    """How many of the document's clauses wait for a person's word on this version."""
    return version.anchorings.filter(Q(state="waiting")).count()
