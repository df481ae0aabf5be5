"""Nodes and edges, and walking along them. Ids are stable: the same thing has the same id whenever the graph is built."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

KINDS: Final[Mapping[str, str]] = {
    "provider": "Provider",
    "model": "Model",
    "calls": "Calls",
    "dataset": "Data set",
    "run": "Training run",
    "student": "Student",
}
"""From left to right. Further generations begin again with a model, further to the right."""

NOT_KNOWN: Final = "Provider not known"

DEVELOPS: Final = "develops"  # provider → model
ANSWERS: Final = "answers"  # model → calls
WROTE: Final = "wrote"  # calls or model → data set: its text stands in rows
LABELLED: Final = "labelled"  # calls → data set: only classes or scores stand in rows
CHOSE: Final = "chose"  # calls → run: answers chose the training data
MEASURED: Final = "measured"  # calls → run: answers evaluated the student
TRAINS: Final = "trains"  # data set → run
EVALUATES: Final = "evaluates"  # data set → run
PASSES: Final = "passes through"  # data set → run: intermediate, or read without a role
YIELDS: Final = "yields"  # run → student
BASE: Final = "is the base of"  # model or student → run that trains another from it
SAME: Final = "is"  # student → the model that is queried under its name

DOES_NOT_CARRY: Final = frozenset({EVALUATES, MEASURED, PASSES})
"""Edges along which nothing becomes part of weights or rows."""


@dataclass(frozen=True)
class Node:
    """`label`: what people call it; `group`: the pipeline or provider that it is shown under; `facts`: for people and exports."""

    id: str
    kind: str
    label: str
    group: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """`rows`: rows that went along it, 0 where that says nothing. `by_name`: told by a name only, not by a hash or a record.

    Of rows that answers wrote: `techniques`, how tracing found how many of them; `tokens` and `size`, output tokens and bytes of
    the responses that they come from, whole.
    """

    source: str
    target: str
    kind: str
    why: str
    rows: int = 0
    by_name: bool = False
    techniques: tuple[tuple[str, int], ...] = ()
    tokens: int = 0
    size: int = 0

    def between(self, source: str, target: str) -> "Edge":
        """The same between two other nodes."""
        return replace(self, source=source, target=target)

    def joined(self, other: "Edge") -> "Edge":
        """This edge with what another one between the same two nodes carries: told by a name only when both are."""
        return Edge(
            self.source, self.target, self.kind, self.why, self.rows + other.rows, self.by_name and other.by_name,
            _added(self.techniques, other.techniques), self.tokens + other.tokens, self.size + other.size,
        )  # fmt: skip

    @property
    def carries(self) -> bool:
        """Whether what lies before it becomes part of what lies behind it."""
        return self.kind not in DOES_NOT_CARRY


@dataclass(frozen=True)
class Graph:
    """Nodes by id and edges in a fixed order. `elsewhere`: node id → runs of others that hold the same thing, unseen here."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    elsewhere: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def after(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges by the node they start from."""
        return _by(self.edges, lambda edge: edge.source)

    @cached_property
    def before(self) -> Mapping[str, tuple[Edge, ...]]:
        """Edges by the node they lead to."""
        return _by(self.edges, lambda edge: edge.target)

    def of_kind(self, kind: str) -> list[Node]:
        """Its nodes of one kind, in their order."""
        return [node for node in self.nodes.values() if node.kind == kind]

    def only(self, ids: Iterable[str]) -> "Graph":
        """The part that consists of some nodes and the edges between them."""
        kept = set(ids)
        nodes = {key: node for key, node in self.nodes.items() if key in kept}
        edges = tuple(edge for edge in self.edges if edge.source in nodes and edge.target in nodes)
        return Graph(nodes, edges, {key: n for key, n in self.elsewhere.items() if key in nodes})

    def downstream(self, start: Iterable[str]) -> set[str]:
        """Everything that carries something of `start`, without `start` itself."""
        begun = set(start)
        return self._reached(begun, lambda key: (e.target for e in self.after.get(key, ()) if e.carries)) - begun

    def around(self, start: Iterable[str], steps: int | None = None) -> set[str]:
        """`start`, all before it and all after it, along edges of any kind; at most `steps` away."""
        begun = set(start)
        forward = self._reached(begun, lambda key: (e.target for e in self.after.get(key, ())), steps)
        return forward | self._reached(begun, lambda key: (e.source for e in self.before.get(key, ())), steps)

    def _reached(self, start: set[str], onward: Callable[[str], Iterator[str]], steps: int | None = None) -> set[str]:
        seen, edge_of_seen = set(start), set(start)
        while edge_of_seen and (steps is None or steps > 0):
            edge_of_seen = {key for known in edge_of_seen for key in onward(known)} - seen
            seen |= edge_of_seen
            steps = None if steps is None else steps - 1
        return seen


def _added(these: tuple[tuple[str, int], ...], others: tuple[tuple[str, int], ...]) -> tuple[tuple[str, int], ...]:
    if not (these and others):
        return these or others
    counted = dict(these)
    for name, number in others:
        counted[name] = counted.get(name, 0) + number
    return tuple(counted.items())


def _by(edges: Iterable[Edge], key: Callable[[Edge], str]) -> Mapping[str, tuple[Edge, ...]]:
    found: defaultdict[str, list[Edge]] = defaultdict(list)
    for edge in edges:
        found[key(edge)].append(edge)
    return {name: tuple(held) for name, held in found.items()}
