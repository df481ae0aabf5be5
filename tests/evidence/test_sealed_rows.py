"""What the database itself refuses once a run is sealed, whoever asks: these statements go past all of our own code."""

from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction

from audits.migrations._sealed import TABLES
from audits.models import (
    Connection,
    Dataset,
    EvidenceEntry,
    Exchange,
    Gap,
    Import,
    LogLine,
    ModelCall,
    Report,
    RowMatch,
    Run,
    Seal,
    Student,
    UsageEntry,
)
from compliance.models import TrailEntry
from tests.evidence.sealed import sealed_run
from tests.factories import NOON, make_call, make_exchange, make_pipeline, make_run

pytestmark = pytest.mark.django_db
OF_A_RUN = {
    "audits_exchange": "host",
    "audits_modelcall": "request_model",
    "audits_gap": "detail",
    "audits_logline": "text",
    "audits_dataset": "path",
    "audits_student": "name",
    "audits_evidenceentry": "reference",
    "audits_seal": "root",
}


def refused(statement: str, *values: str | int | None, match: str = "is refused") -> None:
    with pytest.raises(IntegrityError, match=match), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return sealed_run(tmp_path)


def test_no_row_of_a_sealed_run_is_changed_or_deleted(run: Run):
    for table, column in OF_A_RUN.items():
        refused(f"UPDATE {table} SET {column} = 'x' WHERE run_id = %s", run.pk)
        refused(f"DELETE FROM {table} WHERE run_id = %s", run.pk)
    refused("UPDATE audits_rowmatch SET row = 7")
    refused("DELETE FROM audits_rowmatch")
    refused("UPDATE audits_run SET source_sha256 = 'x' WHERE id = %s", run.pk, match=f"run {run.pk} is sealed")
    refused("DELETE FROM audits_run WHERE id = %s", run.pk)


def test_neither_pgtriggers_own_door_nor_a_replicas_role_leads_past_it(run: Run):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pgtrigger.ignore', '{audits_seal:append_only,append_only}', true)")
    refused("DELETE FROM audits_seal")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
            " WHERE proname LIKE 'audits_%%' AND tgenabled <> 'A'"
            " AND tgname IN ('keep_sealed', 'nothing_joins', 'keep_records', 'not_under_hold', 'keep_report', 'keep_import')"
        )
        assert cursor.fetchone() == (0,), "ENABLE ALWAYS: session_replication_role turns them not off"


def test_nothing_joins_a_sealed_run(run: Run):
    exchange = Exchange.objects.filter(run=run).first()
    dataset = Dataset.objects.get(run=run)
    joining = (
        lambda: make_exchange(run),
        lambda: make_call(run, exchange),
        lambda: Gap.objects.create(run=run, at=NOON, step="execute", kind="k", subject="s"),
        lambda: Connection.objects.create(run=run, at=NOON, step="execute", disposition="refused", protocol="tcp"),
        lambda: Dataset.objects.create(run=run, path="other", role="training"),
        lambda: RowMatch.objects.create(
            dataset=dataset, row=1, call=ModelCall.objects.all()[0], kind="exact", similarity=1
        ),
    )
    for join in joining:
        with pytest.raises(IntegrityError, match="nothing is added to its evidence"), transaction.atomic():
            join()


def test_what_goes_on_after_the_seal_goes_on(run: Run):
    """A run ends, is judged anew, its models get known, the audit says its last words."""
    Run.objects.filter(pk=run.pk).update(
        state=Run.State.FAILED, outcome="prohibited", reason="because", summary={"a": 1}
    )
    ModelCall.objects.filter(run=run).update(provider="anthropic")
    LogLine.objects.create(run=run, seq=1, at=NOON, step="report", stream="audit", text="The audit is complete.")


def test_a_run_that_is_not_sealed_is_open(tmp_path: Path):
    run = make_run()
    call = make_call(run)
    ModelCall.objects.filter(pk=call.pk).update(purpose="evaluate")
    ModelCall.objects.filter(pk=call.pk).delete()
    Exchange.objects.filter(run=run).delete()


def test_a_table_with_evidence_is_not_truncated(run: Run):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in TABLES:
        with connection.cursor() as cursor:  # the tests' own clean-up needs it off, see tests/conftest.py
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER no_truncate")
        try:
            refused(f"TRUNCATE {table} CASCADE", match="this database holds sealed evidence")
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER no_truncate")


def test_imports_reports_and_the_trail_stay_too(run: Run):
    log = make_pipeline(origin="import")
    imported = Import.objects.create(
        pipeline=log, source="csv", name="a.csv", sha256="a" * 64, state="done", finished_at=NOON
    )
    entry = UsageEntry.objects.create(
        imported=imported,
        pipeline=log,
        key="00000000-0000-0000-0000-000000000001",
        line=1,
        kind="usage",
        at=NOON,
        calls=3,
    )
    UsageEntry.objects.filter(pk=entry.pk).update(calls=5, provider="openai")  # the day was exported again
    refused("UPDATE audits_usageentry SET account = 'x'", match=f"import {imported.pk} was read")
    refused("DELETE FROM audits_usageentry", match=f"import {imported.pk} was read")
    refused("UPDATE audits_import SET sha256 = 'x'", match="what was given stays on record")
    report = Report.objects.create(run=run, number=1, state="ready", context_sha256="c" * 64, pdf_sha256="d" * 64)
    refused("UPDATE audits_report SET pdf_sha256 = 'x'", match=f"report {report.pk} was made")
    TrailEntry.objects.create(action="a", object_type="t", object_id="1")
    with pytest.raises(Exception, match=r"(is refused|Cannot)"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE compliance_trailentry SET action = 'b'")


def test_the_models_say_so_as_well(run: Run):
    for model in (EvidenceEntry, Seal, Student):
        with pytest.raises(IntegrityError, match="is refused"), transaction.atomic():
            model.objects.filter(run=run).delete()
