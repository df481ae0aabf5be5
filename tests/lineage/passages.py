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
    return tuple(dict.fromkeys(text for module in _MODULES for text in passages_of(module)))


@cache
def passages_of(module: str) -> tuple[str, ...]:
    """Those of one module. Modules are written apart; within one, writers copy from themselves."""
    root = Path(sysconfig.get_path("stdlib"))
    nodes = ast.walk(ast.parse((root / f"{module}.py").read_text()))
    documented = [node for node in nodes if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    texts = [ast.get_docstring(node) or "" for node in documented]
    return tuple(dict.fromkeys(text for text in texts if len(text.split()) >= 30))
