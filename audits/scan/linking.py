"""What connects the modules of a tree: imports, calls by name, heirs, functions handed on to be called, entry points."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator

from audits.scan.modules import Function, Module, Scope
from audits.scan.values import Given, Place, called_name, is_property

Caller = tuple[Module, ast.Call, Scope]
_HANDED_AS = frozenset(("target", "function", "func", "fn", "callback", "map_func"))


class Links:
    """The modules of a tree, and who calls, mentions or inherits what.

    `environment`: variable → texts that the tree's own scripts give it. `entry_points`: names of functions that an installation
    makes commands of.
    """

    def __init__(
        self,
        modules: Iterable[Module],
        environment: dict[str, list[Given]] | None = None,
        entry_points: Iterable[str] = (),
    ) -> None:
        self.modules = list(modules)
        self.environment = {name: list(given) for name, given in (environment or {}).items()}
        self._scopes: dict[int, dict[int, Scope]] = {}
        self._by_tail: dict[str, list[Module]] = defaultdict(list)
        self._callers: dict[str, list[Caller]] = defaultdict(list)
        self._homes: dict[str, list[tuple[Module, Function]]] = defaultdict(list)
        self._classes: dict[str, list[Module]] = defaultdict(list)
        self._mentioned_in: dict[str, set[str]] = defaultdict(set)
        self._heirs: dict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            self._note_definitions(module)
        for module in self.modules:
            if not module.is_test:
                self._note_environment(module)
                self._note_calls(module)
                self._note_mentions(module)
        for name in entry_points:
            self._mentioned_in[name].add("")

    def _note_definitions(self, module: Module) -> None:
        self._by_tail[module.dotted.rpartition(".")[2]].append(module)
        for name, functions in module.functions.items():
            self._homes[name] += [(module, function) for function in functions]
        for name in module.classes:
            self._classes[name].append(module)

    def _note_environment(self, module: Module) -> None:
        for name, values in module.environment.items():
            texts = [v for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)]
            given = [Given(str(text.value), module, text.lineno) for text in texts]
            self.environment.setdefault(name, []).extend(given)

    def _note_calls(self, module: Module) -> None:
        for call, scope in module.calls:
            name = module.meaning(call.func).rpartition(".")[2] or called_name(call)
            if name:
                self._callers[name].append((module, call, scope))
            for handed, its_call in self._handed_on(call, module):
                self._callers[handed].append((module, its_call, scope))

    def _handed_on(self, call: ast.Call, module: Module) -> Iterator[tuple[str, ast.Call]]:
        """`pool.submit(f, a, b)`, `partial(f, m=1)`, `Thread(target=f, args=(a,))`: calls of f that another function makes."""
        for at, given in enumerate(call.args[:4]):
            name = self._function_named(given, module)
            if name:
                made = ast.Call(given, call.args[at + 1 :], call.keywords)
                yield name, ast.copy_location(made, call)
        for keyword in call.keywords:
            name = self._function_named(keyword.value, module) if keyword.arg in _HANDED_AS else ""
            if name:
                sent = next((k.value for k in call.keywords if k.arg == "args"), None)
                positional = list(sent.elts) if isinstance(sent, (ast.Tuple, ast.List)) else []
                yield name, ast.copy_location(ast.Call(keyword.value, positional, []), call)

    def _function_named(self, expression: ast.expr, module: Module) -> str:
        name = module.meaning(expression).rpartition(".")[2]
        return name if name in self._homes else ""

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

    def is_of_tree(self, dotted: str, near: Module) -> bool:
        """Whether a dotted name leads to a module of the tree, as far as it goes."""
        parts = dotted.split(".")
        return any(self.module_named(".".join(parts[:n]), near) is not None for n in range(len(parts), 0, -1))

    def function_named(self, dotted: str, near: Module) -> tuple[Module, Function] | None:
        """The function that a dotted name means; one called on an object counts when the tree has a single one of that name."""
        home, _, name = dotted.rpartition(".")
        found = self._homes.get(name, [])
        here = [one for one in found if one[0] is near]
        if here and home in ("", "self", "cls"):
            return here[0]
        origin = self.module_named(home, near) if home else None
        if origin is not None and name in origin.functions:
            return origin, origin.functions[name][0]
        alone = len(found) == 1 and len(name) > 4 and (home in ("self", "cls") or "." not in home)
        return found[0] if alone and home and home not in near.names.values() else None

    def property_named(self, name: str, module: Module) -> tuple[Module, Function] | None:
        """The property of that name: of this module, else the only one of the tree."""
        found = [one for one in self._homes.get(name, []) if is_property(one[1])]
        here = [one for one in found if one[0] is module]
        return here[0] if here else found[0] if len(found) == 1 else None

    def callers(self, name: str) -> list[Caller]:
        """Calls of functions or classes of this name anywhere outside tests."""
        return self._callers.get(name, [])

    def makers(self, owner: ast.ClassDef) -> list[Caller]:
        """Calls that reach the `__init__` of a class: of the class, of heirs without one, and `super().__init__` of heirs."""
        found, pending, seen = list(self.callers(owner.name)), [owner.name], {owner.name}
        while pending:
            for name in sorted(self._heirs.get(pending.pop(), set()) - seen):
                seen.add(name)
                pending.append(name)
                found += self._makers_of_heir(name)
        return found

    def _makers_of_heir(self, name: str) -> list[Caller]:
        own = [c for c in self.callers("__init__") if c[2][1] is not None and c[2][1].name == name]
        has_one = any(
            isinstance(part, ast.FunctionDef) and part.name == "__init__"
            for module in self._classes.get(name, [])
            for part in module.classes[name].body
        )
        return own if has_one else [*own, *self.callers(name)]

    def bases(self, meaning: str, module: Module, depth: int = 0) -> list[str]:
        """The dotted names of classes outside the tree that a class of the tree goes back to."""
        home, _, name = meaning.rpartition(".")
        origin = module if not home else self.module_named(home, module)
        owner = origin.classes.get(name) if origin else None
        if origin is None or owner is None or depth > 4:
            return [meaning] if depth else []
        named = [origin.meaning(base) for base in owner.bases if origin.meaning(base) != meaning]
        return [found for base in named for found in self.bases(base, origin, depth + 1)]

    def is_mentioned(self, name: str) -> bool:
        """Whether anything outside tests calls or passes around something of this name."""
        return name in self._mentioned_in

    def guarded(self, name: str) -> list[tuple[Module, Scope, tuple[ast.expr, ...]]]:
        """Where a name is mentioned, with the tests of the branches; nothing when it is mentioned outside of any branch too."""
        named = [module for module in self.modules if not module.is_test]
        if not name or any(name in module.unguarded for module in named):
            return []
        return [(module, *one) for module in named for one in module.guarded.get(name, ())]

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
        known = self._scopes.get(id(place.module))
        if known is None:
            known = self._scopes[id(place.module)] = {id(call): scope for call, scope in place.module.calls}
        return known.get(id(place.node), (None, None))


def _shared_folders(path: str, other: str) -> int:
    shared = 0
    for mine, its in zip(path.split("/"), other.split("/"), strict=False):
        if mine != its:
            break
        shared += 1
    return shared
