"""Call rows written per second: by the audit's own writer, by raw COPY of the same rows, and by Django's bulk_create.

All three write into the same table, with its indexes and foreign keys, on the same server; rows and objects are made
before the clock starts. The three take turns, so that whatever else the machine does
weighs on all of them; a figure is the median of the rounds' own ratios.
"""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import psycopg
from django.db import connection

from audits.actions.copying import copy_types
from audits.actions.runs import request_run
from audits.actions.usage import CALL_COLUMNS, CallRow, ExchangeRow, reserve_ids, write_usage
from audits.models import Exchange, ModelCall, Pipeline, Run
from compliance.models import Project
from tests.benchmarks.figures import Figure

ROUNDS = 9
ROWS = 16_000
BULK_ROWS = 3_000  # fewer, since it takes so much longer; the rate is what counts
BATCH = 2_000  # about what a busy recorder hands over at once
NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
Rows = Sequence[CallRow]


def main() -> list[Figure]:
    run = _run()
    exchange = _exchange(run)
    rounds = [[_rate(way, _rows(run, exchange, count), run) for way, count in WAYS.items()] for _ in range(ROUNDS)]
    return [
        Figure("call rows written, of raw COPY", median(ours / raw for ours, raw, _ in rounds), at_least=0.7),
        Figure("call rows written, of bulk_create", median(ours / bulk for ours, _, bulk in rounds), at_least=20),
        # What there is to win at all: since Django 5.2 bulk_create hands its rows over as arrays, at a multiple of its old speed.
        Figure("raw COPY, of bulk_create", median(raw / bulk for _, raw, bulk in rounds)),
        Figure("call rows written", median(ours for ours, _, _ in rounds), "rows/s"),
    ]


def by_audit(rows: Rows) -> None:
    for start in range(0, len(rows), BATCH):
        write_usage([], rows[start : start + BATCH])


def by_raw_copy(rows: Rows) -> None:
    """One COPY of everything, on a plain connection, one transaction."""
    columns = ", ".join(CALL_COLUMNS)
    with psycopg.connect(**_address()) as plain, plain.cursor() as cursor:
        with cursor.copy(f"COPY audits_modelcall ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(copy_types(ModelCall, CALL_COLUMNS))
            for row in rows:
                copy.write_row(row)


def by_bulk_create(rows: Sequence[ModelCall]) -> None:
    ModelCall.objects.bulk_create(rows, batch_size=BATCH)


WAYS: dict[Callable[..., None], int] = {by_audit: ROWS, by_raw_copy: ROWS, by_bulk_create: BULK_ROWS}


def _rate(way: Callable[..., None], rows: Rows, run: Run) -> float:
    given: Sequence[Any] = [ModelCall(**row._asdict()) for row in rows] if way is by_bulk_create else rows
    began = time.perf_counter()
    way(given)
    rate = len(rows) / (time.perf_counter() - began)
    assert ModelCall.objects.filter(run=run).count() == len(rows)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE audits_modelcall, audits_rowmatch, audits_answerinprompt")
    return rate


def _run() -> Run:
    project = Project.objects.create(slug="benchmark", name="Benchmark")
    pipeline = Pipeline.objects.create(project=project, slug="usage", name="Usage")
    return request_run(pipeline=pipeline, acting_user=None)


def _exchange(run: Run) -> int:
    [key] = reserve_ids(Exchange, 1)
    row = ExchangeRow(
        id=key, run_id=run.pk, seq=0, reference="x", step="execute", started_at=NOON, first_byte_at=None, ended_at=None,
        scheme="https", host="api.openai.com", address="", port=443, http_version="HTTP/1.1", method="POST",
        target="/v1/chat/completions", status=200, request_headers=[], response_headers=[], request_sha256="",
        request_size=0, response_sha256="", response_size=0, truncated=False, simulated=False, upstream="", error="",
        unparsed="", not_a_model_call="", line_hash="0" * 64,
    )  # fmt: skip
    write_usage([row], [])
    return key


def _rows(run: Run, exchange: int, count: int) -> list[CallRow]:
    """Calls as a recorder reads them: real lengths, a few models, answers all different."""
    return [
        CallRow(
            id=key, run_id=run.pk, exchange_id=exchange, position=number, at=NOON + dt.timedelta(milliseconds=number),
            step="execute", host="api.openai.com", provider="openai", served_by="openai", api="openai.chat",
            operation="chat", request_model=f"gpt-4o-mini-{number % 5}", response_model="gpt-4o-mini-2024-07-18",
            response_id=f"chatcmpl-{number:032d}", input_tokens=120 + number % 50, output_tokens=80, status=200,
            failed=False, streamed=number % 2 == 0, simulated=True, outputs=1, output_sha256=f"{number:064x}",
            prompt_excerpt=f"Question {number}: how do I reset the password of an account that I share with somebody?",
            output_excerpt=f"Answer {number}: open Settings, choose Account, then Reset password; " + "a link comes. " * 9,
        )
        for number, key in enumerate(reserve_ids(ModelCall, count))
    ]  # fmt: skip


def _address() -> dict[str, Any]:
    settings = connection.get_connection_params()
    return {name: settings[name] for name in ("dbname", "user", "password", "host", "port") if settings.get(name)}
