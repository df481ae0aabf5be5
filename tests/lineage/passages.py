"""Passages to trace: distinct, and in the words of this interpreter's own documentation."""

import ast
import sysconfig
from functools import cache
from pathlib import Path

_MODULES = (
    "argparse",
    "ast",
    "csv",
    "datetime",
    "difflib",
    "enum",
    "inspect",
    "logging/__init__",
    "random",
    "shutil",
    "statistics",
    "subprocess",
)


@cache
def passages() -> tuple[str, ...]:
    """Some two hundred documentation strings of thirty words and more."""
    root = Path(sysconfig.get_path("stdlib"))
    found: list[str] = []
    for module in _MODULES:
        for node in ast.walk(ast.parse((root / f"{module}.py").read_text())):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
                text = ast.get_docstring(node) or ""
                if len(text.split()) >= 30:
                    found.append(text)
    return tuple(dict.fromkeys(found))
