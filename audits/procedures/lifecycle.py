"""How a run lives and ends: claimed by one worker, a heartbeat beside the work, and one true end state."""

import os
import socket
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType

from django.db import DatabaseError, connection, connections
from django.utils import timezone

from audits.actions import runs
from audits.actions.usage import LogRow, write_log_lines
from audits.evidence.masking import mask_text
from audits.models import LogLine, Run, RunStep
from audits.text import storable

BEAT_SECONDS = 2.0
LONGEST_LINE = 8192  # characters of a row; a longer line takes several


class AuditFailed(Exception):
    """The audited program, or what it left, makes the audit impossible; the text is the reason shown to people."""


class AuditErrored(Exception):
    """Our own machinery failed, and we know how; the text is the reason shown to people."""


class RunLost(Exception):
    """The run is no longer this worker's: it was marked stale, or taken away."""


class Cancelled(Exception):
    """Somebody asked the run to stop."""


def worker_name() -> str:
    """This process, as a run remembers it. The thread is named too: tests run several workers in one process."""
    return f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"


class Heartbeat:
    """Says every two seconds that the worker lives; sets `stop` when the run was cancelled or lost."""

    def __init__(self, run_id: int, worker: str) -> None:
        self.stop = threading.Event()
        self._run_id, self._worker = run_id, worker
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run_id}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join(timeout=10)

    def check(self) -> None:
        """Raise Cancelled or RunLost when the run should go no further."""
        if not self.stop.is_set():
            return
        run = Run.objects.only("cancel_requested_at", "worker", "state").get(pk=self._run_id)
        if run.worker == self._worker and run.is_active and run.cancel_requested_at:
            raise Cancelled
        raise RunLost

    def _beat(self) -> None:
        """A database that is away for a moment costs nothing; one that stays away costs the run, as others see it."""
        heard = time.monotonic()
        try:
            while not self._over.wait(BEAT_SECONDS):
                try:
                    mine = runs.heartbeat(self._run_id, self._worker)
                    heard = time.monotonic()
                except DatabaseError:
                    connections.close_all()
                    mine = time.monotonic() - heard < runs.STALE_AFTER.total_seconds()
                if not mine:
                    self.stop.set()
                    return
        finally:
            connections.close_all()


class RunLog:
    """Log lines of a run, numbered and written in batches; secrets are masked before anything is written."""

    def __init__(self, run_id: int, secrets: tuple[str, ...] = ()) -> None:
        self.run_id, self.secrets, self.step = run_id, secrets, ""
        # How a line of the pipeline's own is kept; lines of the audit itself are kept as they are.
        self.shown: Callable[[str], str] = str
        last = LogLine.objects.filter(run=run_id).order_by("-seq").values_list("seq", flat=True).first()
        self._next = 0 if last is None else last + 1
        self._waiting: list[LogRow] = []
        self._lock = threading.Lock()

    def say(self, text: str) -> None:
        """A line of the audit itself, written at once."""
        self.add("audit", text)
        self.flush()

    def add(self, stream: str, text: str) -> None:
        """A line of the pipeline's; it is written with the next flush. A very long one is masked whole, then cut."""
        text = text if stream == "audit" else self.shown(text)
        clean = storable(mask_text(text, self.secrets))
        pieces = [clean[start : start + LONGEST_LINE] for start in range(0, max(1, len(clean)), LONGEST_LINE)]
        with self._lock:
            for piece in pieces:
                self._waiting.append(LogRow(self.run_id, self._next, timezone.now(), self.step, stream, piece))
                self._next += 1

    def flush(self) -> None:
        with self._lock:
            lines, self._waiting = self._waiting, []
        try:
            write_log_lines(lines)
        except DatabaseError:
            with self._lock:  # the database may come back
                self._waiting = lines + self._waiting
            raise


def conduct(run_id: int, procedure: Callable[[Run, Heartbeat, RunLog], None]) -> None:
    """Claim the run and take it through the procedure to a true end state; nothing is raised for what goes wrong in it."""
    worker = worker_name()
    if not runs.claim(run_id, worker):
        return
    run = Run.objects.select_related("pipeline__project").get(pk=run_id)
    log = RunLog(run_id)
    with Heartbeat(run_id, worker) as heartbeat:
        try:
            procedure(run, heartbeat, log)
        except AuditFailed as failure:
            _end(run_id, worker, Run.State.FAILED, log, reason=str(failure))
        except Cancelled:
            _end(run_id, worker, Run.State.ABORTED, log, reason=_who_cancelled(run_id))
        except RunLost:
            log.flush()  # what was captured stays; the state was set by whoever took the run away
        except AuditErrored as fault:
            _end(run_id, worker, Run.State.ERRORED, log, reason=str(fault), traceback=traceback.format_exc())
        except Exception as error:  # noqa: BLE001 - our own fault must end the run as errored, whatever it is
            reason = f"Clausetrail itself failed ({type(error).__name__}). The evidence captured so far is kept."
            _end(run_id, worker, Run.State.ERRORED, log, reason=reason, traceback=traceback.format_exc())


def _end(run_id: int, worker: str, state: str, log: RunLog, *, reason: str, traceback: str = "") -> None:
    """Close the open step and move the run to its end state, whatever was half done."""
    _wait_for_database()
    runs.move(
        run_id,
        state,
        since=Run.ACTIVE,
        worker=worker,
        reason=storable(mask_text(reason, log.secrets)),
        traceback=storable(mask_text(traceback, log.secrets)),
    )
    running = RunStep.objects.filter(run=run_id, state=RunStep.State.RUNNING).values_list("name", flat=True)
    for name in list(running):
        runs.end_step(run_id, name, RunStep.State.FAILED)
    runs.skip_waiting_steps(run_id)
    log.say(reason)


def _wait_for_database() -> None:
    """What went wrong may have been the database itself; the end of the run needs one. After a minute others see to it."""
    deadline = time.monotonic() + runs.STALE_AFTER.total_seconds()
    while not connection.in_atomic_block:
        try:
            connection.ensure_connection()
            if connection.is_usable():
                return
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
        connection.close()
        time.sleep(BEAT_SECONDS / 4)


def _who_cancelled(run_id: int) -> str:
    asked = Run.objects.only("cancel_requested_at").get(pk=run_id).cancel_requested_at
    return f"Cancelled at {asked:%H:%M:%S} UTC." if asked else "Cancelled."
