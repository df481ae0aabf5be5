"""Which of a report's tables are long, and what their rows say; the same words as their templates have for the preview."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from audits.reporting.filters import brief, clock, count, size
from audits.reporting.paper.long_tables import Column, LongRow, LongTable
from audits.text import visible

TRACED: Final = {
    "exact": "same text", "normalised": "same words", "contained": "one in the other", "near": "most words",
    "label": "label or score",
}  # fmt: skip
CALLS: Final = (
    Column(12, figures=True), Column(24), Column(), Column(24), Column(16, figures=True), Column(26, figures=True), Column(28),
    Column(34, mono=True),
)  # fmt: skip
ENTRIES: Final = (Column(11, figures=True), Column(20), Column(), Column(18, figures=True), Column(76, mono=True))
ROWS: Final = (Column(46), Column(12, figures=True), Column(32), Column(38), Column(), Column())

Row = Mapping[str, Any]


def long_table(name: str, context: Mapping[str, Any]) -> LongTable:
    """The table that a template calls `data-long="name"`: calls, entries or rows."""
    return LONG[name](context)


def _calls(context: Mapping[str, Any]) -> LongTable:
    seen: set[int] = set()
    rows = []
    for one in context["calls"]["rows"]:
        anchor = "" if one["seq"] in seen else f"call-{one['seq']}"
        seen.add(one["seq"])
        rows.append(LongRow(_call(one), anchor))
    return LongTable(CALLS, rows)


def _call(one: Row) -> Sequence[str]:
    return (
        str(one["seq"]),
        clock(one["at"]),
        visible(f"{one['request_model'] or 'not named'} at {one['host']}"),
        visible(one["operation"]),
        "–" if one["status"] is None else str(one["status"]),
        f"{count(one['input_tokens'])}, {count(one['output_tokens'])}",
        visible(one["purpose"]) or ("failed" if one["failed"] else "not known"),
        (one["output_sha256"] or "")[:16] or "–",
    )


def _entries(context: Mapping[str, Any]) -> LongTable:
    rows = [
        LongRow((str(one["seq"]), visible(one["kind"]), visible(one["reference"]), size(one["size"]), one["sha256"]))
        for one in context["evidence"]["entries"]
    ]
    return LongTable(ENTRIES, rows, wide=False)


def _rows(context: Mapping[str, Any]) -> LongTable:
    several = bool(context["run"].get("several"))
    return LongTable(ROWS, [LongRow(_row(one, several)) for one in context["rows"]["rows"]])


def _row(one: Row, several: bool) -> Sequence[str]:
    near = f", {one['similarity']:.2f}" if one["kind"] == "near" else ""
    return (
        brief(one["dataset"], 90) + (f" · {brief(one['run'], 60)}" if several else ""),
        str(one["row"]),
        f"{TRACED.get(one['kind'], one['kind'])}{near}",
        f"{brief(one['model'] or 'not named', 80)}, {one['line']}",
        visible(one["prompt"] or ""),
        visible(one["answer"] or ""),
    )


LONG: Final[Mapping[str, Callable[[Mapping[str, Any]], LongTable]]] = {
    "calls": _calls,
    "entries": _entries,
    "rows": _rows,
}
