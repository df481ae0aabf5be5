"""Rulings on docs/ingest.md: every source is in it, and what it gives to be copied works."""

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions.receiving import make_token
from audits.ingest.sources import SOURCES
from audits.models import UsageEntry
from audits.views.imports import SNIPPET
from compliance.models import Project
from tests.factories import make_user
from tests.ingest.conftest import Give

ASK = """
import asyncio, sys, urllib.request
import httpx

asked = b'{"model": "acme-1", "messages": [{"role": "user", "content": "said in secret"}]}'
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/v1/chat/completions?key=secret", data=asked))
urllib.request.urlopen(sys.argv[1] + "/v1/models")
with httpx.Client() as client:
    client.post(sys.argv[1] + "/v1/chat/completions", json={"model": "acme-2"}, headers={"Authorization": "Bearer secret"})

async def ask():
    async with httpx.AsyncClient() as client:
        await client.post(sys.argv[1] + "/v1/messages", json={"model": "acme-3"})

asyncio.run(ask())
"""
FORKED = """
import multiprocessing, sys, urllib.request

def ask(name):
    body = b'{"model": "%s"}' % name.encode()
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/v1/chat/completions", data=body)).read()

ask("before")
workers = [multiprocessing.get_context("fork").Process(target=ask, args=(f"worker-{n}",)) for n in range(3)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
"""
PATHS = """
import sys, urllib.request

for path in sys.argv[2:]:
    urllib.request.urlopen(urllib.request.Request(sys.argv[1] + path, data=b"{}")).read()
"""
ANSWER = (
    b'{"id": "chatcmpl-9f1cA7ZbQk3mW2xT", "usage": {"prompt_tokens": 7, "completion_tokens": 9}, "choices": "said"}'
)


class _Answers(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(200)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_header("Content-Length", str(len(ANSWER)))
        self.send_header("X-Request-Id", "req_011CQ7xZbK2mW9")
        self.end_headers()
        self.wfile.write(ANSWER)

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Not on the test's own standard error."""


def test_every_source_is_documented(project_directory: Path) -> None:
    text = (project_directory / "docs/ingest.md").read_text()
    assert not [name for name in SOURCES if f"`{name}`" not in text]


@pytest.fixture
def far_end() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def ask(url: str, *more: str, script: str = ASK, **given: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(SNIPPET.parent), "USAGE_HOSTS": "127.0.0.1", **given}
    command = [sys.executable, "-c", script, url, *more]
    return subprocess.run(command, env=environment, check=True, timeout=60, capture_output=True, text=True)


def noted(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_each_forked_process_notes_its_own_requests_once(far_end: str, tmp_path: Path) -> None:
    log = tmp_path / "usage.jsonl"
    ask(far_end, script=FORKED, USAGE_LOG=str(log))
    assert sorted(note["model"] for note in noted(log)) == ["before", "worker-0", "worker-1", "worker-2"]


def test_model_and_operation_are_told_by_the_path_where_the_body_does_not_tell(far_end: str, tmp_path: Path) -> None:
    log = tmp_path / "usage.jsonl"
    paths = {
        "/model/anthropic.claude%3A0/converse": ("anthropic.claude:0", "chat"),
        "/v1beta/models/gemini-2.5-flash:generateContent": ("gemini-2.5-flash", "chat"),
        "/openai/deployments/mine/embeddings": ("mine", "embeddings"),
        "/v1/messages/count_tokens": ("", "count_tokens"),
        "/v1/fine_tuning/jobs": ("", "fine_tune"),
        "/v1/files": ("", "file_upload"),
        "/v1/audio/transcriptions": ("", "transcription"),
    }
    ask(far_end, *paths, script=PATHS, USAGE_LOG=str(log), USAGE_HOSTS=" 127.0.*.1 ,")
    assert [(note["model"], note["operation"]) for note in noted(log)] == list(paths.values())


def test_an_empty_entry_among_the_hosts_means_no_host(far_end: str, tmp_path: Path) -> None:
    log = tmp_path / "usage.jsonl"
    ask(far_end, "/v1/chat/completions", script=PATHS, USAGE_LOG=str(log), USAGE_HOSTS="api.openai.com,")
    assert not log.exists()


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9/v1/traces", "not an address"])
def test_what_the_receiver_does_not_take_stands_in_the_file(far_end: str, tmp_path: Path, endpoint: str) -> None:
    log = tmp_path / "usage.jsonl"
    done = ask(far_end, "/v1/chat/completions", script=PATHS, USAGE_LOG=str(log), USAGE_ENDPOINT=endpoint)
    assert len(noted(log)) == 1
    assert "usage of 1 requests could not be sent: " in done.stderr
    assert f"; it stands in {log}" in done.stderr


def test_the_snippet_logs_what_can_be_imported(far_end: str, tmp_path: Path, give: Give) -> None:
    log = tmp_path / "usage.jsonl"
    ask(far_end, USAGE_LOG=str(log))
    columns = {
        key: key for key in ("at", "host", "status", "id", "model", "input_tokens", "output_tokens", "request_id")
    }
    done = give(log.read_bytes(), "csv", options={"columns": columns, "constants": {}})
    assert (done.new, done.rejected) == (3, 0), "a request for a list of models is no call"
    assert b"secret" not in log.read_bytes()
    assert b"said" not in log.read_bytes()
    entries = {entry.request_model: entry for entry in UsageEntry.objects.all()}
    assert set(entries) == {"acme-1", "acme-2", "acme-3"}, "urllib, httpx, and httpx without waiting"
    assert (entries["acme-2"].input_tokens, entries["acme-2"].output_tokens, entries["acme-2"].host) == (
        7,
        9,
        "127.0.0.1",
    )


@pytest.mark.django_db(transaction=True)
def test_the_snippet_sends_to_the_receiver(far_end: str, live_server: Any, project: Project) -> None:
    ends = timezone.now() + dt.timedelta(days=3)
    _, token = make_token(project=project, name="training", expires_at=ends, acting_user=None)
    done = ask(far_end, USAGE_ENDPOINT=f"{live_server.url}/v1/traces", USAGE_TOKEN=token, USAGE_SERVICE="distill")
    assert done.stderr == ""
    entries = {entry.request_model: entry for entry in UsageEntry.objects.all()}
    assert set(entries) == {"acme-1", "acme-2", "acme-3"}, "its own posts are no calls"
    assert {(entry.person, entry.status) for entry in entries.values()} == {("distill", 200)}
    assert entries["acme-2"].output_tokens == 9
    assert (entries["acme-2"].response_id, entries["acme-1"].request_id) == (
        "chatcmpl-9f1cA7ZbQk3mW2xT",
        "req_011CQ7xZbK2mW9",
    )


def test_the_snippet_can_be_downloaded(client: Client, project: Project) -> None:
    client.force_login(make_user())
    assert client.get(reverse("import-snippet")).content == SNIPPET.read_bytes()
