"""What the client scripts share: labelled prompts, and one line of JSON for each case they did. Standard library only."""

from __future__ import annotations

import importlib.metadata
import json
import sys
import traceback
from collections.abc import Callable

KEY = "sk-matrix-0123456789abcdef"
Cases = dict[str, Callable[[str], int]]


def prompt(client: str, case: str, words: str = "") -> str:
    """A prompt that both logs can be sorted by; `words`: wishes the far end understands, such as [[gzip]]."""
    return f"matrix:{client}:{case}; At what temperature does water boil? {words}"


def version_of(package: str) -> str:
    """The installed version of a distribution."""
    return importlib.metadata.version(package)


def do(client: str, version: str, cases: Cases) -> None:
    """Run each case, tell how many calls it made, and tell of a case that failed without leaving the others out."""
    for case, run in cases.items():
        line: dict[str, object] = {"client": client, "version": version, "case": case}
        try:
            line["made"] = run(case)
        except Exception as error:  # noqa: BLE001 - told to the test, which fails with it
            trace = traceback.extract_tb(error.__traceback__)[-1]
            line["problem"] = f"{type(error).__name__}: {error} ({trace.filename.rsplit('/', 1)[-1]}:{trace.lineno})"[
                :900
            ]
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
