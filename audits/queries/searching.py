"""The search box: runs, pipelines, models, hosts and findings that fit a few typed words."""

from dataclasses import dataclass
from typing import Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet, Sum

from audits.models import Connection, Finding, Pipeline, Run, UsageSignature

MOST: Final = 20
DOCUMENTS: Final = ("scan", "manifest", "manifest_text", "prompts", "summary", "environment")
"""What is long in a run, and shown by no hit."""


@dataclass(frozen=True)
class ModelHit:
    """A model that a run used."""

    run: Run
    provider: str
    model: str
    calls: int


@dataclass(frozen=True)
class HostHit:
    """A host that a run reached or tried to."""

    run: Run
    host: str


@dataclass(frozen=True)
class Hits:
    """What fits, at most MOST of each kind."""

    pipelines: tuple[Pipeline, ...] = ()
    runs: tuple[Run, ...] = ()
    findings: tuple[Finding, ...] = ()
    models: tuple[ModelHit, ...] = ()
    hosts: tuple[HostHit, ...] = ()

    def __bool__(self) -> bool:
        return any((self.pipelines, self.runs, self.findings, self.models, self.hosts))


def search(words: str, pipelines: QuerySet[Pipeline], runs: QuerySet[Run], findings: QuerySet[Finding]) -> Hits:
    """Everything that fits among the pipelines, runs and findings given, which are those that the person may see."""
    words = words.strip()
    if not words:
        return Hits()
    return Hits(
        pipelines=tuple(pipelines.filter(Q(name__icontains=words) | Q(slug__icontains=words))[:MOST]),
        runs=_runs(words, runs),
        findings=_findings(words, findings),
        models=_models(words, runs),
        hosts=_hosts(words, runs),
    )


def _runs(words: str, runs: QuerySet[Run]) -> tuple[Run, ...]:
    number = words.removeprefix("#").removeprefix("run ").strip()
    fits = Q(pipeline__name__icontains=words) | Q(evidence_root__icontains=words) if len(words) > 1 else Q()
    if number.isascii() and number.isdigit() and len(number) < 10:
        fits |= Q(pk=int(number)) | Q(number=int(number))
    return tuple(runs.filter(fits).defer(*DOCUMENTS).order_by("-id")[:MOST]) if fits else ()


def _findings(words: str, findings: QuerySet[Finding]) -> tuple[Finding, ...]:
    fits = Q(title__icontains=words) | Q(sentence__icontains=words) | Q(key__icontains=words)
    return tuple(findings.filter(fits).order_by("-run_id", "number")[:MOST])


def _models(words: str, runs: QuerySet[Run]) -> tuple[ModelHit, ...]:
    fits = Q(model__icontains=words) | Q(provider__icontains=words)
    rows = list(
        UsageSignature.objects.filter(fits, run__in=runs)
        .order_by()
        .values_list("run_id", "provider", "model")
        .annotate(n=Sum("calls"))
        .order_by("-run_id", "-n")[:MOST]
    )
    known = _known(runs, [row[0] for row in rows])
    return tuple(ModelHit(known[run_id], provider, model, n) for run_id, provider, model, n in rows)


def _hosts(words: str, runs: QuerySet[Run]) -> tuple[HostHit, ...]:
    tried = Connection.objects.filter(host__icontains=words, run__in=runs).order_by("-run_id", "-host")
    found = {*_reached(words, runs), *tried.values_list("run_id", "host").distinct()[:MOST]}
    rows = sorted(found, key=lambda row: (row[0], row[1]), reverse=True)[:MOST]
    known = _known(runs, [row[0] for row in rows])
    return tuple(HostHit(known[run_id], host) for run_id, host in sorted(rows, key=lambda row: (-row[0], row[1])))


# From one run and host to the next along the index: as many steps as there are hosts of runs, whatever the number of calls.
# `{runs}`: the runs that may be seen.
_REACHED: Final = """
    WITH RECURSIVE reached AS (
        (SELECT run_id, host FROM audits_exchange ORDER BY run_id DESC, host DESC LIMIT 1)
        UNION ALL
        SELECT further.run_id, further.host FROM reached CROSS JOIN LATERAL (
            SELECT run_id, host FROM audits_exchange AS exchange
            WHERE (exchange.run_id, exchange.host) < (reached.run_id, reached.host)
            ORDER BY run_id DESC, host DESC LIMIT 1
        ) AS further
    )
    SELECT run_id, host FROM reached WHERE upper(host) LIKE upper(%s) AND run_id IN ({runs}) LIMIT {most}
"""


def _reached(words: str, runs: QuerySet[Run]) -> list[tuple[int, str]]:
    """Hosts that recorded exchanges went to, of the newest runs first. One query."""
    try:
        seen, parameters = runs.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return []
    like = f"%{connection.ops.prep_for_like_query(words)}%"
    with connection.cursor() as cursor:
        cursor.execute(_REACHED.format(runs=seen, most=MOST), [like, *parameters])
        return list(cursor.fetchall())


def _known(runs: QuerySet[Run], ids: list[int]) -> dict[int, Run]:
    return runs.defer(*DOCUMENTS).in_bulk(ids)
