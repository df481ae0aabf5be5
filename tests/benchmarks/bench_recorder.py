"""The recorder against direct calls, mitmdump and LiteLLM's proxy, and its memory over many calls; each in processes of
its own, by `tests.benchmarks.recorder`."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure

LONG = 100_000
RIVALS = {"mitmdump": ("mitmdump recording the same", 10.0), "litellm": ("LiteLLM's proxy with logging", 50.0)}


def _measured(*options: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        answer = Path(folder) / "answer.json"
        # What it prints along the way is progress here: standard output belongs to the one table.
        command = [sys.executable, "-m", "tests.benchmarks.recorder", "--json", str(answer), *options]
        subprocess.run(command, stdout=sys.stderr, check=True)
        return dict(json.loads(answer.read_text()))


def main() -> list[Figure]:
    ratios = _measured()["summary"]["ratios"]
    figures = []
    for way, protocol in (("recorder", "HTTP/1.1"), ("recorder, HTTP/2", "HTTP/2")):
        found = ratios[way]
        figures += [
            Figure(f"throughput through the recorder, {protocol}, of direct", found["of_direct"], at_least=0.5),
            Figure(f"median latency added, {protocol}, 16 in flight", found["added_median_ms"], "ms", at_most=3.0),
        ]
    for rival, (words, least) in RIVALS.items():
        if f"times {rival}" in ratios:
            figures.append(
                Figure(f"throughput through the recorder, of {words}", ratios[f"times {rival}"], at_least=least)
            )
    long = _measured("--long", str(LONG))
    name = f"memory the recorder gained between {LONG // 5:,} and {LONG:,} calls"
    return [*figures, Figure(name, long["growth_mb"], "MB", at_most=16.0)]
