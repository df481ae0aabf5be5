"""Bulk writing: every type of column, and what a column cannot hold."""

import datetime as dt
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, DataError, IntegrityError, transaction

from audits.actions.copying import copy_rows, next_ids
from audits.actions.usage import CallRow, ExchangeRow, LogRow, reserve_ids, write_log_lines, write_usage
from audits.models import Exchange, LogLine, ModelCall, Run
from audits.text import storable, storable_json
from tests.factories import NOON, make_run

pytestmark = pytest.mark.django_db
ODD = "“quotes”, tab\t, line\n, backslash \\N, {{7*7}}, \u202e, 💥"


def exchange_row(run: Run, key: int, **fields: Any) -> ExchangeRow:
    made = ExchangeRow(
        id=key, run_id=run.pk, seq=key, reference="x", step="execute", started_at=NOON, first_byte_at=None,
        ended_at=NOON + dt.timedelta(microseconds=1), scheme="https", host="api.openai.com", address="198.18.0.1",
        port=443, http_version="HTTP/1.1", method="POST", target="/v1/chat/completions", status=None,
        request_headers=[["a", ODD]], response_headers=[], request_sha256="", request_size=2**40, response_sha256="",
        response_size=0, truncated=True, simulated=False, upstream="", error=ODD, unparsed="", not_a_model_call="",
        line_hash="0" * 64,
    )  # fmt: skip
    return made._replace(**fields)


def call_row(run: Run, key: int, exchange: int, **fields: Any) -> CallRow:
    made = CallRow(
        id=key, run_id=run.pk, exchange_id=exchange, position=0, at=NOON, step="execute", host="api.openai.com",
        provider="openai", served_by="openai", api="openai.chat", operation="chat", request_model=ODD, response_model="",
        response_id="", input_tokens=None, output_tokens=2**53, status=200, failed=False, streamed=True, simulated=False,
        outputs=1, output_sha256="", prompt_excerpt=ODD, output_excerpt="",
    )  # fmt: skip
    return made._replace(**fields)


def test_what_is_copied_reads_back_as_it_was_for_every_type_of_column():
    run = make_run()
    [exchange] = reserve_ids(Exchange, 1)
    [call] = reserve_ids(ModelCall, 1)
    rows = exchange_row(run, exchange), call_row(run, call, exchange)
    write_usage(rows[:1], rows[1:])
    for model, row in ((Exchange, rows[0]), (ModelCall, rows[1])):
        stored = model.objects.get()
        assert tuple(getattr(stored, name) for name in row._fields) == tuple(row)


def test_ids_reserved_are_nobody_elses():
    run = make_run()
    first = next_ids(Exchange, 3)
    write_usage([exchange_row(run, key) for key in first], [])
    assert not set(next_ids(Exchange, 3)) & set(first)
    assert list(next_ids(Exchange, 0)) == []


def test_a_batch_with_one_bad_row_writes_nothing_at_all():
    run = make_run()
    good, bad = reserve_ids(Exchange, 2)
    with pytest.raises(IntegrityError), transaction.atomic():
        write_usage([exchange_row(run, good), exchange_row(run, bad, seq=good)], [])
    with pytest.raises(DataError), transaction.atomic():
        write_usage([exchange_row(run, good, host="h" * 301)], [])
    assert not Exchange.objects.exists()


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\udcff.bin", ODD])
def test_text_made_storable_can_be_stored_as_text_and_as_json(text: str):
    run = make_run()
    write_log_lines([LogRow(run.pk, 0, NOON, "execute", "stdout", storable(text))])
    [key] = reserve_ids(Exchange, 1)
    headers = storable_json([[text, {text: [text, 1, None, True, 0.5]}]])
    copy_rows(Exchange, ExchangeRow._fields, [exchange_row(run, key, request_headers=headers)])
    assert LogLine.objects.get().text == text.translate({0: "\ufffd", 0xD800: "\ufffd", 0xDCFF: "\ufffd"})
    assert Exchange.objects.get().request_headers == headers


def test_no_lines_no_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        write_log_lines([])


def test_a_call_can_neither_name_an_exchange_that_is_not_there_nor_leave_its_own():
    run = make_run()
    exchange, other, nowhere = reserve_ids(Exchange, 3)
    call, stray = reserve_ids(ModelCall, 2)
    write_usage([exchange_row(run, exchange), exchange_row(run, other)], [call_row(run, call, exchange)])
    with pytest.raises(IntegrityError, match=f"exchange {nowhere}, which is not there"), transaction.atomic():
        write_usage([], [call_row(run, stray, nowhere)])
    with pytest.raises(IntegrityError, match="for good"), transaction.atomic():
        ModelCall.objects.filter(pk=call).update(exchange=other)
    assert list(ModelCall.objects.values_list("exchange", flat=True)) == [exchange]


def test_an_exchange_stays_as_long_as_its_calls_and_goes_with_them():
    run = make_run()
    [exchange] = reserve_ids(Exchange, 1)
    write_usage([exchange_row(run, exchange)], [call_row(run, key, exchange) for key in reserve_ids(ModelCall, 3)])
    with pytest.raises(IntegrityError, match="still has calls"), transaction.atomic():
        Exchange.objects.filter(pk=exchange)._raw_delete(DEFAULT_DB_ALIAS)
    Exchange.objects.get(pk=exchange).delete()
    assert not Exchange.objects.exists()
    assert not ModelCall.objects.exists()
