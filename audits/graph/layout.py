"""Places of nodes: levels from left to right, each generation further right, and within a level the fewest crossings."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from audits.graph.model import KINDS, Graph

WIDTH: Final = 180
"""So far apart are columns that the six kinds from provider to student can be read side by side on a page 1280 pixels wide."""

HEIGHT: Final = 66
TALLEST: Final = 24
"""So many nodes stand in one column; a level with more is broken into several."""

_ORDER: Final = {kind: at for at, kind in enumerate(KINDS)}
_SWEEPS: Final = 4


@dataclass(frozen=True)
class Place:
    """Where a node's middle is drawn, in pixels before any zoom; `level` counts from the left."""

    x: int
    y: int
    level: int


def levels(graph: Graph) -> dict[str, int]:
    """Level of each node: behind everything that leads to it, and never before the place of its kind. Loops are cut."""
    found: dict[str, int] = {}
    at_work: set[str] = set()
    for start in graph.nodes:
        stack = [(start, iter(graph.before.get(start, ())))]
        at_work.add(start)
        while stack:
            key, edges = stack[-1]
            edge = next(edges, None)
            if edge is None:
                stack.pop()
                at_work.discard(key)
                before = [found[e.source] for e in graph.before.get(key, ()) if e.source in found]
                found.setdefault(key, max([_ORDER[graph.nodes[key].kind], *(level + 1 for level in before)]))
            elif edge.source not in found and edge.source not in at_work:
                at_work.add(edge.source)
                stack.append((edge.source, iter(graph.before.get(edge.source, ()))))
    return found


def places(graph: Graph) -> dict[str, Place]:
    """Places of all nodes. Deterministic: the same graph lies the same way each time."""
    level_of = levels(graph)
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for key in graph.nodes:
        columns[level_of[key]].append(key)
    ordered = _uncrossed(graph, {level: columns[level] for level in sorted(columns)})
    found: dict[str, Place] = {}
    x = 0
    for level, keys in ordered.items():
        for start in range(0, len(keys), TALLEST):
            part = keys[start : start + TALLEST]
            top = -HEIGHT * (len(part) - 1) // 2
            found.update({key: Place(x, top + at * HEIGHT, level) for at, key in enumerate(part)})
            x += WIDTH
    return found


def _uncrossed(graph: Graph, columns: Mapping[int, list[str]]) -> dict[int, list[str]]:
    """Each column ordered by the middle of its neighbours', from left to right and back, a few times."""
    ordered = {level: list(keys) for level, keys in columns.items()}
    rank = {key: at / max(1, len(keys)) for keys in ordered.values() for at, key in enumerate(keys)}
    for sweep in range(_SWEEPS):
        for level in sorted(ordered, reverse=bool(sweep % 2)):
            keys = ordered[level]
            keys.sort(key=lambda key: _middle(graph, key, rank))
            rank.update({key: at / max(1, len(keys)) for at, key in enumerate(keys)})
    return ordered


def _middle(graph: Graph, key: str, rank: Mapping[str, float]) -> float:
    near = [rank[e.source] for e in graph.before.get(key, ())] + [rank[e.target] for e in graph.after.get(key, ())]
    return sum(near) / len(near) if near else rank[key]
