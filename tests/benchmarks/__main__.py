"""`make bench`: run every benchmark beside this file, print one table, and write var/benchmarks.json.

A benchmark is a module `bench_*.py` with `main() -> list[Figure]`. It finds Django set up and an empty database that goes
away afterwards. `python -m tests.benchmarks NAME…` runs some of them. Exit code 1: an aim was missed.
"""

import importlib
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection

from tests.benchmarks.figures import Figure, table

HERE = Path(__file__).resolve().parent
ANSWER = HERE.parent.parent / "var" / "benchmarks.json"


def main(names: Sequence[str]) -> int:
    """Run the benchmarks called `names` (all when there are none)."""
    found = sorted(path.stem for path in HERE.glob("bench_*.py"))
    unknown = set(names) - {name.removeprefix("bench_") for name in found}
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(found)}", file=sys.stderr)
        return 2
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        figures = {name: _run(name) for name in found if not names or name.removeprefix("bench_") in names}
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)
    return _report(figures)


def _run(name: str) -> list[Figure]:
    began = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    call_command("flush", interactive=False, verbosity=0)  # what another one left would be measured too
    figures: list[Figure] = importlib.import_module(f"tests.benchmarks.{name}").main()
    print(f"{name} ({time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    return figures


def _report(figures: dict[str, list[Figure]]) -> int:
    flat = [figure for group in figures.values() for figure in group]
    print(table(flat))
    answer = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processors": os.cpu_count(),
        "figures": {name: [figure.as_json() for figure in group] for name, group in figures.items()},
    }
    ANSWER.parent.mkdir(exist_ok=True)
    ANSWER.write_text(json.dumps(answer, indent=1) + "\n")
    return 1 if any(figure.met is False for figure in flat) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
