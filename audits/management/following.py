"""Following a run from the command line: steps, log lines and the end, on standard error."""

import time
from collections.abc import Callable

from audits.models import LogLine, Run, RunStep
from audits.text import visible

POLL_SECONDS = 0.25
Say = Callable[[str], None]


def follow(run_id: int, say: Say, *, prefix: str = "", log: bool = True, stuck_after: float = 60) -> Run:
    """Print what happens to a run until it has ended, and return it. What the pipeline printed is shown harmless.

    Raises TimeoutError when no worker takes the run for `stuck_after` seconds.
    """
    seen, next_line, began = dict[str, str](), 0, time.monotonic()
    while True:
        run = Run.objects.get(pk=run_id)
        _say_steps(run_id, seen, say, prefix)
        if log:
            next_line = _say_lines(run_id, next_line, say, prefix)
        if not run.is_active:
            return run
        if run.state == Run.State.QUEUED and time.monotonic() - began > stuck_after:
            raise TimeoutError(
                f"no worker has taken run {run_id} for {stuck_after:.0f} s; is one running? `make start` starts it"
            )
        time.sleep(POLL_SECONDS)


def _say_steps(run_id: int, seen: dict[str, str], say: Say, prefix: str) -> None:
    for step in RunStep.objects.filter(run=run_id).order_by("position"):
        if seen.get(step.name, RunStep.State.WAITING) == step.state:
            continue
        seen[step.name] = step.state
        seconds = _seconds(step)
        note = f": {visible(step.note)}" if step.note else ""
        if step.state != RunStep.State.RUNNING:
            say(f"{prefix}{step.name} {step.get_state_display().lower()}{seconds}{note}")


def _seconds(step: RunStep) -> str:
    if step.started_at is None or step.finished_at is None:
        return ""
    return f" ({(step.finished_at - step.started_at).total_seconds():.1f} s)"


def _say_lines(run_id: int, next_line: int, say: Say, prefix: str) -> int:
    for line in LogLine.objects.filter(run=run_id, seq__gte=next_line).order_by("seq"):
        say(f"{prefix}  {visible(line.text)}")
        next_line = line.seq + 1
    return next_line
