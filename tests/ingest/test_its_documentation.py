"""Rulings on docs/ingest.md: every source is in it, and what it gives to be copied works."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from audits.ingest.sources import SOURCES
from audits.models import UsageEntry
from tests.ingest.conftest import Give

ASK = """
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/v1/chat/completions?key=secret", data=b"{}"))
urllib.request.urlopen(sys.argv[1] + "/v1/models")
"""


class _Answers(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Not on the test's own standard error."""


def test_every_source_is_documented(project_directory: Path) -> None:
    text = (project_directory / "docs/ingest.md").read_text()
    assert not [name for name in SOURCES if f"`{name}`" not in text]


def test_the_snippet_logs_what_can_be_imported(project_directory: Path, tmp_path: Path, give: Give) -> None:
    snippet = (project_directory / "docs/ingest.md").read_text().split("```python\n")[1].split("```")[0]
    (tmp_path / "sitecustomize.py").write_text(snippet)
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    log = tmp_path / "usage.jsonl"
    given = {"PYTHONPATH": str(tmp_path), "USAGE_HOSTS": "127.0.0.1", "USAGE_LOG": str(log)}
    url = f"http://127.0.0.1:{server.server_port}"
    subprocess.run([sys.executable, "-c", ASK, url], env={**os.environ, **given}, check=True, timeout=60)
    server.shutdown()
    columns = {"at": "at", "host": "host", "status": "status", "id": "id"}
    done = give(log.read_bytes(), "csv", options={"columns": columns, "constants": {}})
    assert (done.new, done.rejected) == (1, 0), "a request for a list of models is no call"
    assert b"secret" not in log.read_bytes()
    assert UsageEntry.objects.get().host == "127.0.0.1"
