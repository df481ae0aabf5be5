"""What came in and what waits: changes of terms, texts held back or uploaded, dates proposed."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from compliance.models import Arrival, ClauseText, Provider, RuleRevision, TermsChange, TermsDocument, Version

PROPOSED = Q(shipped=False, definition__has_key="dates") & ~Q(definition__contains={"fixed": True})
NEVER = Q(definition__contains={"proposed": {"never": True}})
WAITING = PROPOSED & Q(in_force__isempty=True) & ~NEVER
HOLDING = PROPOSED & Q(in_force__isempty=False)


@dataclass(frozen=True)
class Counts:
    """How much waits for a person."""

    held: int
    dates: int


@dataclass(frozen=True)
class Proposal:
    """One version with what is proposed for it: its first day and the first day after (None: open), why, and the sentence."""

    version: Version
    since: dt.date | None
    until: dt.date | None
    basis: str
    words: str
    contradiction: str
    captured_on: dt.date | None
    announced: bool

    @property
    def last_day(self) -> dt.date | None:
        """The last day that is proposed."""
        return self.until - dt.timedelta(days=1) if self.until else None


def changes(provider: str = "", judgement: str = "") -> QuerySet[TermsChange]:
    """What people are told, the latest capture first. `provider`: a slug; "" for all."""
    found = TermsChange.objects.select_related("document__provider", "version").defer("version__text")
    found = found.filter(document__provider__slug=provider) if provider else found
    return found.filter(judgement=judgement) if judgement else found


def providers_with_changes() -> QuerySet[Provider]:
    """Providers of whose documents something is told."""
    return Provider.objects.filter(Exists(TermsChange.objects.filter(document__provider=OuterRef("pk")))).order_by(
        "name"
    )


def arrivals(waiting: bool = True) -> QuerySet[Arrival]:
    """Texts that wait for a person, or those that were decided; without the texts themselves."""
    found = Arrival.objects.select_related("document__provider", "snapshot", "brought_by", "decided_by", "version")
    state = Q(state=Arrival.State.WAITING)
    return found.filter(state if waiting else ~state).defer("text", "version__text")


def proposals(waiting: bool = True) -> QuerySet[Version]:
    """Versions whose dates are proposed: those that wait for a person, or those that hold until one says otherwise."""
    found = Version.objects.filter(WAITING if waiting else HOLDING).select_related("document__provider").defer("text")
    return found.order_by("document__provider__name", "document__title", "label")


def waiting_counts() -> Counts:
    """What waits, counted. Two queries."""
    return Counts(Arrival.objects.filter(state=Arrival.State.WAITING).count(), Version.objects.filter(WAITING).count())


def proposal(version: Version, today: dt.date) -> Proposal:
    """A version's proposed dates, as its row keeps them."""
    said: dict[str, Any] = version.definition.get("dates", {})
    planned: dict[str, Any] = version.definition.get("proposed", {})
    since = _day(planned.get("since")) or _day(said.get("since"))
    until = _day(planned.get("until"))
    return Proposal(
        version=version,
        since=since,
        until=until if until and since and until > since else None,
        basis=planned.get("basis") or said.get("basis", ""),
        words=said.get("words", ""),
        contradiction=said.get("contradiction", ""),
        captured_on=_day(version.definition.get("captured_on")),
        announced=bool(since and since > today),
    )


def neighbours(version: Version) -> QuerySet[Version]:
    """The other versions of its document that are in force at some time, oldest first."""
    others = version.document.versions.exclude(pk=version.pk).filter(in_force__isempty=False)
    return others.defer("text").order_by("in_force")


def silent_from(version: Version) -> bool:
    """Whether putting this version in force ends what published rules say of its document: none of them reads it."""
    published = Q(clause__rule_revisions__status=RuleRevision.Status.PUBLISHED)
    read = ClauseText.objects.filter(published, version=version).exists()
    document: TermsDocument = version.document
    ruled = document.rules.filter(revisions__status=RuleRevision.Status.PUBLISHED).exists()
    return ruled and not read


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
