"""What an audit lacks before somebody signs it: each lack with a way to mend it. Reads only."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from audits.models import FactRequest, Finding, Outcome, Run, Seal
from audits.queries.standing import DECIDED, ENDED, WAITING, with_standing
from compliance.engine.vocabulary import is_fact, missing_label
from compliance.templatetags.looks import day_text

WAIVER_ENDS_SOON: Final = dt.timedelta(days=30)
GRAVE, ADVICE = "grave", "advice"
"""A grave lack bars approval; advice stands beside the signatures."""


@dataclass(frozen=True)
class Lack:
    """One thing that is missing: what, how to mend it, and the page where that is done."""

    weight: str
    kind: str
    words: str
    mend: str
    address: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def lacks_of(run: Run) -> list[Lack]:
    """Everything that an approver should know is missing, grave lacks first. A fixed number of queries."""
    findings = list(with_standing(run.findings.only("run", "number", "kind", "outcome", "document", "missing_facts")))
    found = [*_undecided(run, findings), *_waivers(findings), *_facts(run, findings), *_record(run), *_terms(findings)]
    return sorted(found, key=lambda lack: lack.weight != GRAVE)


def bars_approval(lacks: list[Lack]) -> bool:
    """Whether something grave is missing."""
    return any(lack.weight == GRAVE for lack in lacks)


def _undecided(run: Run, findings: list[Any]) -> Iterator[Lack]:
    page = reverse("run-findings", args=[run.pk])
    open_ones = [one for one in findings if one.standing not in (DECIDED, WAITING)]
    grave = [one for one in open_ones if one.outcome == Outcome.PROHIBITED]
    if grave:
        words = f"{_many(len(grave), 'prohibited finding')} {'is' if len(grave) == 1 else 'are'} not decided"
        yield Lack(GRAVE, "prohibited_undecided", words, "Decide each, with a reason.", page)
    if len(open_ones) > len(grave):
        words = f"{_many(len(open_ones) - len(grave), 'further finding')} not decided"
        yield Lack(ADVICE, "undecided", words, "Decide them, or sign knowing that they are open.", page)


def _waivers(findings: list[Any]) -> Iterator[Lack]:
    today = timezone.localdate()
    for one in findings:
        if one.standing == ENDED:
            words = f"The waiver of finding {one.number} has ended"
            yield Lack(GRAVE, "waiver_ended", words, "Decide it anew.", reverse("finding", args=[one.pk]))
        elif one.decision_until and one.decision_until - today <= WAIVER_ENDS_SOON:
            words = f"The waiver of finding {one.number} ends on {day_text(one.decision_until)}"
            mend = "Renew it, or plan what follows."
            yield Lack(ADVICE, "waiver_ends", words, mend, reverse("finding", args=[one.pk]))


def _facts(run: Run, findings: list[Any]) -> Iterator[Lack]:
    missing = sorted({fact for one in findings for fact in one.missing_facts if is_fact(fact)})
    if missing:
        page = reverse("questions-student", args=[run.pipeline.project.slug])
        words = f"{_many(len(missing), 'fact')} that nobody has answered: {', '.join(map(missing_label, missing[:6]))}"
        yield Lack(ADVICE, "unanswered", words, "Answer them in the questionnaire, or ask somebody who knows.", page)
    asked = FactRequest.objects.filter(finding__run=run, replied_at=None, withdrawn_at=None).count()
    if asked:
        words = f"{_many(asked, 'request')} for facts without a reply"
        yield Lack(
            ADVICE,
            "asked",
            words,
            "Wait for the reply, or withdraw the request.",
            reverse("run-findings", args=[run.pk]),
        )


def _record(run: Run) -> Iterator[Lack]:
    evidence, gaps = reverse("run-evidence", args=[run.pk]), reverse("run-gaps", args=[run.pk])
    if not Seal.objects.filter(run=run).exists():
        yield Lack(
            GRAVE, "unsealed", "The evidence is not sealed", "Audit the pipeline again, or see its log.", evidence
        )
    counts = run.gaps.aggregate(gaps=Count("pk"))
    unparsed = run.exchanges.filter(unparsed__gt="").count()  # so asked, an index knows
    if counts["gaps"]:
        words = f"{_many(counts['gaps'], 'gap')} in what was recorded"
        yield Lack(ADVICE, "gaps", words, "Read each: what can’t be seen may bear on a verdict.", gaps)
    if unparsed:
        words = f"{_many(unparsed, 'exchange')} that could not be read"
        yield Lack(ADVICE, "unparsed", words, "Read their raw bytes.", gaps)
    if run.upstreams:
        words = f"Simulated upstream for {', '.join(sorted(run.upstreams))}"
        yield Lack(ADVICE, "simulated", words, "Audit against the real providers before this is relied on.", evidence)
    if run.isolation != Run.Isolation.ENFORCED:
        words = "Isolation was not enforced: a call could have gone past the recorder"
        yield Lack(ADVICE, "isolation", words, "Audit on a machine that can isolate (see docs/operations.md).", gaps)


def _terms(findings: list[Any]) -> Iterator[Lack]:
    for one in findings:
        if one.kind == Finding.Kind.TERMS_MISSING:
            words = f"The text of {one.document or 'a governing document'} on the day of use is not held"
            mend = "Import the version that was in force, and the run is judged anew."
            yield Lack(ADVICE, "terms_missing", words, mend, reverse("terms"))


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
