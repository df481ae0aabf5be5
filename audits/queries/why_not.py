"""One recorded use and every rule that could speak to it: why each applies, does not, or can't be told."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from audits.matching.answers import answers_on_record
from audits.matching.recorded import Reader, StoredUse, stored_uses
from audits.models import AssessedUse, Run
from audits.queries.review_page import fact_words
from compliance.engine.assessment import assess
from compliance.engine.catalogue import derived_from
from compliance.engine.constraints import Because, Context
from compliance.engine.evaluation import Verdict, evaluate_rule
from compliance.engine.facts import Use
from compliance.engine.governing import governing_documents
from compliance.engine.library import ROLES, Agreement, Library, Version, in_force
from compliance.models import RuleRevision
from compliance.queries.library import agreements_of
from compliance.queries.library_kept import kept_library

ANSWERS = {True: "Applies", None: "Cannot tell", False: "Does not apply"}
HELD = {True: "Met", None: "Cannot tell", False: "Not met"}
PARTS = {"activity": "The activity", "condition": "Its condition", "duty": "Whether it is fulfilled"}


@dataclass(frozen=True)
class Test:
    """One condition of a rule with what it found; `part`: whose condition it is (the rule's own, an exception's, a duty's)."""

    part: str
    phrase: str
    held: bool | None
    answer: str
    fact: str
    source: str
    by: str


@dataclass(frozen=True)
class Answer:
    """What one rule answers. `revision`: of the published rule, None for one that was never stored."""

    rule: str
    title: str
    effect: str
    section: str
    applies: bool | None
    answer: str
    explanation: str
    tests: tuple[Test, ...]
    revision: int | None


@dataclass(frozen=True)
class Paper:
    """A document with the version of that day and its rules' answers. `governs`: whether it binds this use; `why`: or why not."""

    document: str
    title: str
    version: str
    role: str
    why: str
    governs: bool
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Why:
    """The use on one day, its outcome by what is known today, and every paper: those that govern first."""

    use: StoredUse
    on: dt.date
    days: tuple[dt.date, ...]
    outcome: str
    papers: tuple[Paper, ...]

    @property
    def governing(self) -> tuple[Paper, ...]:
        return tuple(paper for paper in self.papers if paper.governs)

    @property
    def others(self) -> tuple[Paper, ...]:
        return tuple(paper for paper in self.papers if not paper.governs)


def why(assessed: AssessedUse, run: Run, on: dt.date | None, named: Mapping[str, str]) -> Why:
    """Ask every rule about the use on that day (its first, when None or not one of its days). About eight queries."""
    library = kept_library()
    agreements = agreements_of(run.pipeline.project_id)
    (stored,) = stored_uses([run], [assessed.pk])[run.pk]
    recorded = {use.day: use for use in Reader(run, library, answers_on_record()).uses(stored)}
    chosen = on if on in recorded else min(recorded)
    use = recorded[chosen].as_use()
    reader = _Papers(use, library, agreements, _revisions(), named)
    outcome = assess(use, library, agreements).outcome
    return Why(stored, chosen, tuple(sorted(recorded)), outcome, (*reader.governing(), *reader.others()))


def _revisions() -> dict[str, int]:
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).order_by()
    return dict(published.values_list("rule__identifier", "pk"))


class _Papers:
    """Reads the papers of one use."""

    def __init__(
        self, use: Use, library: Library, agreements: tuple[Agreement, ...], revisions: Mapping[str, int],
        named: Mapping[str, str],
    ) -> None:  # fmt: skip
        self._use, self._library, self._named, self._revisions = use, library, named, revisions
        self._agreements = (*library.agreements, *agreements)
        self._context = Context(use, lambda model, families: derived_from(model, families, library))
        self._governing = governing_documents(use, library)

    def governing(self) -> Iterable[Paper]:
        for paper in self._governing:
            role = ROLES.get(paper.role, paper.role)
            yield self._paper(paper.document, paper.version, role, paper.why, governs=True)

    def others(self) -> Iterable[Paper]:
        """The developer's and the channel's further documents, which do not govern such a use."""
        known = {paper.document for paper in self._governing}
        whose = {self._use.text("provider"), self._use.text("access.served_by")}
        for identifier, document in sorted(self._library.documents.items()):
            version = in_force(self._library, identifier, self._use.on) if self._use.on else None
            if identifier not in known and document.provider in whose and version is not None:
                yield self._paper(
                    identifier, version, "", "it does not govern this access, channel or model", governs=False
                )

    def _paper(self, document: str, version: Version | None, role: str, why: str, *, governs: bool) -> Paper:
        rules = self._library.rules_by_version.get((document, version.label), ()) if version else ()
        verdicts = [
            evaluate_rule(rule, version, self._context, self._library, self._agreements) for rule in rules if version
        ]
        order = {True: 0, None: 1, False: 2}
        answers = sorted(map(self._answer, verdicts), key=lambda one: (order[one.applies], one.section, one.rule))
        title = self._library.title(document)
        return Paper(document, title, version.label if version else "", role, why, governs, tuple(answers))

    def _answer(self, verdict: Verdict) -> Answer:
        rule = verdict.rule
        return Answer(
            rule=rule.id, title=rule.title, effect=rule.effect, section=verdict.citation.section,
            applies=verdict.applies, answer="Lifted" if verdict.lifted_by else ANSWERS[verdict.applies],
            explanation=verdict.explanation, tests=tuple(map(self._test, verdict.because)),
            revision=self._revisions.get(rule.id),
        )  # fmt: skip

    def _test(self, entry: Because) -> Test:
        value = entry.value.isoformat() if isinstance(entry.value, dt.date) else entry.value
        exception = entry.part.removeprefix("exception: ")
        part = PARTS.get(entry.part) or f"The exception “{exception.replace('-', ' ')}”"
        fact = fact_words(entry.fact, value, self._named)
        return Test(part, entry.constraint, entry.held, HELD[entry.held], fact, entry.source or "", entry.by)
