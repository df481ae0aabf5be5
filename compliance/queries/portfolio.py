"""The portfolio matrix from what is published: which ways, which purposes, on which day, with which facts and agreements."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from compliance.engine.evaluation import Verdict
from compliance.engine.facts import FactValue
from compliance.engine.library import ROLES, Library
from compliance.engine.portfolio import (
    PURPOSES,
    Cell,
    State,
    Trial,
    cell,
    library_sha256,
    matrix,
    reachable,
    trials,
    ways_to,
)
from compliance.models import Agreement, RuleRevision, TermsDocument, Version
from compliance.queries.library_kept import kept_library

SHOWN: Mapping[str, tuple[str, ...]] = {
    "direct": ("api", "consumer_app"),
    "api": ("api",),
    "consumer_app": ("consumer_app",),
    "weights": ("weights",),
    "all": ("api", "consumer_app", "weights"),
}
"""What may be chosen of kinds of access, and which they are."""

MOST_KEPT = 12
"""So many matrices stay with a library, at some two megabytes each: people look at few of them, again and again."""


@dataclass(frozen=True)
class Question:
    """What the matrix is asked. `served_by` and `provider`: slugs, "" for the developer itself and for every developer.

    `facts` by path, as somebody declared them. `project_id`: whose agreements count beside the organisation's.
    """

    on: dt.date
    shown: str = "direct"
    provider: str = ""
    served_by: str = ""
    facts: Mapping[str, FactValue] = field(default_factory=dict)
    agreements: bool = True
    project_id: int | None = None
    purposes: tuple[str, ...] = PURPOSES

    @property
    def key(self) -> tuple[object, ...]:
        """What the same question has in common, whoever asks it."""
        facts = tuple(sorted((path, repr(value)) for path, value in self.facts.items()))
        return (
            self.on, self.shown, self.provider, self.served_by, facts, self.agreements, self.project_id, self.purposes
        )  # fmt: skip


@dataclass(frozen=True)
class Portfolio:
    """The answers, a row for each way, with the library that gave them."""

    asked: Question
    library: Library
    rows: tuple[tuple[Cell, ...], ...]

    @cached_property
    def rulebook_sha256(self) -> str:
        """Hash of everything that decides on that day."""
        return library_sha256(self.library, self.asked.on)

    @cached_property
    def of_strangers(self) -> frozenset[str]:
        """The keys of ways of whose papers nobody has catalogued any: unknown for every purpose, and for the same reason."""
        known = self.library.documents
        return frozenset(
            row[0].way.key
            for row in self.rows
            if all(one.state is State.UNKNOWN for one in row)
            and not any(paper.document in known for one in row for paper in one.assessment.governing)
        )

    @property
    def counts(self) -> dict[State, int]:
        """How many cells have each state, without those of which nothing is catalogued."""
        found = dict.fromkeys(State, 0)
        for one in self.cells:
            found[one.state] += one.way.key not in self.of_strangers
        return found

    @property
    def cells(self) -> Iterable[Cell]:
        """Every cell, row by row."""
        return (one for row in self.rows for one in row)


def library_for(asked: Question) -> Library:
    """The published library, with agreements or without. One query where it has not changed, and two for a project's own."""
    library = kept_library(asked.project_id if asked.agreements else None)
    return library if asked.agreements or not library.agreements else replace(library, agreements=())


def portfolio(asked: Question) -> Portfolio:
    """Judge every way and every purpose that is asked. About a dozen queries, whatever their number; one, when the library is
    the one that gave the same answer before."""
    library = library_for(asked)
    held = library.memory
    known: Portfolio | None = held.portfolios.get(asked.key)
    return known or held.keep(held.portfolios, asked.key, _judged(asked, library), MOST_KEPT)


def _judged(asked: Question, library: Library) -> Portfolio:
    ways = [
        way
        for way in ways_to(library, SHOWN[asked.shown], asked.served_by)
        if not asked.provider or way.provider == asked.provider
    ]
    return Portfolio(asked, library, matrix(ways, asked.purposes, asked.on, asked.facts, library))


@dataclass(frozen=True)
class Paper:
    """A governing paper: as it is catalogued, the version of that day (None: not held or not known), and its part."""

    identifier: str
    title: str
    role: str
    why: str
    document: TermsDocument | None
    version: Version | None


@dataclass(frozen=True)
class Ruling:
    """A rule's answer, with the pages it points at."""

    verdict: Verdict
    revision: int | None
    version: Version | None
    agreement: int | None


@dataclass(frozen=True)
class Explained:
    """One cell with everything it rests on. `trials`: what each open fact alone would make of it."""

    cell: Cell
    papers: tuple[Paper, ...]
    deciding: tuple[Ruling, ...]
    others: tuple[Ruling, ...]
    trials: tuple[Trial, ...]
    reachable: tuple[State, ...]


def explained(asked: Question, way_key: str, activity: str) -> Explained | None:
    """One cell of the matrix and why; None when there is no such way. About sixteen queries."""
    library = library_for(asked)
    way = next((one for one in ways_to(library, SHOWN["all"], asked.served_by) if one.key == way_key), None)
    if way is None or activity not in PURPOSES:
        return None
    found = cell(way, activity, asked.on, asked.facts, library)
    rulings = _Rulings(found)
    deciding = {verdict.rule.id for verdict in found.deciding}
    return Explained(
        cell=found,
        papers=tuple(rulings.papers()),
        deciding=tuple(rulings.of(found.deciding)),
        others=tuple(rulings.of(one for one in found.assessment.verdicts if one.rule.id not in deciding)),
        trials=trials(found, asked.on, asked.facts, library),
        reachable=tuple(sorted(reachable(found, asked.on, asked.facts, library), key=list(State).index)),
    )


class _Rulings:
    """Looks up what a cell points at: three queries and one for agreements."""

    def __init__(self, found: Cell) -> None:
        self._papers = found.assessment.governing
        keys = [paper.document for paper in self._papers]
        documents = TermsDocument.objects.filter(identifier__in=keys).select_related("provider")
        self._documents = {one.identifier: one for one in documents}
        versions = Version.objects.filter(document__identifier__in=keys).select_related("document").defer("text")
        self._versions = {(one.document.identifier, one.label): one for one in versions}
        rules = {verdict.rule.id.removesuffix("#lifted") for verdict in found.assessment.verdicts}
        published = RuleRevision.objects.filter(rule__identifier__in=rules, status=RuleRevision.Status.PUBLISHED)
        self._revisions = dict(published.order_by().values_list("rule__identifier", "pk"))
        lifting = {verdict.lifted_by for verdict in found.assessment.verdicts if verdict.lifted_by}
        held = Agreement.objects.filter(reference__in=lifting, provider__slug=found.way.provider) if lifting else ()
        self._agreements = {one.reference: one.pk for one in held}

    def papers(self) -> Iterable[Paper]:
        for paper in self._papers:
            document = self._documents.get(paper.document)
            version = self._versions.get((paper.document, paper.version.label)) if paper.version else None
            title = document.title if document else paper.document
            yield Paper(paper.document, title, ROLES.get(paper.role, paper.role), paper.why, document, version)

    def of(self, verdicts: Iterable[Verdict]) -> Iterable[Ruling]:
        for verdict in verdicts:
            rule = verdict.rule
            yield Ruling(
                verdict,
                self._revisions.get(rule.id.removesuffix("#lifted")),
                self._versions.get((rule.document, verdict.version.label)),
                self._agreements.get(verdict.lifted_by),
            )
