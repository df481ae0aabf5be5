"""What the pages of one run read: its figures, its newest lines and calls, its exchanges, its lineage."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, When

from audits.models import (
    AnswerInPrompt,
    Connection,
    Dataset,
    EvidenceEntry,
    Exchange,
    Finding,
    Gap,
    LogLine,
    ModelCall,
    Report,
    RowMatch,
    Run,
    RunStep,
)
from audits.queries.chains import Behind, behind
from audits.queries.run_counts import counts_of, number_of

PARSED: Final = "calls"
UNPARSED: Final = "unparsed"
OTHER: Final = "other"
SOON_TAKEN: Final = dt.timedelta(seconds=10)
AT_WORK: Final = tuple(state for state in Run.ACTIVE if state != Run.State.QUEUED)
KINDS: Final = {PARSED: "Calls of models", UNPARSED: "Unparsed", OTHER: "Other traffic"}


@dataclass(frozen=True)
class RunFigures:
    """Counts of what a run has recorded so far."""

    exchanges: int
    calls: int
    failed: int
    unparsed: int
    refused: int
    broken: int
    passed_on: int
    gaps: int
    findings: int
    evidence: int
    reports: int
    last_seq: int

    @property
    def not_seen(self) -> int:
        """What was refused, failed, could not be observed or could not be read."""
        return self.refused + self.broken + self.gaps + self.unparsed


def run_figures(run: Run) -> RunFigures:
    """Count what the run has left so far. Four queries at most, on indexes by run; a sealed run's traffic was counted before."""
    return RunFigures(
        **counts_of(run, "traffic").traffic[0]._asdict(),
        **_connections(run),
        **_left(run),
    )


def _left(run: Run) -> dict[str, int]:
    """What else there is of it, and the number of the last line of its log: one query, with a count for each."""
    mine = {"run": OuterRef("pk")}
    counted: dict[str, QuerySet[Any]] = {
        "gaps": Gap.objects.filter(**mine),
        "findings": Finding.objects.filter(**mine),
        "evidence": EvidenceEntry.objects.filter(**mine),
        "reports": Report.objects.filter(**mine),
    }
    each = {f"n_{name}": Subquery(number_of(rows.order_by())) for name, rows in counted.items()}
    last = LogLine.objects.filter(**mine).order_by("-seq").values("seq")[:1]
    found: Any = Run.objects.filter(pk=run.pk).values(**each, last=Subquery(last))[0]
    return {name: found[f"n_{name}"] or 0 for name in counted} | {"last_seq": found["last"] or 0}


def _connections(run: Run) -> dict[str, int]:
    """Connections by what came of them; the recorder counts alike tries on one row."""
    counted = dict(run.connections.order_by().values_list("disposition").annotate(n=Sum("count")))
    kinds = Connection.Disposition
    return {
        "refused": counted.get(kinds.REFUSED, 0),
        "broken": counted.get(kinds.FAILED, 0),
        "passed_on": counted.get(kinds.SPLICED, 0),
    }


@dataclass(frozen=True)
class PassedOn:
    """Connections to one host in one step that were let through without being read."""

    host: str
    step: str
    connections: int
    bytes_out: int
    bytes_in: int


def passed_on_unread(run: Run) -> tuple[PassedOn, ...]:
    """Connections passed on unread, by step and host. One query."""
    spliced = run.connections.filter(disposition=Connection.Disposition.SPLICED).order_by()
    rows = spliced.values_list("host", "step").annotate(n=Sum("count"), out=Sum("bytes_out"), back=Sum("bytes_in"))
    return tuple(PassedOn(*row) for row in rows.order_by("step", "-n", "host"))


@dataclass(frozen=True)
class OtherTraffic:
    """Exchanges with one host in which nobody found a call of a model, with the bytes of their bodies."""

    host: str
    exchanges: int
    unparsed: int
    bytes_out: int
    bytes_in: int


def other_traffic(run: Run, most: int = 50) -> tuple[OtherTraffic, ...]:
    """Where bytes went beside the calls: the hosts that were sent most, first. One query."""
    beside = run.exchanges.filter(Q(not_a_model_call__gt="") | Q(unparsed__gt="")).order_by()
    sums = {"out": Sum("request_size"), "back": Sum("response_size")}
    rows = beside.values_list("host").annotate(n=Count("pk"), unread=Count("pk", filter=~Q(unparsed="")), **sums)
    return tuple(OtherTraffic(*row) for row in rows.order_by("-out", "host")[:most])


def waiting_words(run: Run, now: dt.datetime) -> str:
    """What a queued run waits for, as a sentence; empty when it does not wait, or has only just begun to."""
    if run.state != Run.State.QUEUED or now - run.requested_at < SOON_TAKEN:
        return ""
    at_work = Run.objects.filter(state__in=AT_WORK).count()
    if at_work:
        others = "another audit is" if at_work == 1 else f"{at_work} other audits are"
        return f"It waits for a worker: {others} at work. It begins when one of the workers is free."
    return "No worker has taken it yet. If none runs, make start starts one; the audit then begins by itself."


def steps_of(run: Run) -> QuerySet[RunStep]:
    return run.steps.order_by("position")


def newest_calls(run: Run, most: int = 8) -> QuerySet[ModelCall]:
    """The calls recorded last, newest first."""
    return run.calls.order_by("-id")[:most]


def log_tail(run: Run, most: int) -> list[LogLine]:
    """The last lines of the log, in their order."""
    return list(run.log_lines.order_by("-seq")[:most])[::-1]


def log_after(run: Run, seq: int, most: int) -> list[LogLine]:
    """The lines that came after line `seq`, oldest first, at most `most` of them."""
    return list(run.log_lines.filter(seq__gt=seq).order_by("seq")[:most])


def exchanges_of(run: Run) -> QuerySet[Exchange]:
    """A run's exchanges with the calls read from them, step by step in the order of the recorder's log, as the index has them."""
    calls = Prefetch("calls", ModelCall.objects.order_by("position"))
    return run.exchanges.prefetch_related(calls).order_by("step", "seq")


def steps_with_traffic(run: Run) -> list[str]:
    """The steps in which anything was recorded, in their order. One query, which looks once for each step."""
    seen = Exchange.objects.filter(run=run, step=OuterRef("name"))
    return list(run.steps.filter(Exists(seen)).order_by("position").values_list("name", flat=True))


def of_kind(exchanges: QuerySet[Exchange], kind: str) -> QuerySet[Exchange]:
    """Only exchanges that a parser read as calls, that none could read, or that were something else."""
    if kind == PARSED:
        return exchanges.filter(unparsed="", not_a_model_call="")
    if kind == UNPARSED:
        return exchanges.filter(unparsed__gt="")
    return exchanges.filter(not_a_model_call__gt="")


@dataclass(frozen=True)
class ModelShare:
    """Rows of a dataset that took text or a label from one model's answers; `labels` of them took only a label.

    `tokens`: output tokens of the calls whose text stands there, as their service counted them. `words`: of the data set's words,
    those that the answers explain.
    """

    provider: str
    model: str
    rows: int
    labels: int
    tokens: int = 0
    words: int = 0


@dataclass(frozen=True)
class DatasetLineage:
    """A dataset, where its rows come from, and how many derive from no recorded answer. `behind`: teachers behind teachers."""

    dataset: Dataset
    shares: tuple[ModelShare, ...]
    undetermined: int
    behind: tuple[Behind, ...] = ()


def lineage_of(run: Run) -> tuple[DatasetLineage, ...]:
    """Each dataset with its rows by model. Six queries; three where counts are kept. A row of two models counts twice."""
    counts, chained = counts_of(run, "rows", "accounted"), behind(run)
    shares: defaultdict[int, list[ModelShare]] = defaultdict(list)
    for one in counts.rows:
        labels = one.rows - one.texts
        shares[one.dataset].append(ModelShare(one.provider, one.model, one.rows, labels, one.tokens, one.words))
    training_first = Case(When(role=Dataset.Role.TRAINING, then=0), default=1)
    datasets = run.datasets.order_by(training_first, "path")
    return tuple(
        DatasetLineage(
            dataset,
            tuple(shares[dataset.pk]),
            max(0, dataset.rows - counts.accounted.get(dataset.pk, 0)),
            tuple(chained.get(dataset.pk, ())),
        )
        for dataset in datasets
    )


def matches_of(dataset: Dataset) -> QuerySet[RowMatch]:
    """Which row derives from which answer, row by row, with the answers that stood in the prompts of those."""
    shown = Prefetch(
        "call__answers_shown", AnswerInPrompt.objects.select_related("source").order_by("-words", "source")
    )
    return dataset.matches.select_related("call").prefetch_related(shown).order_by("row", "id")
