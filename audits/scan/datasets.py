"""Public data sets that a tree takes in, and which models wrote them, as far as that is published."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audits.scan.following import Program
from audits.scan.modules import Module, Scope
from audits.scan.result import DatasetUse, Evidence
from audits.scan.surroundings import evidence
from audits.scan.tree import SourceFile
from audits.scan.values import Place, argument, called_name

SOURCE = "Data Provenance Initiative, 2025-03-25"
_TABLE = Path(__file__).with_name("generated_datasets.tsv")
_LOADERS = frozenset(
    ("load_dataset", "load_dataset_builder", "LoadDataFromHub", "HFHubDataSource", "HuggingFaceDataset")
)
_ID = re.compile(r"^[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}$")
_ADDRESS = re.compile(r"(?:huggingface\.co/datasets|hf://datasets)/([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})")
_SETTING = re.compile(
    r"""^\s*(?:-\s+)?["']?(?:dataset|datasets|dataset_name|dataset_path|dataset_id|data_path|path|train_dataset|hf_hub_url"""
    r"""|train_data|prompt_data)["']?\s*[:=]\s*\[?\s*["']?([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})["']?"""
)
_READ = frozenset((".yaml", ".yml", ".json", ".toml", ".sh", ".slurm", ".sbatch", ".py", ".ipynb", ".r", ".rmd"))
_OPTION = re.compile(r"--(?:dataset|dataset_name|dataset-name|data_path|train_data)[ =]([\w.-]+/[\w.-]+)")
MOST_PLACES = 20


@cache
def models_of_datasets() -> dict[str, tuple[str, ...]]:
    """Hub id in lower case → the models that wrote the set, by the names of the collection they are taken from."""
    rows = (line.split("\t") for line in _TABLE.read_text("utf-8").splitlines() if line and not line.startswith("#"))
    return {row[0].lower(): tuple(row[1].split("; ")) for row in rows}


@dataclass(frozen=True, slots=True)
class _Named:
    id: str
    place: Evidence


def datasets(program: Program, files: list[SourceFile]) -> tuple[DatasetUse, ...]:
    """The data sets by id, each with what is known of its authors and every place that names it."""
    places: dict[str, list[Evidence]] = {}
    spelled: dict[str, str] = {}
    for named in [*_in_code(program), *_in_text(files)]:
        spelled.setdefault(named.id.lower(), named.id)
        places.setdefault(named.id.lower(), []).append(named.place)
    known = models_of_datasets()
    return tuple(
        DatasetUse(
            spelled[name],
            known.get(name, ()),
            SOURCE if name in known else "",
            tuple(dict.fromkeys(places[name]))[:MOST_PLACES],
        )
        for name in sorted(places)
    )


def _in_code(program: Program) -> Iterator[_Named]:
    for module in program.modules:
        for call, scope in module.calls if not module.is_test else ():
            yield from _of_call(program, call, module, scope)


def _of_call(program: Program, call: ast.Call, module: Module, scope: Scope) -> Iterator[_Named]:
    name = called_name(call)
    kind = argument(call, "repo_type", -1)
    downloads = (
        name in ("snapshot_download", "hf_hub_download") and isinstance(kind, ast.Constant) and kind.value == "dataset"
    )
    if name not in _LOADERS and not downloads:
        return
    given = [argument(call, key, -1) for key in ("path", "repo_id", "dataset_name", "dataset")]
    first = next((one for one in given if one is not None), None) or argument(call, "path", 0)
    for value in program.worth(first, module, scope).values if first is not None else ():
        if _ID.match(value.text) and not value.text.startswith(("data/", "datasets/", "./", "output/", "outputs/")):
            for place in (Place(module, call), *value.places):
                yield _Named(value.text, evidence(place))


def _in_text(files: list[SourceFile]) -> Iterator[_Named]:
    """Settings and options count when the set is a known one: the same keys name folders as often; addresses always do."""
    known = models_of_datasets()
    for file in files:
        if file.extension not in _READ or not ("/" in file.text and ("data" in file.text or "hf://" in file.text)):
            continue
        for number, line in enumerate(file.text.split("\n")[:20_000], start=1):
            if "/" not in line or len(line) > 2_000 or line.lstrip().startswith(("#", "//")):
                continue
            for name in _ADDRESS.findall(line):
                yield _Named(name.rstrip("."), Evidence(file.path, number, line.strip()[:200]))
            match = _SETTING.match(line) or _OPTION.search(line)
            if match and match[1].lower() in known:
                yield _Named(match[1], Evidence(file.path, number, line.strip()[:200]))
