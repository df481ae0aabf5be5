"""The recorder against direct calls and against mitmdump, by `tests.benchmarks.recorder` in a process of its own."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.figures import Figure


def main() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        answer = Path(folder) / "answer.json"
        # What it prints along the way is progress here: standard output belongs to the one table.
        subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.recorder", "--json", answer], stdout=sys.stderr, check=True
        )
        ratios = json.loads(answer.read_text())["summary"]["ratios"]
    figures = [
        Figure("throughput through the recorder, of direct", ratios["throughput_of_direct"], at_least=0.3),
        Figure("median latency added by the recorder, 16 in flight", ratios["added_median_ms"], "ms", at_most=5.0),
    ]
    if "times_mitmdump" in ratios:
        figures.append(Figure("throughput through the recorder, of mitmdump", ratios["times_mitmdump"], at_least=5.0))
    return figures
