"""Which Python files of a large tree can bear on models: those that name an SDK, and all that are tied to them by imports.

A tree with few files is read whole. In a large one most files (a vendored library, generated code) can have no part in what the
scan answers, and parsing is what takes the time.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from audits.scan.sdks import ASKING_BY_DEFAULT, CLIENTS, FUNCTIONS
from audits.scan.tables import AGENTS, FRAMEWORKS, HTTP_PACKAGES, STUDENT_LOADERS, TRAINERS
from audits.scan.tree import SourceFile

READ_WHOLE = 1_500  # Python files
_PACKAGES = {name.partition(".")[0] for table in (CLIENTS, FUNCTIONS, AGENTS, ASKING_BY_DEFAULT) for name in table}
_PACKAGES |= FRAMEWORKS | HTTP_PACKAGES | {"boto3", "aioboto3", "camel", "autogen", "datasets"}
_IMPORTS_ONE = re.compile(
    rf"^[ \t]*(?:from|import)[ \t]+(?:[\w., ]{{0,300}}\b)?(?:{'|'.join(sorted(_PACKAGES))})\b", re.MULTILINE
)
_TRAINS = re.compile(
    rf"\b(?:{'|'.join(sorted(TRAINERS))})\(|\b(?:{'|'.join(sorted(STUDENT_LOADERS))})\.from_pretrained"
)
_IMPORT = re.compile(r"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import[ \t]+([^\n#]*)|import[ \t]+([^\n#]+))", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*")


def relevant(files: Iterable[SourceFile]) -> list[SourceFile]:
    """The files to parse, in their order: all of a small tree; of a large one those tied to an SDK."""
    files = list(files)
    if len(files) <= READ_WHOLE:
        return files
    imports = {file.path: _imported(file.text) for file in files}
    named: dict[str, list[str]] = defaultdict(list)
    for file in files:
        named[_module_name(file.path)].append(file.path)
    chosen = {file.path for file in files if _IMPORTS_ONE.search(file.text) or _TRAINS.search(file.text)}
    chosen |= _importers(chosen, imports) | _imports_of(chosen, imports, named)
    return [file for file in files if file.path in chosen]


def _imported(text: str) -> frozenset[str]:
    """Every word of a file's import statements; of one that goes on in brackets, the module's."""
    words: set[str] = set()
    for origin, names, modules in _IMPORT.findall(text):
        words.update(_WORD.findall(f"{origin} {names} {modules}"))
    return frozenset(words)


def _module_name(path: str) -> str:
    folders, _, name = path.rpartition("/")
    name = name.rsplit(".", 1)[0]
    return folders.rpartition("/")[2] if name == "__init__" else name


def _importers(chosen: set[str], imports: dict[str, frozenset[str]]) -> set[str]:
    """The files that import one of these, and those that import them, four steps up."""
    found: set[str] = set()
    newest = chosen
    for _ in range(4):
        names = {_module_name(path) for path in newest}
        newest = {path for path, words in imports.items() if path not in found | chosen and not names.isdisjoint(words)}
        found |= newest
    return found


def _imports_of(chosen: set[str], imports: dict[str, frozenset[str]], named: dict[str, list[str]]) -> set[str]:
    """The files that these import, where names and constants come from, two steps down."""
    found: set[str] = set()
    newest = chosen
    for _ in range(2):
        newest = (
            {path for origin in newest for word in imports[origin] for path in named.get(word, ())} - found - chosen
        )
        found |= newest
    return found
