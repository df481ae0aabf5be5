"""Who might be asked instead: teachers whose use the terms in force today permit, and what the same answers would cost there.

The verdicts are the rulebook's, for the use that is recorded with another model put in its place; a teacher of whom the terms
are silent, or for whom a fact is missing, is not offered. Prices are those of the pinned price list.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from audits.capture.allowance import Prices
from audits.capture.prices import NANO, PriceList
from audits.matching.answers import answers_on_record
from audits.matching.facts import Stated
from audits.matching.verdicts import STRICTNESS
from audits.models import Outcome, Run
from audits.procedures.bounding import prices_today
from audits.queries.taught import CallsKey
from compliance.engine.assessment import assess
from compliance.engine.catalogue import resolve_model
from compliance.engine.facts import Fact, Use
from compliance.engine.library import Library
from compliance.queries.library import library_from_database

ALLOWED: Final = frozenset({Outcome.PERMITTED, Outcome.PERMITTED_WITH_DUTIES})
MOST_RUNS: Final = 12
"""For so many runs a teacher is judged; what is said of them says so when there are more."""

_NOT_FOR_TEXT: Final = re.compile(
    r"embed|image|imagen|audio|tts|speech|voice|whisper|transcri|realtime|live|moderation|ocr|rerank|video|veo|sora|dall-e"
)

Value = str | bool | dt.date
Kept = Iterable[tuple[CallsKey, int, int, int]]


@dataclass(frozen=True)
class Teacher:
    """A model that might be asked. `cost`: US dollars. `duties`: titles of the duties that its terms attach to the use."""

    developer: str
    model: str
    host: str
    outcome: str
    duties: tuple[str, ...]
    cost: float


@dataclass(frozen=True)
class Regenerating:
    """What having answers made again would cost. `calls` of `calls_in_all` told their tokens and are counted.

    `left_out`: outcome → models that are not offered because of it. `runs` of `runs_in_all` were judged.
    """

    on: dt.date
    source: str
    teachers: tuple[Teacher, ...]
    left_out: Mapping[str, int]
    calls: int
    calls_in_all: int
    input_tokens: int
    output_tokens: int
    runs: int
    runs_in_all: int

    def as_json(self) -> dict[str, Any]:
        """For programs: see docs/graph.md."""
        return {
            "estimate": True, "currency": "USD", "prices": self.source, "judged_on": self.on, "left_out": dict(self.left_out),
            "calls_counted": self.calls, "calls": self.calls_in_all, "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens, "runs_judged": self.runs, "runs": self.runs_in_all,
            "teachers": [
                {"provider": one.developer, "model": one.model, "host": one.host, "outcome": one.outcome,
                 "duties": list(one.duties), "cost": round(one.cost, 6)}
                for one in self.teachers
            ],
        }  # fmt: skip


def regenerating(kept: Kept, on: dt.date) -> Regenerating:
    """The teachers who may be asked for these answers again, cheapest first. `kept`: see audits.queries.taught.answers_kept.

    Raises AuditErrored when the price list can't be read.
    """
    kept = list(kept)
    told = [(calls, asked, answered) for _, calls, asked, answered in kept if asked or answered]
    wanted = {key[0] for key, *_ in kept}
    runs = list(Run.objects.filter(pk__in=wanted).select_related("pipeline").order_by("-id")[:MOST_RUNS])
    prices = prices_today(Path(settings.VAR_DIR) / "cache" / "prices")
    judged = _judged(runs, prices, on) if runs and told else []
    allowed = [one for one in judged if one.outcome in ALLOWED]
    left_out: dict[str, int] = {}
    for one in judged:
        if one.outcome not in ALLOWED:
            left_out[one.outcome] = left_out.get(one.outcome, 0) + 1
    return Regenerating(
        on=on, source=prices.source, teachers=_priced(allowed, told, PriceList(prices)), left_out=left_out,
        calls=sum(one[0] for one in told), calls_in_all=sum(one[1] for one in kept),
        input_tokens=sum(one[1] for one in told), output_tokens=sum(one[2] for one in told),
        runs=len(runs), runs_in_all=len(wanted),
    )  # fmt: skip


@dataclass(frozen=True)
class _Judged:
    developer: str
    model: str
    host: str
    outcome: str
    duties: tuple[str, ...]


def _judged(runs: list[Run], prices: Prices, on: dt.date) -> list[_Judged]:
    """Every model of the price list that the catalogue knows, on its developer's own service: one verdict for each family."""
    library, answers = library_from_database(), answers_on_record()
    stated = [Stated(run, answers) for run in runs]
    verdicts: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {}
    found = []
    for developer, served_by, host, model in _listed(prices, library):
        identity = resolve_model(model, developer, library)
        if not identity.family or identity.developer != developer:
            continue
        key = (identity.family, served_by)
        if key not in verdicts:
            verdicts[key] = _verdict(stated, developer, served_by, model, on, library)
        found.append(_Judged(developer, model, host, *verdicts[key]))
    return found


def _listed(prices: Prices, library: Library) -> Iterator[tuple[str, str, str, str]]:
    """(developer, channel, host, model) of the models that the list has a price for at the host of their developer."""
    seen: set[tuple[str, str]] = set()
    for entry in library.hosts:
        if not entry.developer or "*" in entry.pattern:
            continue
        here = [one for one in prices.providers if re.match(one["api"], f"https://{entry.pattern}/")]
        for model in (model for one in here for model in one["models"]):
            name = model["id"]
            if model["output"] is None or _NOT_FOR_TEXT.search(name) or (entry.developer, name) in seen:
                continue
            seen.add((entry.developer, name))
            yield entry.developer, entry.served_by, entry.pattern, name


def _verdict(
    stated: list[Stated], developer: str, served_by: str, model: str, on: dt.date, library: Library
) -> tuple[str, tuple[str, ...]]:
    """The strictest outcome for the runs' students, and the duties that come with it."""
    outcomes: list[str] = []
    duties: dict[str, None] = {}
    for one in stated:
        answer = assess(Use("asked again", _facts(one, developer, served_by, model, on)), library)
        outcomes.append(answer.outcome)
        duties |= dict.fromkeys(v.rule.title for v in answer.verdicts if v.rule.effect == "duty" and v.applies)
    return min(outcomes, key=lambda outcome: STRICTNESS.index(Outcome(outcome))), tuple(duties)


def _facts(stated: Stated, developer: str, served_by: str, model: str, on: dt.date) -> dict[str, Fact]:
    supposed: dict[str, Value] = {
        "on": on, "activity": "train_on_output", "output_modality": "text", "provider": developer, "model": model,
        "access.kind": "api", "access.served_by": served_by, "student.trained_at_provider": False,
    }  # fmt: skip
    named = {path: Fact(value, "inferred", note="if that teacher were asked") for path, value in supposed.items()}
    return named | stated.facts(developer, on)


def _priced(allowed: list[_Judged], told: list[tuple[int, int, int]], prices: PriceList) -> tuple[Teacher, ...]:
    """A price may depend on how long one question is, so calls alike are priced at their mean length."""
    found = []
    for one in allowed:
        nanos = [
            prices.cost(one.host, "/", one.model, round(asked / calls), round(answered / calls))
            for calls, asked, answered in told
        ]
        if None in nanos:
            continue
        total = sum((each or 0) * calls for each, (calls, _, _) in zip(nanos, told, strict=True))
        found.append(Teacher(one.developer, one.model, one.host, one.outcome, one.duties, total / NANO))
    return tuple(sorted(found, key=lambda teacher: (teacher.cost, teacher.developer, teacher.model)))
