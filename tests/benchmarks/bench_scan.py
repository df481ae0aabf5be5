"""Seconds for a tree of 10,000 files: most of them ordinary modules of a large project, some that ask a model."""

import resource
import tempfile
import time
from pathlib import Path

from django.conf import settings

from audits.scan.directory import directory_of
from audits.scan.scanning import scan_tree
from compliance.engine.rulebook import load_directory
from tests.benchmarks.figures import Figure

FILES = 10_000
LIMIT_SECONDS = 60.0
ASKS = """\
from openai import OpenAI
from project.part_{n}.settings import MODEL
client = OpenAI()


def ask_{n}(prompt):
    return client.chat.completions.create(model=MODEL, messages=[{{"role": "user", "content": prompt}}])
"""
SETTINGS = "MODEL = 'gpt-4o-mini'\nLIMIT = {n}\n"
SCRIPT = "import OpenAI from 'openai';\nconst client = new OpenAI();\nclient.chat.completions.create({{ model: 'gpt-4o' }});\n"
ORDINARY = """\
import os
from project.part_{n} import tools


class Step{n}:
    def __init__(self, size={n}, name="step"):
        self.size, self.name = size, name

    def run(self, rows):
        kept = [row for row in rows if len(row) > self.size]
        for row in kept:
            tools.note(self.name, os.path.join("out", str(row)))
        return {{"kept": len(kept), "of": len(rows)}}
"""


def main() -> list[Figure]:
    """One tree, written to a folder that goes away afterwards, scanned once."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        directory = directory_of(load_directory(Path(settings.BASE_DIR) / "compliance" / "rulebook"))
        wall, processor = time.perf_counter(), time.process_time()
        result = scan_tree(Path(folder), directory)
        seconds = time.perf_counter() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure(f"scan, {FILES:,} files: seconds against {LIMIT_SECONDS:.0f} s", seconds / LIMIT_SECONDS, at_most=1.0),
        Figure("scan: processor seconds", time.process_time() - processor, "s"),
        Figure("scan: files read", result.files, "files", at_least=FILES),
        Figure("scan: places that ask a model found", len(result.uses[0].evidence), "places", at_least=300),
        Figure("scan: most memory of the process", memory, "MB", at_most=2000),
    ]  # fmt: skip


def _write(root: Path) -> None:
    texts = [ORDINARY * 6] * 7 + [SETTINGS, SCRIPT, '{{"rows": {n}, "name": "x"}}\n' * 40]
    names = ["step_{n}.py"] * 7 + ["settings.py", "page_{n}.ts", "data_{n}.json"]
    for n in range(FILES):
        kind = n % len(texts)
        folder = root / "project" / f"part_{n // len(texts)}"
        folder.mkdir(parents=True, exist_ok=True)
        text = ASKS + "ask_{n}('x')\n" if kind == 0 and n % 100 == 0 else texts[kind]
        (folder / names[kind].format(n=n)).write_text(text.format(n=n // len(texts) if "MODEL" in text else n))
