"""The series of faulted audits, in an installation of its own, which it starts: `series FOLDER --runs …`, by `tests.faults`."""

import argparse
import random
import sys
import time
from collections import defaultdict
from pathlib import Path

import django

from tests.faults.installation import Installation

MADE = Installation(Path(sys.argv[1]))
MADE.start()  # it tells the environment where its servers are, which the settings read
django.setup()

from audits.models import Run, Seal  # noqa: E402 - models need the set-up above
from tests.faults.far_end import FarEnd  # noqa: E402
from tests.faults.kinds import FAULTS, Fault  # noqa: E402
from tests.faults.trial import Lab, Trial, bundle_problems  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--faults")
    chosen = parser.parse_args()
    far_end, chance = FarEnd(), random.Random(chosen.seed)
    kinds = _possible(MADE, chosen.faults.split(",") if chosen.faults else list(FAULTS))
    lab, trials, began = Lab(MADE, far_end), [], time.monotonic()
    for number in range(chosen.runs):
        if time.monotonic() - began > chosen.seconds:
            print(f"stopped after {number} runs: {chosen.seconds:.0f} seconds are over", flush=True)
            break
        trials.append(lab.trial(number, kinds[number % len(kinds)], chance))
        _tell(trials[-1])
    late = _bundles_at_the_end()
    far_end.close()
    return _summary(trials, late, time.monotonic() - began)


def _possible(made: Installation, names: list[str]) -> list[Fault]:
    lacking = {"disk": not made.small_disk, "clock": made.shim is None}
    for name in names:
        if lacking.get(name):
            print(f"not possible here: {name} (needs {'mount' if name == 'disk' else 'a C compiler'})", flush=True)
    return [FAULTS[name] for name in names if not lacking.get(name)]


def _tell(trial: Trial) -> None:
    print(
        f"{trial.number:4} {trial.fault.name:9} {trial.moment:32} {trial.state:10} {trial.acknowledged:3} acknowledged "
        f"{trial.recorded:3} recorded {'sealed' if trial.sealed else 'not sealed':10} {trial.seconds:5.1f} s"
        + "".join(f"\n     WRONG: {one}" for one in trial.wrong),
        flush=True,
    )


def _bundles_at_the_end() -> list[str]:
    """What later faults did to bundles sealed before."""
    sealed = Run.objects.filter(pk__in=Seal.objects.values("run")).select_related("pipeline__project")
    return [problem for run in sealed for problem in bundle_problems(run)]


def _summary(trials: list[Trial], late: list[str], seconds: float) -> int:
    by_kind: defaultdict[str, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_kind[trial.fault.name].append(trial)
    print("\nfault      runs  ended as")
    for name, group in by_kind.items():
        states = sorted({trial.state for trial in group})
        counts = ", ".join(f"{state} {sum(trial.state == state for trial in group)}" for state in states)
        print(f"{name:9} {len(group):5}  {counts}")
    wrong = sum(bool(trial.wrong) for trial in trials)
    print(
        f"\n{len(trials)} runs in {seconds:.0f} s: {sum(trial.acknowledged for trial in trials):,} acknowledged answers, "
        f"{sum(trial.sealed for trial in trials)} sealed; {wrong} runs with something wrong, "
        f"{len(late)} bundles invalid at the end"
    )
    for problem in late:
        print(f"WRONG: {problem}")
    return 1 if wrong or late else 0


if __name__ == "__main__":
    sys.exit(main())
