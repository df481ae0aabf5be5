"""An installation that has been used for years: a million recorded calls, thousands of runs and findings, long lists.

Rows are multiplied inside PostgreSQL from one of each kind, so that they have everything that the real ones have.
"""

from dataclasses import replace
from typing import Final

from django.db import connection, models

from audits.actions.counting import keep_counts
from audits.actions.rule_impacts import ask_for_impact
from audits.actions.summing import days_of, sum_up_days
from audits.models import (
    Assignment,
    Connection,
    Dataset,
    Decision,
    EvidenceEntry,
    Exchange,
    Finding,
    Import,
    LogLine,
    Look,
    ModelCall,
    Notice,
    Pipeline,
    RejectedLine,
    Report,
    RowMatch,
    Run,
    RunStep,
    UsageDay,
    UsageEntry,
    UsageSignature,
)
from audits.models.findings import AssessedUse
from audits.procedures.rule_impacts import work_out
from audits.queries.rule_impact import rows_behind
from compliance.models import RuleRevision, TrailEntry
from tests.browser.installation import Installation

LARGE_CALLS: Final = 400_000  # of one run
RUNS: Final = 2_000
CALLS_OF_A_RUN: Final = 300
ROWS: Final = 200_000
LINES: Final = 200_000
PIPELINES: Final = 40
ENTRIES: Final = 200_000
_KEPT: Final = 200  # runs of the list that any pipeline has, at most
SPAN = "interval '1 second'"


def fill(at: Installation) -> Installation:
    """Everything multiplied; what the pages of a run point at is the large one. Takes a minute or two."""
    _triggers("DISABLE")  # runs that are sealed take nothing more
    for part in (_pipelines, _large, _runs, _lists):
        part(at)
    _triggers("ENABLE")
    _previewed()
    keep_counts(Run.objects.get(pk=at.run.pk))  # the beat does, of runs that are sealed
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audits_finding SET key = key")  # which decision counts, the triggers have not seen
        cursor.execute("VACUUM ANALYZE")
    return replace(at, world=replace(at.world, run=Run.objects.get(pk=at.run.pk)))


def _previewed() -> None:
    """What a worker does for the page that says what a revision would change."""
    revision = RuleRevision.objects.filter(status="published").earliest("pk")
    work_out(ask_for_impact(revision=revision, basis=rows_behind())[0].pk)


def _triggers(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} {what} TRIGGER USER")


def multiply(
    model: type[models.Model], count: int | str, /, *, by: str = "", where: str, **values: str
) -> int:  # fmt: skip
    """Append `count` rows for each row of the model that `where` finds, all like it but for `values` (SQL, in which `src` is
    that row and `n` counts from 1). `by`: further tables to join."""
    columns = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    table = connection.ops.quote_name(model._meta.db_table)
    names = ", ".join(map(connection.ops.quote_name, columns))
    chosen = ", ".join(values.get(column, f"src.{connection.ops.quote_name(column)}") for column in columns)
    source = f"{table} src CROSS JOIN generate_series(1, {count}) n {by}"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({names}) SELECT {chosen} FROM {source} WHERE {where}")
        return int(cursor.rowcount)


def _pipelines(at: Installation) -> None:
    pipeline = at.run.pipeline
    multiply(
        Pipeline, PIPELINES, where=f"src.id = {pipeline.pk}", slug="'busy-' || n", name="'Busy pipeline ' || n",
    )  # fmt: skip


def _large(at: Installation) -> None:
    """The run that pages of a run are about gets the bulk of the calls, and a data set of 200,000 traced rows."""
    run = at.run.pk
    exchange, call = at.run.exchanges.earliest("seq"), at.run.calls.earliest("pk")
    _calls(exchange, call, LARGE_CALLS, f"{run}", by="", where=f"src.id = {exchange.pk}")
    data = at.run.datasets.get(role="training")
    Dataset.objects.filter(pk=data.pk).update(rows=ROWS + 31, derived_rows=ROWS)
    match = RowMatch.objects.filter(dataset=data).earliest("pk")
    first = ModelCall.objects.filter(run=run).order_by("-pk")[0].pk - LARGE_CALLS
    multiply(RowMatch, ROWS, where=f"src.id = {match.pk}", row="n + 31", call_id=f"{first} + n")
    for model, count in ((LogLine, LINES), (EvidenceEntry, 2_000)):
        row = model.objects.filter(run=run).latest("seq")
        multiply(model, count, where=f"src.id = {row.pk}", seq=f"{row.seq} + n")
    connected = Connection.objects.filter(run=run).earliest("pk")
    multiply(Connection, 2_000, where=f"src.id = {connected.pk}", host="'host-' || n || '.example'")
    use = AssessedUse.objects.filter(run=run).earliest("pk")
    multiply(AssessedUse, 300, where=f"src.id = {use.pk}", model="'model-' || n")
    finding = at.world.finding
    multiply(Finding, 500, where=f"src.id = {finding.pk}", number="n + 10", key="'a-key|' || n")
    signature = UsageSignature.objects.filter(run=run).earliest("pk")
    multiply(UsageSignature, 400, where=f"src.id = {signature.pk}", model="'model-' || n % 40", calls="1000")


def _calls(exchange: Exchange, call: ModelCall, count: int, run: str, *, by: str, where: str) -> None:
    multiply(
        Exchange, count, by=by, where=where, run_id=run, seq="n + 100", reference="'x' || n",
        started_at=f"src.started_at + n * {SPAN}", first_byte_at=f"src.started_at + n * {SPAN}",
        ended_at=f"src.started_at + n * {SPAN}",
    )  # fmt: skip
    multiply(
        ModelCall, 1, where=f"src.id = {call.pk} AND e.seq > 100 AND NOT EXISTS (SELECT 1 FROM audits_modelcall c "
        "WHERE c.exchange_id = e.id)", by="CROSS JOIN audits_exchange e", run_id="e.run_id", exchange_id="e.id",
        at="e.started_at", request_model="'gpt-4.1-mini-' || e.seq % 5",
    )  # fmt: skip


def _runs(at: Installation) -> None:
    """Runs of the busy pipelines, each with calls, findings, their uses and steps."""
    run, finding = at.run, at.world.finding
    per = RUNS // PIPELINES
    multiply(
        Run, per, by="JOIN audits_pipeline p ON p.slug LIKE 'busy-%%'", where=f"src.id = {run.pk}", pipeline_id="p.id",
        number="n", requested_at="src.requested_at - n * interval '1 day'",
    )  # fmt: skip
    made = "JOIN audits_run r ON r.pipeline_id IN (SELECT id FROM audits_pipeline WHERE slug LIKE 'busy-%%')"
    exchange, call = run.exchanges.earliest("seq"), run.calls.earliest("pk")
    _calls(exchange, call, CALLS_OF_A_RUN, "r.id", by=made, where=f"src.id = {exchange.pk}")
    signature = UsageSignature.objects.filter(run=run).earliest("pk")
    multiply(
        UsageSignature, 3, by=made, where=f"src.id = {signature.pk}", run_id="r.id", model="'model-' || n",
        day="src.day - r.number", calls="100",
    )  # fmt: skip
    use = AssessedUse.objects.filter(run=run).earliest("pk")
    multiply(AssessedUse, 3, by=made, where=f"src.id = {use.pk}", run_id="r.id", model="'model-' || n")
    multiply(
        Finding, 3, by=made, where=f"src.id = {finding.pk}", run_id="r.id", number="n", key="'a-key|' || n",
        use_id="(SELECT min(u.id) FROM audits_assesseduse u WHERE u.run_id = r.id)",
    )  # fmt: skip
    multiply(RunStep, 1, by=made, where=f"src.run_id = {run.pk}", run_id="r.id")
    report = Report.objects.filter(run=run).earliest("pk")
    multiply(Report, 1, by=made, where=f"src.id = {report.pk}", run_id="r.id")
    decision = Decision.objects.earliest("pk")
    multiply(
        Decision, 1, where=f"src.id = {decision.pk}", by="JOIN audits_finding f ON f.number = 1 AND f.run_id % 3 = 0 "
        "AND f.key = 'a-key|1'", finding_id="f.id", finding_key="f.key", basis_sha256="f.basis_sha256",
    )  # fmt: skip


def _lists(at: Installation) -> None:
    """Imported logs, looks, notices, the trail, assignments."""
    imported, entry = at.imported, at.entry
    multiply(
        UsageEntry, ENTRIES, where=f"src.id = {entry.pk}", key="gen_random_uuid()", at=f"src.at + n * {SPAN}",
        person="'person-' || n % 200",
    )  # fmt: skip
    first, last = (UsageEntry.objects.filter(pipeline=entry.pipeline_id).order_by(by)[0].at for by in ("at", "-at"))
    sum_up_days(entry.pipeline_id, *days_of(first, last))
    Import.objects.filter(pk=imported.pk).update(read=ENTRIES + 30, new=ENTRIES + 30, rejected=5_001)
    multiply(Import, 400, where=f"src.id = {imported.pk}", run_id="NULL", name="'log-' || n || '.jsonl'")
    line = RejectedLine.objects.filter(imported=imported).earliest("pk")
    multiply(RejectedLine, 5_000, where=f"src.id = {line.pk}", line="n")
    day = UsageDay.objects.filter(pipeline=imported.pipeline).earliest("pk")
    multiply(UsageDay, 2_000, where=f"src.id = {day.pk}", day="src.day - n % 300", model="'model-' || n % 20")
    look = Look.objects.earliest("pk")
    multiply(Look, 50_000, where=f"src.id = {look.pk}")
    notice = Notice.objects.filter(user=at.keeper).earliest("pk")
    multiply(Notice, 3_000, where=f"src.id = {notice.pk}", key="'told ' || n")
    trail = TrailEntry.objects.filter(project=at.project).latest("pk")
    multiply(TrailEntry, 100_000, where=f"src.id = {trail.pk}")
    given = Assignment.objects.earliest("pk")
    multiply(Assignment, 200, where=f"src.id = {given.pk}", finding_key="'a-key|' || n")
