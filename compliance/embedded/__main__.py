"""`python -m compliance.embedded COMMAND`: what `make start`, `make stop` and `make demo` run."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from compliance.embedded import backup, demo, supervisor
from compliance.embedded.application import PortError
from compliance.embedded.places import PlaceError, log_directory
from compliance.embedded.postgres import ClusterError
from compliance.embedded.preparation import PreparationError
from compliance.embedded.processes import ProcessError, tail
from compliance.embedded.programs import ProgramError

FAILURES = (backup.BackupError, ClusterError, PlaceError, PortError, PreparationError, ProcessError, ProgramError)


def main(arguments: Sequence[str] | None = None) -> int:
    """0: done; 1: `status` found something not running; 2: could not be done, the reason on standard error."""
    chosen = _parser().parse_args(arguments)
    var = supervisor.variable_directory()
    try:
        return int(chosen.run(var, chosen))
    except FAILURES as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 2


def _start(var: Path, _: argparse.Namespace) -> int:
    began = time.monotonic()
    address = supervisor.start(var, _say)
    demo.make_administrator(var, _say)
    _say(f"\nClausetrail runs at {address} (ready in {time.monotonic() - began:.0f} s; `make stop` ends it)")
    return 0


def _stop(var: Path, _: argparse.Namespace) -> int:
    began = time.monotonic()
    if supervisor.stop(var, _say):
        _say(f"all stopped ({time.monotonic() - began:.1f} s); the data stay in {_near(var)}")
    else:
        _say("nothing was running")
    return 0


def _restart(var: Path, chosen: argparse.Namespace) -> int:
    return _stop(var, chosen) or _start(var, chosen)


def _status(var: Path, chosen: argparse.Namespace) -> int:
    states = supervisor.status(var)
    if chosen.format == "json":
        print(json.dumps([asdict(state) for state in states]))
    else:
        for state in states:
            print(f"{state.name:<10} {_described(state)}")
    return 0 if all(state.record or state.elsewhere for state in states) else 1


def _logs(var: Path, chosen: argparse.Namespace) -> int:
    logs = sorted(log_directory(var).glob("*.log"))
    for log in logs:
        if not chosen.name or log.stem == chosen.name:
            print(f"== {_near(log)}\n{tail(log, chosen.lines)}")
    return 0


def _demo(var: Path, _: argparse.Namespace) -> int:
    return demo.run(var, _say)


def _dump(var: Path, chosen: argparse.Namespace) -> int:
    _refuse_foreign_database()
    with supervisor.borrowed_database(var):
        backup.dump(var, chosen.file)
    _say(f"{_near(chosen.file.absolute())} holds the database ({chosen.file.stat().st_size:,} bytes)")
    return 0


def _restore(var: Path, chosen: argparse.Namespace) -> int:
    _refuse_foreign_database()
    with supervisor.borrowed_database(var):
        backup.restore(var, chosen.file)
    _say("restored; `make start` brings it up to date")
    return 0


def _refuse_foreign_database() -> None:
    if os.environ.get("DATABASE_URL"):
        raise backup.BackupError("DATABASE_URL names your own server: use its own pg_dump and pg_restore")


def _described(state: supervisor.State) -> str:
    if state.elsewhere:
        return "named by the environment"
    if state.record is None:
        return "not running"
    return " ".join(("runs since", state.record.since, f"pid {state.record.pid}", *state.record.details.values()))


def _near(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def _say(line: str) -> None:
    print(line, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m compliance.embedded", description="The servers below var/ and our processes."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    texts = {
        "start": (_start, "start PostgreSQL, the broker, workers, beat and the web server"),
        "stop": (_stop, "stop all that was started, by pid"),
        "restart": (_restart, "stop, then start"),
        "status": (_status, "what runs; exit code 1 when something does not"),
        "logs": (_logs, "the last lines of the logs"),
        "demo": (_demo, "start, then audit the two examples"),
        "dump": (_dump, "write the embedded database to a file"),
        "restore": (_restore, "read such a file into an empty database"),
    }
    for name, (run, text) in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        if name == "status":
            command.add_argument("--format", choices=("table", "json"), default="table")
        if name in ("dump", "restore"):
            command.add_argument("file", type=Path)
        if name == "logs":
            command.add_argument("name", nargs="?", help="one process: postgres, valkey, worker, auditor, beat or web")
            command.add_argument("--lines", type=int, default=40)
    return parser


if __name__ == "__main__":
    sys.exit(main())
