"""The clients' word, the far end's log and the record, laid side by side, one row for each client and case."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from audits.capture.bodies import decode_body
from audits.capture.wire import Parsed, WireExchange, parse
from tests.capture.matrix.far_end.heard import NO_LABEL, Heard, Label, Numbers, label_of
from tests.capture.matrix.running import Event, Outcome

# What was asked and answered, as both sides must tell it: method, target, hash of the request, status, hash of the answer.
Fact = tuple[str, str, str, int | None, str]


@dataclass(frozen=True)
class Row:
    """One line of the table. `made`: calls the client made; `counted`: requests that reached the far end; `recorded`:
    exchanges in the record; `problems`: in what the three differ, none when all is captured."""

    client: str
    version: str
    case: str
    protocol: str
    made: int
    counted: int
    recorded: int
    calls: int
    gap: str
    problems: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """captured, a gap that is named, or what is wrong."""
        if self.problems:
            return "; ".join(self.problems)
        return f"named gap: {self.gap}" if self.gap else "captured"


def rows_of(outcome: Outcome) -> list[Row]:
    """A row for each client and case that anyone tells of, in the clients' alphabet."""
    told = {(line["client"], line["case"]): line for line in outcome.told}
    heard, recorded = defaultdict(list), defaultdict(list)
    for each in outcome.heard:
        heard[each.label].append(each)
    for event in outcome.of_kind("exchange"):
        recorded[_label(outcome, event)].append(event)
    inside = [_row_inside(outcome, line) for line in outcome.told if "counted_inside" in line]
    for row in inside:
        del told[row.client, row.case]
    labels = sorted(set(told) | set(heard) | set(recorded), key=lambda label: (label[0].lower(), label[1]))
    rows = [_row(outcome, label, told.get(label), heard[label], recorded[label]) for label in labels]
    return sorted([*rows, *inside], key=lambda row: (row.client.lower(), row.case))


def _row_inside(outcome: Outcome, line: dict[str, Any]) -> Row:
    """A server that a client started itself, which counts for itself: not recorded, and named by the sandbox."""
    problems = list(_told_problems((line["client"], line["case"]), line))
    if line["port"] not in {server.port for server in outcome.inner_servers}:
        problems.append(f"nobody noticed the server at port {line['port']}")
    return Row(
        client=line["client"],
        version=line["version"],
        case=line["case"],
        protocol="HTTP/1.1",
        made=line["made"],
        counted=line["counted_inside"],
        recorded=0,
        calls=0,
        gap="`server_inside`, with the port and the bytes; not the calls",
        problems=tuple(problems),
    )


def _label(outcome: Outcome, event: Event) -> Label:
    facts = event["request_body"]
    return label_of(event["target"], decode_body(outcome.body(facts), facts["encoding"]) if facts else b"")


def _row(outcome: Outcome, label: Label, told: dict[str, Any] | None, heard: list[Heard], events: list[Event]) -> Row:
    problems = list(_told_problems(label, told))
    facts = Counter(_heard_fact(each) for each in heard)
    kept = Counter(_recorded_fact(each) for each in events)
    problems += [f"not recorded: {fact}" for fact in (facts - kept)]
    problems += [f"recorded, but never heard: {fact}" for fact in (kept - facts)]
    parsed = [_parsed(outcome, event) for event in events]
    if told and len(heard) < int(told.get("made", 0)):
        problems.append(f"{told['made']} calls were made, {len(heard)} arrived")
    problems += _numbers_problems(heard, events, parsed)
    problems += [problem for each in heard if each.messages for problem in _message_problems(outcome, heard, events)]
    unread = sorted({one.unparsed for one in parsed if one.unparsed})
    return Row(
        client=label[0],
        version=str(told["version"]) if told else "",
        case=label[1],
        protocol=", ".join(sorted({_protocol(each) for each in heard})),
        made=int(told.get("made", 0)) if told else 0,
        counted=len(heard),
        recorded=len(events),
        calls=sum(len(one.calls) for one in parsed),
        gap="; ".join(unread),
        problems=tuple(dict.fromkeys(problems)),
    )


def _told_problems(label: Label, told: dict[str, Any] | None) -> Iterable[str]:
    if label == NO_LABEL:
        yield "traffic of which no client told"
    elif told is None:
        yield "the client did not come to its end"
    elif "problem" in told:
        yield f"the client failed: {told['problem']}"


def _protocol(heard: Heard) -> str:
    if heard.messages:
        return "WebSocket"
    return "gRPC" if heard.headers.get("content-type") == "application/grpc" else heard.protocol


def _heard_fact(heard: Heard) -> Fact:
    return (heard.method, heard.target, heard.request_hash, heard.status, heard.response_hash)


def _recorded_fact(event: Event) -> Fact:
    asked, answered = event["request_body"] or {}, event["response_body"] or {}
    # A WebSocket's record is its messages, compared one by one; an empty body has no hash.
    answer = "" if event["websocket"] or not answered.get("size") else answered["sha256"]
    request = asked["sha256"] if asked.get("size") else ""
    return (event["method"], event["target"], request, event["status"], answer)


def _parsed(outcome: Outcome, event: Event) -> Parsed:
    """As an audit reads it; the 200 MB stay where they are, since only what was asked matters there."""
    asked, answered = event["request_body"], event["response_body"]
    large = asked is not None and asked["size"] > 64 * 1024**2
    return parse(
        WireExchange(
            host=event["host"],
            port=event["port"],
            scheme=event["scheme"],
            method=event["method"],
            target=event["target"],
            request_headers=[(name, value) for name, value in event["request_headers"]],
            request_body=b"" if large else outcome.body(asked),
            status=event["status"],
            response_headers=[(name, value) for name, value in event["response_headers"]],
            response_body=outcome.body(answered),
            truncated=bool(answered and answered["truncated"]),
        )
    )


def _numbers_problems(heard: list[Heard], events: list[Event], parsed: list[Parsed]) -> Iterable[str]:
    """Models and tokens that an audit reads, against those the far end told; of answers that came whole."""
    if any(one.unparsed for one in parsed) or any(event["error"] for event in events):
        return
    told = Counter(numbers for each in heard for numbers in each.numbers)
    read: Counter[Numbers] = Counter()
    for call in (call for one in parsed for call in one.calls):
        if call.usage_source == "reported":
            read[call.response_model, call.input_tokens, call.output_tokens] += 1
    yield from (f"model and tokens told, but not read: {numbers}" for numbers in (told - read))
    yield from (f"model and tokens read, but not told: {numbers}" for numbers in (read - told))


def _message_problems(outcome: Outcome, heard: list[Heard], events: list[Event]) -> Iterable[str]:
    """Every message of a WebSocket, in each direction in its order; between directions each end has its own."""
    told = sorted(_by_sender(each.messages) for each in heard)
    kept = []
    for event in events:
        lines = [json.loads(line) for line in outcome.body(event["response_body"]).splitlines()]
        kept.append(_by_sender([(line["from"], line["text"]) for line in lines if line["type"] == "text"]))
    if told != sorted(kept):
        yield "the messages differ"


def _by_sender(messages: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    client = [text for sender, text in messages if sender == "client"]
    return client, [text for sender, text in messages if sender == "upstream"]
