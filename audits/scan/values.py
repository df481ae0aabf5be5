"""What a Python expression can be worth, read off the source: constants, defaults, what callers pass, across files."""

import ast
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from audits.scan.modules import Function, Module, Scope

DEEPEST = 9
MOST_STEPS = 2_000  # per question: names may refer to each other in more ways than can be followed
MOST_VALUES = 12
MOST_CALLERS = 12
MOST_PLACES = 40
_SAME_TEXT = frozenset(("strip", "rstrip", "lstrip", "lower", "format", "removesuffix", "removeprefix"))
_ENVIRONMENT = frozenset(("os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.setdefault"))
_DEFAULT_HOLDERS = frozenset(("field", "Field", "Option", "Argument", "Parameter"))


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


@dataclass(slots=True)
class Worth:
    """All that is known about an expression's value. `open`: it may be something else too, given by a caller, a file, a user."""

    values: list[Value] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    open: bool = False

    def add(self, other: "Worth") -> "Worth":
        for value in other.values:
            self._take(value)
        self.variables += [name for name in other.variables if name not in self.variables]
        self.open = self.open or other.open
        return self

    def _take(self, value: Value) -> None:
        """One more value; a text that is known already keeps all the places where it was written."""
        for at, known in enumerate(self.values):
            if known.text == value.text:
                self.values[at] = Value(known.text, tuple(dict.fromkeys((*known.places, *value.places)))[:MOST_PLACES])
                return
        if len(self.values) < MOST_VALUES:
            self.values.append(value)


class Program:
    """The modules of a tree together, with what connects them: imports and calls by name."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules = list(modules)
        self._steps = 0
        self._by_tail: dict[str, list[Module]] = defaultdict(list)
        self._callers: dict[str, list[tuple[Module, ast.Call, Scope]]] = defaultdict(list)
        for module in self.modules:
            self._by_tail[module.dotted.rpartition(".")[2]].append(module)
            for call, scope in module.calls:
                name = module.meaning(call.func).rpartition(".")[2] or (
                    call.func.attr if isinstance(call.func, ast.Attribute) else ""
                )
                if name and not module.is_test:
                    self._callers[name].append((module, call, scope))
        self._mentioned_in: dict[str, set[str]] = defaultdict(set)
        self._heirs: dict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            if not module.is_test:
                self._note_mentions(module)

    def _note_mentions(self, module: Module) -> None:
        for name, owner in module.mentions:
            self._mentioned_in[name].add(owner)
        for heir in module.classes.values():
            for base in heir.bases:
                self._heirs[module.meaning(base).rpartition(".")[2]].add(heir.name)

    def module_named(self, dotted: str, near: Module) -> Module | None:
        """The module of the tree that an import of this name means: the one whose path ends so, nearest to the importing file."""
        found = [m for m in self._by_tail.get(dotted.rpartition(".")[2], ()) if ("." + m.dotted).endswith("." + dotted)]
        return max(found, key=lambda m: _shared_folders(m.path, near.path)) if found else None

    def callers(self, name: str) -> list[tuple[Module, ast.Call, Scope]]:
        """Calls of functions or classes of this name anywhere outside tests."""
        return self._callers.get(name, [])

    def is_mentioned(self, name: str) -> bool:
        """Whether anything outside tests calls or passes around something of this name."""
        return name in self._mentioned_in

    def is_made(self, name: str) -> bool:
        """Whether a class of this name, or an heir of it, is made or passed around by code that is itself reached."""
        pending, seen = [name], {name}
        while pending:
            current = pending.pop()
            mentioned_in = self._mentioned_in.get(current, set())
            if "" in mentioned_in:
                return True
            further = (mentioned_in | self._heirs[current]) - seen
            pending += sorted(further)
            seen |= further
        return False

    def scope_of(self, place: Place) -> Scope:
        """The function and class in which a call stands."""
        return next((scope for call, scope in place.module.calls if call is place.node), (None, None))

    def worth(self, expression: ast.expr | None, module: Module, scope: Scope, depth: int = 0) -> Worth:
        """What the expression may be worth."""
        if expression is None or self._is_too_far(depth):
            return Worth(open=True)
        if isinstance(expression, ast.Constant):
            text = expression.value
            return Worth([Value(text, (Place(module, expression),))]) if isinstance(text, str) else Worth()
        if isinstance(expression, (ast.BoolOp, ast.IfExp, ast.List, ast.Tuple, ast.Set)):
            return self._union(_alternatives(expression), module, scope, depth)
        if isinstance(expression, (ast.JoinedStr, ast.BinOp)):
            return self._joined(expression, module, scope, depth)
        if isinstance(expression, ast.Name):
            return self._name(expression, module, scope, depth)
        if isinstance(expression, ast.Attribute):
            return self._attribute(expression, module, scope, depth)
        if isinstance(expression, ast.Call):
            return self._call(expression, module, scope, depth)
        if isinstance(expression, ast.Subscript):
            return self._subscript(expression, module, scope, depth)
        if isinstance(expression, (ast.Await, ast.Starred, ast.NamedExpr, ast.FormattedValue)):
            return self.worth(expression.value, module, scope, depth + 1)
        return Worth(open=True)

    def origins(self, expression: ast.expr, module: Module, scope: Scope, depth: int = 0) -> list["Origin"]:
        """The calls and literals that an expression may stand for: where a client, a session or a payload was made."""
        if self._is_too_far(depth):
            return []
        if isinstance(expression, (ast.Await, ast.NamedExpr)):
            return self.origins(expression.value, module, scope, depth + 1)
        if isinstance(expression, ast.Call):
            made = self._made_by(expression, module, depth)
            return made or [Origin(module, expression, scope)]
        if isinstance(expression, ast.Dict):
            return [Origin(module, expression, scope)]
        if isinstance(expression, (ast.BoolOp, ast.IfExp)):
            return [o for part in _alternatives(expression) for o in self.origins(part, module, scope, depth + 1)]
        sources = self._sources(expression, module, scope)
        return [o for source, its, at in sources[:MOST_VALUES] for o in self.origins(source, its, at, depth + 1)]

    def _made_by(self, call: ast.Call, module: Module, depth: int) -> list["Origin"]:
        """What a function of the tree returns, when the call is of one."""
        home, _, name = module.meaning(call.func).rpartition(".")
        origin = module if not home or home in ("self", "cls") else self.module_named(home, module)
        functions = origin.functions.get(name, []) if origin and name else []
        if origin is None or not functions or depth > 4:
            return []
        returned = origin.returns.get(id(functions[0]), [])[:4]
        return [o for value in returned for o in self.origins(value, origin, (functions[0], None), depth + 2)]

    def _sources(self, expression: ast.expr, module: Module, scope: Scope) -> list[tuple[ast.expr, Module, Scope]]:
        """The expressions from which a name or attribute gets its value."""
        if isinstance(expression, ast.Attribute):
            return self._attribute_sources(expression, module, scope)
        if not isinstance(expression, ast.Name):
            return []
        function, name = scope[0], expression.id
        if function is not None:
            assigned = module.local_values.get((id(function), name))
            if assigned:
                return [(value, module, scope) for value in assigned]
            if name in _parameters(function):
                return self._given(name, function, module, scope)
        if name in module.values:
            return [(value, module, (None, None)) for value in module.values[name]]
        home, _, original = module.names.get(name, "").rpartition(".")
        origin = self.module_named(home, module) if home else None
        return [(value, origin, (None, None)) for value in origin.values.get(original, [])] if origin else []

    def _attribute_sources(
        self, expression: ast.Attribute, module: Module, scope: Scope
    ) -> list[tuple[ast.expr, Module, Scope]]:
        for home in [module, *self._neighbours(module)]:
            if expression.attr in home.attributes:
                values = home.attributes[expression.attr]
                return [
                    (value, home, _scope_of(value, home, scope if home is module else (None, None))) for value in values
                ]
        dotted = module.meaning(expression)
        origin = self.module_named(dotted.rpartition(".")[0], module) if "." in dotted else None
        return [(value, origin, (None, None)) for value in origin.values.get(expression.attr, [])] if origin else []

    def _given(
        self, name: str, function: Function, module: Module, scope: Scope
    ) -> list[tuple[ast.expr, Module, Scope]]:
        default = _default(function, name)
        found: list[tuple[ast.expr, Module, Scope]] = [] if default is None else [(default, module, (None, scope[1]))]
        called = scope[1].name if function.name == "__init__" and scope[1] else function.name
        for caller, call, its_scope in self.callers(called)[:MOST_CALLERS]:
            value = argument(call, name, _position(function, name))
            if value is not None:
                found.append((value, caller, its_scope))
        return found

    def _is_too_far(self, depth: int) -> bool:
        """Whether to stop following: each question may be followed so deep, and so many steps altogether."""
        self._steps = 0 if depth == 0 else self._steps + 1
        return depth > DEEPEST or self._steps > MOST_STEPS

    def _union(self, expressions: Iterable[ast.expr], module: Module, scope: Scope, depth: int) -> Worth:
        worth = Worth()
        for expression in expressions:
            worth.add(self.worth(expression, module, scope, depth + 1))
        return worth

    def _joined(self, expression: ast.JoinedStr | ast.BinOp, module: Module, scope: Scope, depth: int) -> Worth:
        parts = expression.values if isinstance(expression, ast.JoinedStr) else [expression.left, expression.right]
        if isinstance(expression, ast.BinOp) and not isinstance(expression.op, (ast.Add, ast.Div)):
            return self.worth(expression.left, module, scope, depth + 1)
        worth, text, places = Worth(), "", list[Place]()
        for part in parts:
            of_part = self.worth(part, module, scope, depth + 1)
            worth.variables += of_part.variables
            worth.open = worth.open or of_part.open
            text += of_part.values[0].text if of_part.values else "{}"
            places += of_part.values[0].places if of_part.values else ()
        worth.values.append(Value(text, (Place(module, expression), *places)))
        return worth

    def _name(self, name: ast.Name, module: Module, scope: Scope, depth: int) -> Worth:
        function = scope[0]
        if function is not None:
            assigned = module.local_values.get((id(function), name.id))
            if assigned:
                return self._union(assigned[:6], module, scope, depth)
            if name.id in _parameters(function):
                return self._parameter(name.id, function, module, scope, depth)
        if name.id in module.values:
            return self._union(module.values[name.id][-4:], module, (None, None), depth)
        if name.id in module.names:
            return self._imported(module.names[name.id], module, depth)
        return Worth(open=True)

    def _imported(self, dotted: str, module: Module, depth: int) -> Worth:
        home, _, name = dotted.rpartition(".")
        origin = self.module_named(home, module) if home else None
        if origin is None or origin is module or name not in origin.values:
            return Worth(open=True)
        return self._union(origin.values[name][-4:], origin, (None, None), depth)

    def _parameter(self, name: str, function: Function, module: Module, scope: Scope, depth: int) -> Worth:
        worth = Worth(open=True)
        default = _default(function, name)
        if default is not None:
            worth.add(self.worth(default, module, (None, scope[1]), depth + 1))
        called = scope[1].name if function.name == "__init__" and scope[1] else function.name
        for caller, call, its_scope in self.callers(called)[:MOST_CALLERS]:
            given = argument(call, name, _position(function, name))
            if given is not None:
                worth.add(self.worth(given, caller, its_scope, depth + 2))
        return worth

    def _attribute(self, expression: ast.Attribute, module: Module, scope: Scope, depth: int) -> Worth:
        if expression.attr in module.attributes:
            return self._assigned(expression.attr, module, scope, depth)
        dotted = module.meaning(expression)
        imported = self._imported(dotted, module, depth) if dotted else Worth(open=True)
        if imported.values or depth > 4:
            return imported
        for other in self._neighbours(module):
            if expression.attr in other.attributes:
                return self._assigned(expression.attr, other, (None, None), depth)
        return Worth(open=True)

    def _assigned(self, name: str, module: Module, scope: Scope, depth: int) -> Worth:
        worth = Worth(open=True)
        for value in module.attributes[name][:6]:
            worth.add(self.worth(value, module, _scope_of(value, module, scope), depth + 1))
        return worth

    def _neighbours(self, module: Module) -> list[Module]:
        """The modules of the tree that this one imports from."""
        homes = dict.fromkeys(dotted.rpartition(".")[0] for dotted in module.names.values() if "." in dotted)
        found = dict.fromkeys(self.module_named(home, module) for home in homes)
        return [other for other in found if other is not None and other is not module]

    def _call(self, call: ast.Call, module: Module, scope: Scope, depth: int) -> Worth:
        meaning = module.meaning(call.func)
        if meaning in _ENVIRONMENT:
            return self._environment(call, module, scope, depth)
        tail = meaning.rpartition(".")[2] or (call.func.attr if isinstance(call.func, ast.Attribute) else "")
        if tail in _DEFAULT_HOLDERS:
            held = argument(call, "default", 0) or argument(call, "default_factory", 9)
            return self.worth(held.body if isinstance(held, ast.Lambda) else held, module, scope, depth + 1)
        if tail in _SAME_TEXT and isinstance(call.func, ast.Attribute):
            return self.worth(call.func.value, module, scope, depth + 1)
        if tail in ("str", "urljoin", "get_secret") and call.args:
            return self.worth(call.args[0], module, scope, depth + 1)
        if tail in ("get", "pop") and len(call.args) == 2:
            return self._union(call.args[1:], module, scope, depth).add(Worth(open=True))
        return self._returned(meaning, module, depth)

    def _returned(self, meaning: str, module: Module, depth: int) -> Worth:
        home, _, name = meaning.rpartition(".")
        origin = module if not home else self.module_named(home, module)
        if origin is None or depth > 5:
            return Worth(open=True)
        worth = Worth(open=True)
        for function in origin.functions.get(name, [])[:1]:
            for value in origin.returns.get(id(function), [])[:4]:
                worth.add(self.worth(value, origin, (function, None), depth + 2))
        return worth

    def _environment(self, call: ast.Call, module: Module, scope: Scope, depth: int) -> Worth:
        names = self.worth(call.args[0], module, scope, depth + 1).values if call.args else []
        default = argument(call, "default", 1)
        worth = self.worth(default, module, scope, depth + 1) if default is not None else Worth()
        worth.variables += [value.text for value in names]
        worth.open = worth.open or default is None
        return worth

    def _subscript(self, expression: ast.Subscript, module: Module, scope: Scope, depth: int) -> Worth:
        if module.meaning(expression.value) in ("os.environ", "environ"):
            key = self.worth(expression.slice, module, scope, depth + 1)
            return Worth(variables=[value.text for value in key.values], open=True)
        return Worth(open=True)


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """What a call gives for the parameter of this name, or at this position (-1: by name only); None when it gives nothing."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if 0 <= position < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: position + 1]):
        return call.args[position]
    return None


def _alternatives(expression: ast.expr) -> list[ast.expr]:
    if isinstance(expression, ast.IfExp):
        return [expression.body, expression.orelse]
    if isinstance(expression, ast.BoolOp):
        return expression.values
    return expression.elts[:MOST_VALUES] if isinstance(expression, (ast.List, ast.Tuple, ast.Set)) else []


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _position(function: Function, name: str) -> int:
    """The position at which callers give this parameter, `self` and `cls` not counted; -1 when by name only."""
    names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    if name not in names:
        return -1
    return names.index(name) - (names[0] in ("self", "cls"))


def _default(function: Function, name: str) -> ast.expr | None:
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    for parameter, default in zip(reversed(positional), reversed(arguments.defaults), strict=False):
        if parameter.arg == name:
            return default
    return next((d for p, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if p.arg == name), None)


def _scope_of(value: ast.expr, module: Module, fallback: Scope) -> Scope:
    """The function in which an attribute is given its value: its parameters mean something only there."""
    for functions in module.functions.values():
        for function in functions:
            if function.lineno <= value.lineno <= (function.end_lineno or function.lineno):
                owner = next(
                    (c for c in module.classes.values() if c.lineno <= function.lineno <= (c.end_lineno or 0)), None
                )
                return function, owner
    return None, fallback[1]


def _shared_folders(path: str, other: str) -> int:
    shared = 0
    for mine, its in zip(path.split("/"), other.split("/"), strict=False):
        if mine != its:
            break
        shared += 1
    return shared
