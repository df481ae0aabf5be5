"""The graph of teachers and students on paper: boxes in columns and lines between them, as SVG from the frozen context. PURE.

Every name in it is data of others and is escaped. An outcome is told by the box's edge and by its word, not by colour alone.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from audits.charts import EDGE, INK, SOFT, TINT, Chart
from audits.reporting.wording import OUTCOME_WORDS
from compliance.templatetags.unseen import with_names

BOX: Final = (178, 42)
MARGIN: Final = 12
LONGEST: Final = 27
COLOURS: Final = {
    "prohibited": "#8F1D19",
    "needs_facts": "#8F5E00",
    "permitted_with_duties": "#3B4CC0",
    "permitted": "#0B6B57",
    "not_addressed": "#565D6B",
}
KINDS: Final = {
    "provider": "Provider", "model": "Model", "calls": "Calls", "dataset": "Data set", "run": "Training run",
    "student": "Student",
}  # fmt: skip
Node = Mapping[str, Any]


def picture_of_graph(nodes: Sequence[Node], edges: Sequence[Mapping[str, Any]]) -> Chart | None:
    """The picture, or None where there is nothing to draw. Places are those of the context; columns are drawn closer."""
    if not nodes:
        return None
    at = _places(nodes)
    width = max(x for x, _ in at.values()) + BOX[0] + MARGIN
    height = max(y for _, y in at.values()) + BOX[1] + MARGIN
    lines = [_line(edge, at) for edge in edges]
    boxes = [_box(node, *at[node["id"]]) for node in nodes]
    words = f"{len(nodes)} boxes and {len(edges)} lines; the table below says the same."
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="Inter, sans-serif">{"".join(lines)}{"".join(boxes)}</svg>'
    )
    return Chart(svg=svg, title="How models, data and students hang together", words=words)


def _places(nodes: Sequence[Node]) -> dict[str, tuple[int, int]]:
    """Left upper corners; the first column and row begin at the margin."""
    left, top = min(node["x"] for node in nodes), min(node["y"] for node in nodes)
    return {node["id"]: (node["x"] - left + MARGIN, node["y"] - top + MARGIN) for node in nodes}


def _line(edge: Mapping[str, Any], at: Mapping[str, tuple[int, int]]) -> str:
    (x1, y1), (x2, y2) = at[edge["source"]], at[edge["target"]]
    x1, y1, y2 = x1 + BOX[0], y1 + BOX[1] // 2, y2 + BOX[1] // 2
    bend = max(14, abs(x2 - x1) // 2)
    dashed = ' stroke-dasharray="5 4"' if edge["by_name"] else ""
    thick = 1.8 if edge["carries"] else 0.7
    return (
        f'<path d="M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" fill="none" stroke="{EDGE}" '
        f'stroke-width="{thick}"{dashed}/>'
    )


def _box(node: Node, x: int, y: int) -> str:
    outcome = node["outcome"]
    ink = COLOURS.get(outcome, SOFT)
    judged = f" · {OUTCOME_WORDS[outcome]}" if outcome in OUTCOME_WORDS else ""
    told = f"{KINDS.get(node['kind'], node['kind'])}{judged}"
    return (
        f'<rect x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="4" fill="{TINT}" stroke="{ink}" '
        f'stroke-width="{2 if outcome else 0.8}"/>'
        f'<text x="{x + 9}" y="{y + 17}" font-size="12" font-weight="600" fill="{INK}">{_short(node["label"])}</text>'
        f'<text x="{x + 9}" y="{y + 33}" font-size="10" fill="{ink}">{escape(told)}</text>'
    )


def _short(name: str) -> str:
    """A name on one line; a long one loses its middle. Wide characters take two places."""
    line = " ".join(with_names(str(name)).split())
    most = LONGEST if line.isascii() else LONGEST // 2
    if len(line) > most:
        line = f"{line[: most - 8]}…{line[-7:]}"
    return escape(line)
