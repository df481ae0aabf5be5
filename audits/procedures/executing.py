"""Running the pipeline's commands: isolated, recorded, with log lines, progress and calls written as they come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from audits.actions.runs import step_progress
from audits.procedures.lifecycle import AuditFailed, Heartbeat, RunLog
from audits.procedures.recording import Recording
from audits.sandbox.limits import Exit
from audits.sandbox.output import Stream
from compliance.embedded.places import secret

FOLLOW_SECONDS = 0.4
LONGEST_LINE = 8192


class LineSplitter:
    """Output in pieces → whole lines to a log; what cannot be decoded is shown as such."""

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._rest: dict[str, bytes] = {}

    def take(self, stream: Stream, chunk: bytes) -> None:
        data = self._rest.get(stream, b"") + chunk
        *lines, rest = data.split(b"\n")
        if len(rest) > LONGEST_LINE:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self._say(stream, line)
        self._rest[stream] = rest

    def close(self) -> None:
        for stream, rest in self._rest.items():
            if rest:
                self._say(stream, rest)
        self._rest.clear()
        self._log.flush()

    def _say(self, stream: str, line: bytes) -> None:
        text = line.rstrip(b"\r")[:LONGEST_LINE].decode("utf-8", "backslashreplace")
        self._log.add("audit" if stream == "gap" else stream, text)


@dataclass
class Follower:
    """Writes what the recorder has seen while the command runs, in a thread of its own; the first error is kept."""

    recording: Recording
    log: RunLog
    heartbeat: Heartbeat
    step: str
    error: BaseException | None = None

    def follow(self, over: threading.Event) -> None:
        """Until `over`, and then once more for the rest."""
        try:
            while True:
                last = over.wait(FOLLOW_SECONDS)
                self.log.flush()
                if self.recording.take():
                    note = f"{self.recording.calls:,} calls recorded"
                    step_progress(self.recording.run_id, self.step, self.recording.calls, note=note)
                if last:
                    return
        except BaseException as error:  # noqa: BLE001 - raised again in the worker's own thread, see `run_recorded`
            self.error = error
            self.heartbeat.stop.set()


def run_recorded(
    command: Callable[[Callable[[Stream, bytes], None], threading.Event], Exit],
    *,
    follower: Follower,
    close_recorder: Callable[[], None],
    release: Callable[[], None],
) -> Exit:
    """Run a command and follow its recorder to the last line. `release` frees what the following thread held."""
    over = threading.Event()
    splitter = LineSplitter(follower.log)

    def follow() -> None:
        try:
            follower.follow(over)
        finally:
            release()

    thread = threading.Thread(target=follow, name=f"follow-{follower.step}", daemon=True)
    thread.start()
    try:
        done = command(splitter.take, follower.heartbeat.stop)
    finally:
        splitter.close()
        close_recorder()
        over.set()
        thread.join()
    if follower.error is not None:
        raise follower.error
    return done


def require_success(done: Exit, what: str, heartbeat: Heartbeat) -> None:
    """Raise AuditFailed, in words, unless the command ended by itself with code 0."""
    if done.status == "cancelled":
        heartbeat.check()
    if done.status != "finished":
        raise AuditFailed(f"{what}: {_sentence(done.reason)}")
    if done.code != 0:
        raise AuditFailed(f"{what} ended with exit code {done.code}. Its last log lines say why.")


def _sentence(reason: str) -> str:
    return reason[0].lower() + reason[1:] + ("" if reason.endswith(".") else ".") if reason else "no reason is known."


def folder_of_authority(var: Path) -> Path:
    """The recorder's certificate authority: one per installation, readable by its owner only."""
    folder = var / "keys" / "recorder"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def mask_salt(var: Path) -> str:
    """The salt of credential fingerprints: one per installation, so that one key looks the same in every run."""
    return secret(var, "mask-salt")
