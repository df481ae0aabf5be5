"""Rulings on files that are damaged, of another kind or of another source: named in words, and nothing good is lost."""

import gzip
import io
import os
import zipfile
from typing import Any

import pytest

from audits.ingest.keeping import kept_text
from audits.ingest.unpacking import Unacceptable, parts_of
from audits.models import Import
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import litellm_call
from tests.ingest.shapes import OTLP
from tests.ingest.test_same_calls import gateway, traces
from tests.ingest.written import GATEWAY_CSV

TABLE = b"When;Deployment;Tokens in\n2026-11-20 12:00;acme-large;12\n"


def log(count: int) -> bytes:
    """Lines that pack badly, so that a half of the packed bytes is about a half of them."""
    return as_lines(litellm_call(number, trace_id=os.urandom(400).hex()) for number in range(count))


def test_a_packed_file_that_breaks_off_is_read_up_to_the_break(give: Give) -> None:
    packed = gzip.compress(log(100))
    done = give(packed[: len(packed) // 2], "litellm", "log.jsonl.gz")
    assert done.state == Import.State.DONE
    assert 30 < done.new < 70
    assert done.rejected == 2, "the line in which it breaks off, and the break"
    last = done.rejected_lines.latest("id")
    assert last.reason == "log.jsonl.gz is damaged from here on: it ends before its end mark"


def test_packed_files_in_a_row_are_one_and_zeros_after_them_nothing(give: Give) -> None:
    first, second = gzip.compress(log(2)), gzip.compress(as_lines([litellm_call(7)]))
    assert give(first + second + b"\0" * 512, "litellm").new == 3


def test_a_packed_file_of_which_nothing_can_be_unpacked_is_refused() -> None:
    with pytest.raises(Unacceptable, match=r"log\.gz: damaged: .*; pack it again, or give it unpacked"):
        _kept(gzip.compress(log(3))[:12], "log.gz")


def test_a_damaged_file_in_an_archive_is_named_and_the_others_are_read(give: Give) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, numbers in (("a.jsonl", range(3)), ("b.jsonl", range(3, 5))):
            archive.writestr(name, as_lines(litellm_call(number) for number in numbers))
    damaged = held.getvalue().replace(b"how do I reset", b"how do I forgo", 1)
    done = give(damaged, "litellm", "logs.zip")
    assert done.new == 2
    assert done.rejected_lines.get().reason.startswith("a.jsonl is damaged from here on: Bad CRC-32")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TABLE.decode().encode("utf-16"), "UTF-16, as spreadsheets write"),
        (TABLE.decode().encode("utf-16-le"), "save it as UTF-8"),
        (b"PAR1" + os.urandom(64), "a Parquet file; export it as CSV"),
        (b"(\xb5/\xfd" + os.urandom(64), "packed with zstd; unpack it"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no text but binary data"),
    ],
    ids=["utf-16 marked", "utf-16 unmarked", "parquet", "zstd", "picture"],
)
def test_what_is_no_text_is_refused_with_what_to_do(content: bytes, words: str) -> None:
    with pytest.raises(Unacceptable, match=words):
        _kept(content, "file")


def _kept(content: bytes, name: str) -> bytes:
    [part] = parts_of(io.BytesIO(content), name)
    return b"".join(kept_text(part.stream, name, lambda secret: "masked"))


def test_a_file_of_another_source_is_refused_with_the_one_that_it_looks_like(give: Give) -> None:
    done = give(traces(range(3)), "litellm", "traces.json")
    assert done.state == Import.State.FAILED
    assert done.reason == (
        "traces.json: its only record can't be read; line 1: startTime: no time. "
        "It looks like a file of OpenTelemetry (otlp)."
    )
    assert done.rejected_lines.count() == 1, "what was given stays on record"
    assert "LiteLLM" in give(gateway(range(3)), "langfuse").reason
    assert "LiteLLM" in give(gateway(range(3)), "har").reason


def test_one_bad_line_among_good_ones_fails_nothing(give: Give) -> None:
    lines = gateway(range(100)).splitlines(keepends=True)
    lines[41] = b'{"id": "x", "startTime": 1795176000.25, "model": "m", "prompt_tokens": "many"}\n'
    done = give(b"".join(lines), "litellm")
    assert (done.state, done.new) == (Import.State.DONE, 99)
    assert [(one.line, one.reason) for one in done.rejected_lines.all()] == [(42, "prompt_tokens: 'many' is no count")]


def test_a_mapped_column_that_a_table_does_not_have_is_named_with_those_it_has(give: Give) -> None:
    options = {"columns": {"at": "When", "model": "Deploymnt"}}
    done = give(TABLE, "csv", "table.csv", options=options)
    assert done.state == Import.State.FAILED
    assert done.reason == "model: no column 'Deploymnt'; there are When, Deployment, Tokens in"
    assert done.rejected == 0


def test_a_piece_of_a_gateways_request_is_passed_over(give: Give) -> None:
    done = give(GATEWAY_CSV, "azure", "apim.csv")
    assert (done.new, done.passed_over, done.rejected) == (1, 1, 0)


def test_what_tells_of_no_model_is_no_failure(give: Give) -> None:
    spans: dict[str, Any] = {"resourceSpans": [{"scopeSpans": [{"spans": []}]}]}
    assert give(as_lines([spans]), "otlp").state == Import.State.DONE
    assert give(as_lines([OTLP]), "otlp").new == 1
