"""What leads to a call: who calls the code around it, where its class is made, and for what that says it is asked."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from audits.scan.following import Program
from audits.scan.linking import Caller
from audits.scan.modules import Module, Scope
from audits.scan.purposes import MOST_PROMPT, prompt_purpose, told_purpose
from audits.scan.result import Evidence, Purpose
from audits.scan.site import Site
from audits.scan.values import Place

MOST_CALLERS = 20
HOOKS = frozenset(
    (
        *(
            "main",
            "forward",
            "run",
            "process",
            "generate",
            "invoke",
            "_call",
            "_generate",
            "_acall",
            "aforward",
            "step",
        ),
        *("reset", "__call__", "chat", "call", "query", "complete", "predict", "batch"),
    )
)


@dataclass(slots=True)
class Asked:
    """One purpose of a call, what told it, and the places that lead to the call for that purpose."""

    purpose: Purpose
    told_by: str
    callers: list[Evidence] = field(default_factory=list)


class Surroundings:
    """Reads what is around the calls of a program."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def asked(self, site: Site) -> list[Asked]:
        """For what a site is asked: by its method, its own names, its callers, the prompt beside it, else for its text."""
        led = list(self._led_here(site))
        if site.purpose:
            return [Asked(site.purpose, "the method", [place for _, places in led for place in places])]  # type: ignore[arg-type]
        own, name = told_purpose(_names(site.scope, site.module))
        if own != "unknown":
            return [Asked(own, name, [place for _, places in led for place in places])]
        return self._by_callers(site, led)

    def _by_callers(self, site: Site, led: list[tuple[list[str], list[Evidence]]]) -> list[Asked]:
        found: dict[Purpose, Asked] = {}
        rest: list[Evidence] = []
        for names, places in led:
            purpose, name = told_purpose(names)
            if purpose == "unknown":
                rest += places
            else:
                found.setdefault(purpose, Asked(purpose, name)).callers += places
        if rest or not found:
            itself = self._by_itself(site)
            found.setdefault(itself.purpose, itself).callers += rest
        return list(found.values())[:4]

    def _by_itself(self, site: Site) -> Asked:
        purpose, name = told_purpose([site.module.path])
        if purpose != "unknown":
            return Asked(purpose, name)
        purpose = prompt_purpose(_text_around(site))
        if purpose != "unknown":
            return Asked(purpose, "the words of the prompt")
        return Asked("generate", "what it asks for, text, and nothing else around it")

    def _led_here(self, site: Site) -> Iterator[tuple[list[str], list[Evidence]]]:
        """(names that tell a purpose, places) for each call that leads to the site, two steps up."""
        for caller, call, scope in self._callers(site.scope, site.module)[:MOST_CALLERS]:
            places, names = _places(caller, call, scope), list(_names(scope, caller))
            for further, its_call, its_scope in self._callers(scope, caller)[:MOST_CALLERS]:
                places += _places(further, its_call, its_scope)
                if told_purpose(names)[0] == "unknown":
                    names += _names(its_scope, further)
            yield names, places[: 3 * MOST_CALLERS]
        for place in site.places:
            for caller, call, scope in self._callers(self._program.scope_of(place), place.module)[:MOST_CALLERS]:
                yield list(_names(scope, caller)), _places(caller, call, scope)

    def _callers(self, scope: Scope, module: Module) -> list[Caller]:
        """Who calls the function around a site and, for a method of a name that many have, who makes its class."""
        function, owner = scope
        if owner is None:
            return self._calls_of(function.name, module) if function is not None else []
        made = self._program.makers(owner)
        if function is None or function.name == "__init__" or function.name in HOOKS:
            return made
        return [*self._program.callers(function.name)[:MOST_CALLERS], *made]

    def _calls_of(self, name: str, home: Module) -> list[Caller]:
        """Calls of a function, those left out that mean another one of the same name in their own file."""
        return [one for one in self._program.callers(name) if one[0] is home or name not in one[0].functions]


def _places(module: Module, call: ast.Call, scope: Scope) -> list[Evidence]:
    found = [evidence(Place(module, call))]
    return [*found, evidence(Place(module, scope[0]))] if scope[0] is not None else found


def _names(scope: Scope, module: Module) -> Iterator[str]:
    function, owner = scope
    if function is not None:
        yield function.name
    if owner is not None:
        yield owner.name
    yield module.path.rpartition("/")[2].rsplit(".", 1)[0]


def _text_around(site: Site) -> str:
    """What the function around a site says, as far as it is read."""
    function = site.scope[0]
    if function is None:
        return ""
    last = function.end_lineno or function.lineno
    return "\n".join(site.module.lines[function.lineno - 1 : last])[:MOST_PROMPT]


def evidence(place: Place) -> Evidence:
    """The place as file, line and snippet."""
    return Evidence(place.module.path, place.module.line(place.node), place.module.snippet(place.node))
