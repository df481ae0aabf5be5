"""What would have to change so that a use comes out better: each way judged by the engine itself, as the use would be today.

Nothing is suggested that was not tried: a way stands here because the same rules, held against the same facts with that one
change, come to a better outcome. Facts that are a person's judgement are never offered as something to change.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from audits.matching.answers import answers_on_record
from audits.matching.facts import RecordedUse
from audits.matching.questions import JUDGEMENTS
from audits.matching.recorded import Reader, StoredUse, stored_uses
from audits.matching.verdicts import STRICTNESS
from audits.models import AssessedUse, Finding, Outcome, Run
from compliance.engine.assessment import Assessment, assess
from compliance.engine.constraints import leaves_of
from compliance.engine.facts import Fact, FactValue
from compliance.engine.library import Agreement, Library
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import ACTIVITIES, FACTS
from compliance.queries.library import agreements_of
from compliance.queries.library_kept import kept_library
from compliance.queries.names import provider_names

MOST_USES: Final = 6
"""Uses of one finding that ways are tried on, those with most calls first."""
MOST_TEACHERS: Final = 8
OTHERWISE: Final[Mapping[str, str]] = {
    "evaluate": "Only evaluate models with the answers",
    "filter_training_data": "Choose training data with the answers, and train on none of them",
    "use_output": "Keep the answers out of training, evaluation and the choice of data",
}
"""What else may be done with answers, as something to do."""
IN_HAND: Final = ("student.distributed", "student.commercial", "student.kind", "student.trained_at_provider")
"""Facts of a student that people can change by changing what they do."""
GOOD: Final = frozenset({Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES})


@dataclass(frozen=True)
class Way:
    """One change and what all uses of the finding would come to with it; `missing`: facts that would settle it."""

    kind: str
    words: str
    outcome: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ways:
    """What the use comes to as it is, were it made today, and the changes that better it, best first."""

    on: dt.date
    outcome: str
    found: tuple[Way, ...]
    tried: int


def ways_out(finding: Finding, seen: QuerySet[Run]) -> Ways | None:
    """Try what could be changed about the uses behind a finding; None when no use of it is on record.

    `seen`: the runs that the person sees; models that these already use with a good outcome are tried as teachers. A score of
    queries, however many ways.
    """
    ids = finding.detail.get("uses", [])
    run = finding.run
    uses = sorted((one for one in stored_uses([run]).get(run.pk, []) if one.id in ids), key=lambda one: -one.calls)
    if not uses:
        return None
    trial = _Trial(run, timezone.localdate())
    now = trial.outcome([trial.as_it_is(one) for one in uses[:MOST_USES]])
    tried = list(trial.changes(uses[:MOST_USES], _teachers(finding, uses[0], seen)))
    better = [way for way in tried if _rank(way.outcome) > _rank(now)]
    found = sorted(better, key=lambda way: (way.outcome not in GOOD, -_rank(way.outcome)))
    return Ways(trial.on, now, tuple(found), len(tried))


def _rank(outcome: str) -> int:
    return STRICTNESS.index(Outcome(outcome))


def _teachers(finding: Finding, present: StoredUse, seen: QuerySet[Run]) -> Sequence[StoredUse]:
    """Uses of other models for the same activity, in runs that the person sees, that came out well; the latest of each."""
    alike = AssessedUse.objects.filter(
        run__in=seen, activity=present.activity, outcome__in=GOOD, simulated=present.simulated
    ).exclude(provider=present.provider)
    newest = alike.order_by("provider", "served_by", "model", "-last_on").distinct("provider", "served_by", "model")
    runs = Run.objects.filter(uses__in=newest.values("pk")).distinct().select_related("pipeline__project")
    wanted = set(newest.values_list("pk", flat=True)[:MOST_TEACHERS])
    held = stored_uses(list(runs[:MOST_TEACHERS]))
    return [use for uses in held.values() for use in uses if use.id in wanted]


class _Trial:
    """Judges uses of one run as they would be today, with one thing changed."""

    def __init__(self, run: Run, on: dt.date) -> None:
        self.on = on
        self._library: Library = kept_library()
        self._names = provider_names()
        self._agreements: tuple[Agreement, ...] = agreements_of(run.pipeline.project_id)
        self._reader = Reader(run, self._library, answers_on_record())

    def as_it_is(self, stored: StoredUse) -> RecordedUse:
        """The use, were it made today."""
        today = replace(stored, days={self.on.isoformat(): max(1, stored.calls)})
        use = next(iter(self._reader.uses(today)))
        return replace(use, facts={**use.facts, "on": Fact(self.on, "observed")})

    def changes(self, uses: Sequence[StoredUse], teachers: Sequence[StoredUse]) -> Iterator[Way]:
        """Every change worth trying, with its outcome."""
        plain = [self.as_it_is(one) for one in uses]
        for activity, words in OTHERWISE.items():
            if any(one.activity != activity for one in plain):
                yield self._way("purpose", words, [_with(one, {"activity": activity}) for one in plain])
        for path, value in self._alternatives(plain):
            words = f"Change what is done with the student: {fact_phrase(path, value)}"
            yield self._way("student", words, [_with(one, {path: value}) for one in plain])
        for other in teachers:
            who = other.model or self._called(other.provider)
            who += f" through {self._called(other.served_by)}" if other.served_by else ""
            swapped = [self._swapped(one, other) for one in plain]
            yield self._way("teacher", f"Ask another model: {who}, which is in use here already", swapped)
        yield self._agreed(plain)

    def _alternatives(self, plain: Sequence[RecordedUse]) -> Iterator[tuple[str, FactValue]]:
        asked = {leaf.fact for rule in self._library.rules for leaf in leaves_of(rule.when)}
        for path in IN_HAND:
            if path not in asked or path in JUDGEMENTS:
                continue
            known = {one.facts[path].value for one in plain if path in one.facts}
            options = [True, False] if FACTS[path].kind == "bool" else list(FACTS[path].allowed or ())
            yield from ((path, option) for option in options if known and option not in known)

    def _swapped(self, one: RecordedUse, other: StoredUse) -> RecordedUse:
        """The same activity and student with the other model's answers."""
        instead = self.as_it_is(other)
        return replace(instead, facts={**instead.facts, "activity": one.facts["activity"]}, activity=one.activity)

    def _agreed(self, plain: Sequence[RecordedUse]) -> Way:
        grants = tuple(sorted({str(one.facts["activity"].value) for one in plain}))
        written = [Agreement("supposed", provider, grants) for provider in sorted({one.provider for one in plain})]
        who = _listed([self._called(one.provider) for one in written])
        what = _listed([ACTIVITIES[grant] for grant in grants])
        return self._way("agreement", f"Get a written agreement of {who} that covers {what}", plain, written)

    def _called(self, provider: str) -> str:
        return self._names.get(provider, provider)

    def _way(self, kind: str, words: str, uses: Sequence[RecordedUse], more: Sequence[Agreement] = ()) -> Way:
        answers = self._judged(uses, more)
        missing = dict.fromkeys(fact for one in answers for fact in one.missing_facts)
        return Way(kind, words, _strictest(answers), tuple(missing))

    def outcome(self, uses: Sequence[RecordedUse]) -> str:
        return _strictest(self._judged(uses, ()))

    def _judged(self, uses: Sequence[RecordedUse], more: Sequence[Agreement]) -> list[Assessment]:
        return [assess(one.as_use(), self._library, (*self._agreements, *more)) for one in uses]


def _with(use: RecordedUse, changed: Mapping[str, Any]) -> RecordedUse:
    facts = {**use.facts, **{path: Fact(value, "declared", "", "supposed") for path, value in changed.items()}}
    return replace(use, facts=facts, activity=str(changed.get("activity", use.activity)))


def _strictest(answers: Sequence[Assessment]) -> str:
    return min((one.outcome for one in answers), key=_rank)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
