"""Rulings on what stands beside something bad, a span, a result, a file, a text that no column holds: it is not lost with it."""

import copy
import gzip
import io
import json
import zipfile
from typing import Any

import pytest

from audits.ingest import reading
from audits.ingest.keeping import BLOCK, kept_text
from audits.ingest.readers.mapped import mapping_of, reader
from audits.ingest.reading import Found, Outcome, Rejected, read_part
from audits.ingest.sources import SOURCES
from audits.ingest.unpacking import Unacceptable, parts_of
from audits.ingest.values import money
from audits.models import Import, UsageEntry
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import SPEND_COLUMNS, spend_row
from tests.ingest.shapes import AZURE, BEDROCK, HAR, LANGFUSE, OPENAI_USAGE, OTLP, otlp_span
from tests.ingest.written import CHAT_SPAN, mlflow_span

SECOND = {**BEDROCK, "requestId": "b2aa6a04-0000"}
TRACE: dict[str, Any] = {
    "id": "t-1", "timestamp": "2026-11-20T12:00:00Z", "name": "n", "sessionId": None, "userId": "u-7", "metadata": {}, "tags": [],
    "public": False, "environment": "default", "projectId": "p-1", "observations": LANGFUSE, "scores": [],
}  # fmt: skip


def read(content: bytes, source: str) -> list[Outcome]:
    """What a file comes to: kept as it would be, and read."""
    of = SOURCES[source]
    assert of.reader is not None
    [part] = parts_of(io.BytesIO(content), "file")
    binary = of.is_binary is not None and of.is_binary(part.stream.peek(16)[:16])  # type: ignore[attr-defined]
    decoder = of.decoder if binary else None
    kept = b"".join(kept_text(part.stream, "file", lambda secret: "masked:1", decoder, of.prepare))
    return list(read_part(io.BufferedReader(io.BytesIO(kept), len(kept) or 1), of.reader))


def calls(outcomes: list[Outcome]) -> int:
    return sum(isinstance(one, Found) for one in outcomes)


def reasons(outcomes: list[Outcome]) -> list[str]:
    return [one.reason for one in outcomes if isinstance(one, Rejected)]


def text(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def test_a_bad_span_does_not_take_those_that_were_sent_with_it() -> None:
    sent = copy.deepcopy(OTLP)
    bad = otlp_span(9, **{"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": "many"})
    sent["resourceSpans"][0]["scopeSpans"][0]["spans"].insert(0, bad)
    outcomes = read(text(sent), "otlp")
    assert calls(outcomes) == 1
    assert reasons(outcomes) == ["span eee19b7ec3c1b179: gen_ai.usage.input_tokens: 'many' is no count"]


def test_a_bad_result_of_a_bill_does_not_take_the_others_of_its_bucket() -> None:
    page = copy.deepcopy(OPENAI_USAGE)
    results = page["data"][0]["results"]
    results.insert(0, {**results[0], "num_model_requests": "many"})
    outcomes = read(text(page), "openai-usage")
    assert (calls(outcomes), reasons(outcomes)) == (1, ["num_model_requests: 'many' is no count"])
    buckets = {"starting_at": "2026-11-20T00:00:00Z", "results": ["none", {"output_tokens": 3, "model": "claude"}]}
    assert calls(read(text({"data": [buckets]}), "anthropic-usage")) == 1


def test_a_bad_span_of_mlflow_does_not_take_the_trace() -> None:
    bad = {**mlflow_span("B=", None, "CHAT_MODEL", **CHAT_SPAN), "start_time_unix_nano": "soon"}
    good = mlflow_span("A=", None, "CHAT_MODEL", **CHAT_SPAN)
    outcomes = read(text({"info": {}, "data": {"spans": [bad, good]}}), "mlflow")
    assert (calls(outcomes), reasons(outcomes)) == (1, ["span B=: start_time: 'soon' is no time"])


@pytest.mark.parametrize(
    "content",
    [
        text(BEDROCK) + text(SECOND),
        text(BEDROCK, indent=1) + b"\n" + text(SECOND, indent=1),
        b"\xef\xbb\xbf" + text(BEDROCK) + b"\r\n" + text(SECOND) + b"\r\n",
        text({"logEvents": [{"message": json.dumps(BEDROCK)}]}) + text({"logEvents": [{"message": json.dumps(SECOND)}]}),
        gzip.compress(text(BEDROCK) + text(SECOND)),
    ],
    ids=["end to end, as Firehose delivers", "indented, as jq writes", "with a BOM and CRLF", "wrapped, end to end", "packed"],
)  # fmt: skip
def test_records_that_follow_one_another_in_any_way_are_all_read(content: bytes) -> None:
    outcomes = read(content, "bedrock")
    assert (calls(outcomes), reasons(outcomes)) == (2, [])


def test_of_records_end_to_end_that_break_off_the_whole_ones_are_read() -> None:
    outcomes = read(text(BEDROCK) + text(SECOND) + text(BEDROCK)[:90], "bedrock")
    assert calls(outcomes) == 2
    [why] = reasons(outcomes)
    assert why.startswith("from line 1 on, not JSON: ")


def test_two_records_on_one_line_of_a_log_are_two() -> None:
    outcomes = read(text(BEDROCK) + text(SECOND) + b"\n" + text({**BEDROCK, "requestId": "third"}) + b"\n", "bedrock")
    assert (calls(outcomes), reasons(outcomes)) == (3, [])


def test_a_document_on_one_line_is_read_however_long_the_line() -> None:
    long = copy.deepcopy(HAR)
    entry = {**HAR["log"]["entries"][0], "comment": "x" * BLOCK}
    long["log"]["entries"] = [{**entry, "_number": number} for number in range(17)]
    assert calls(read(text(long), "har")) == 17, "longer than a line may be of which each is a record"


def test_lines_of_which_the_first_is_longer_than_what_is_at_hand_are_lines() -> None:
    long = {**BEDROCK, "padding": "x" * (BLOCK + 5)}
    outcomes = read(as_lines([long]) + b"{broken\n" + as_lines([SECOND]), "bedrock")
    assert calls(outcomes) == 2
    assert [one.line for one in outcomes] == [1, 2, 3]


@pytest.mark.parametrize(
    ("content", "why"),
    [(b'[{"a": }]', "from line 1 on, not JSON"), (b"[" * 100_000 + b"]" * 100_000, "nested too deeply")],
    ids=["an array broken at once", "nested without end"],
)
def test_what_can_not_be_read_at_its_very_beginning_is_no_empty_table(content: bytes, why: str) -> None:
    assert why in reasons(read(content, "bedrock"))[0]


def test_traces_in_json_with_a_mark_of_their_encoding_are_no_protobuf() -> None:
    assert calls(read(b"\xef\xbb\xbf" + text(OTLP), "otlp")) == 1


def test_a_trace_of_langfuse_tells_of_its_observations_on_a_line_as_in_a_document() -> None:
    for content in (text(TRACE, indent=1), text([TRACE]), as_lines([TRACE, {**TRACE, "observations": []}])):
        [found] = [one for one in read(content, "langfuse") if isinstance(one, Found)]
        assert (found.record.id, found.record.person, found.record.account) == ("obs-1", "u-9", "p-1")
    nobody = [{key: one for key, one in LANGFUSE[0].items() if key != "userId"}]
    [inherited] = read(as_lines([{**TRACE, "observations": nobody}]), "langfuse")
    assert isinstance(inherited, Found)
    assert inherited.record.person == "u-7"


def test_traces_of_langfuse_without_their_observations_are_rejected_and_not_silently_nothing() -> None:
    named = reasons(read(text({"data": [{**TRACE, "observations": ["obs-1"]}]}), "langfuse"))
    assert named == ["observations: the trace only names them; export the observations, or each trace whole"]
    bare = {key: one for key, one in TRACE.items() if key != "observations"}
    assert reasons(read(as_lines([bare]), "langfuse"))[0].startswith("type: an observation has one")


def test_the_trial_of_a_delivery_is_no_call() -> None:
    trial = {"logEvents": [{"id": "", "message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}
    assert reasons(read(text(trial), "bedrock")) == []


def archive(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as written:
        for name, content in members.items():
            written.writestr(name, content)
    return held.getvalue()


def test_what_is_no_log_in_an_archive_is_named_and_the_logs_are_read(give: Give) -> None:
    packed = archive(a=text(BEDROCK), picture=b"\x89PNG\r\n" + bytes(range(256)), readme=b"Read me\n", z=text(SECOND))
    done = give(packed, "bedrock", "logs.zip")
    assert (done.state, done.new) == (Import.State.DONE, 2)
    told = {one.part: one.reason for one in done.rejected_lines.all()}
    assert told.keys() == {"picture", "readme"}
    assert "no text but binary data" in told["picture"]
    assert told["readme"].startswith("none of this file could be read: the first line names no columns")
    with pytest.raises(Unacceptable, match="no text but binary data"):
        give(archive(picture=b"\x89PNG\r\n" + bytes(range(256))), "bedrock", "pictures.zip")


def test_what_no_column_holds_in_json_within_json_fails_nothing(give: Give) -> None:
    record = {**AZURE[0], "properties": '{"modelDeploymentName": "m\\u0000ini\\ud800"}'}
    done = give(as_lines([record, {**AZURE[0], "correlationId": "c-2"}]), "azure")
    assert (done.state, done.new) == (Import.State.DONE, 2)
    assert UsageEntry.objects.get(line=1).request_model == "m\ufffdini\ufffd"
    cells = {**spend_row(), "metadata": '{"user_api_key_alias": "\\u0000\\ud800"}'}
    row = ",".join('"' + str(cells[one]).replace('"', '""') + '"' for one in SPEND_COLUMNS)
    assert give((",".join(SPEND_COLUMNS) + "\n" + row + "\n").encode(), "litellm", "spend.csv").new == 1


def test_what_is_larger_than_any_column_fails_nothing_but_its_line(give: Give) -> None:
    options = {"columns": {"at": "date", "model": "model", "status": "status", "input_tokens": "in", "cost": "cost"}}
    rows = [
        b"2026-11-20,a,99999,1,1", b"2026-11-20,b,200,9000000000000000000,1", b"2026-11-20,c,200,1,999999999.5",
        b"2026-11-20,d,200,1,1E-20000", b"2026-11-20,e,0,1,0.5", *[b"2026-11-20,f,200,1,999999999"] * 12,
    ]  # fmt: skip
    done = give(b"date,model,status,in,cost\n" + b"\n".join(rows) + b"\n", "csv", "table.csv", options=options)
    assert (done.state, done.new) == (Import.State.DONE, 15)
    assert [one.reason for one in done.rejected_lines.all()] == [
        "status: 99999 is no HTTP status", "in: 9000000000000000000 is no count",
    ]  # fmt: skip
    unanswered = UsageEntry.objects.get(request_model="e")
    assert (unanswered.failed, unanswered.status) == (True, None)


def test_a_host_longer_than_any_column_fails_nothing(give: Give) -> None:
    entry = copy.deepcopy(HAR["log"]["entries"][0])
    entry["request"]["url"] = f"https://{'a' * 400}.example/v1/chat/completions"
    assert give(text({"log": {"entries": [entry, HAR["log"]["entries"][0]]}}), "har").new == 2


@pytest.mark.parametrize("amount", ["0,0123", "1.234,56", "12,50", "1,23,456"])
def test_a_comma_for_the_point_is_no_amount_rather_than_a_thousand_times_as_much(amount: str) -> None:
    assert money("1,234.56", "cost") == money("1234.56", "cost")
    with pytest.raises(ValueError, match=r"cost: .* is no amount; write it with a point before the cents"):
        money(amount, "cost")


TABLE = {"columns": {"at": "at", "model": "model", "person": "user"}}


def table(content: bytes) -> list[Outcome]:
    return list(read_part(io.BufferedReader(io.BytesIO(content), len(content)), reader(mapping_of(TABLE))))


def test_a_quote_that_is_never_closed_swallows_none_of_the_rows_behind_it() -> None:
    rows = [f"2026-11-20,m,user {number}" for number in range(5000)]
    rows[2] = '2026-11-20,m,"over two\nlines"'
    rows[40] = '2026-11-20,m,"never closed'
    outcomes = table("\n".join(["at,model,user", *rows, ""]).encode())
    assert calls(outcomes) == 4999
    [bad] = [one for one in outcomes if isinstance(one, Rejected)]
    assert (bad.line, bad.reason, bad.raw) == (43, "a quote that is never closed", '2026-11-20,m,"never closed')
    assert [one.line for one in outcomes[:5]] == [2, 3, 4, 6, 7], "a record stands where it begins"


def test_a_cell_without_end_is_rejected_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LONGEST_FIELD", 1000)
    outcomes = table(b'at,model,user\n2026-11-20,m,"open\n' + b"2026-11-20,m,u\n" * 300 + b'2026-11-20,m,"v"\n')
    assert calls(outcomes) == 301
    assert reasons(outcomes) == ["not CSV: field larger than field limit (1000)"]


def test_names_in_a_table_of_another_encoding_stay_apart() -> None:
    outcomes = table("at,model,user\n2026-11-20,m,Jörg\n2026-11-20,m,Jürg\n".encode("cp1252"))
    assert [one.record.person for one in outcomes if isinstance(one, Found)] == ["Jörg", "Jürg"]


def test_a_mapped_column_that_stands_twice_is_not_chosen_by_chance(give: Give) -> None:
    done = give(b"at,model,model,user\n2026-11-20,a,b,u\n", "csv", "table.csv", options=TABLE)
    assert done.reason == "model: the column 'model' stands there 2 times; rename all but one"


def test_what_a_stream_of_bedrock_said_and_why_a_call_failed_is_known() -> None:
    deltas = [
        {"contentBlockDelta": {"delta": {"text": piece}, "contentBlockIndex": 0}} for piece in ("Rhine", ", ", "Nile")
    ]
    streamed = copy.deepcopy(BEDROCK)
    streamed["output"]["outputBodyJson"] = [{"messageStart": {"role": "assistant"}}, *deltas, {"messageStop": {}}]
    failed = {key: one for key, one in BEDROCK.items() if key != "output"} | {"errorCode": "ThrottlingException"}
    uncounted = copy.deepcopy(BEDROCK)
    del uncounted["input"]["inputTokenCount"]
    uncounted["output"]["outputBodyJson"]["usage"] = {"inputTokens": 5, "cacheReadInputTokens": 40, "outputTokens": 3}
    told = [one.record for one in read(as_lines([streamed, failed, uncounted]), "bedrock") if isinstance(one, Found)]
    assert [one.output for one in told] == ["Rhine, Nile", "", "Rhine, Nile, Amazon."]
    assert [(one.failed, one.status) for one in told] == [(False, None), (True, 429), (False, None)]
    assert told[2].input_tokens == 45


def test_a_word_for_a_status_and_tokens_under_their_older_names_are_read() -> None:
    [azure] = [
        one for one in read(as_lines([{**AZURE[0], "resultSignature": "OK"}]), "azure") if isinstance(one, Found)
    ]
    assert (azure.record.failed, azure.record.status) == (False, None)
    older = {**LANGFUSE[0], "usageDetails": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}}
    [found] = [one for one in read(as_lines([older]), "langfuse") if isinstance(one, Found)]
    assert (found.record.input_tokens, found.record.output_tokens) == (5, 3)


def test_logs_of_a_tracer_are_told_from_its_traces() -> None:
    assert reasons(read(text({"resourceLogs": []}), "otlp")) == [
        "resourceSpans: an export of OpenTelemetry’s logs or metrics; its traces tell of calls"
    ]
