"""A large graph made readable: what is alike in kind and pipeline is drawn as one, until somebody opens it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Final

from audits.graph.model import KINDS, NOT_KNOWN, Edge, Graph, Node

READABLE: Final = 60
"""So many nodes are drawn one by one; more are grouped."""

_COARSEST: Final = 3
_PLURAL: Final = {
    "provider": "providers", "model": "models", "calls": "calls", "dataset": "data sets", "run": "training runs",
    "student": "students",
}  # fmt: skip


def keys_of(node: Node) -> tuple[str, ...]:
    """How a node may be drawn, finest first: by itself, with its pipeline's (or provider's), its project's, its whole kind."""
    project = node.facts.get("project") or node.group
    return (node.id, f"group:{node.kind}:{node.group}", f"group:{node.kind}:{project}/", f"group:{node.kind}:*")


def grouped(graph: Graph, opened: Collection[str] = (), most: int = READABLE) -> Graph:
    """The graph with what is alike as one node, as coarse as it takes to draw `most` nodes at most; as it is when it is small.

    Groups in `opened` are not drawn: what they hold is drawn finer, even if that makes more nodes. A group's facts say how many
    nodes it `holds`, and which (`members`). Edges between groups add up their rows.
    `counted`: what it holds in words; of calls, how many were made.
    """
    coarse = _coarseness(graph, most)
    return _contracted(graph, _standing(graph, coarse, opened)) if any(coarse.values()) else graph


def _coarseness(graph: Graph, most: int) -> Mapping[str, int]:
    """How coarse each kind is drawn; what somebody opened has no say, or opening one group would close others."""
    drawn: dict[str, list[set[str]]] = {kind: [set() for _ in range(_COARSEST + 1)] for kind in KINDS}
    for node in graph.nodes.values():
        for held, key in zip(drawn[node.kind], keys_of(node), strict=True):
            held.add(key)
    coarse = dict.fromkeys(KINDS, 0)
    while sum(len(drawn[kind][level]) for kind, level in coarse.items()) > most:
        finer = [kind for kind in KINDS if coarse[kind] < _COARSEST]
        if not finer:
            break
        coarse[max(finer, key=lambda kind: len(drawn[kind][coarse[kind]]))] += 1
    return coarse


def _standing(graph: Graph, coarse: Mapping[str, int], opened: Collection[str]) -> dict[str, str]:
    """Node → what is drawn for it; a group of one is that one."""
    found: dict[str, str] = {}
    for node in graph.nodes.values():
        keys = keys_of(node)[: coarse[node.kind] + 1]
        found[node.id] = next((key for key in reversed(keys) if key not in opened), node.id)
    held = Counter(found.values())
    return {key: drawn if held[drawn] > 1 else key for key, drawn in found.items()}


def _contracted(graph: Graph, stands_for: Mapping[str, str]) -> Graph:
    inside: defaultdict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes.values():
        inside[stands_for[node.id]].append(node)
    nodes = {key: _group(key, held) if key not in graph.nodes else held[0] for key, held in inside.items()}
    edges: dict[tuple[str, str, str], Edge] = {}
    for edge in graph.edges:
        source, target = stands_for[edge.source], stands_for[edge.target]
        if source == target:
            continue
        known = edges.get((source, target, edge.kind))
        edges[source, target, edge.kind] = known.joined(edge) if known else edge.between(source, target)
    elsewhere: defaultdict[str, int] = defaultdict(int)
    for key, count in graph.elsewhere.items():
        elsewhere[stands_for[key]] += count
    return Graph(nodes, tuple(edges.values()), dict(elsewhere))


def _group(key: str, held: list[Node]) -> Node:
    kind, name = held[0].kind, key.split(":", 2)[2]
    name = name.removesuffix("/")
    owner = "" if name in ("*", "") else f", {name.lower()}" if name == NOT_KNOWN else f" of {name}"
    number = sum(node.facts.get("calls", 0) for node in held) if kind == "calls" else len(held)
    counted = f"{number:,} {_PLURAL[kind]}"
    runs = list(dict.fromkeys(run for node in held for run in node.facts.get("runs", ())))
    return Node(
        key,
        kind,
        counted + owner,
        "" if name == "*" else name,
        {"holds": len(held), "counted": counted, "runs": runs, "members": [node.id for node in held]},
    )


def found(graph: Graph, words: str) -> set[str]:
    """The nodes whose name, or whose hash's beginning, holds all the words."""
    wanted = words.casefold().split()
    return {node.id for node in graph.nodes.values() if wanted and all(word in _said(node) for word in wanted)}


def _said(node: Node) -> str:
    kept: Iterable[str] = (str(node.facts.get(name, "")) for name in ("sha256", "project", "path", "served_by"))
    return " ".join([node.label, node.group, KINDS[node.kind], *kept]).casefold()
