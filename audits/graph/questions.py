"""Questions that people ask of the graph: what a clause touches, what goes when a teacher goes, who is downstream."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from audits.graph import model as m
from audits.graph.model import Graph
from audits.graph.travel import TO_JUDGE, Charge, Touch, strongest, travel

DIRECT: Final = "direct"
INDIRECT: Final = "indirect"


@dataclass(frozen=True)
class Reach:
    """The nodes that some charges touch, each with its strongest standing; in the graph's order."""

    charges: tuple[Charge, ...]
    touches: tuple[Touch, ...]

    def of_kind(self, graph: Graph, kind: str) -> list[Touch]:
        """The touches of nodes of one kind."""
        return [touch for touch in self.touches if graph.nodes[touch.node].kind == kind]

    @property
    def standings(self) -> Mapping[str, str]:
        """Node → standing."""
        return {touch.node: touch.standing for touch in self.touches}


def reach(graph: Graph, charges: Iterable[Charge]) -> Reach:
    """What charges touch, together: the blast radius."""
    charges = tuple(charges)
    found = strongest(touch for charge in charges for touch in travel(graph, charge))
    return Reach(charges, tuple(found[key] for key in graph.nodes if key in found))


@dataclass(frozen=True)
class Student:
    """A student downstream. `how`: direct, when rows of the answers trained it; indirect, through another student."""

    node: str
    how: str
    by_name: bool


@dataclass(frozen=True)
class Without:
    """What goes if some models' answers had to go. `datasets`: with rows of theirs; `further`: with rows of their students."""

    calls: tuple[str, ...]
    datasets: tuple[str, ...]
    further: tuple[str, ...]
    students: tuple[Student, ...]


def without(graph: Graph, models: Iterable[str]) -> Without:
    """What hangs on the answers of some models (or of all models of some providers), given by node id."""
    asked = set(models)
    asked |= {edge.target for key in asked for edge in graph.after.get(key, ()) if edge.kind == m.DEVELOPS}
    calls = {e.target for key in asked for e in graph.after.get(key, ()) if e.kind == m.ANSWERS}
    near = _generation(graph, asked | calls)
    far = graph.downstream(near) - near
    students = [
        Student(key, DIRECT if key in near else INDIRECT, key not in near)
        for key, node in graph.nodes.items()
        if node.kind == "student" and key in near | far
    ]
    return Without(
        _ordered(graph, calls),
        _ordered(graph, (key for key in near if graph.nodes[key].kind == "dataset")),
        _ordered(graph, (key for key in far if graph.nodes[key].kind == "dataset")),
        tuple(students),
    )


def _generation(graph: Graph, start: Iterable[str]) -> set[str]:
    """Everything downstream up to the next students, those included."""
    seen, edge_of_seen = set(start), set(start)
    while edge_of_seen:
        onward = {
            edge.target
            for key in edge_of_seen
            if graph.nodes[key].kind != "student"
            for edge in graph.after.get(key, ())
            if edge.carries and edge.kind != m.DEVELOPS
        }
        edge_of_seen = onward - seen
        seen |= edge_of_seen
    return seen


def _ordered(graph: Graph, ids: Iterable[str]) -> tuple[str, ...]:
    wanted = set(ids)
    return tuple(key for key in graph.nodes if key in wanted)


def downstream_of(graph: Graph, node: str) -> tuple[Student, ...]:
    """The students downstream of any node, a public data set say: direct up to the first students, indirect behind them."""
    near = _generation(graph, {node})
    far = graph.downstream({node})
    return tuple(
        Student(key, DIRECT if key in near else INDIRECT, key not in near)
        for key, held in graph.nodes.items()
        if held.kind == "student" and key in near | far and key != node
    )


def certain(touches: Iterable[Touch]) -> list[Touch]:
    """Without those that a person must judge, and those where it stops."""
    return [touch for touch in touches if touch.standing not in (TO_JUDGE, "stopped")]
