"""Which sources tell of one call, and in what they contradict each other, as pages and programs show it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from audits.ingest.titles import TITLES
from audits.models import Exchange, Import, ModelCall, SameCall, UsageEntry

DIFFERENCES = {
    "provider": "the provider", "outcome": "whether it was answered", "tokens": "the tokens", "model": "the model",
    "time": "the time, by more than ten minutes",
}  # fmt: skip


@dataclass(frozen=True)
class Witness:
    """Another record of a call: an entry of a log, or a recorded call. `counts`: it is the one that is counted.

    `differs`: what it says and this one says otherwise, in words; `apart`: the same id, and yet another call.
    """

    title: str
    entry: UsageEntry | None
    call: ModelCall | None
    counts: bool
    apart: bool
    differs: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As programs read it."""
        return {
            "source": self.title,
            "import": self.entry.imported_id if self.entry else None,
            "entry": self.entry.pk if self.entry else None,
            "line": self.entry.line if self.entry else None,
            "run": self.call.run_id if self.call else None,
            "exchange": self.call.exchange_id if self.call else None,
            "counts": self.counts,
            "same_call": not self.apart,
            "differs": list(self.differs),
        }


def link_of(entry: UsageEntry) -> SameCall | None:
    """What an entry shares an id with, where that was found."""
    return SameCall.objects.select_related("call__run__pipeline").filter(entry=entry).first()


def seen_beside(entry: UsageEntry) -> list[Witness]:
    """The other records of an entry's call, the one that counts first. Three queries at most."""
    link = link_of(entry)
    of_call, counting = Q(other=entry.pk), entry.pk
    if link is not None and not link.apart:
        counting = link.other_id or entry.pk
        of_call |= Q(other=counting) | (Q(call=link.call_id) if link.call_id else Q())
    links = list(_links(of_call).exclude(entry=entry.pk)[:50])
    recorded = link.call if link and link.call_id else None
    found = [_recorded(entry, recorded, link.apart)] if recorded and link else []
    if link is not None and link.other_id:
        other = _entries().get(pk=link.other_id)
        found.append(_logged(entry, other, counts=recorded is None, apart=link.apart))
    shown = {link.other_id if link else None}
    found += [_logged(entry, one.entry, counts=False, apart=one.apart) for one in links if one.entry_id not in shown]
    return found


def seen_beside_exchange(exchange: Exchange) -> list[Witness]:
    """The entries of logs that tell of a recorded exchange's calls. Two queries."""
    calls = {call.pk: call for call in exchange.calls.all()}
    links = _links(Q(call__in=list(calls))) if calls else SameCall.objects.none()
    return [_logged(calls[one.call_id or 0], one.entry, counts=False, apart=one.apart) for one in links[:50]]


def _entries() -> QuerySet[UsageEntry]:
    return UsageEntry.objects.select_related("imported__pipeline")


def _links(narrowed: Q) -> QuerySet[SameCall]:
    return SameCall.objects.filter(narrowed).select_related("entry__imported__pipeline").order_by("apart", "entry")


def _recorded(entry: UsageEntry, call: ModelCall, apart: bool) -> Witness:
    title = f"{call.run.pipeline.name}, run {call.run.number}, under audit"
    return Witness(title, None, call, not apart, apart, differences(entry, call))


def _logged(one: UsageEntry | ModelCall, entry: UsageEntry, *, counts: bool, apart: bool) -> Witness:
    source = TITLES.get(entry.imported.source, entry.imported.source)
    title = f"{entry.imported.pipeline.name} ({source}), {entry.imported.name}, line {entry.line:,}"
    return Witness(title, entry, None, counts and not apart, apart, differences(one, entry))


def differences(one: UsageEntry | ModelCall, other: UsageEntry | ModelCall) -> tuple[str, ...]:
    """What two records of a call say otherwise, the first one's word before the other's."""
    pairs: Iterable[tuple[str, Any, Any]] = (
        ("provider", one.provider or one.served_by, other.provider or other.served_by),
        ("outcome", "failed" if one.failed else "answered", "failed" if other.failed else "answered"),
        ("tokens in", one.input_tokens, other.input_tokens),
        ("tokens out", one.output_tokens, other.output_tokens),
    )
    found = [f"{what}: {here} here, {there} there" for what, here, there in pairs if _differ(here, there)]
    ours, theirs = _models(one), _models(other)
    if ours and theirs and not set(ours) & set(theirs):
        found.append(f"model: {ours[0]} here, {theirs[0]} there")
    if abs((one.at - other.at).total_seconds()) > 600:
        found.append(f"time: {one.at:%Y-%m-%d %H:%M:%S} here, {other.at:%Y-%m-%d %H:%M:%S} there")
    return tuple(found)


def _differ(here: Any, there: Any) -> bool:
    return here not in (None, "") and there not in (None, "") and here != there


def _models(one: UsageEntry | ModelCall) -> Sequence[str]:
    return [name for name in (one.request_model, one.response_model) if name]


@dataclass(frozen=True)
class Elsewhere:
    """Where calls of an import are counted instead: by which run or log, and how many."""

    title: str
    run: int | None
    calls: int


def counted_elsewhere(imported: Import, most: int = 8) -> list[Elsewhere]:
    """By what the calls that an import brought are counted instead, most calls first. Two queries."""
    mine = SameCall.objects.filter(entry__imported=imported, apart=False).order_by()
    runs = mine.filter(call__isnull=False).values("run", "run__pipeline__name", "run__number").annotate(n=Count("pk"))
    logs = mine.filter(call__isnull=True).values("other__pipeline__name").annotate(n=Count("pk"))
    found = [
        Elsewhere(f"{row['run__pipeline__name']}, run {row['run__number']}", row["run"], row["n"])
        for row in runs.order_by("-n")[:most]
    ]
    found += [Elsewhere(row["other__pipeline__name"], None, row["n"]) for row in logs.order_by("-n")[:most]]
    return sorted(found, key=lambda one: -one.calls)


def differing(imported: Import) -> int:
    """How many of the calls that an import brought another source tells otherwise."""
    return SameCall.objects.filter(entry__imported=imported, differs__gt="").count()


def narrowed(entries: QuerySet[UsageEntry], asked: str) -> QuerySet[UsageEntry]:
    """Those of which another source tells (`elsewhere`), or tells otherwise (`differs`); all of them for anything else."""
    if asked == "differs":
        return entries.filter(same_call__differs__gt="")
    return entries.filter(same_call__apart=False) if asked == "elsewhere" else entries
