"""From the recorder's log to rows: each exchange parsed, written in bulk, while the recorder goes on recording."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audits.actions.usage import CallRow, ExchangeRow, IdRow, reserve_ids, write_usage
from audits.capture.spool import read_events
from audits.capture.wire import BatchLedger, Parsed, WireExchange, parse
from audits.capture.wire import ModelCall as WireCall
from audits.evidence.links import named_contents
from audits.ingest.identities import key_bytes, request_id_of
from audits.matching.identity import Identities
from audits.models import Connection, Exchange, Gap, ModelCall
from audits.procedures.bounds_followed import BoundsFollowed
from audits.procedures.reading_before import read_before
from audits.procedures.replaying import recorded_time
from audits.text import storable

LARGEST_PARSED = 64 * 1024**2
EXCERPT = 240
Event = Mapping[str, Any]
ReadBlob = Callable[[str], bytes]


@dataclass
class Recording:
    """Follows one recorder's log for one run and step. `outputs`: file that takes every answer, for lineage."""

    run_id: int
    step: str
    spool: Path
    read_blob: ReadBlob
    identities: Identities
    outputs: Path
    bounds: BoundsFollowed
    keep: Callable[[str], None] = lambda sha256: None
    batches: BatchLedger = field(default_factory=BatchLedger)
    offset: int = 0
    exchanges: int = 0
    calls: int = 0
    unparsed: int = 0
    refused: int = 0
    gaps: int = 0

    def take(self) -> int:
        """Write what the recorder has logged since last time; tells how many lines that were."""
        events, self.offset = read_events(self.spool, self.offset)
        if events:
            self.write(events)
        return len(events)

    def write(self, events: Sequence[Event]) -> None:
        """Write these lines of the record as rows, after the contents that they name are in the store."""
        for sha256 in dict.fromkeys(name for event in events for name in named_contents(dict(event))):
            self.keep(sha256)
        exchanges = [event for event in events if event["kind"] == "exchange"]
        parsed = [self._parse(event) for event in exchanges]
        ids = reserve_ids(Exchange, len(exchanges))
        call_ids = iter(reserve_ids(ModelCall, sum(len(one.calls) for one in parsed)))
        rows: list[ExchangeRow] = []
        calls: list[CallRow] = []
        named: list[IdRow] = []
        outputs: list[str] = []
        for key, event, one in zip(ids, exchanges, parsed, strict=True):
            rows.append(self._exchange_row(key, event, one))
            for call in one.calls:
                row = self._call_row(next(call_ids), key, event, call)
                calls.append(row)
                named.extend(_ids(row, event))
                outputs.extend(_output_lines(row, event, call))
        with self.outputs.open("a", encoding="utf-8") as file:
            file.writelines(outputs)
        write_usage(rows, calls, named)
        self._write_connections(events)
        self._write_gaps(events)
        self.bounds.take(events)
        self.exchanges += len(rows)
        self.calls += len(calls)
        self.unparsed += sum(1 for one in parsed if one.unparsed)

    def _parse(self, event: Event) -> Parsed:
        if isinstance(event.get("calls"), dict):
            return self.batches.read_later(read_before(event["calls"]))
        sizes = [event[side]["size"] for side in ("request_body", "response_body") if event.get(side)]
        if sum(sizes) > LARGEST_PARSED:
            return Parsed(unparsed=f"larger than the {LARGEST_PARSED // 1024**2} MB that are read")
        exchange = WireExchange(
            host=event["host"],
            port=event["port"],
            scheme=event["scheme"],
            method=event["method"],
            target=event["target"],
            request_headers=[(name, value) for name, value in event["request_headers"]],
            request_body=self._body(event.get("request_body")),
            status=event.get("status"),
            response_headers=[(name, value) for name, value in event.get("response_headers") or []],
            response_body=self._body(event.get("response_body")),
            truncated=_broken_off(event, "response_body"),
        )
        return self.batches.joined(exchange, parse(exchange))

    def _body(self, body: Event | None) -> bytes:
        return self.read_blob(body["sha256"]) if body and body.get("sha256") and body["size"] else b""

    def _exchange_row(self, key: int, event: Event, parsed: Parsed) -> ExchangeRow:
        request, response = event.get("request_body") or {}, event.get("response_body") or {}
        return ExchangeRow(
            id=key,
            run_id=self.run_id,
            seq=event["seq"],
            reference=str(event["id"])[:64],
            step=self.step,
            started_at=_time(event["started"]) or _time(event["at"]) or dt.datetime.now(dt.UTC),
            first_byte_at=_time(event.get("first_byte")),
            ended_at=_time(event.get("ended")),
            scheme=event["scheme"][:5],
            host=_clean(event["host"], 300),
            address=_clean(event.get("address"), 60),
            port=event["port"],
            http_version=_clean(event.get("http_version"), 12),
            method=_clean(event["method"], 20),
            target=_clean(event["target"]),
            status=event.get("status"),
            request_headers=_clean_headers(event.get("request_headers")),
            response_headers=_clean_headers(event.get("response_headers")),
            request_sha256=request.get("sha256") or "",
            request_size=request.get("size") or 0,
            response_sha256=response.get("sha256") or "",
            response_size=response.get("size") or 0,
            truncated=_broken_off(event, "request_body", "response_body"),
            simulated=bool(event.get("simulated")),
            upstream=_clean(event.get("upstream") or ("a recording" if event.get("replayed") else ""), 300),
            error=_clean(event.get("error"), 400),
            unparsed=_clean(parsed.unparsed, 400),
            not_a_model_call=_clean(parsed.not_a_model_call, 200),
            line_hash=event["hash"],
        )

    def _call_row(self, key: int, exchange: int, event: Event, call: WireCall) -> CallRow:
        identity = self.identities.of(event["host"], call.request_model or call.response_model or "")
        status = event.get("status")
        answer = "\n".join(output.text for output in call.outputs)
        return CallRow(
            id=key,
            run_id=self.run_id,
            exchange_id=exchange,
            position=call.index,
            at=_time(recorded_time(event) or event["started"]) or dt.datetime.now(dt.UTC),
            step=self.step,
            host=_clean(event["host"], 300),
            provider=identity.developer[:60],
            served_by=identity.served_by[:60],
            api=call.api[:60],
            operation=call.operation[:60],
            request_model=_clean(call.request_model, 300),
            response_model=_clean(call.response_model, 300),
            response_id=_clean(call.response_id, 200),
            input_tokens=call.input_tokens,
            output_tokens=call.output_tokens,
            status=status,
            failed=call.error is not None or status is None or status >= 400,
            streamed=call.streamed,
            simulated=bool(event.get("simulated")),
            outputs=len({output.index for output in call.outputs}),
            output_sha256="" if not answer else hashlib.sha256(answer.encode("utf-8", "surrogatepass")).hexdigest(),
            prompt_excerpt=_excerpt(call.prompt[-1].text if call.prompt else ""),
            output_excerpt=_excerpt(answer),
        )

    def _write_connections(self, events: Iterable[Event]) -> None:
        rows = [self._connection(event) for event in events if event["kind"] in ("connection", "refused")]
        kept = [row for row in rows if row is not None]
        self.refused += sum(row.count for row in kept if row.disposition == Connection.Disposition.REFUSED)
        Connection.objects.bulk_create(kept)

    def _connection(self, event: Event) -> Connection | None:
        disposition = _disposition(event)
        if disposition is None:
            return None
        return Connection(
            run_id=self.run_id,
            at=dt.datetime.fromisoformat(event["at"]),
            step=self.step,
            disposition=disposition,
            protocol=_clean(event.get("protocol") or event.get("scheme"), 30),
            host=_clean(event.get("host"), 300),
            address=_clean(event.get("address"), 60),
            port=event.get("port"),
            count=event.get("count") or 1,
            bytes_out=event.get("received") or 0,
            bytes_in=event.get("sent") or 0,
            reason=_reason(event),
        )

    def _write_gaps(self, events: Iterable[Event]) -> None:
        rows = [
            Gap(
                run_id=self.run_id,
                at=dt.datetime.fromisoformat(event["at"]),
                step=self.step,
                kind=_clean(event.get("reason"), 60),
                subject=_clean(event.get("host") or event.get("address") or event.get("subject") or "-", 400),
                detail=_clean(event.get("detail")),
            )
            for event in events
            if event["kind"] == "gap"
        ]
        self.gaps += len(rows)
        Gap.objects.bulk_create(rows)


def _ids(row: CallRow, event: Event) -> Iterable[IdRow]:
    """The ids that the provider gave a call; none where a stand-in or a recording answered, which gives those of others."""
    if row.simulated or event.get("replayed"):
        return
    given = (row.response_id, request_id_of((name, str(value)) for name, value in event.get("response_headers") or []))
    for key in {key_bytes(one, row.position) for one in given}:
        if key is not None:
            yield IdRow(row.run_id, row.id, key)


def _disposition(event: Event) -> str | None:
    """What became of a connection; None for one whose exchanges tell of it."""
    if event["kind"] == "refused":
        return Connection.Disposition.REFUSED
    if event.get("error") and not event.get("exchanges"):
        return Connection.Disposition.FAILED
    return Connection.Disposition.SPLICED if event.get("policy") == "splice" else None


def _reason(event: Event) -> str:
    words = str(event.get("reason") or event.get("error") or "").replace("_", " ")
    detail = event.get("detail") or event.get("error_detail")
    return _clean(f"{words}: {detail}" if words and detail else words or detail, 400)


def _output_lines(row: CallRow, event: Event, call: WireCall) -> Iterable[str]:
    """One line for each text that the model gave, named by the call and the text's place in its outputs."""
    if row.failed:
        return
    prompt = "\n".join(message.text for message in call.prompt)
    kept = (event.get("calls") or {}).get("calls")
    for position, output in enumerate(call.outputs):
        line = {"id": f"{row.id}:{position}", "model": row.request_model, "host": row.host}
        digests = kept[call.index if call.index < len(kept) else -1]["outputs"][position] if kept else {}
        if "exact" in digests:
            yield json.dumps(line | {"digests": digests}) + "\n"
        elif output.text:
            yield json.dumps(line | {"text": output.text, "prompt": prompt}) + "\n"


def _broken_off(event: Event, *sides: str) -> bool:
    return any(bool((event.get(side) or {}).get("truncated")) for side in sides)


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _clean(value: Any, limit: int | None = None) -> str:
    """Text as its column can keep it."""
    text = "" if value is None else storable(str(value))
    return text if limit is None else text[:limit]


def _clean_headers(headers: Any) -> list[list[str]]:
    return [[_clean(name), _clean(value)] for name, value in headers or []]


def _excerpt(text: str) -> str:
    return _clean(" ".join(text[: 4 * EXCERPT].split()), EXCERPT)
