"""Small pipelines written by the tests, run under a whole audit: real sandbox, recorder, teacher and database."""

import json
import textwrap
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from audits.actions.pipelines import add_pipeline
from audits.actions.runs import request_run
from audits.examples.catalogue import Teacher, start_teacher
from audits.models import Pipeline, Run
from audits.procedures.audit import audit
from audits.procedures.lifecycle import conduct
from compliance.actions.rulebook import load_rulebook
from compliance.engine.library import Library
from compliance.engine.rulebook import load_directory
from compliance.models import Project

HERE = Path(__file__).parent
HOST = "api.openai.com"
# What every pipeline here asks with: the standard library alone, so that no package has to be installed.
ASKING = """
import http.client, json, os

def post(body, host="api.openai.com", path="/v1/chat/completions"):
    connection = http.client.HTTPSConnection(host, timeout=20)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ.get("OPENAI_API_KEY", "")}
    connection.request("POST", path, json.dumps(body), headers)
    return json.loads(connection.getresponse().read())

def ask(question, model="gpt-4o-mini", **more):
    body = {"model": model, "messages": [{"role": "user", "content": question}], **more}
    return post(body)["choices"][0]["message"]["content"]

def write(path, rows):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as file:
        for row in rows:
            file.write(json.dumps(row) + "\\n")
"""
MANIFEST = """
[pipeline]
name = "A test"
command = ["python", "main.py"]
secrets = ["OPENAI_API_KEY"]
timeout_minutes = {timeout}
{program}

[[dataset]]
path = "out/train.jsonl"
role = "training"

[student]
name = "pupil"
kind = "classifier"
general_purpose = false
competes_with = []
{further}
"""


def manifest(*, program: str = "", further: str = "", timeout: float = 1) -> str:
    """An audit.toml with one training dataset; `program` are further lines of [pipeline], `further` of [student] and on."""
    return MANIFEST.format(program=program, further=further, timeout=timeout)


@dataclass
class Lab:
    """Makes pipelines and audits them, in this process unless a test says otherwise."""

    folder: Path
    teacher: Teacher
    project: Project

    def pipeline(
        self, main: str = "", *, toml: str | bytes | None = None, files: Mapping[str, str | bytes] | None = None
    ) -> Pipeline:
        tree = self.folder / f"pipeline-{Pipeline.objects.count()}"
        tree.mkdir()
        written: dict[str, str | bytes] = {
            "asking.py": ASKING,
            "main.py": "from asking import *\n" + textwrap.dedent(main),
            "audit.toml": manifest() if toml is None else toml,
        }
        for name, content in {**written, **(files or {})}.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return add_pipeline(project=self.project, name=tree.name, acting_user=None, path=tree)

    def request(self, pipeline: Pipeline, *, upstreams: Mapping[str, str] | None = None, **options: Any) -> Run:
        chosen = {HOST: self.teacher.url} if upstreams is None else upstreams
        return request_run(pipeline=pipeline, acting_user=None, upstreams=chosen, **options)

    def audit(
        self,
        main: str = "",
        *,
        toml: str | bytes | None = None,
        files: Mapping[str, str | bytes] | None = None,
        **options,
    ) -> Run:
        """Take a pipeline through the whole audit, as the worker does."""
        return self.conduct(self.request(self.pipeline(main, toml=toml, files=files), **options))

    def conduct(self, run: Run) -> Run:
        conduct(run.pk, audit)
        run.refresh_from_db()
        return run

    def log(self, run: Run) -> str:
        return "\n".join(run.log_lines.order_by("seq").values_list("text", flat=True))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever asks for the lab needs the sandbox."""
    for item in items:
        if item.path.is_relative_to(HERE) and "lab" in getattr(item, "fixturenames", ()):
            item.add_marker("sandbox")


@pytest.fixture(scope="session")
def library() -> Library:
    """What the shipped rulebook says of OpenAI; the rest takes a second to store, and each test begins anew."""
    whole = load_directory(Path(settings.BASE_DIR) / "compliance" / "rulebook")
    documents = {key: paper for key, paper in whole.documents.items() if paper.provider == "openai"}
    return replace(
        whole,
        providers={"openai": whole.providers["openai"]},
        documents=documents,
        bindings=tuple(binding for binding in whole.bindings if binding.document in documents),
        rules=tuple(rule for rule in whole.rules if rule.document in documents),
        families=tuple(family for family in whole.families if family.developer == "openai"),
    )


@pytest.fixture(scope="package")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Teacher]:
    with start_teacher(tmp_path_factory.mktemp("teacher") / "served.jsonl", "--overload", "0") as running:
        yield running


@pytest.fixture
def lab(transactional_db: None, library: Library, teacher: Teacher, tmp_path: Path) -> Lab:
    """Its database commits: heartbeat and recorder write from threads of their own."""
    load_rulebook(library)
    return Lab(tmp_path, teacher, Project.objects.create(slug="lab", name="Lab"))


class Rogue(BaseHTTPRequestHandler):
    """Answers like a provider's API, with everything in it that a name, a number or a text should not be."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        model = json.loads(body)["model"]
        text = f"The answer of {model}: <script>alert(1)</script> {{{{7*7}}}} \u202e\x1b[31m \x00 and quite a few words more."
        answer = {
            "id": "\x00" * 300,
            "model": model * 3,
            "choices": [{"index": 10**30, "message": {"role": "assistant", "content": text}, "finish_reason": []}],
            "usage": {"prompt_tokens": 10**30, "completion_tokens": -1, "total_tokens": "many"},
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Odd", "<b>{{7*7}}</b>")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def rogue_upstream() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Rogue)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def without_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most endings need no PDF of their own; it takes longer than the rest of a small audit."""
    monkeypatch.setattr("audits.procedures.audit.make_report", lambda *args, **options: False)


def left_on_disk(run: Run) -> list[Path]:
    """What runs of this number still have of their trees."""
    return list((Path(settings.VAR_DIR) / "runs").glob(f"{run.pk}-*/tree"))
