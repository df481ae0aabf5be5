"""Running the pipeline's commands: isolated, recorded, with log lines, progress and calls written as they come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audits.actions.runs import step_progress
from audits.capture.personal import PersonalData
from audits.capture.process import RecorderProcess
from audits.procedures.bounds_followed import BoundsFollowed
from audits.procedures.lifecycle import AuditErrored, AuditFailed, Heartbeat, RunLog
from audits.procedures.recording import Recording
from audits.sandbox.limits import Exit
from audits.sandbox.output import Stream
from compliance.embedded.places import secret

FOLLOW_SECONDS = 0.4
LONGEST_HELD = 64 * 1024  # bytes of a line without an end that are waited for
MOST_LINES = 100_000  # of one command: what a training script prints, not what a printer of empty lines does


class LineSplitter:
    """Output in pieces → whole lines to a log; what cannot be decoded is shown as such. `dropped` counts lines left out."""

    def __init__(self, log: RunLog, most: int = MOST_LINES) -> None:
        self._log, self._most = log, most
        self._rest: dict[str, bytes] = {}
        self._taken = 0

    @property
    def dropped(self) -> int:
        return max(0, self._taken - self._most)

    def take(self, stream: Stream, chunk: bytes) -> None:
        data = self._rest.get(stream, b"") + chunk
        *lines, rest = data.split(b"\n")
        if len(rest) > LONGEST_HELD:
            lines, rest = [*lines, rest], b""
        for line in lines:
            self._say(stream, line)
        self._rest[stream] = rest

    def close(self) -> None:
        for stream, rest in self._rest.items():
            if rest:
                self._say(stream, rest)
        self._rest.clear()
        if self.dropped:
            self._log.add("audit", f"{self.dropped:,} further lines are not kept: {self._most:,} of one command are.")
        self._log.flush()

    def _say(self, stream: str, line: bytes) -> None:
        self._taken += 1
        if self._taken <= self._most:
            text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
            self._log.add("audit" if stream == "gap" else stream, text)


@dataclass
class Follower:
    """Writes what the recorder has seen while a command runs, in a thread of its own; the first error is kept.

    `stop` ends the command: when the run is cancelled or lost, when it met a bound at which it is to stop, when writing
    fails, and when the recorder is gone, since nothing of what the command does from then on could be recorded.
    """

    recording: Recording
    log: RunLog
    heartbeat: Heartbeat
    recorder: RecorderProcess
    bounds: BoundsFollowed
    stop: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None

    def follow(self, over: threading.Event) -> None:
        """Until `over`, and then once more for the rest."""
        try:
            while True:
                last = over.wait(FOLLOW_SECONDS)
                self._take()
                if last:
                    return
                if self.heartbeat.stop.is_set() or not self.recorder.alive or self.bounds.stopped:
                    self.stop.set()
        except BaseException as error:  # noqa: BLE001 - raised again in the worker's own thread, see `run_recorded`
            self.error = error
            self.stop.set()

    def _take(self) -> None:
        self.log.flush()
        self.bounds.tell(self.recorder)
        if self.recording.take():
            note = f"{self.recording.calls:,} calls recorded"
            step_progress(self.recording.run_id, self.recording.step, self.recording.calls, note=note)


@dataclass(frozen=True)
class Recorded:
    """How a recorded command ended. `recorder_status` 0: the record is whole; `lines_dropped`: log lines not kept;
    `stopped`: the bound at which the run was stopped."""

    exit: Exit
    recorder_status: int
    lines_dropped: int
    stopped: str = ""


def run_recorded(
    command: Callable[[Callable[[Stream, bytes], None], threading.Event], Exit],
    *,
    follower: Follower,
    release: Callable[[], None],
) -> Recorded:
    """Run a command and follow its recorder to the last line. `release` frees what the following thread held."""
    over = threading.Event()
    splitter = LineSplitter(follower.log)

    def follow() -> None:
        try:
            follower.follow(over)
        finally:
            release()

    thread = threading.Thread(target=follow, name=f"follow-{follower.recording.step}", daemon=True)
    thread.start()
    try:
        done = command(splitter.take, follower.stop)
    finally:
        splitter.close()
        status = follower.recorder.stop()
        over.set()
        thread.join()
    if follower.error is not None:
        raise follower.error
    return Recorded(done, status, splitter.dropped, follower.bounds.stopped)


def require_success(done: Recorded, what: str, heartbeat: Heartbeat) -> None:
    """Raise AuditFailed, in words, unless the command ended by itself with code 0; AuditErrored when its record is not whole."""
    heartbeat.check()
    if done.recorder_status:
        raise AuditErrored(
            f"The recorder ended with status {done.recorder_status} while the pipeline ran. The way out was closed with it and "
            "the pipeline stopped; what was recorded until then is kept. Run the audit again."
        )
    if done.stopped:
        raise AuditFailed(f"{what} was stopped at a limit of its run, before the call left. {done.stopped}")
    if done.exit.status != "finished":
        raise AuditFailed(f"{what}: {_sentence(done.exit.reason)}")
    if done.exit.code != 0:
        raise AuditFailed(f"{what} ended with exit code {done.exit.code}. Its last log lines say why.")


def _sentence(reason: str) -> str:
    return reason[0].lower() + reason[1:] + ("" if reason.endswith(".") else ".") if reason else "no reason is known."


def folder_of_authority(var: Path) -> Path:
    """The recorder's certificate authority: one per installation, readable by its owner only."""
    folder = var / "keys" / "recorder"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def shown_as(content: str, salt: str) -> Callable[[str], str]:
    """How a line that the pipeline printed is kept: as it is, under pseudonyms, or as its length alone."""
    if content == "hashes":
        return lambda text: f"[{len(text):,} characters, not kept]" if text else ""
    return PersonalData(salt).mask if content == "masked" else lambda text: text


def mask_salt(var: Path) -> str:
    """The salt of credential fingerprints: one per installation, so that one key looks the same in every run."""
    return secret(var, "mask-salt")
