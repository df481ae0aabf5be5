"""How often each indicator is told of campaigns and of ordinary products, over many seeds; and calls read per second.

The traffic is that of tests/patterns/traffic.py: thousands of calls a world, all of it drawn anew for each seed. docs/patterns.md
quotes the table that this prints to standard error.
"""

import sys
import time
from collections import Counter
from random import Random

from audits.patterns.calls import Call
from audits.patterns.reading import Reading
from audits.patterns.words import ORDER
from tests.benchmarks.figures import Figure
from tests.patterns.traffic import CAMPAIGNS, ORDINARY

SEEDS = 30
SHOWN = tuple(kind for kind in ORDER if kind != "region")


def main() -> list[Figure]:
    told = {name: _told(name) for name in (*CAMPAIGNS, *ORDINARY)}
    _print(told)
    caught = [sum(one >= 2 for one in told[name][1]) / SEEDS for name in CAMPAIGNS]
    alarms = [sum(one >= 2 for one in told[name][1]) / SEEDS for name in ORDINARY]
    calls = [call for number in range(20) for call in CAMPAIGNS["agents"](Random(f"speed {number}"))]
    return [
        Figure("campaigns with two indicators or more, worst kind", min(caught), "of worlds", at_least=0.9),
        Figure("ordinary products with two indicators or more, worst kind", max(alarms), "of worlds", at_most=0.2),
        Figure("calls read for patterns", _rate(calls), "calls/s"),
    ]


def _told(name: str) -> tuple[Counter[str], list[int]]:
    """In how many worlds each kind was told, and how many kinds in each world."""
    kinds: Counter[str] = Counter()
    numbers = []
    for seed in range(SEEDS):
        found = {
            one.kind for one in Reading().take({**CAMPAIGNS, **ORDINARY}[name](Random(f"{name} {seed}"))).indicators()
        }
        kinds.update(found)
        numbers.append(len(found))
    return kinds, numbers


def _print(told: dict[str, tuple[Counter[str], list[int]]]) -> None:
    print("kind       " + " ".join(f"{kind[:9]:>9}" for kind in SHOWN) + "       >=2       >=3", file=sys.stderr)
    for name, (kinds, numbers) in told.items():
        shares = [kinds[kind] / SEEDS for kind in SHOWN] + [
            sum(one >= least for one in numbers) / SEEDS for least in (2, 3)
        ]
        print(f"{name:<10} " + " ".join(f"{share:9.0%}" for share in shares), file=sys.stderr)


def _rate(calls: list[Call]) -> float:
    began = time.process_time()
    Reading().take(sorted(calls)).indicators()
    return len(calls) / (time.process_time() - began)
