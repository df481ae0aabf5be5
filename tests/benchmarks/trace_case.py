"""A lineage case of any size with a known answer: texts drawn from the words of this interpreter's documentation."""

import ast
import json
import random
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

KINDS = {"exact": 38, "normalised": 12, "contained": 22, "near": 8, "human": 12, "unused": 8}
_MODULES = (
    "argparse",
    "ast",
    "csv",
    "datetime",
    "difflib",
    "enum",
    "inspect",
    "random",
    "shutil",
    "subprocess",
    "typing",
)


@dataclass(frozen=True)
class Case:
    """Where the two files lie, and the (row, output) pairs by kind that a tracer should find."""

    outputs: Path
    dataset: Path
    truth: dict[str, set[tuple[int, str]]]


def write_case(folder: Path, rows: int, seed: int) -> Case:
    """Write `outputs.jsonl` and `train.jsonl` of about 600 bytes a row; the same seed writes the same."""
    folder.mkdir(parents=True, exist_ok=True)
    case = Case(folder / "outputs.jsonl", folder / "train.jsonl", {kind: set() for kind in KINDS})
    rng = random.Random(seed)
    kinds = rng.choices(list(KINDS), list(KINDS.values()), k=rows)
    with case.outputs.open("w") as outputs, case.dataset.open("w") as train:
        for number, (kind, body) in enumerate(zip(kinds, _texts(rng), strict=False)):
            said, kept = ways(kind, body, rng)
            if kind != "human":
                outputs.write(json.dumps({"id": f"o{number}", "model": f"model-{number % 3}", "text": said}) + "\n")
                case.truth[kind].add((number, f"o{number}"))
            train.write(json.dumps({"instruction": f"Question {number}?", "output": kept}) + "\n")
    for kind in ("human", "unused"):
        del case.truth[kind]
    return case


def ways(kind: str, body: str, rng: random.Random) -> tuple[str, str]:
    """What the teacher said, and what the row kept of it."""
    words = body.split(" ")
    if kind == "normalised":
        return body, "<p>" + "\n".join(body.upper().split(". ")) + "</p>"
    if kind == "contained":
        cut = " ".join(words[: len(words) * 2 // 3])
        return rng.choice([(f"Sure! Here it is:\n\n{body}\n\nDoes that help?", body), (body, cut)])
    if kind == "near":
        for at in rng.sample(range(len(words)), max(1, len(words) // 16)):
            words[at] = "indeed"
        return body, " ".join(words)
    if kind == "unused":
        return body, "Written by hand: " + " ".join(rng.sample(words, 12))
    return body, body


def vocabulary() -> Counter[str]:
    """Words of this interpreter's documentation, with how often each stands there."""
    return Counter(word for module in _MODULES for word in _words_of(module))


def _texts(rng: random.Random) -> Iterator[str]:
    counted = vocabulary()
    words, weights = list(counted), list(accumulate(counted.values()))
    while True:
        drawn = rng.choices(words, cum_weights=weights, k=rng.randint(40, 140))
        yield " ".join(word + "." if at % 11 == 10 else word for at, word in enumerate(drawn))


def _words_of(module: str) -> list[str]:
    tree = ast.parse((Path(sysconfig.get_path("stdlib")) / f"{module}.py").read_text())
    texts = (
        ast.get_docstring(n) or "" for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.ClassDef, ast.FunctionDef))
    )
    return [word.lower() for text in texts for word in re.findall(r"[A-Za-z]{2,}", text)]
