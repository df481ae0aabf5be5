"""The example pipelines, and the local teacher that can stand in for their providers."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
_START_SECONDS = 300  # SmolLM2 takes a minute or two to load on a busy machine
_STOP_SECONDS = 10


@dataclass(frozen=True)
class Example:
    """A pipeline that ships with Clausetrail.

    `upstream_hosts` are the providers' hosts it calls; `placeholder_secrets` are keys of the right form, which the
    teacher accepts and no provider would.
    """

    slug: str
    title: str
    path: Path
    upstream_hosts: tuple[str, ...]
    placeholder_secrets: dict[str, str]

    def upstreams(self, url: str) -> dict[str, str]:
        """Every host it calls, sent to `url` instead: the `--upstream HOST=URL` pairs of a run."""
        return dict.fromkeys(self.upstream_hosts, url)


EXAMPLES: tuple[Example, ...] = (
    Example(
        slug="support-triage",
        title="Support triage",
        path=HERE / "support-triage",
        upstream_hosts=("api.openai.com",),
        placeholder_secrets={"OPENAI_API_KEY": "sk-placeholder-for-the-local-teacher"},
    ),
    Example(
        slug="tutor-distill",
        title="Tutor distillation",
        path=HERE / "tutor-distill",
        upstream_hosts=("api.anthropic.com", "api.deepseek.com"),
        placeholder_secrets={
            "ANTHROPIC_API_KEY": "sk-ant-placeholder-for-the-local-teacher",
            "DEEPSEEK_API_KEY": "sk-placeholder-for-the-local-teacher",
        },
    ),
)


class TeacherFailed(Exception):
    """The local teacher did not start; its own message stands on standard error."""


@dataclass
class Teacher:
    """A running teacher. As a context manager it stops at the end of the block."""

    process: subprocess.Popen[bytes]
    url: str
    log_path: Path

    def served(self) -> list[dict[str, Any]]:
        """The requests it has served so far, in order, as its log tells them."""
        return read_log(self.log_path)

    def stop(self) -> None:
        """End it and wait until it is gone. Does nothing the second time."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Teacher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_teacher(log_path: Path, *options: str) -> Teacher:
    """Start a teacher on a free port of 127.0.0.1 that logs to `log_path`; `options` go to its command line.

    It ends by itself when the process that started it ends. Raises TeacherFailed if it does not start.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "audits.examples.teacher", "--exit-with-stdin", "--log", str(log_path), *options]
    process = subprocess.Popen(command, cwd=HERE.parent.parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    teacher = Teacher(process, "", log_path)
    try:
        teacher.url = _ready(process)["url"]
    except TeacherFailed:
        teacher.stop()
        raise
    return teacher


def _ready(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The readiness line a teacher prints once it listens."""
    if process.stdout is None or not select.select([process.stdout], [], [], _START_SECONDS)[0]:
        raise TeacherFailed(f"The local teacher was not ready within {_START_SECONDS} seconds.")
    line = os.read(process.stdout.fileno(), 65536)
    if not line.strip():
        raise TeacherFailed("The local teacher ended before it was ready; its message is on standard error.")
    ready: dict[str, Any] = json.loads(line)
    return ready


def read_log(path: Path) -> list[dict[str, Any]]:
    """The rows of a teacher's log; none when nothing has been served."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
