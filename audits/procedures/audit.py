"""The audit of one run, step by step. Each method is one step; its docstring is what the run's page says of it."""

import datetime as dt
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.db import connections

from audits.actions import runs
from audits.actions.reports import request_report
from audits.capture.config import Content
from audits.capture.spool import RECORD
from audits.evidence.store import Store, open_store
from audits.lineage.digests import LIMITS as DIGEST_LIMITS
from audits.manifest import Manifest
from audits.matching.identity import Identities
from audits.matching.outcomes import outcome_of
from audits.models import Gap, Run, RunStep
from audits.procedures import bounding, collecting, concluding, inner_servers, judging, preparing, replaying, tracing
from audits.procedures.bodies import RecordedBodies
from audits.procedures.bounds_followed import BoundsFollowed
from audits.procedures.credentials import Credentials, find_credentials
from audits.procedures.executing import (
    Follower,
    Recorded,
    folder_of_authority,
    mask_salt,
    require_success,
    run_recorded,
    shown_as,
)
from audits.procedures.isolation import way_out
from audits.procedures.left_out import withheld
from audits.procedures.lifecycle import AuditErrored, AuditFailed, Heartbeat, RunLog
from audits.procedures.recording import Recording
from audits.procedures.report import make_report
from audits.procedures.workspace import SourceFile, Workspace, listing, new_workspace
from audits.queries.lineage import shares
from audits.run_limits import merged
from audits.sandbox.capability import probe
from audits.sandbox.execution import run as run_isolated
from audits.sandbox.limits import Exit, Limits
from audits.sandbox.python_environment import EnvironmentFailed, PythonEnvironment, python_environment
from audits.sandbox.registries import registry_hosts
from audits.scan.directory import directory_of
from audits.scan.scanning import scan_tree
from audits.text import storable_json
from compliance.engine.library import Library
from compliance.queries.library import library_from_database

DEFAULT_PYTHON = "3.11"
SETUP_LIMITS = Limits(wall_seconds=1800)


@dataclass
class RunUnderAudit:
    """Everything one audit holds while it runs. `failure`: why it will not complete, while what was captured is judged."""

    run: Run
    heartbeat: Heartbeat
    log: RunLog
    workspace: Workspace
    store: Store
    library: Library
    manifest: Manifest = field(init=False)
    credentials: Credentials = field(init=False)
    environment: PythonEnvironment = field(init=False)
    source: list[SourceFile] = field(default_factory=list)
    pieces: list[concluding.Piece] = field(default_factory=list)
    lineage: tracing.Lineage = field(default_factory=tracing.Lineage)
    failure: AuditFailed | AuditErrored | None = None

    def prepare(self) -> None:
        """Copies the source tree, reads audit.toml, and makes the pipeline's own environment."""
        self._fetch_source()
        self._read_manifest()
        self._note_isolation()
        packages = self._make_environment()
        note = f"{len(self.source):,} files copied, {packages:,} packages in an environment of its own"
        runs.end_step(self.run.pk, "prepare", note=note)

    def scan(self) -> None:
        """Reads the source for the models and hosts it names, without running any of it."""
        found = storable_json(scan_tree(self.workspace.tree, directory_of(self.library)).as_json())
        self._update(scan=found)
        self._keep("scan", "static scan", json.dumps(found, sort_keys=True).encode())
        uses, files = len(found["uses"]), found["files"]
        named = f"{uses:,} {'use' if uses == 1 else 'uses'} of models"
        runs.end_step(self.run.pk, "scan", note=f"{named} named in {files:,} {'file' if files == 1 else 'files'}")

    def execute(self) -> None:
        """Runs the pipeline with the recorder as its only way out."""
        program = self.manifest.pipeline
        limits = Limits(
            memory_mb=program.memory_mb,
            disk_mb=program.disk_mb,
            processes=program.processes,
            wall_seconds=program.timeout_minutes * 60,
        )
        done = self._run_recorded("execute", list(program.command), limits)
        self._update(exit_status=done.exit.status, exit_code=done.exit.code)
        self.run.refresh_from_db(fields=["limits_used", "replay"])
        try:
            require_success(done, "The pipeline", self.heartbeat)
        except (AuditFailed, AuditErrored) as failure:
            self.failure = failure  # what it asked of models before it failed is judged all the same
            runs.end_step(self.run.pk, "execute", RunStep.State.FAILED, note=str(failure))

    def collect(self) -> None:
        """Hashes and keeps the datasets and the student that audit.toml declares."""
        before = {file.path: file.changed_ns for file in self.source}
        found = collecting.collect_datasets(self.run, self.manifest, self.workspace.tree, before)
        found += collecting.collect_student(self.run, self.manifest.student, self.workspace.tree)
        for piece in found:
            self._keep_file(piece.kind, piece.name, piece.path, piece.sha256, piece.size)
        for kind, subject, words in collecting.gaps(self.run):
            self._gap(kind, subject, words)
        runs.end_step(self.run.pk, "collect", note=f"{len(found)} files hashed")

    def trace(self) -> None:
        """Finds which recorded answer became which row of the datasets."""
        self.lineage = tracing.trace_run(self.run, self.workspace.outputs, self.workspace.tree)
        if self.run.content == Run.Content.HASHES:
            self._gap("lineage", "answers", DIGEST_LIMITS)
        judging.decide_what_calls_were_for(self.run, self.lineage)
        self._update(prompts=tracing.profile_prompts(self.workspace.outputs))
        self._keep("lineage", "lineage", json.dumps(shares(self.run), sort_keys=True).encode())
        words = f"{self.lineage.derived_rows:,} of {self.lineage.rows:,} rows derive from recorded answers"
        runs.end_step(self.run.pk, "lineage", note=words)

    def match(self) -> None:
        """Holds every distinct use against the terms in force on its day."""
        # Read anew: a rule may have been published while the pipeline ran, perhaps for hours.
        now = library_from_database(self.run.pipeline.project_id)
        if self.run.is_replay:
            self._compare(now)
            return
        found = [] if self.run.record_only else judging.judge(self.run, now)
        runs.end_step(self.run.pk, "match", note="Recorded only" if self.run.record_only else f"{len(found)} findings")

    def conclude(self) -> None:
        """Seals the evidence, findings included."""
        unjudged = self.run.record_only or self.run.is_replay
        self._update(outcome="" if unjudged else outcome_of(self.run))
        self.pieces += concluding.findings_pieces(self.run, self.store)
        self.store.settle()
        root = concluding.seal_run(self.run, self.pieces, Path(settings.VAR_DIR))
        self.workspace.remove_blobs()
        runs.end_step(self.run.pk, "conclude", note=f"Sealed under {root[:23]}…")

    def report(self) -> None:
        """Freezes the context and makes the paper from it."""
        report = request_report(run=self.run, acting_user=self.run.requested_by)
        made = make_report(report.pk, state=end_state(self.failure))
        report.refresh_from_db()
        note = f"{report.pages} pages" if made else "The report could not be made; its page says why"
        runs.end_step(self.run.pk, "report", RunStep.State.DONE if made else RunStep.State.FAILED, note=note)

    # How the steps do it

    def _compare(self, library: Library) -> None:
        """What the replay's answers come to under the terms of the recorded days: compared, and not stored as findings."""
        self.run.refresh_from_db(fields=["replay"])
        result = replaying.compared(judging.worked_out(self.run, library)[1], self.run)
        self._update(replay={**self.run.replay, "findings_compared": result})
        same, gone, new = (len(result[key]) for key in ("reproduced", "gone", "new"))
        runs.end_step(self.run.pk, "match", note=f"Replay: {same} findings reproduced, {gone} gone, {new} new")

    def _fetch_source(self) -> None:
        tree = self.workspace.tree
        self.source, notes = preparing.fetch_source(self.run.pipeline, self.store, tree)
        for note in notes:
            self.log.say(note)
        for file in self.source:
            put_file(self.store, tree / file.path)
        self._update(source_sha256=self._keep("source", "listing of the source tree", listing(self.source)))
        self.log.say(f"Copied {len(self.source):,} files of source.")

    def _read_manifest(self) -> None:
        name = self.run.pipeline.manifest_path
        self.manifest, text = preparing.read_manifest(self.workspace.tree, name)
        self._keep("manifest", name, text.encode())
        self._update(manifest_text=text, manifest=self.manifest.as_json())
        self.credentials, missing = find_credentials(
            self.manifest.pipeline.secrets, self.library, settings.CREDENTIALS_FILE
        )
        self.log.secrets = self.credentials.values
        limits = merged(self.manifest.limits.as_json(), self.run.limits)
        self._update(limits=limits, content=self.run.content or self.manifest.content or Run.Content.FULL)
        self.log.shown = shown_as(self.run.content, mask_salt(Path(settings.VAR_DIR)))
        if limits:
            self._keep("limits", "limits of the run", json.dumps(limits, sort_keys=True).encode())
        names = ", ".join(missing)
        if missing and not self.run.upstreams and not self.run.is_replay:
            raise AuditFailed(
                f"No value for the secret {names}. Set it in the worker's environment, or give an upstream."
            )
        if missing:
            who = "a replay needs none" if self.run.is_replay else "simulated upstreams get a placeholder"
            self.log.say(f"No value is held for the secret {names}; {who}.")

    def _note_isolation(self) -> None:
        capability = probe()
        self._update(isolation=capability.isolation, isolation_reasons=list(capability.reasons))
        for reason in capability.reasons:
            self.log.say(f"Isolation: {reason}")

    def _make_environment(self) -> int:
        """The pipeline's own environment, set up as audit.toml says; tells how many packages are in it."""
        tree, program = self.workspace.tree, self.manifest.pipeline
        cache = Path(settings.VAR_DIR) / "cache" / "pipelines" / str(self.run.pipeline_id)
        try:
            self.environment = python_environment(
                tree, version=program.python or DEFAULT_PYTHON, cache_folder=cache, cancel=self.heartbeat.stop
            )
        except EnvironmentFailed as failure:
            self.heartbeat.check()
            raise AuditFailed(str(failure)) from failure
        version = preparing.python_version(tree, self.environment.interpreter.version)
        if program.setup:
            self.log.say(f"Setting up: {' '.join(program.setup)}")
            done = self._run_recorded("setup", list(program.setup), SETUP_LIMITS)
            require_success(done, "Setting up the pipeline's environment", self.heartbeat)
        facts = {"python": version, "packages": preparing.installed_packages(tree)}
        self._update(environment=facts)
        self._keep("environment", "interpreter and packages", json.dumps(facts, sort_keys=True).encode())
        return len(facts["packages"])

    def _run_recorded(self, phase: str, command: list[str], limits: Limits) -> Recorded:
        """Run a command of the pipeline's in one phase: `setup` reaches package registries only, `execute` any host."""
        setup = phase == "setup"
        bodies = RecordedBodies(self.workspace.blobs(phase), self.store)
        recording = Recording(
            run_id=self.run.pk,
            step="prepare" if setup else "execute",
            spool=self.workspace.spool(phase),
            read_blob=bodies.read,
            keep=bodies.keep,
            identities=Identities(self.library),
            outputs=self.workspace.outputs,
            bounds=BoundsFollowed(self.run.pk),
        )
        var = Path(settings.VAR_DIR)
        registries = tuple(registry_hosts()) if setup else ()
        with way_out(
            run_id=self.run.pk,
            phase="setup" if setup else "execute",
            spool=recording.spool,
            blobs=self.workspace.blobs(phase),
            authority=folder_of_authority(var),
            policies=dict.fromkeys(registries, "splice"),
            private_hosts=registries,  # many companies run their own mirror
            upstreams=None if setup else self.run.upstreams,
            secrets=() if setup or self.run.is_replay else self.credentials.secrets,
            mask_salt=mask_salt(var),
            content=cast("Content", self.run.content or "full"),
            **({} if setup else self._bounds(var)),
        ) as way:

            def isolated(on_output: Callable[..., None], cancel: Any) -> Exit:
                environment = self.environment
                return run_isolated(
                    command,
                    tree=self.workspace.tree,
                    limits=limits,
                    network=way.network,
                    environment={
                        **(environment.setup_variables if setup else environment.variables),
                        **({} if setup else self.credentials.variables),
                        **self.manifest.pipeline.env,
                    },
                    mounts=environment.setup_mounts if setup else environment.mounts,
                    ca_bundle=None if setup else folder_of_authority(var) / "ca.pem",
                    on_output=on_output,
                    cancel=cancel,
                )

            follower = Follower(recording, self.log, self.heartbeat, way.recorder, recording.bounds)
            done = run_recorded(isolated, follower=follower, release=connections.close_all)
            for kind, subject, words in inner_servers.gaps(way.network):
                self._gap(kind, subject, words)
        self._keep_record(phase, recording, done)
        return done

    def _bounds(self, var: Path) -> dict[str, Any]:
        """What the recorder of the pipeline's own calls holds them against, or answers them from."""
        if self.run.is_replay:
            return {"recording": replaying.recording_for(self.run, self.store, self.workspace.root / "replay")}
        return {"allowance": bounding.allowance_of(self.run, self.library, var / "cache" / "prices")}

    def _keep_record(self, phase: str, recording: Recording, done: Recorded) -> None:
        """The recorder's log into evidence, and what is missing from it or from the log lines as gaps."""
        if done.exit.output_dropped:
            self._gap("output", phase, f"{done.exit.output_dropped:,} bytes of output were more than is kept")
        if done.lines_dropped:
            self._gap("output", phase, f"{done.lines_dropped:,} lines of output were more than are kept")
        if done.recorder_status:
            self._gap("recorder", phase, f"The recorder ended early, with status {done.recorder_status}")
        record = recording.spool / RECORD
        size = record.stat().st_size
        self._enter(concluding.Piece("record", f"recorder's log of {phase}", put_file(self.store, record), size))

    def _keep(self, kind: str, name: str, content: bytes) -> str:
        digest = self.store.put(content)
        self._enter(concluding.Piece(kind, name, digest, len(content)))
        return digest

    def _keep_file(self, kind: str, name: str, path: Path, sha256: str, size: int) -> None:
        if size <= collecting.LARGEST_KEPT and not withheld(self.run, kind):
            put_file(self.store, path)
        self._enter(concluding.Piece(kind, name, sha256, size))

    def _enter(self, piece: concluding.Piece) -> None:
        """Into the run's evidence, and on the disk: should this worker die, the run is sealed from there."""
        self.pieces.append(piece)
        self.workspace.enter(asdict(piece))

    def _update(self, **fields: Any) -> None:
        """Write facts of the run at once, beside whatever others write to its row."""
        Run.objects.filter(pk=self.run.pk).update(**fields)
        for name, value in fields.items():
            setattr(self.run, name, value)

    def _gap(self, kind: str, subject: str, detail: str) -> None:
        Gap.objects.create(
            run=self.run,
            at=dt.datetime.now(dt.UTC),
            step=self.log.step,
            kind=kind,
            subject=subject[:400],
            detail=detail,
        )


def put_file(store: Store, path: Path) -> str:
    """Keep a file, read in pieces; returns its SHA-256."""
    with path.open("rb") as file:
        return store.put(file)


def end_state(failure: Exception | None) -> str:
    """The state that a run ends in, having come to its last step with this failure."""
    if failure is None:
        return Run.State.COMPLETED
    return Run.State.FAILED if isinstance(failure, AuditFailed) else Run.State.ERRORED


def audit(run: Run, heartbeat: Heartbeat, log: RunLog) -> None:
    """The whole procedure: prepare → scan → execute → collect → lineage → match → conclude → report."""
    bare = not probe().files and os.geteuid() == 0
    under_audit = RunUnderAudit(
        run=run,
        heartbeat=heartbeat,
        log=log,
        workspace=new_workspace(Path(settings.VAR_DIR) / "runs", run.pk, bare=bare),
        store=open_store(settings.EVIDENCE_URL),
        library=library_from_database(run.pipeline.project_id),
    )
    under_audit.workspace.claim(run.pk, run.requested_at.isoformat())
    try:
        _take_steps(under_audit)
    finally:
        under_audit.workspace.remove_tree()
    if under_audit.failure is not None:
        raise under_audit.failure
    if runs.move(run.pk, Run.State.COMPLETED, since=Run.ACTIVE, worker=run.worker):
        log.say("The audit is complete.")


def _take_steps(under_audit: RunUnderAudit) -> None:
    run, heartbeat = under_audit.run, under_audit.heartbeat
    states = {"execute": Run.State.RUNNING, "collect": Run.State.ANALYSING}
    for name, step in _steps(under_audit):
        heartbeat.check()
        if name in states and not runs.move(run.pk, states[name], since=Run.ACTIVE, worker=run.worker):
            heartbeat.stop.set()
            heartbeat.check()
        with _step(run.pk, name, under_audit.log):
            step()


def _steps(under_audit: RunUnderAudit) -> Iterator[tuple[str, Callable[[], None]]]:
    yield "prepare", under_audit.prepare
    yield "scan", under_audit.scan
    yield "execute", under_audit.execute
    yield "collect", under_audit.collect
    yield "lineage", under_audit.trace
    yield "match", under_audit.match
    yield "conclude", under_audit.conclude
    yield "report", under_audit.report


@contextmanager
def _step(run_id: int, name: str, log: RunLog) -> Iterator[None]:
    log.step = name
    runs.begin_step(run_id, name)
    yield
    log.flush()
    runs.end_open_step(run_id, name)
