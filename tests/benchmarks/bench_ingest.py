"""LiteLLM lines imported per second and at what cost in memory, from the file to judged usage in the database.

The issue's limits are for a million lines on two processors: 90 s and 500 MB. Measured are fewer lines, and this process's
own processor time besides the clock's, since whatever else the machine does weighs on the clock. PostgreSQL works in processes of
its own, on the second processor, while this one reads on. The floor is what nobody can do without in Python: json.loads of every
line and one COPY of as many prepared rows into the table itself, measured in the same run.
"""

import io
import json
import resource
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction

from audits.actions.copying import copy_rows
from audits.actions.ingesting import COLUMNS, request_import
from audits.ingest.sources import SOURCES
from audits.models import Import, SameCall, UsageEntry
from audits.procedures.importing import carry_out, keep_file
from compliance.models import Project
from tests.benchmarks.figures import Figure

LINES = 200_000
MILLION = 1_000_000
SECONDS, MEGABYTES = 90, 500
PROCESSORS = 2


def main() -> list[Figure]:
    project = Project.objects.create(slug="benchmark-ingest", name="Benchmark of importing")
    log = io.BytesIO(b"".join(_lines(LINES)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, busy = _measured(project, log, LINES)
    again, _ = _measured(project, log, 0)
    twice, _ = _measured(project, log, LINES, "Second gateway")
    assert SameCall.objects.filter(apart=False).count() == LINES
    parsing, copying = _parsing(log), _copying()
    floor = parsing + copying
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    scale = MILLION / LINES
    return [
        Figure("import of 1M LiteLLM lines, own processor time, of the limit", busy * scale / SECONDS, at_most=1),
        Figure("import of 1M LiteLLM lines, by the clock, of the limit", seconds * scale / SECONDS),
        Figure("json.loads and COPY of as many lines and rows, by the clock, of the limit", floor * scale / SECONDS),
        Figure("import of LiteLLM lines, by the clock, of json.loads and COPY", seconds / floor),
        Figure("import of LiteLLM lines, own processor time, of json.loads alone", busy / parsing),
        Figure("memory grown by while importing, of the limit", grown / MEGABYTES, at_most=1),
        Figure("lines imported", LINES / seconds, "lines/s"),
        Figure("known lines imported again", LINES / again, "lines/s"),
        Figure("lines imported of calls that another log told of, of lines of new ones", seconds / twice),
    ]


def _measured(project: Project, file: io.BytesIO, new: int, log: str = "") -> tuple[float, float]:
    """Seconds by the clock, and this process's own, from the file to the judged import."""
    began, busy = time.perf_counter(), time.process_time()
    kept = keep_file(file, "litellm.jsonl", SOURCES["litellm"])
    imported = request_import(
        project=project, acting_user=None, source="litellm", name="litellm.jsonl", sha256=kept.sha256, size=kept.size,
        parts=kept.parts, log=log,
    )  # fmt: skip
    done = carry_out(imported.pk)
    assert (done.state, done.read, done.new, done.rejected) == (Import.State.DONE, LINES, new, 0)
    return time.perf_counter() - began, time.process_time() - busy


def _parsing(log: io.BytesIO) -> float:
    """Seconds that json.loads takes for every line."""
    began = time.perf_counter()
    for line in log.getvalue().splitlines():
        json.loads(line)
    return time.perf_counter() - began


def _copying() -> float:
    """Seconds that one COPY takes of the same entries, under another log, straight into the table with its indexes."""
    given = UsageEntry.objects.order_by("id").values_list(*COLUMNS)[:LINES]
    pipeline = COLUMNS.index("pipeline_id")
    rows = [_prepared(row, pipeline) for row in given]
    began = time.perf_counter()
    with transaction.atomic():
        copy_rows(UsageEntry, COLUMNS, rows)
    return time.perf_counter() - began


def _prepared(row: tuple[Any, ...], pipeline: int) -> tuple[Any, ...]:
    """A row as it is written, under another log: of what the database calls a UUID, the bytes."""
    moved = (*row[:pipeline], row[pipeline] + 1000, *row[pipeline + 1 :])
    return tuple(value.bytes if isinstance(value, UUID) else value for value in moved)


def _lines(count: int) -> Iterator[bytes]:
    """Calls as LiteLLM's callbacks log them, some 1.4 kB each; one in a thousand holds a key."""
    for number in range(count):
        key = "sk-proj-" + "a1B2c3D4" * 5 if number % 1000 == 0 else "none"
        yield json.dumps(_call(number, key)).encode() + b"\n"


def _call(number: int, key: str) -> dict[str, object]:
    answer = (
        f"chatcmpl-{sha256(b'%d' % number).hexdigest()[:32]}"  # as no counter gives it: ids are compared and indexed
    )
    question = f"Ticket {number}: how do I reset the password of an account that I share with somebody? {key}"
    return {
        "id": answer, "trace_id": f"trace-{number}", "call_type": "acompletion", "stream": number % 2 == 0,
        "response_cost": 0.00214, "status": "success", "custom_llm_provider": "openai", "total_tokens": 200,
        "prompt_tokens": 120 + number % 50, "completion_tokens": 80, "startTime": 1795176000.25 + number / 10,
        "endTime": 1795176001.75 + number / 10, "model": f"gpt-4.1-mini-{number % 5}", "model_group": "cheap",
        "api_base": "https://api.openai.com",
        "metadata": {
            "user_api_key_hash": f"{number % 40:064x}", "user_api_key_alias": f"team-{number % 40}", "user_api_key_team_id": "t7",
            "user_api_key_team_alias": "Support", "requester_ip_address": "10.2.0.7", "spend_logs_metadata": None,
        },
        "cache_hit": None, "request_tags": ["triage", "production"], "end_user": f"agent-{number % 12}",
        "messages": [{"role": "system", "content": "You answer tickets of customers briefly, and never invent a link."},
                     {"role": "user", "content": question}],
        "response": {
            "id": answer, "model": "gpt-4.1-mini-2025-04-14", "object": "chat.completion",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": f"Answer {number}: open Settings, choose Account, then Reset password. " * 4}}],
            "usage": {"prompt_tokens": 120, "completion_tokens": 80, "total_tokens": 200},
        },
        "model_parameters": {"temperature": 0.2, "max_tokens": 400}, "hidden_params": {"model_id": "m1"},
    }  # fmt: skip
