"""What the scan knows about an expression's value, and small questions that Python's syntax tree answers by itself."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from audits.scan.modules import Function, Module, Scope

MOST_VALUES = 12
MOST_PLACES = 40


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a module that contributed to a value."""

    module: Module
    node: ast.AST


@dataclass(frozen=True, slots=True)
class Value:
    """A text that an expression may be worth; `{}` stands where a part is not known. `places`: where it was written."""

    text: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """A call or literal, and where it stands."""

    module: Module
    node: ast.Call | ast.Dict
    scope: Scope


class Given(ast.Constant):
    """A text given to the program from outside its Python code: an option on a command line, a variable of the environment."""

    def __init__(self, value: str = "", home: Module | None = None, line: int = 1, **more: Any) -> None:
        super().__init__(value, lineno=line, col_offset=0, end_lineno=line, **more)
        self.home = home


class Declared(ast.Call):
    """Something of which only the type is known: `client: OpenAI` as a parameter that nothing in the tree gives."""


@dataclass(slots=True)
class Worth:
    """All that is known about an expression's value.

    `open`: it may be something else too, given by a caller, a file, a user. `undecided`: its values are a table's, and which one
    is taken is not known. `keys`: names under which a configuration was asked for it.
    """

    values: list[Value] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    open: bool = False
    undecided: bool = False
    keys: list[str] = field(default_factory=list)

    def add(self, other: "Worth") -> "Worth":
        for value in other.values:
            self._take(value)
        self.variables += [name for name in other.variables if name not in self.variables]
        self.keys += [name for name in other.keys if name not in self.keys]
        self.open = self.open or other.open
        self.undecided = self.undecided or other.undecided
        return self

    def _take(self, value: Value) -> None:
        """One more value; a text that is known already keeps all the places where it was written."""
        for at, known in enumerate(self.values):
            if known.text == value.text:
                self.values[at] = Value(known.text, tuple(dict.fromkeys((*known.places, *value.places)))[:MOST_PLACES])
                return
        if len(self.values) < MOST_VALUES:
            self.values.append(value)


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """What a call gives for the parameter of this name, or at this position (-1: by name only); None when it gives nothing."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if 0 <= position < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: position + 1]):
        return call.args[position]
    return None


def called_name(call: ast.Call) -> str:
    """The last name of what is called; "" when it has none."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def alternatives(expression: ast.expr) -> list[ast.expr]:
    """The parts of which an expression may be any."""
    if isinstance(expression, ast.IfExp):
        return [expression.body, expression.orelse]
    if isinstance(expression, ast.BoolOp):
        return expression.values
    return expression.elts[:MOST_VALUES] if isinstance(expression, (ast.List, ast.Tuple, ast.Set)) else []


def parameters(function: Function) -> list[str]:
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def position(function: Function, name: str) -> int:
    """The position at which callers give this parameter, `self` and `cls` not counted; -1 when by name only."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if name not in names:
        return -1
    return names.index(name) - (names[0] in ("self", "cls"))


def default_of(function: Function, name: str) -> ast.expr | None:
    """The default of a parameter, as it is written."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        if parameter.arg == name:
            return default
    return next((d for p, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if p.arg == name), None)


def declared_types(function: Function, name: str) -> Iterator[ast.expr]:
    """The names of types that a parameter is annotated with: `OpenAI | None`, `Optional[OpenAI]` and `"OpenAI"` name OpenAI."""
    arguments = function.args
    for parameter in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        if parameter.arg == name and parameter.annotation is not None:
            yield from _type_names(parameter.annotation, 0)


def _type_names(annotation: ast.expr, depth: int) -> Iterator[ast.expr]:
    if isinstance(annotation, (ast.Name, ast.Attribute)):
        yield annotation
    elif isinstance(annotation, ast.Constant) and isinstance(annotation.value, str) and annotation.value.isidentifier():
        yield ast.copy_location(ast.Name(annotation.value, ast.Load()), annotation)
    elif depth < 4:
        for child in ast.iter_child_nodes(annotation):
            if isinstance(child, ast.expr):
                yield from _type_names(child, depth + 1)


def entries(literal: ast.AST, key: str) -> list[ast.expr]:
    """What a dict (written with braces or as `dict(...)`) holds under a key."""
    if isinstance(literal, ast.Dict):
        pairs = zip(literal.keys, literal.values, strict=True)
        return [value for its, value in pairs if isinstance(its, ast.Constant) and its.value == key]
    if isinstance(literal, ast.Call) and called_name(literal) == "dict":
        return [keyword.value for keyword in literal.keywords if keyword.arg == key]
    return []


def is_property(function: Function) -> bool:
    """Whether a method is read like an attribute."""
    return any(
        (isinstance(d, ast.Name) and "property" in d.id) or (isinstance(d, ast.Attribute) and "property" in d.attr)
        for d in function.decorator_list
    )
