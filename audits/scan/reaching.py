"""Whether code is reached at all: what nothing makes or calls, and branches for a choice that nothing in the tree makes."""

import ast

from audits.scan.configs import Settings
from audits.scan.following import Program
from audits.scan.modules import Function, Module, Scope
from audits.scan.site import Site
from audits.scan.surroundings import HOOKS
from audits.scan.tables import MODEL_PREFIXES
from audits.scan.values import Place

_SAME_CASE = frozenset(("lower", "upper", "strip", "casefold"))


class Reach:
    """Decides for the sites of a program."""

    def __init__(self, program: Program, settings: Settings) -> None:
        self._program, self._settings = program, settings

    def reached(self, site: Site) -> tuple[bool, str]:
        """(whether the site is reached, why not)."""
        function, owner = site.scope
        if site.unused:
            return False, site.unused
        if owner is not None and not self._program.is_made(owner.name):
            return False, f"the class {owner.name} is made nowhere in the tree"
        if function is not None and owner is None and not self._is_called(function):
            return False, f"the function {function.name} is called nowhere in the tree"
        excluded = self._excluded_by(site) or self._named_only_in_vain(owner, function)
        return (False, excluded) if excluded else (True, "")

    def _is_called(self, function: Function) -> bool:
        return bool(function.decorator_list) or function.name in HOOKS or self._program.is_mentioned(function.name)

    def _excluded_by(self, site: Site) -> str:
        """Why a branch is never taken: of a site's own conditions, and of those under which its client is made."""
        for place in [Place(site.module, site.node), *site.places]:
            scope = self._program.scope_of(place)
            for test in place.module.branches.get(id(place.node), []):
                why = self._never(test, place.module, scope)
                if why:
                    return why
        return ""

    def _named_only_in_vain(self, owner: ast.ClassDef | None, function: Function | None) -> str:
        """Why a class or function is not reached although it is named: each naming stands in a branch that is never taken."""
        name = owner.name if owner is not None else function.name if function is not None else ""
        named = self._program.guarded(name)
        if not named or len(named) > 12:
            return ""
        reasons = [
            next((why for test in tests if (why := self._never(test, module, scope))), "")
            for module, scope, tests in named
        ]
        return f"{name} is named only where {reasons[0].removeprefix('the branch ')}" if all(reasons) else ""

    def _never(self, test: ast.expr, module: Module, scope: Scope) -> str:
        """Why a test never holds: it compares a setting with a text that neither code, options nor configuration ever give it."""
        if isinstance(test, ast.Constant) and not test.value:
            return "the branch is switched off in the code"
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            return next((why for part in test.values if (why := self._never(part, module, scope))), "")
        if isinstance(test, ast.BoolOp):
            reasons = [self._never(part, module, scope) for part in test.values]
            return reasons[0] if all(reasons) else ""
        name, wanted, whole = _comparison(test)
        if name is None or not wanted:
            return ""
        worth = self._program.worth(name, module, scope)
        given = {value.text for value in worth.values if "{}" not in value.text}
        key = _key(name)
        configured = self._settings.others.get(key.rpartition("_")[2].lower(), set())
        if len(given) < len(worth.values) or not (given or _names_a_vendor(configured)):
            return ""
        given |= configured
        lowered = [text.lower() for text in given]
        if any(one.lower() == text if whole else one.lower() in text for one in wanted for text in lowered):
            return ""
        return f"the branch needs {key} to be {wanted[0]!r}, which nothing in the tree sets"


def _comparison(test: ast.expr) -> tuple[ast.expr | None, list[str], bool]:
    """(what is compared, with which texts, whether with the whole of it) of `a == "x"`, `a in ("x", "y")`, `"x" in a`."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if isinstance(test.ops[0], ast.Eq) and _texts(right):
            return _bare(left), _texts(right), True
        if isinstance(test.ops[0], ast.In) and isinstance(right, (ast.Tuple, ast.List, ast.Set)):
            return _bare(left), _texts(right), True
        if isinstance(test.ops[0], ast.In) and _texts(left):
            return _bare(right), _texts(left), False
    if (
        isinstance(test, ast.Call)
        and isinstance(test.func, ast.Attribute)
        and test.func.attr == "startswith"
        and test.args
    ):
        return _bare(test.func.value), _texts(test.args[0]), False
    return None, [], True


def _bare(expression: ast.expr) -> ast.expr | None:
    """A name, attribute or entry, without `.lower()` behind it; None for what is neither."""
    if (
        isinstance(expression, ast.Call)
        and isinstance(expression.func, ast.Attribute)
        and expression.func.attr in _SAME_CASE
    ):
        expression = expression.func.value
    return expression if isinstance(expression, (ast.Name, ast.Attribute, ast.Subscript)) else None


def _key(expression: ast.expr) -> str:
    """The last name of what is compared: `model_type`, `args.model_type` and `config["model_type"]` have one."""
    if isinstance(expression, ast.Subscript):
        return expression.slice.value if isinstance(getattr(expression.slice, "value", None), str) else ""  # type: ignore[attr-defined]
    return expression.attr if isinstance(expression, ast.Attribute) else getattr(expression, "id", "")


def _names_a_vendor(texts: set[str]) -> bool:
    """Whether a configuration chooses a provider by such a key: then the providers that it does not name are not chosen."""
    return any(text.lower().strip("'\"") in MODEL_PREFIXES for text in texts)


def _texts(expression: ast.expr) -> list[str]:
    parts = expression.elts if isinstance(expression, (ast.Tuple, ast.List, ast.Set)) else [expression]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return texts if len(texts) == len(parts) else []
