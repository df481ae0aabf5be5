"""A Python file as the scan sees it: its tree, what its names mean, and where things stand in the file on disk."""

import ast
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from audits.scan.sdks import CLIENTS, SAME_AS

Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = tuple[Function | None, ast.ClassDef | None]
Conditions = tuple[ast.expr, ...]
MOST_MENTIONS = 20
_FUNCTIONS = frozenset((ast.FunctionDef, ast.AsyncFunctionDef))
_LEAVES = frozenset((ast.Constant, ast.Load, ast.Store, ast.Del))
_CLIENT_NAMES = frozenset(name.rpartition(".")[2] for name in CLIENTS)


@dataclass(slots=True, eq=False)
class Module:
    """One parsed file.

    `names`: what its imports bind. `values`: what is assigned at its top level. `attributes`: what is assigned to attributes,
    class fields and command-line options of a name. `calls`: each with the function and class it stands in. `branches`: by the
    id of a call the tests that must hold for it to be reached. `mentions`: (name, the class in whose body it stands or "").
    `guarded`: where a name is mentioned in branches, with their tests; `unguarded`: names mentioned outside of any too.
    `environment`: what it sets variables to. `options`: names that a command line can give. `neighbours`: modules it imports
    from, once somebody asked.
    """

    path: str
    dotted: str
    lines: list[str]
    numbers: list[int] | None
    is_test: bool
    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    attributes: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    local_values: dict[tuple[int, str], list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    functions: dict[str, list[Function]] = field(default_factory=lambda: defaultdict(list))
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    calls: list[tuple[ast.Call, Scope]] = field(default_factory=list)
    mentions: set[tuple[str, str]] = field(default_factory=set)
    guarded: dict[str, list[tuple[Scope, "Conditions"]]] = field(default_factory=lambda: defaultdict(list))
    unguarded: set[str] = field(default_factory=set)
    branches: dict[int, list[ast.expr]] = field(default_factory=dict)
    returns: dict[int, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    environment: dict[str, list[ast.expr]] = field(default_factory=lambda: defaultdict(list))
    options: set[str] = field(default_factory=set)
    neighbours: "list[Module] | None" = None

    @property
    def dotted_tail(self) -> str:
        """The dotted name as it is imported where the sources lie in a folder of their own."""
        return self.dotted.removeprefix("src.")

    def line(self, node: ast.AST) -> int:
        """The line of the file on which this node begins."""
        at = int(getattr(node, "lineno", 1))
        return self.numbers[at - 1] if self.numbers and at <= len(self.numbers) else at

    def snippet(self, node: ast.AST) -> str:
        at = int(getattr(node, "lineno", 1)) - 1
        return self.lines[at].strip()[:200] if at < len(self.lines) else ""

    def meaning(self, expression: ast.expr) -> str:
        """The dotted name that an expression stands for, imports followed (`oa.Completion` → `openai.Completion`); "" if none."""
        parts: list[str] = []
        while isinstance(expression, ast.Attribute):
            parts.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return ""
        return ".".join([self.names.get(expression.id, expression.id), *reversed(parts)])


def parse_module(path: str, text: str, numbers: list[int] | None = None) -> Module:
    """The file as a module. Raises SyntaxError, ValueError, RecursionError or MemoryError when Python cannot read it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in other people's strings
        tree = ast.parse(text)
    dotted = path.rsplit(".", 1)[0].replace("/", ".").removesuffix(".__init__")
    module = Module(path, dotted, text.split("\n"), numbers, is_test_path(path))
    _Reader(module).read(tree)
    return module


def is_test_path(path: str) -> bool:
    """Whether a path is that of tests, whose calls are no uses of the pipeline."""
    folders, _, name = path.lower().rpartition("/")
    if {"tests", "test", "testing", "mocks"} & set(folders.split("/")):
        return True
    return name.startswith(("test_", "conftest.")) or name.rsplit(".", 1)[0].endswith(("_test", ".test", ".spec"))


class _Reader:
    """Collects what a module holds in one walk that uses no recursion of ours."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._declared: set[int] = set()  # parts that declare a type or a base class: naming a class there uses nothing
        self._handlers: dict[type[ast.AST], Callable[[Any, Scope, Conditions], None]] = {
            ast.Import: self._note_import,
            ast.ImportFrom: self._note_import,
            ast.FunctionDef: self._note_function,
            ast.AsyncFunctionDef: self._note_function,
            ast.ClassDef: self._note_class,
            ast.Call: self._note_call,
            ast.Return: self._note_return,
            ast.Name: self._note_name,
            ast.Attribute: self._note_attribute,
            ast.arg: self._note_annotated,
            ast.Assign: self._note_assignment,
            ast.AnnAssign: self._note_annotated,
            ast.NamedExpr: self._note_assignment,
            ast.With: self._note_assignment,
            ast.AsyncWith: self._note_assignment,
            ast.For: self._note_assignment,
            ast.AsyncFor: self._note_assignment,
        }

    def read(self, tree: ast.Module) -> None:
        pending: list[tuple[ast.AST, Scope, Conditions]] = [(tree, (None, None), ())]
        while pending:
            node, scope, conditions = pending.pop()
            if id(node) in self._declared:
                continue
            kind = type(node)
            handler = self._handlers.get(kind)
            if handler is not None:
                handler(node, scope, conditions)
            if kind in _FUNCTIONS:
                scope = (node, scope[1])  # type: ignore[assignment]
            elif kind is ast.ClassDef:
                scope = (None, node)  # type: ignore[assignment]
            if kind is ast.If and len(conditions) < 8:
                pending.extend(_branches(node, scope, conditions))  # type: ignore[arg-type]
            else:
                pending.extend([(child, scope, conditions) for child in _children(node)])

    def _note_function(self, node: Function, scope: Scope, conditions: Conditions) -> None:
        self._module.functions[node.name].append(node)
        if node.returns is not None:
            self._declared.add(id(node.returns))

    def _note_class(self, node: ast.ClassDef, scope: Scope, conditions: Conditions) -> None:
        self._module.classes[node.name] = node
        self._declared |= {id(base) for base in node.bases}

    def _note_call(self, node: ast.Call, scope: Scope, conditions: Conditions) -> None:
        self._module.calls.append((node, scope))
        if conditions:
            self._module.branches[id(node)] = list(conditions)
        self._note_option(node)

    def _note_return(self, node: ast.Return, scope: Scope, conditions: Conditions) -> None:
        if node.value is not None and scope[0] is not None:
            self._module.returns[id(scope[0])].append(node.value)

    def _note_name(self, node: ast.Name, scope: Scope, conditions: Conditions) -> None:
        itself = scope[0] is not None and scope[0].name == node.id
        if not itself and isinstance(node.ctx, ast.Load) and self._module.names.get(node.id) not in CLIENTS:
            self._mention(node.id, scope, conditions)

    def _note_attribute(self, node: ast.Attribute, scope: Scope, conditions: Conditions) -> None:
        if node.attr in _CLIENT_NAMES and self._module.meaning(node) in CLIENTS:
            return
        self._mention(node.attr, scope, conditions)

    def _mention(self, name: str, scope: Scope, conditions: Conditions) -> None:
        owner = scope[1].name if scope[1] else ""
        self._module.mentions.add((name, owner))
        if not conditions and owner != name:
            self._module.unguarded.add(name)
        elif conditions and len(self._module.guarded[name]) < MOST_MENTIONS:
            self._module.guarded[name].append((scope, conditions))

    def _note_annotated(self, node: ast.arg | ast.AnnAssign, scope: Scope, conditions: Conditions) -> None:
        if node.annotation is not None:
            self._declared.add(id(node.annotation))
        self._note_assignment(node, scope, conditions)

    def _note_import(self, node: ast.Import | ast.ImportFrom, scope: Scope, conditions: Conditions) -> None:
        for alias in node.names:
            if isinstance(node, ast.Import):
                bound = alias.asname or alias.name.partition(".")[0]
                self._module.names[bound] = alias.name if alias.asname else bound
            else:
                origin = self._origin(node)
                name = f"{origin}.{alias.name}" if origin else alias.name
                self._module.names[alias.asname or alias.name] = SAME_AS.get(name, name)

    def _origin(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parents = self._module.dotted.split(".")
        if not self._module.path.endswith("__init__.py"):
            parents = parents[:-1]
        parents = parents[: len(parents) - (node.level - 1)] if node.level > 1 else parents
        return ".".join([*parents, *([node.module] if node.module else [])])

    def _note_assignment(self, node: ast.AST, scope: Scope, conditions: Conditions) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value, scope)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            self._bind(node.target, node.value, scope)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self._bind(item.optional_vars, item.context_expr, scope)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._bind(node.target, node.iter, scope)

    def _bind(self, target: ast.expr, value: ast.expr, scope: Scope) -> None:
        function, owner = scope
        if isinstance(target, ast.Name):
            if function is not None:
                self._module.local_values[id(function), target.id].append(value)
            elif owner is not None:
                self._module.attributes[target.id].append(value)
            else:
                self._module.values[target.id].append(value)
        elif isinstance(target, ast.Attribute):
            self._module.attributes[target.attr].append(value)
        elif isinstance(target, ast.Subscript) and self._module.meaning(target.value) == "os.environ":
            self._note_variable(target.slice, value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for part, its_value in zip(target.elts, value.elts, strict=True):
                self._bind(part, its_value, scope)

    def _note_variable(self, name: ast.expr, value: ast.expr) -> None:
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            self._module.environment[name.value].append(value)

    def _note_option(self, call: ast.Call) -> None:
        """`parser.add_argument("--model-name", default=...)` and click's options give `args.model_name` its default."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr not in (
            "add_argument",
            "option",
            "DEFINE_string",
        ):
            return
        flags = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        defaults = [keyword.value for keyword in call.keywords if keyword.arg == "default"]
        destinations = [k.value.value for k in call.keywords if k.arg == "dest" and isinstance(k.value, ast.Constant)]
        for name in [*map(str, destinations), *(flag.lstrip("-").replace("-", "_") for flag in flags)]:
            self._module.options.add(name)
            self._module.attributes[name].extend(defaults)


def _children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that may hold something of interest, last first."""
    found: list[ast.AST] = []
    for name in node._fields:
        part = getattr(node, name, None)
        if isinstance(part, list):
            found += [item for item in part if isinstance(item, ast.AST)]
        elif isinstance(part, ast.AST) and type(part) not in _LEAVES:
            found.append(part)
    found.reverse()
    return found


def _branches(node: ast.If, scope: Scope, conditions: Conditions) -> list[tuple[ast.AST, Scope, Conditions]]:
    """The parts of an `if`, those of its body with its test among what must hold for them to be reached."""
    parts: list[tuple[ast.AST, Scope, Conditions]] = [(child, scope, conditions) for child in reversed(node.orelse)]
    parts += [(child, scope, (*conditions, node.test)) for child in reversed(node.body)]
    return [*parts, (node.test, scope, conditions)]
