"""What was recorded, what gateways logged, and what the provider billed, side by side by day and model."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import combinations
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Q, QuerySet, Sum, Value

from audits.ingest.titles import BILLS
from audits.models import Import, ImportedDay, UsageDay, UsageEntry, UsageSignature
from audits.queries.overlaps import Overlap, Told, overlaps
from compliance.engine.catalogue import canonical_name
from compliance.models import Project

_DATED = re.compile(r"(?:[-@]20\d{6}|-\d{4}-\d{2}-\d{2}|-latest)?(?:-v\d+:\d+)?$")


@dataclass
class Side:
    """One side's word on a day and model. `uncounted`: sums that do not say how many calls they are of. `cost` is the sum of
    nothing where `currencies` are several.
    """

    calls: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    uncounted: int = 0
    there: bool = False
    currencies: frozenset[str] = frozenset()

    def add(
        self,
        calls: int,
        tokens: int,
        cost: Decimal = Decimal(0),
        uncounted: int = 0,
        currencies: Iterable[str] = (),
    ) -> None:
        """Add what one row of a roll-up says."""
        self.calls, self.tokens, self.cost = self.calls + calls, self.tokens + tokens, self.cost + cost
        self.uncounted, self.there = self.uncounted + uncounted, True
        self.currencies |= frozenset(currencies)

    @property
    def amount(self) -> str:
        """What it cost, as a decimal number; "" where that is unknown, or in several currencies."""
        return f"{self.cost.normalize():f}" if self.cost and len(self.currencies) < 2 else ""

    @property
    def currency(self) -> str:
        """What the cost is in; several are named one after the other."""
        return " ".join(sorted(self.currencies))


@dataclass
class Line:
    """A day and a model with all three sides. `both`: what is known to be recorded and logged as well, by common ids.

    Beyond that one call may be recorded and logged, and nothing tells which: so what is billed and not explained is at least
    what exceeds the two together, and at most what exceeds the larger. A call that two logs tell of is logged once, as far
    as common ids show it; `overlaps` are the sources that may tell of the same calls and have no such ids.
    """

    day: dt.date | None
    model: str
    recorded: Side = field(default_factory=Side)
    logged: Side = field(default_factory=Side)
    billed: Side = field(default_factory=Side)
    both: Side = field(default_factory=Side)
    overlaps: tuple[Overlap, ...] = ()
    # Of the sum of several lines: what one day's bill leaves open is not made good by another day that has none.
    summed: tuple["Line", ...] = ()

    @property
    def counts_calls(self) -> bool:
        """Whether the bill says how many calls there were; if not, tokens are all that can be compared."""
        return self.billed.there and not self.billed.uncounted and self.billed.calls > 0

    @property
    def rest(self) -> tuple[int, int] | None:
        """Tokens billed that nobody saw, at least and at most; None without a bill of usage."""
        if self.summed:
            return _sum(one.rest for one in self.summed)
        if not self.billed.there or not (self.billed.tokens or self.billed.calls):
            return None
        return _rest(self.billed.tokens, self.recorded.tokens, self.logged.tokens, self.both.tokens)

    @property
    def rest_calls(self) -> tuple[int, int] | None:
        """The same in calls."""
        if self.summed:
            return _sum(one.rest_calls for one in self.summed)
        if not self.counts_calls:
            return None
        return _rest(self.billed.calls, self.recorded.calls, self.logged.calls, self.both.calls)

    @property
    def over(self) -> int:
        """Tokens that a side saw beyond what was billed."""
        if self.summed:
            return sum(one.over for one in self.summed)
        seen = max(self.recorded.tokens, self.logged.tokens)
        return max(0, seen - self.billed.tokens) if self.rest is not None else 0


def _sum(rests: Iterable[tuple[int, int] | None]) -> tuple[int, int] | None:
    given = [rest for rest in rests if rest is not None]
    return (sum(least for least, _ in given), sum(most for _, most in given)) if given else None


def _rest(billed: int, recorded: int, logged: int, both: int) -> tuple[int, int]:
    # Two sources may count the tokens of one call differently: then `both` is no bound, and neither side is left out.
    seen = max(recorded + logged - both, recorded, logged)
    return max(0, billed - seen), max(0, billed - max(recorded, logged))


@dataclass(frozen=True)
class Reconciliation:
    """The lines of a period and their sum. `simulated`: recorded calls that a stand-in answered; no provider bills them.

    `billed_twice`: bills that come to the same sums, and stand in the columns both.
    """

    lines: tuple[Line, ...]
    total: Line
    simulated: int
    billed_twice: tuple["Twice", ...] = ()


@dataclass(frozen=True)
class Twice:
    """Two exports of one bill that come to the same sums on some days, as when it was grouped by project, and then by model."""

    one: int
    one_name: str
    other: int
    other_name: str
    first: dt.date
    last: dt.date
    days: int


def reconcile(projects: QuerySet[Project], channel: str, first: dt.date, last: dt.date) -> Reconciliation:
    """All three sides of `channel` (who served the calls, and bills them) from `first` to `last`, both included. Five queries."""
    sides = _Sides()
    period = {"day__range": (first, last), "served_by": channel}
    recorded = UsageSignature.objects.filter(**period, run__pipeline__project__in=projects)
    for row in recorded.filter(simulated=False).order_by().values("day", "model", "account").annotate(**_SUMS):
        sides.record(row)
    simulated = recorded.filter(simulated=True).aggregate(n=Sum("calls"))["n"] or 0
    bills = Import.objects.filter(source__in=BILLS).values("pipeline")
    imported = UsageDay.objects.filter(**period, pipeline__project__in=projects)
    logged = imported.exclude(pipeline__in=bills).exclude(seen=UsageDay.Seen.REPEATED)
    for row in _by_day(logged, "seen", "account", "pipeline", "pipeline__name"):
        sides.log(row)
    for row in _by_day(imported.filter(pipeline__in=bills)):
        sides.bill(row)
    lines = sides.lines()
    brought = ImportedDay.objects.filter(**period, pipeline__project__in=projects, imported__source__in=BILLS)
    return Reconciliation(lines, _total(lines), simulated, tuple(_billed_twice(brought)))


def _billed_twice(brought: QuerySet[ImportedDay]) -> Iterator[Twice]:
    """Pairs of bills with equal sums. An entry of a bill is known again by what it is grouped by, so one that was exported
    under other groups is another one; what all of them come to on a day is the same.
    """
    alike: defaultdict[tuple[Any, ...], dict[int, str]] = defaultdict(dict)
    rows = brought.order_by("imported_id").values("imported_id", "imported__name", "day", "currency")
    for row in rows.annotate(asked=Sum("input_tokens"), answered=Sum("output_tokens"), money=Sum("cost")):
        for sums in ((row["asked"], row["answered"]), (row["currency"], row["money"])):
            if any(isinstance(one, int | Decimal) and one > 0 for one in sums):
                alike[row["day"], *sums][row["imported_id"]] = row["imported__name"]
    days: defaultdict[tuple[int, str, int, str], set[dt.date]] = defaultdict(set)
    for (day, *_), named in alike.items():
        for (one, one_name), (other, other_name) in combinations(named.items(), 2):
            days[one, one_name, other, other_name].add(day)
    for pair, held in days.items():
        yield Twice(*pair, first=min(held), last=max(held), days=len(held))


class _Sides:
    """The lines of a period on their way: what each side says of a day and a model."""

    def __init__(self) -> None:
        self._found: dict[tuple[dt.date, str], Line] = {}
        self._told: defaultdict[tuple[dt.date, str], list[Told]] = defaultdict(list)

    def _line(self, row: dict[str, Any]) -> tuple[Line, list[Told]]:
        key = (row["day"], plain_model(row["model"]))
        return self._found.setdefault(key, Line(*key)), self._told[key]

    def record(self, row: dict[str, Any]) -> None:
        line, told = self._line(row)
        line.recorded.add(row["n"], row["tokens"])
        told.append(Told(0, RUNS, row["account"], row["n"]))

    def log(self, row: dict[str, Any]) -> None:
        line, told = self._line(row)
        line.logged.add(row["n"], row["tokens"], row["money"], row["blind"], row["currencies"])
        if row["seen"]:
            line.both.add(row["n"], row["tokens"])
        else:
            told.append(Told(row["pipeline"], row["pipeline__name"], row["account"], row["n"]))

    def bill(self, row: dict[str, Any]) -> None:
        usage = row["kind"] == UsageEntry.Kind.USAGE
        line, _ = self._line(row)
        line.billed.add(row["n"] if usage else 0, row["tokens"], row["money"], row["blind"], row["currencies"])

    def lines(self) -> tuple[Line, ...]:
        for key, line in self._found.items():
            line.overlaps = overlaps(_without(self._told[key], line.both.calls))
        return tuple(self._found[key] for key in sorted(self._found))


def _without(told: list[Told], both: int) -> Iterator[Told]:
    """What each source tells of beyond the recorded calls that are known to be logged as well."""
    for one in told:
        known = 0 if one.log else min(both, one.calls)
        both -= known
        yield replace(one, calls=one.calls - known)


RUNS = "runs under audit"
_SUMS = {"n": Sum("calls"), "tokens": Sum(F("input_tokens") + F("output_tokens"))}


def _by_day(days: QuerySet[UsageDay], *further: str) -> Iterable[dict[str, Any]]:
    groups = days.order_by().values("day", "model", "kind", *further)
    priced = ArrayAgg("currency", distinct=True, filter=~Q(cost=0), default=Value([]))
    return groups.annotate(**_SUMS, money=Sum("cost"), blind=Sum("uncounted"), currencies=priced)


def _total(lines: tuple[Line, ...]) -> Line:
    total = Line(None, "", summed=lines)
    for one in lines:
        for side in ("recorded", "logged", "billed", "both"):
            mine = getattr(one, side)
            if mine.there:
                getattr(total, side).add(mine.calls, mine.tokens, mine.cost, mine.uncounted, mine.currencies)
    return total


def plain_model(model: str) -> str:
    """A model's name without channel prefixes and dates: bills name the dated one, logs mostly what was asked for."""
    return _DATED.sub("", canonical_name(model).rpartition("/")[2], count=1)


def channels_of(projects: QuerySet[Project]) -> list[str]:
    """Every channel that something is known of. Two queries."""
    imported = UsageDay.objects.filter(pipeline__project__in=projects).values_list("served_by", flat=True)
    recorded = UsageSignature.objects.filter(run__pipeline__project__in=projects).values_list("served_by", flat=True)
    names = {*imported.order_by().distinct(), *recorded.order_by().distinct()}
    return sorted(name for name in names if name and name != "self")


def latest_day(projects: QuerySet[Project]) -> dt.date | None:
    """The last day that anything imported is of."""
    days = UsageDay.objects.filter(pipeline__project__in=projects).order_by("-day")
    return days.values_list("day", flat=True).first()


def as_rows(found: Reconciliation) -> Iterator[list[Any]]:
    """The lines as a table with a head, for other programs; what is not known is empty."""
    sides = ("recorded", "logged", "billed")
    yield [
        "day", "model", *(f"{side}_{what}" for side in sides for what in ("calls", "tokens", "cost")),
        "unexplained_tokens_least", "unexplained_tokens_most", "unexplained_calls_least", "unexplained_calls_most",
        "recorded_and_logged_calls", "recorded_and_logged_tokens", "may_be_the_same_calls", "logged_currency", "billed_currency",
    ]  # fmt: skip
    for line in found.lines:
        cells: list[Any] = [line.day, _cell(line.model)]
        for side in (line.recorded, line.logged, line.billed):
            calls = side.calls if side.calls or not side.uncounted else ""
            cells += [calls, side.tokens, side.amount or _nought(side)] if side.there else ["", "", ""]
        alike = "; ".join(f"{_cell(one.one)} and {one.other}: {one.calls}" for one in line.overlaps)
        yield [
            *cells, *(line.rest or ("", "")), *(line.rest_calls or ("", "")), line.both.calls, line.both.tokens, alike,
            line.logged.currency, line.billed.currency,
        ]  # fmt: skip


def _nought(side: Side) -> str:
    return "0" if not side.currencies else ""


def _cell(text: str) -> str:
    """A text that spreadsheets take for a text: one that begins like a formula is not run."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
