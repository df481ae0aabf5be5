"""Writing usage: exchanges, the calls in them, connections, gaps and log lines, in bulk; and their roll-up."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Count, Max, Min, Q, Sum
from django.db.models.functions import TruncDate

from audits.actions.copying import copy_rows, next_ids
from audits.models import Exchange, LogLine, ModelCall, RecordedId, UsageSignature


class ExchangeRow(NamedTuple):
    """An exchange in the order of its columns."""

    id: int
    run_id: int
    seq: int
    reference: str
    step: str
    started_at: dt.datetime
    first_byte_at: dt.datetime | None
    ended_at: dt.datetime | None
    scheme: str
    host: str
    address: str
    port: int
    http_version: str
    method: str
    target: str
    status: int | None
    request_headers: list[Any]
    response_headers: list[Any]
    request_sha256: str
    request_size: int
    response_sha256: str
    response_size: int
    truncated: bool
    simulated: bool
    upstream: str
    error: str
    unparsed: str
    not_a_model_call: str
    line_hash: str


class CallRow(NamedTuple):
    """A model call in the order of its columns."""

    id: int
    run_id: int
    exchange_id: int
    position: int
    at: dt.datetime
    step: str
    host: str
    provider: str
    served_by: str
    api: str
    operation: str
    request_model: str
    response_model: str
    response_id: str
    input_tokens: int | None
    output_tokens: int | None
    status: int | None
    failed: bool
    streamed: bool
    simulated: bool
    outputs: int
    output_sha256: str
    prompt_excerpt: str
    output_excerpt: str
    purpose: str = ""
    purpose_source: str = ""


class IdRow(NamedTuple):
    """An id that a provider gave a call, as it is compared."""

    run_id: int
    call_id: int
    key: bytes


class LogRow(NamedTuple):
    run_id: int
    seq: int
    at: dt.datetime
    step: str
    stream: str
    text: str


EXCHANGE_COLUMNS, CALL_COLUMNS, LOG_COLUMNS = ExchangeRow._fields, CallRow._fields, LogRow._fields


def reserve_ids(model: type[Exchange] | type[ModelCall], count: int) -> Sequence[int]:
    """Ids for rows yet to be written, so that rows and files can name each other."""
    return next_ids(model, count)


@transaction.atomic
def write_usage(exchanges: Sequence[ExchangeRow], calls: Sequence[CallRow], named: Sequence[IdRow] = ()) -> None:
    """Append exchanges, the calls in them, and the ids that providers gave these. Ids of rows come from `reserve_ids`."""
    if exchanges:
        copy_rows(Exchange, EXCHANGE_COLUMNS, exchanges)
    if calls:
        copy_rows(ModelCall, CALL_COLUMNS, calls)
    if named:
        copy_rows(RecordedId, IdRow._fields, named)


def write_log_lines(lines: Sequence[LogRow]) -> None:
    if lines:
        copy_rows(LogLine, LOG_COLUMNS, lines)


@transaction.atomic
def refresh_signatures(run_id: int, access: Mapping[str, tuple[str, str]]) -> int:
    """Roll a run's calls up by signature, anew; tells how many signatures there are.

    `access`: provider → (kind of access, account), as declared; a provider that is not named there was used by API.
    """
    UsageSignature.objects.filter(run=run_id).delete()
    groups = (
        ModelCall.objects.filter(run=run_id)
        .annotate(day=TruncDate("at"))
        .values("day", "provider", "served_by", "request_model", "operation", "purpose", "simulated")
        .annotate(
            calls=Count("id"),
            failed_calls=Count("id", filter=Q(failed=True)),
            tokens_in=Sum("input_tokens"),
            tokens_out=Sum("output_tokens"),
            first_at=Min("at"),
            last_at=Max("at"),
        )
        .order_by("day", "provider", "request_model")
    )
    signatures = [_signature(run_id, group, access) for group in groups]
    return len(UsageSignature.objects.bulk_create(signatures))


def _signature(run_id: int, group: Mapping[str, Any], access: Mapping[str, tuple[str, str]]) -> UsageSignature:
    kind, account = access.get(group["provider"], ("api", ""))
    return UsageSignature(
        run_id=run_id,
        day=group["day"],
        provider=group["provider"],
        served_by=group["served_by"],
        model=group["request_model"],
        operation=group["operation"],
        access_kind=kind,
        account=account,
        purpose=group["purpose"],
        simulated=group["simulated"],
        calls=group["calls"],
        failed=group["failed_calls"],
        input_tokens=group["tokens_in"] or 0,
        output_tokens=group["tokens_out"] or 0,
        first_at=group["first_at"],
        last_at=group["last_at"],
    )
