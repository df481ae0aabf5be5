"""One faulted audit: begun by the broker, struck at a random moment, mended, followed to its end, and examined."""

import datetime as dt
import json
import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone

from audits.actions.pipelines import add_pipeline
from audits.actions.runs import STALE_AFTER, mark_stale_runs, request_run
from audits.evidence import Damaged, Missing, open_store, verify_bundle
from audits.models import Exchange, Gap, Run, Seal
from audits.procedures.concluding import write_run_bundle
from audits.procedures.salvaging import salvage
from audits.tasks import resend_lost_runs, run_audit
from compliance.models import Project
from tests.faults.far_end import FarEnd
from tests.faults.installation import Installation
from tests.faults.kinds import Fault

HERE = Path(__file__).resolve().parent
HOST = "api.openai.com"
QUESTIONS = 14
STUCK_SECONDS = 180.0
MANIFEST = """
[pipeline]
name = "Faulted"
command = ["python", "main.py"]
timeout_minutes = 2

[[dataset]]
path = "out/train.jsonl"
role = "training"
"""
T = TypeVar("T")


@dataclass
class Trial:
    """What one run came to. `wrong` is empty when everything held."""

    number: int
    fault: Fault
    run: int
    moment: str = ""
    state: str = ""
    reason: str = ""
    acknowledged: int = 0
    recorded: int = 0
    seconds: float = 0.0
    sealed: bool = False
    wrong: list[str] = field(default_factory=list)


class Lab:
    """An installation with its far end, and a project for the audits."""

    def __init__(self, installation: Installation, far_end: FarEnd) -> None:
        self.installation, self.far_end = installation, far_end
        self.project = Project.objects.create(slug="faults", name="Faults")
        self.usual_seconds = 10.0
        self.sources = Path(tempfile.mkdtemp(prefix="sources-", dir=installation.var))

    def trial(self, number: int, fault: Fault, chance: random.Random) -> Trial:
        began = time.monotonic()
        key = f"trial-{number}"
        run = self._request(key)
        trial = Trial(number, fault, run.pk)
        moment = self._moment(key, chance, began)
        trial.moment = moment(chance)
        struck = time.monotonic()
        fault.strike(self.installation, self.far_end, chance)
        time.sleep(fault.lasts)
        self.installation.repair()
        self._follow(trial, time.monotonic())
        self._examine(trial, key, struck)
        trial.seconds = time.monotonic() - began
        if fault.name == "nothing":
            self.usual_seconds = trial.seconds
        shutil.rmtree(self.sources / key)
        return trial

    def _request(self, key: str) -> Run:
        tree = self.sources / key
        tree.mkdir()
        (tree / "main.py").write_text((HERE / "pipeline.py").read_text())
        (tree / "task.json").write_text(json.dumps({"key": key, "questions": QUESTIONS}))
        (tree / "audit.toml").write_text(MANIFEST)
        pipeline = add_pipeline(project=self.project, name=key, acting_user=None, path=tree)
        run = request_run(pipeline=pipeline, acting_user=None, upstreams={HOST: self.far_end.url})
        run_audit.delay(run.pk)
        return run

    def _moment(self, key: str, chance: random.Random, began: float) -> Callable[[random.Random], str]:
        """When to strike: mostly while the pipeline asks, else at any time of the run."""
        if chance.random() < 0.65:
            return lambda chance: self._after_questions(key, chance.randrange(QUESTIONS), began, chance)
        return lambda chance: _at(began + chance.uniform(0, self.usual_seconds), began)

    def _after_questions(self, key: str, questions: int, began: float, chance: random.Random) -> str:
        deadline = time.monotonic() + STUCK_SECONDS / 2
        while self.far_end.asked[key] <= questions and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.05))
        return f"after question {questions}"

    def _follow(self, trial: Trial, struck: float) -> None:
        """To the end state, doing what the beat does meanwhile, with its waiting times cut short."""
        while time.monotonic() - struck < STUCK_SECONDS:
            run = _patiently(lambda: Run.objects.get(pk=trial.run))
            if not run.is_active:
                trial.state, trial.reason = run.state, run.reason
                return
            if run.state == Run.State.QUEUED and time.monotonic() - struck > 5:
                _patiently(lambda: resend_lost_runs(timezone.now() + dt.timedelta(days=1)))
                time.sleep(2)
            elif run.worker and not _lives(run.worker):
                _patiently(lambda: mark_stale_runs(timezone.now() + STALE_AFTER + dt.timedelta(hours=3)))
            time.sleep(0.1)
        trial.state = run.state
        trial.wrong.append(f"stuck in state {run.state}")

    def _examine(self, trial: Trial, key: str, struck: float) -> None:
        run = Run.objects.select_related("pipeline__project").get(pk=trial.run)
        if trial.state not in trial.fault.ends:
            trial.wrong.append(f"ended as {trial.state}: {trial.reason or run.traceback[-300:]}")
        if trial.state != Run.State.COMPLETED and not trial.reason:
            trial.wrong.append("it says no reason")
        if (
            trial.state == Run.State.FAILED
            and "pipeline" not in trial.reason.lower()
            and "space" not in trial.reason.lower()
        ):
            trial.wrong.append(f"failed for no reason of the pipeline's: {trial.reason}")
        self._seal(trial, run)
        self._compare(trial, run, key, struck)

    def _seal(self, trial: Trial, run: Run) -> None:
        deadline = time.monotonic() + 30
        while not Seal.objects.filter(run=run).exists() and time.monotonic() < deadline:
            if not salvage(run.pk):
                time.sleep(0.5)
        trial.sealed = Seal.objects.filter(run=run).exists()
        if trial.sealed:
            trial.wrong += bundle_problems(run)
        elif self.far_end.asked[f"trial-{trial.number}"]:
            trial.wrong.append("calls were made, and the run is not sealed")

    def _compare(self, trial: Trial, run: Run, key: str, struck: float) -> None:
        store = open_store(settings.EVIDENCE_URL)
        recorded = set(Exchange.objects.filter(run=run).values_list("response_sha256", flat=True))
        named_lost = set(Gap.objects.filter(run=run, kind="content lost").values_list("subject", flat=True))
        acknowledged = self.far_end.acknowledged[key]
        trial.acknowledged, trial.recorded = len(acknowledged), len(recorded)
        for sha256, at in acknowledged.items():
            if trial.fault.forgiven and at > struck - trial.fault.forgiven:
                continue
            if sha256 not in recorded:
                trial.wrong.append(f"an acknowledged answer is not recorded: {sha256[:12]}")
            elif sha256 not in named_lost and not _readable(store, sha256):
                trial.wrong.append(f"an acknowledged answer can't be read: {sha256[:12]}")


def bundle_problems(run: Run) -> list[str]:
    """What is wrong with the bundle of a sealed run, as the verifier says."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_run_bundle(Run.objects.get(pk=run.pk), Path(folder) / "bundle.zip").path
        found = verify_bundle(str(path))
    return [f"bundle of run {run.pk}: {problem}" for problem in found.problems]


def _readable(store: object, sha256: str) -> bool:
    try:
        store.get(sha256)  # type: ignore[attr-defined]
    except (Missing, Damaged):
        return False
    return True


def _at(moment: float, began: float) -> str:
    time.sleep(max(0.0, moment - time.monotonic()))
    return f"{time.monotonic() - began:.1f} s after it was asked for"


def _lives(worker: str) -> bool:
    pid = int(worker.split(":")[1])
    return os.path.exists(f"/proc/{pid}/cmdline")


def _patiently(work: Callable[[], T]) -> T:
    """Work with the database, which may just come back."""
    for _ in range(60):
        try:
            return work()
        except DatabaseError:
            connections.close_all()
            time.sleep(0.5)
    return work()
