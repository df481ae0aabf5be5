"""Following an expression to what it can be worth, read off the source: constants, defaults, what callers pass, across files."""

import ast
from collections.abc import Iterable

from audits.scan.linking import Links
from audits.scan.modules import Function, Module, Scope
from audits.scan.values import (
    MOST_VALUES,
    Declared,
    Given,
    Origin,
    Place,
    Value,
    Worth,
    alternatives,
    argument,
    called_name,
    declared_types,
    default_of,
    entries,
    parameters,
    position,
)

DEEPEST = 9
MOST_STEPS = 2_000  # per question: names may refer to each other in more ways than can be followed
MOST_CALLERS = 12
_SAME_TEXT = frozenset(("strip", "rstrip", "lstrip", "lower", "format", "removesuffix", "removeprefix", "encode"))
_ENVIRONMENT = frozenset(("os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ.setdefault"))
_DEFAULT_HOLDERS = frozenset(("field", "Field", "Option", "Argument", "Parameter"))
_OPTIONS = frozenset(("vars", "asdict"))
Source = tuple[ast.expr, Module, Scope]


class Program(Links):
    """The modules of a tree together: what an expression in one of them may be worth, and where a thing in it was made."""

    _steps = 0

    def worth(self, expression: ast.expr | None, module: Module, scope: Scope, depth: int = 0) -> Worth:
        """What the expression may be worth."""
        if expression is None or self._is_too_far(depth):
            return Worth(open=True)
        if isinstance(expression, ast.Constant):
            return _constant(expression, module)
        if isinstance(expression, (ast.BoolOp, ast.IfExp, ast.List, ast.Tuple, ast.Set)):
            return self._union(alternatives(expression), module, scope, depth)
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

    def origins(self, expression: ast.expr, module: Module, scope: Scope, depth: int = 0) -> list[Origin]:
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
        if isinstance(expression, (ast.BoolOp, ast.IfExp, ast.List, ast.Tuple)):
            parts = alternatives(expression)
            return [o for part in parts for o in self.origins(part, module, scope, depth + 1)]
        sources = self._sources(expression, module, scope, depth)
        found = [o for source, its, at in sources[:MOST_VALUES] for o in self.origins(source, its, at, depth + 1)]
        return found or _declared(expression, module, scope)

    def values_of(self, name: ast.Name, module: Module, scope: Scope) -> list[ast.expr]:
        """The expressions that a name was given, choices taken apart."""
        given = [source for source, _, _ in self._sources(name, module, scope)[:6]]
        return [part for one in given for part in (alternatives(one) or [one])]

    def _made_by(self, call: ast.Call, module: Module, depth: int) -> list[Origin]:
        """What a function of the tree returns, when the call is of one."""
        found = self.function_named(module.meaning(call.func), module) if depth <= 4 else None
        if found is None:
            return []
        origin, function = found
        returned = origin.returns.get(id(function), [])[:4]
        return [o for value in returned for o in self.origins(value, origin, (function, None), depth + 2)]

    def _sources(self, expression: ast.expr, module: Module, scope: Scope, depth: int = 0) -> list[Source]:
        """The expressions from which a name, attribute or entry gets its value."""
        if isinstance(expression, ast.Attribute):
            return self._attribute_sources(expression, module, scope)
        if isinstance(expression, ast.Subscript):
            return self._entry_sources(expression.value, expression.slice, module, scope, depth)[0]
        if not isinstance(expression, ast.Name):
            return []
        function, name = scope[0], expression.id
        if function is not None:
            assigned = module.local_values.get((id(function), name))
            if assigned:
                return [(value, module, scope) for value in assigned[: MOST_VALUES + 1] if value is not expression]
            if name in parameters(function):
                return self._given(name, function, module, scope)
        if name in module.values:
            return [(value, module, (None, None)) for value in module.values[name][:MOST_VALUES]]
        home, _, original = module.names.get(name, "").rpartition(".")
        origin = self.module_named(home, module) if home else None
        return [(value, origin, (None, None)) for value in origin.values.get(original, [])] if origin else []

    def _entry_sources(
        self, table: ast.expr, key: ast.expr, module: Module, scope: Scope, depth: int
    ) -> tuple[list[Source], bool]:
        """(what a table holds under a key, whether that is a guess because the key is not known)."""
        found: list[Source] = []
        wanted = [value.text for value in self.worth(key, module, scope, depth + 2).values]
        guessed = False
        for origin in self.origins(table, module, scope, depth + 2)[:4]:
            named = [value for text in wanted for value in entries(origin.node, text)]
            if not named and isinstance(origin.node, ast.Dict) and (not wanted or _is_number(key)):
                named = origin.node.values
                guessed = len(named) > 1
            found += [(value, origin.module, origin.scope) for value in named[:MOST_VALUES]]
        return found, guessed

    def _attribute_sources(self, expression: ast.Attribute, module: Module, scope: Scope) -> list[Source]:
        for home in [module, *self._neighbours(module)]:
            if expression.attr in home.attributes:
                values = home.attributes[expression.attr]
                return [
                    (value, home, _scope_of(value, home, scope if home is module else (None, None))) for value in values
                ]
        dotted = module.meaning(expression)
        origin = self.module_named(dotted.rpartition(".")[0], module) if "." in dotted else None
        if origin and expression.attr in origin.values:
            return [(value, origin, (None, None)) for value in origin.values[expression.attr]]
        found = self.property_named(expression.attr, module)
        if found is None:
            return []
        return [(value, found[0], (found[1], None)) for value in found[0].returns.get(id(found[1]), [])[:4]]

    def _given(self, name: str, function: Function, module: Module, scope: Scope) -> list[Source]:
        """What a parameter is worth: its default, and what callers give for it."""
        default = default_of(function, name)
        found: list[Source] = [] if default is None else [(default, module, (None, scope[1]))]
        made = function.name == "__init__" and scope[1] is not None
        callers = self.makers(scope[1]) if made and scope[1] else self.callers(function.name)
        for caller, call, its_scope in callers[:MOST_CALLERS]:
            value = argument(call, name, position(function, name))
            if value is not None:
                found.append((value, caller, its_scope))
            else:
                found += self._given_by_table(name, call, caller, its_scope)
        if function.decorator_list and name in module.options:
            found += [(value, module, (None, None)) for value in module.attributes[name]]
        return found

    def _given_by_table(self, name: str, call: ast.Call, caller: Module, scope: Scope) -> list[Source]:
        """`f(**vars(args))` gives an option of the command line, `f(**{"model": …})` an entry."""
        for table in [keyword.value for keyword in call.keywords if keyword.arg is None][:1]:
            if isinstance(table, ast.Call) and called_name(table) in _OPTIONS:
                return [(value, caller, (None, None)) for value in caller.attributes.get(name, [])]
            return [
                (value, origin.module, origin.scope)
                for origin in self.origins(table, caller, scope, 5)
                for value in entries(origin.node, name)
            ]
        return []

    def _is_too_far(self, depth: int) -> bool:
        """Whether to stop following: each question may be followed so deep, and so many steps altogether."""
        self._steps = 0 if depth == 0 else self._steps + 1
        return depth > DEEPEST or self._steps > MOST_STEPS

    def _union(self, expressions: Iterable[ast.expr], module: Module, scope: Scope, depth: int) -> Worth:
        worth = Worth()
        for expression in expressions:
            worth.add(self.worth(expression, module, scope, depth + 1))
        return worth

    def _of_sources(self, sources: list[Source], depth: int) -> Worth:
        worth = Worth()
        for value, module, scope in sources:
            worth.add(self.worth(value, module, scope, depth + 1))
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
            if name.id in parameters(function):
                given = self._given(name.id, function, module, scope)
                return self._of_sources(given, depth + 1).add(Worth(open=True))
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

    def _attribute(self, expression: ast.Attribute, module: Module, scope: Scope, depth: int) -> Worth:
        if expression.attr == "value" and isinstance(expression.value, ast.Attribute):  # a member of an enumeration
            member = self.worth(expression.value, module, scope, depth + 1)
            if member.values:
                return member
        if expression.attr in module.attributes:
            return self._assigned(expression.attr, module, scope, depth)
        dotted = module.meaning(expression)
        imported = self._imported(dotted, module, depth) if dotted else Worth(open=True)
        if imported.values or depth > 4:
            return imported
        for other in self._neighbours(module):
            if expression.attr in other.attributes:
                return self._assigned(expression.attr, other, (None, None), depth)
        found = self._of_sources(self._attribute_sources(expression, module, scope), depth)
        return found.add(Worth(open=True, keys=[expression.attr]))

    def _assigned(self, name: str, module: Module, scope: Scope, depth: int) -> Worth:
        worth = Worth(open=True)
        for value in module.attributes[name][:6]:
            worth.add(self.worth(value, module, _scope_of(value, module, scope), depth + 1))
        return worth

    def _neighbours(self, module: Module) -> list[Module]:
        """The modules of the tree that this one imports from."""
        known = module.neighbours
        if known is None:
            homes = dict.fromkeys(dotted.rpartition(".")[0] for dotted in module.names.values() if "." in dotted)
            found = dict.fromkeys(self.module_named(home, module) for home in homes)
            known = module.neighbours = [other for other in found if other is not None and other is not module]
        return known

    def parts_of(self, begun: Iterable[Module]) -> frozenset[int]:
        """The ids of these modules and of all that they import, six steps far."""
        found: dict[int, Module] = {}
        newest = {id(module): module for module in begun}
        for _ in range(6):
            found |= newest
            named = [(dotted, one) for one in newest.values() for dotted in one.names.values()]
            modules = [self.module_named(dotted, one) for dotted, one in named]
            modules += [m for one in newest.values() for m in self._neighbours(one)]
            newest = {id(m): m for m in modules if m is not None and id(m) not in found}
        return frozenset(found)

    def _call(self, call: ast.Call, module: Module, scope: Scope, depth: int) -> Worth:
        meaning = module.meaning(call.func)
        if meaning in _ENVIRONMENT:
            return self._environment(call, module, scope, depth)
        tail = meaning.rpartition(".")[2] or called_name(call)
        if tail in _DEFAULT_HOLDERS:
            held = argument(call, "default", 0) or argument(call, "default_factory", 9)
            return self.worth(held.body if isinstance(held, ast.Lambda) else held, module, scope, depth + 1)
        if tail in _SAME_TEXT and isinstance(call.func, ast.Attribute):
            return self.worth(call.func.value, module, scope, depth + 1)
        if tail in ("str", "urljoin", "get_secret") and call.args:
            return self.worth(call.args[0], module, scope, depth + 1)
        if tail in ("get", "pop") and call.args and isinstance(call.func, ast.Attribute):
            return self._looked_up(call.func.value, call.args, module, scope, depth)
        return self._returned(meaning, module, depth)

    def _looked_up(self, table: ast.expr, given: list[ast.expr], module: Module, scope: Scope, depth: int) -> Worth:
        """`table.get(key)` or `table.get(key, default)`."""
        found, guessed = self._entry_sources(table, given[0], module, scope, depth)
        worth = self._of_sources(found, depth).add(Worth(open=True, undecided=guessed, keys=_key(given[0])))
        return worth.add(self._union(given[1:2], module, scope, depth))

    def _returned(self, meaning: str, module: Module, depth: int) -> Worth:
        found = self.function_named(meaning, module) if depth <= 5 else None
        worth = Worth(open=True)
        if found is not None:
            origin, function = found
            for value in origin.returns.get(id(function), [])[:4]:
                worth.add(self.worth(value, origin, (function, None), depth + 2))
        return worth

    def _environment(self, call: ast.Call, module: Module, scope: Scope, depth: int) -> Worth:
        names = self.worth(call.args[0], module, scope, depth + 1).values if call.args else []
        default = argument(call, "default", 1)
        worth = self._from_environment([value.text for value in names], module)
        if default is not None:
            return worth.add(self.worth(default, module, scope, depth + 1))
        return worth.add(Worth(open=True))

    def _from_environment(self, names: list[str], module: Module) -> Worth:
        worth = Worth(variables=names)
        for name in names:
            for given in self.environment.get(name, [])[:4]:
                worth.add(_constant(given, module))
        return worth

    def _subscript(self, expression: ast.Subscript, module: Module, scope: Scope, depth: int) -> Worth:
        if module.meaning(expression.value) in ("os.environ", "environ"):
            key = self.worth(expression.slice, module, scope, depth + 1)
            return self._from_environment([value.text for value in key.values], module).add(Worth(open=True))
        found, guessed = self._entry_sources(expression.value, expression.slice, module, scope, depth)
        worth = self._of_sources(found, depth)
        return worth.add(Worth(open=not found, undecided=guessed, keys=[] if found else _key(expression.slice)))


def _constant(constant: ast.Constant, module: Module) -> Worth:
    if not isinstance(constant.value, str):
        return Worth()
    home = constant.home if isinstance(constant, Given) and constant.home else module
    return Worth([Value(constant.value, (Place(home, constant),))])


def _declared(expression: ast.expr, module: Module, scope: Scope) -> list[Origin]:
    """The type that a parameter is annotated with, where nothing in the tree gives the parameter."""
    if not isinstance(expression, ast.Name) or scope[0] is None:
        return []
    types = declared_types(scope[0], expression.id)
    return [Origin(module, ast.copy_location(Declared(name, [], []), name), scope) for name in types]


def _key(expression: ast.expr) -> list[str]:
    return [expression.value] if isinstance(expression, ast.Constant) and isinstance(expression.value, str) else []


def _is_number(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and isinstance(expression.value, int)


def _scope_of(value: ast.expr, module: Module, fallback: Scope) -> Scope:
    """The function in which an attribute is given its value: its parameters mean something only there."""
    if isinstance(value, Given):
        return None, None
    for functions in module.functions.values():
        for function in functions:
            if function.lineno <= value.lineno <= (function.end_lineno or function.lineno):
                owner = next(
                    (c for c in module.classes.values() if c.lineno <= function.lineno <= (c.end_lineno or 0)), None
                )
                return function, owner
    return None, fallback[1]
