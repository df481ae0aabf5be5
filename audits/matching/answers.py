"""What named persons said of a student or of the organisation, as facts of the uses that fall within their words' time."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from audits.models import FactAnswer
from compliance.engine.facts import Fact
from compliance.engine.phrases import day

Scope = tuple[int | None, str]
COMPETES = "student.competes_with_provider"
NO_ANSWERS: Mapping[str, Fact] = {}


@dataclass(frozen=True)
class Said:
    """One answer: the fact it gives, from which day on, and which answer it is."""

    path: str
    provider: str
    valid_from: dt.date
    fact: Fact
    answer: int = 0


class Answers:
    """Every answer on record. The newest that was valid on a day gives the fact; before its first day nothing was said."""

    def __init__(self, answers: Iterable[tuple[Scope, Said]] = ()) -> None:
        self._by_scope: defaultdict[Scope, list[Said]] = defaultdict(list)
        for scope, said in sorted(answers, key=lambda one: (one[1].valid_from, one[1].answer)):
            self._by_scope[scope].append(said)
        self._facts = lru_cache(maxsize=20_000)(self._look_up)

    def facts(self, project: int, student: str, provider: str, on: dt.date) -> Mapping[str, Fact]:
        """The facts that answers give on that day for a use of `provider`'s models to build `student`."""
        if not self._by_scope:
            return NO_ANSWERS
        return self._facts(project, student, provider, on)

    def _look_up(self, project: int, student: str, provider: str, on: dt.date) -> Mapping[str, Fact]:
        said = [*self._by_scope.get((None, ""), ()), *self._by_scope.get((project, student), ())]
        return {
            one.path: one.fact
            for one in said
            if one.valid_from <= on and (not one.provider or one.provider == provider)
        }


def answers_on_record() -> Answers:
    """Every answer, read at once. One query."""
    stored = FactAnswer.objects.select_related("answered_by").order_by("valid_from", "id")
    return Answers(((one.project_id, one.student), _said(one)) for one in stored)


def _said(answer: FactAnswer) -> Said:
    note = f"answered on {day(answer.answered_at.date())}: {answer.reason}"
    fact = Fact(answer.value, "declared", str(answer.answered_by), note)
    return Said(answer.fact, answer.provider, answer.valid_from, fact, answer.pk)
