"""Any table: a CSV (or JSON lines) of which a person says what each column means. PURE."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from audits.ingest.records import Fields, Reader, Unreadable, UsageRecord
from audits.ingest.values import count, http_status, moment, money, name, said

# What a column can mean, in the order in which forms ask, with what people call it.
MEANINGS: Final[Mapping[str, str]] = {
    "at": "Time",
    "model": "Model",
    "channel": "Provider or gateway",
    "host": "Host",
    "input_tokens": "Input tokens",
    "output_tokens": "Output tokens",
    "calls": "Number of calls",
    "cost": "Cost",
    "currency": "Currency",
    "id": "Id of the call",
    "operation": "Operation",
    "status": "HTTP status",
    "account": "Account, project or team",
    "person": "User or service",
    "key": "Key",
    "prompt": "Prompt",
    "output": "Answer",
    "response_id": "Provider’s id of the answer",
    "request_id": "Provider’s id of the request",
}
_WORDS: Final[Mapping[str, str]] = {
    "at": r"(?:start_?|created_?|request_?)?(?:time|timestamp|date|datetime|day|at|when|start_time_iso)(?:_?utc)?",
    "model": r"(?:request_|llm_)?model(?:_?name|_?id)?|deployment",
    "channel": r"provider(?:_?name)?|gateway|vendor|served_?by|platform",
    "host": r"host|server|server_address|endpoint|base_?url|domain",
    "input_tokens": r"(?:n_)?(?:input|prompt|context)_?tokens(?:_total|_count)?|tokens_in",
    "output_tokens": r"(?:n_)?(?:output|completion|generated)_?tokens(?:_total|_count)?|tokens_out",
    "calls": r"(?:n_|num_|number_of_)?(?:calls|requests|model_requests|count)",
    "cost": r"(?:total_?)?(?:cost|amount|spend|price)(?:_?usd|_?in_?usd)?",
    "currency": r"currency",
    "id": r"(?:request_|call_|trace_|log_)?(?:id|uuid)",
    "operation": r"operation|call_type|endpoint_type|api",
    "status": r"status(?:_code)?|http_status|response_status",
    "account": r"account|project(?:_?name|_?id)?|team(?:_?name|_?id)?|workspace(?:_?id)?|organi[sz]ation",
    "person": r"user(?:_?name|_?id)?|person|email|service",
    "key": r"(?:api_?)?key(?:_?name|_?id|_?alias)?",
    "prompt": r"prompt|input|question|messages|request",
    "output": r"output|answer|response|completion",
    "response_id": r"(?:provider_|openai_|anthropic_|llm_)?(?:response|completion|message)_?id",
    "request_id": r"(?:provider|openai|anthropic|llm|aws|x)_request_?id",
}


class BadMapping(ValueError):
    """A mapping that can't be used; the message names the meaning or the column."""


@dataclass(frozen=True)
class ColumnMapping:
    """Meaning → column, what holds for every row, how times are written (as strptime has it; "": see by itself), and in which
    zone those are that name none (as in Europe/Berlin; "": UTC)."""

    columns: Mapping[str, str]
    constants: Mapping[str, str]
    time_format: str = ""
    time_zone: str = ""

    def as_json(self) -> dict[str, Any]:
        """As it is stored with an import."""
        return {
            "columns": dict(self.columns), "constants": dict(self.constants), "time_format": self.time_format,
            "time_zone": self.time_zone,
        }  # fmt: skip


def mapping_of(options: Mapping[str, Any]) -> ColumnMapping:
    """A stored or given mapping, checked. Raises BadMapping."""
    columns, constants = dict(options.get("columns") or {}), dict(options.get("constants") or {})
    for meaning in (*columns, *constants):
        if meaning not in MEANINGS:
            raise BadMapping(f"{meaning}: no such meaning; there are {', '.join(MEANINGS)}")
    if "at" not in columns:
        raise BadMapping("at: say which column holds the time")
    if not {"model", "channel", "host"} & {*columns, *constants}:
        raise BadMapping("model: say which column names the model, or the provider or host")
    zone = str(options.get("time_zone") or "")
    if zone:
        _zone(zone)
    return ColumnMapping(columns, constants, str(options.get("time_format") or ""), zone)


def _zone(named: str) -> tzinfo:
    """Raises BadMapping for a name of no zone."""
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise BadMapping(f"time_zone: {named[:60]!r} is no time zone; write it as Europe/Berlin or UTC") from problem


def guessed(columns: Iterable[str]) -> dict[str, str]:
    """Meaning → column, where a column's name tells. Each column is given one meaning."""
    found: dict[str, str] = {}
    for column in columns:
        plain = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower()).strip("_")
        meaning = next((one for one, words in _WORDS.items() if one not in found and re.fullmatch(words, plain)), None)
        if meaning:
            found[meaning] = column
    return found


def require_columns(mapping: ColumnMapping, columns: Iterable[str]) -> None:
    """Raise BadMapping, naming it, for a mapped column that a table does not have."""
    present = list(columns)
    for meaning, column in mapping.columns.items():
        if column not in present:
            raise BadMapping(f"{meaning}: no column {column!r}; there are {', '.join(present)}"[:1000])
        if present.count(column) > 1:
            raise BadMapping(
                f"{meaning}: the column {column!r} stands there {present.count(column)} times; rename all but one"
            )


def reader(mapping: ColumnMapping) -> Reader:
    """A reader of rows under this mapping."""
    zone = _zone(mapping.time_zone) if mapping.time_zone else UTC
    called = _called(mapping)

    def records(row: Fields) -> Iterator[UsageRecord]:
        def get(meaning: str) -> Any:
            column = mapping.columns.get(meaning)
            value = row.get(column) if column else None
            return value if value not in (None, "") else mapping.constants.get(meaning)

        if mapping.columns["at"] not in row:
            raise Unreadable(f"{mapping.columns['at']}: no such column")
        yield _record(get, called, mapping.time_format, zone)

    return records


def _called(mapping: ColumnMapping) -> dict[str, str]:
    """Meaning → what a complaint calls it: the column as the file heads it, since that is where a person looks and mends."""
    return {meaning: mapping.columns.get(meaning, words)[:60] for meaning, words in MEANINGS.items()}


def _record(get: Any, called: Mapping[str, str], time_format: str, zone: tzinfo) -> UsageRecord:
    calls, cost = count(get("calls"), called["calls"]), money(get("cost"), called["cost"])
    given, status = count(get("status"), called["status"]), http_status(get("status"), called["status"])
    return UsageRecord(
        at=_time(get("at"), called["at"], time_format, zone),
        id=name(get("id")),
        kind="call" if calls is None or calls == 1 else "usage",
        channel=name(get("channel")).lower(),
        host=name(get("host")),
        model=name(get("model")),
        operation=name(get("operation")) or "chat",
        calls=1 if calls is None else calls,
        failed=given is not None and not 100 <= given < 400,
        status=status,
        input_tokens=count(get("input_tokens"), called["input_tokens"]),
        output_tokens=count(get("output_tokens"), called["output_tokens"]),
        cost=cost,
        currency=(name(get("currency"), 3).upper() or "USD") if cost is not None else "",
        account=name(get("account")),
        person=name(get("person")),
        key=name(get("key")),
        prompt=said(get("prompt")),
        output=said(get("output")),
        response_id=name(get("response_id"), 200),
        request_id=name(get("request_id"), 200),
    )


def _time(value: Any, column: str, time_format: str, zone: tzinfo) -> datetime:
    if not time_format or not isinstance(value, str):
        return moment(value, column, zone)
    try:
        found = datetime.strptime(value.strip(), time_format)  # noqa: DTZ007 - a zone is given below where it has none
    except ValueError as problem:
        raise Unreadable(f"{column}: {value[:60]!r} is not written as {time_format}") from problem
    return moment(found.isoformat(), column, zone)
