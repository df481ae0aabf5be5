"""`python -m tests.faults --runs 200`: audits that are struck at random moments, and whether what was promised holds.

Each run is a whole audit of a small pipeline, by a real worker with servers of its own. Held against the far end: every
answer that arrived at the pipeline is recorded and can be read; every sealed bundle verifies, now and at the end; every run
ends in a true state. Exit status 1 when something did not hold; the seed makes a series repeatable up to timing.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.installation import Installation


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=36_000, help="begin no further run after so many seconds")
    parser.add_argument("--faults", default="", help="only these, by commas; else all, in turn")
    chosen = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="ct-faults-"))
    home.chmod(0o755)
    try:
        options = [f"--{name}={value}" for name, value in vars(chosen).items()]
        command = [sys.executable, "-m", "tests.faults.series", str(home), *options]
        return subprocess.run(command, check=False).returncode
    finally:
        Installation(home).stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
