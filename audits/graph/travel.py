"""How far what the terms say of a use goes along the graph, and why it goes on, waits for a person, or stops.

The rulebook decides what applies to the recorded use; nothing here judges anew. What is shown beyond that use follows from two
things that the rulebook records: the role of the paper (a licence of weights travels with the material; terms of service bind the
holder of the account) and the rule's label `pass_through_terms` (the paper itself asks that its terms be handed on).
"""

import datetime as dt
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from audits.activities import ANY_PURPOSE, PURPOSES_OF
from audits.graph import model as m
from audits.graph.model import Edge, Graph

BOUND, CARRIED, TO_JUDGE, STOPPED = "bound", "carried", "to_judge", "stopped"
STANDINGS: Final = {
    BOUND: "Judged here",
    CARRIED: "Carried along",
    TO_JUDGE: "For a person to judge",
    STOPPED: "Stops here",
}
"""Strongest first: a node that is reached on several ways has the strongest standing."""

_STRENGTH: Final = {standing: at for at, standing in enumerate(STANDINGS)}
FINE_TUNING: Final = "fine_tune_weights"
LICENCES: Final = frozenset({"licence", "inherited_licence"})


@dataclass(frozen=True)
class Charge:
    """What one rule says of one judged use: what travels.

    `clause`: the rule's identifier; `effect`: prohibition, duty or permission; `applies`: None: can't be told. `role` and
    `role_why`: of the paper (compliance.engine.governing). `set_aside`: why it does not hold (an agreement, an exception, a
    decision), or "". `finding`: where people read it, or None.
    """

    clause: str
    title: str
    document: str
    version: str
    section: str
    effect: str
    outcome: str
    applies: bool | None
    role: str
    role_why: str
    run: int
    provider: str
    served_by: str
    model: str
    activity: str
    since: dt.date
    until: dt.date
    labels: frozenset[str] = frozenset()
    set_aside: str = ""
    finding: int | None = None

    @property
    def travels(self) -> bool:
        """Whether the terms go with the material, to whoever has it."""
        return self.role in LICENCES or "pass_through_terms" in self.labels

    @property
    def way(self) -> tuple[object, ...]:
        """What its way depends on: charges that agree in it reach the same nodes in the same standings."""
        use = (self.run, self.provider, self.served_by, self.model, self.activity)
        return (*use, self.role in LICENCES, self.travels, bool(self.set_aside))


@dataclass(frozen=True)
class Touch:
    """A node that a charge reaches: how it stands there, the nodes on the way, and why the last step was taken or not."""

    node: str
    standing: str
    why: str
    path: tuple[str, ...]
    by_name: bool = False


def starts(graph: Graph, charge: Charge) -> list[str]:
    """The calls that the judged use consists of."""
    purposes = ANY_PURPOSE if charge.activity == FINE_TUNING else PURPOSES_OF.get(charge.activity, ())
    ids = (
        f"calls:{charge.run}:{charge.provider}:{charge.served_by}:{charge.model}:{purpose or 'unknown'}"
        for purpose in purposes
    )
    return [key for key in dict.fromkeys(ids) if key in graph.nodes]


def travel(graph: Graph, charge: Charge) -> list[Touch]:
    """Every node that the charge reaches, nearest first, each with its strongest standing."""
    found: dict[str, Touch] = {}
    waiting: deque[Touch] = deque()
    for key in starts(graph, charge):
        first = Touch(key, STOPPED if charge.set_aside else BOUND, charge.set_aside or _begins(charge), (key,))
        found[key] = first
        waiting.append(first)
    while waiting:
        here = waiting.popleft()
        if here.standing == STOPPED or found[here.node] is not here:
            continue
        for reached in _onward(graph, charge, here):
            known = found.get(reached.node)
            if known is None or _STRENGTH[reached.standing] < _STRENGTH[known.standing]:
                found[reached.node] = reached
                waiting.append(reached)
    return list(found.values())


def strongest(touches: Iterable[Touch]) -> dict[str, Touch]:
    """Node → its strongest touch, over several charges."""
    found: dict[str, Touch] = {}
    for touch in touches:
        known = found.get(touch.node)
        if known is None or _STRENGTH[touch.standing] < _STRENGTH[known.standing]:
            found[touch.node] = touch
    return found


def _begins(charge: Charge) -> str:
    holds = {True: "it applies", None: "it may apply; facts are missing", False: "it does not apply"}[charge.applies]
    return (
        f"{charge.document}, {charge.section or 'no section named'}: {holds} to this use, judged from {charge.since} on"
    )


def _onward(graph: Graph, charge: Charge, here: Touch) -> Iterator[Touch]:
    for edge in graph.after.get(here.node, ()):
        if edge.target in here.path:
            continue
        standing, why = _step(graph, charge, here, edge)
        yield Touch(edge.target, standing, why, (*here.path, edge.target), here.by_name or edge.by_name)


def _step(graph: Graph, charge: Charge, here: Touch, edge: Edge) -> tuple[str, str]:
    """How the charge stands behind an edge, and why."""
    if not edge.carries:
        return STOPPED, _STOPS[edge.kind]
    if edge.kind in (m.SAME, m.BASE) and graph.nodes[edge.source].kind == "student":
        return _next_generation(charge, edge)
    if here.standing != BOUND:
        return here.standing, f"{edge.why}; nothing on the way ends it"
    if edge.kind == m.TRAINS and charge.run not in graph.nodes[edge.target].facts["runs"]:
        return CARRIED, _other_run(charge)
    return BOUND, f"{edge.why}: part of the use that was judged"


_STOPS: Final = {
    m.EVALUATES: "evaluation data: nothing of it becomes part of weights",
    m.MEASURED: "the answers only evaluated: none became part of rows or weights",
    m.PASSES: "intermediate data: what of it went on is traced in the data set that trained",
}


def _next_generation(charge: Charge, edge: Edge) -> tuple[str, str]:
    if charge.role in LICENCES:
        return (
            CARRIED,
            f"{charge.document} is a licence: it travels with the material ({charge.role_why}). {_capital(edge.why)}",
        )
    if charge.travels:
        return CARRIED, f"{charge.document} asks that its terms be handed on with the material. {_capital(edge.why)}"
    return TO_JUDGE, (
        f"{charge.document} binds the holder of the account in using the provider’s output; whether it reaches what a student "
        f"trained on that output writes, it does not say. {_capital(edge.why)}"
    )


def _other_run(charge: Charge) -> str:
    same = "the same rows, by their hash, train this run too"
    if charge.travels:
        return f"{charge.document} travels with the material: {same}"
    return f"{charge.document} binds the holder of the account wherever the output is used: {same}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
