"""`make demo`: from nothing to two finished audits, in one table of steps."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from compliance.embedded import supervisor
from compliance.embedded.application import PROJECT, child_environment
from compliance.embedded.preparation import manage
from compliance.embedded.processes import log_path, tail

Say = Callable[[str], None]

ADMINISTRATOR = ("make_administrator", "--if-none")
# After the servers run: what is said, and the command of manage.py whose own progress is shown as it comes.
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (("auditing the two example pipelines", ("audit_examples",)),)


def run(var: Path, say: Say) -> int:
    """Start all, audit the examples, and say where to look; returns the exit code for the shell."""
    began = time.monotonic()
    address = supervisor.start(var, say)
    for title, command in STEPS:
        say(f"\n{title}")
        code = _show(var, command)
        if code != 0:
            say(
                f"\n`python manage.py {' '.join(command)}` ended with code {code}; the last lines of var/log/auditor.log:"
            )
            say(tail(log_path(var, "auditor")))
            return 2
    make_administrator(var, say)
    say(f"\nOpen {address}   (all of it took {time.monotonic() - began:.0f} s; `make stop` ends it, the data stay)")
    return 0


def make_administrator(var: Path, say: Say) -> None:
    """Make an administrator when there is none, and show the one-time password, this once."""
    printed = manage(var, *ADMINISTRATOR, say=lambda _: None).strip()
    if printed:
        say(f"\n{printed}")


def _show(var: Path, command: tuple[str, ...]) -> int:
    environment = child_environment(var) | {"CLAUSETRAIL_SERVICES": "started"}
    return subprocess.run(
        [sys.executable, PROJECT / "manage.py", *command],
        env=environment,
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        check=False,
    ).returncode
