"""Signatures: calls alike in all that rules can ask about, counted once."""

import datetime as dt

import pytest

from audits.actions.usage import refresh_signatures
from audits.models import UsageSignature
from tests.factories import NOON, make_call, make_exchange, make_run

pytestmark = pytest.mark.django_db


def test_calls_roll_up_by_day_provider_model_operation_and_purpose():
    run = make_run()
    exchange = make_exchange(run)
    for _ in range(3):
        make_call(run, exchange)
    make_call(run, exchange, failed=True, input_tokens=None, output_tokens=None)
    make_call(run, exchange, purpose="filter")
    make_call(run, exchange, at=NOON + dt.timedelta(days=1))
    make_call(run, exchange, provider="", served_by="", request_model="")

    assert refresh_signatures(run.pk, {"openai": ("consumer_app", "acme-prod")}) == 4

    first = UsageSignature.objects.get(purpose="train", day=NOON.date(), provider="openai")
    assert (first.calls, first.failed, first.input_tokens, first.output_tokens) == (4, 1, 360, 240)
    assert (first.access_kind, first.account) == ("consumer_app", "acme-prod")
    unknown = UsageSignature.objects.get(provider="")
    assert (unknown.access_kind, unknown.account) == ("api", "")
    assert sum(UsageSignature.objects.values_list("calls", flat=True)) == run.calls.count()


def test_rolling_up_again_replaces_and_leaves_other_runs_alone():
    run, other = make_run(), make_run()
    make_call(run)
    make_call(other)
    refresh_signatures(other.pk, {})
    refresh_signatures(run.pk, {})
    refresh_signatures(run.pk, {})
    assert UsageSignature.objects.filter(run=run).count() == 1
    assert UsageSignature.objects.filter(run=other).count() == 1


def test_the_number_of_statements_does_not_grow_with_the_calls(django_assert_max_num_queries):
    run = make_run()
    exchange = make_exchange(run)
    for number in range(30):
        make_call(run, exchange, request_model=f"model-{number}")
    with django_assert_max_num_queries(6):
        refresh_signatures(run.pk, {})
