"""Facts that rules need and nobody has given, as questions: what waits for the answer, and what each answer would decide."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, QuerySet

from audits.matching.answers import COMPETES, answers_on_record
from audits.matching.recorded import Reader, StoredUse, stored_uses
from audits.matching.verdicts import STRICTNESS
from audits.models import Finding, Outcome, Run
from compliance.engine.assessment import assess
from compliance.engine.constraints import leaves_of
from compliance.engine.facts import Fact, FactValue
from compliance.engine.library import Agreement, Library
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import FACTS, FactDefinition

# A person's judgement on law and markets; everything else is something an engineer knows.
JUDGEMENTS = frozenset({COMPETES, "student.general_purpose"})
ABOUT_THE_ORGANISATION = "organisation."
# Which facts people are asked for, in the order in which they are asked.
ASKED = (
    COMPETES, "student.general_purpose", "student.kind", "student.base_model", "student.name", "student.distributed",
    "student.commercial", "student.trained_at_provider", "organisation.region", "organisation.monthly_active_users",
    "organisation.annual_revenue_usd",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Topic:
    """What a question is about. About the organisation: project 0 and no student; `provider` only where one is asked about."""

    project: int
    student: str
    fact: str
    provider: str = ""

    @property
    def definition(self) -> FactDefinition:
        """The fact in the engine's vocabulary."""
        return FACTS[self.fact]

    @property
    def of_organisation(self) -> bool:
        """Whether one answer holds for every student."""
        return self.fact.startswith(ABOUT_THE_ORGANISATION)


@dataclass(frozen=True)
class OpenQuestion:
    """One question with the findings that wait for its answer."""

    topic: Topic
    findings: tuple[Finding, ...]

    @property
    def calls(self) -> int:
        """Recorded calls behind the findings that wait; one call can stand behind several."""
        return sum(finding.calls for finding in self.findings)


@dataclass(frozen=True)
class Consequence:
    """What one possible answer would decide: outcome of the waiting uses, with their number and calls, strictest first."""

    value: FactValue
    words: str
    outcomes: tuple[tuple[str, int, int], ...]


def waiting_findings(findings: QuerySet[Finding]) -> QuerySet[Finding]:
    """Those of `findings` that wait for facts, with run, pipeline, project and the student's name as `student`."""
    waiting = findings.filter(outcome=Outcome.NEEDS_FACTS).exclude(missing_facts=[])
    named = waiting.annotate(student=F("run__manifest__student__name"))
    return named.select_related("run__pipeline__project").defer("run__manifest", "run__manifest_text", "run__scan")


def open_questions(findings: QuerySet[Finding]) -> list[OpenQuestion]:
    """The questions that `findings` wait for, each once for its student (or the organisation). One query."""
    found: defaultdict[Topic, list[Finding]] = defaultdict(list)
    for finding in waiting_findings(findings).order_by("run_id", "number"):
        for fact in finding.missing_facts:
            if fact in ASKED:
                found[topic_of(finding, fact)].append(finding)
    asked = [OpenQuestion(topic, tuple(waiting)) for topic, waiting in found.items()]
    return sorted(
        asked, key=lambda one: (one.topic.project, one.topic.student, ASKED.index(one.topic.fact), one.topic.provider)
    )


def topic_of(finding: Any, fact: str) -> Topic:
    """What the question about `fact` is about, where `finding` (annotated with `student`) waits for it."""
    if fact.startswith(ABOUT_THE_ORGANISATION):
        return Topic(0, "", fact)
    project = finding.run.pipeline.project_id
    return Topic(project, finding.student or "", fact, finding.provider if fact == COMPETES else "")


class Consequences:
    """Judges the uses that wait, as they would come out for each answer. Three queries for the runs, whatever is asked."""

    def __init__(self, library: Library, runs: Sequence[Run], agreements: Mapping[int, tuple[Agreement, ...]]) -> None:
        self._library, self._runs, self._agreements = library, runs, agreements
        self._answers = answers_on_record()
        self._uses = stored_uses(runs)

    def of(self, topic: Topic) -> tuple[Consequence, ...]:
        """What each answer worth telling apart would decide; none for questions that are answered in free words."""
        return tuple(self._consequence(topic, value) for value in self._values(topic))

    def _values(self, topic: Topic) -> list[FactValue]:
        definition = topic.definition
        if definition.kind == "bool":
            return [True, False]
        if definition.allowed is not None:
            return list(definition.allowed)
        return _around(self._library, topic.fact) if definition.kind in ("count", "amount") else []

    def _consequence(self, topic: Topic, value: FactValue) -> Consequence:
        uses: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        for run, stored in self._concerned(topic):
            made = Counter[str]()
            for outcome, count in self._judged(run, stored, topic, value):
                made[outcome] += count
            calls.update(made)
            uses.update(made.keys())
        told = sorted(uses, key=lambda outcome: STRICTNESS.index(Outcome(outcome)))
        return Consequence(value, fact_phrase(topic.fact, value), tuple((one, uses[one], calls[one]) for one in told))

    def _concerned(self, topic: Topic) -> Iterator[tuple[Run, StoredUse]]:
        for run in self._runs:
            student = (run.manifest.get("student") or {}).get("name") or ""
            if topic.of_organisation or (run.pipeline.project_id, student) == (topic.project, topic.student):
                for stored in self._uses.get(run.pk, ()):
                    if topic.provider in ("", stored.provider) and self._waits(run, stored, topic.fact):
                        yield run, stored

    def _waits(self, run: Run, stored: StoredUse, fact: str) -> bool:
        return any(fact in answer.missing_facts for _, answer in self._answered(run, stored, {}))

    def _judged(self, run: Run, stored: StoredUse, topic: Topic, value: FactValue) -> Iterator[tuple[str, int]]:
        given = {topic.fact: Fact(value, "declared", "", "supposed")}
        for use, answer in self._answered(run, stored, given):
            yield answer.outcome, use.calls

    def _answered(self, run: Run, stored: StoredUse, given: Mapping[str, Fact]) -> Iterator[tuple[Any, Any]]:
        own = self._agreements.get(run.pipeline.project_id, ())
        for use in Reader(run, self._library, self._answers).uses(stored):
            supposed = replace(use, facts={**use.facts, **given})
            yield use, assess(supposed.as_use(), self._library, own)


def _around(library: Library, fact: str) -> list[FactValue]:
    """Values on either side of every bound that some rule sets, so that each answer worth telling apart is among them."""
    bounds = {
        int(test.value)
        for rule in library.rules
        for condition in (rule.when, *(exception.when for exception in rule.exceptions))
        for test in leaves_of(condition)
        if test.fact == fact and isinstance(test.value, (int, float))
    }
    return [value for bound in sorted(bounds) for value in (bound - 1, bound + 1)]
