"""A large graph made readable: what is alike in kind and pipeline is drawn as one, until somebody opens it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from audits.graph.model import KINDS, Edge, Graph, Node

READABLE: Final = 120
"""So many nodes are drawn one by one; more are grouped."""

_PLURAL: Final = {
    "provider": "providers", "model": "models", "calls": "groups of calls", "dataset": "data sets", "run": "training runs",
    "student": "students",
}  # fmt: skip


def group_id(node: Node) -> str:
    """The group that a node is drawn in when it is not drawn by itself."""
    return f"group:{node.kind}:{node.group}"


def grouped(graph: Graph, opened: Collection[str] = (), most: int = READABLE) -> Graph:
    """The graph with groups of two and more nodes as one each, but for those in `opened`; as it is when it is small.

    A group's id is that of `group_id`, or names its whole kind; its facts say how many nodes it `holds`, and which (`members`).
    Edges between groups add up their rows.
    """
    if len(graph.nodes) <= most:
        return graph
    stands_for: Mapping[str, str] = {
        node.id: key if len(held) > 1 and key not in opened else node.id
        for key, held in _members(graph).items()
        for node in held
    }
    return _contracted(graph, _coarser(graph, stands_for, opened, most))


def _coarser(graph: Graph, stands_for: Mapping[str, str], opened: Collection[str], most: int) -> Mapping[str, str]:
    """Still too many: kinds with most groups become one each, largest first; opened groups stay open."""
    coarse = dict(stands_for)
    for kind in sorted(KINDS, key=lambda kind: -len(_drawn(graph, stands_for, kind))):
        if len(set(coarse.values())) <= most:
            break
        whole = f"group:{kind}:*"
        closed = [n for n in graph.of_kind(kind) if whole not in opened and group_id(n) not in opened]
        if len(closed) > 1:
            coarse.update({node.id: whole for node in closed})
    return coarse


def _drawn(graph: Graph, stands_for: Mapping[str, str], kind: str) -> set[str]:
    return {stands_for[node.id] for node in graph.of_kind(kind)}


def _members(graph: Graph) -> Mapping[str, list[Node]]:
    found: defaultdict[str, list[Node]] = defaultdict(list)
    for node in graph.nodes.values():
        found[group_id(node)].append(node)
    return found


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
        joined = replace(edge, source=source, target=target)
        if known:
            joined = replace(known, rows=known.rows + edge.rows, by_name=known.by_name and edge.by_name)
        edges[source, target, edge.kind] = joined
    elsewhere: defaultdict[str, int] = defaultdict(int)
    for key, count in graph.elsewhere.items():
        elsewhere[stands_for[key]] += count
    return Graph(nodes, tuple(edges.values()), dict(elsewhere))


def _group(key: str, held: list[Node]) -> Node:
    kind, name = held[0].kind, key.split(":", 2)[2]
    title = f"{len(held):,} {_PLURAL[kind]}" + ("" if name in ("*", "") else f" of {name}")
    runs = list(dict.fromkeys(run for node in held for run in node.facts.get("runs", ())))
    return Node(
        key,
        kind,
        title,
        "" if name == "*" else name,
        {"holds": len(held), "runs": runs, "members": [node.id for node in held]},
    )


def found(graph: Graph, words: str) -> set[str]:
    """The nodes whose name, or whose hash's beginning, holds all the words."""
    wanted = words.casefold().split()
    return {node.id for node in graph.nodes.values() if wanted and all(word in _said(node) for word in wanted)}


def _said(node: Node) -> str:
    kept: Iterable[str] = (str(node.facts.get(name, "")) for name in ("sha256", "project", "path", "served_by"))
    return " ".join([node.label, node.group, KINDS[node.kind], *kept]).casefold()
