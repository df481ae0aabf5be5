"""Seconds for reports the size of the examples', and for one larger than either."""

import time

from audits.reporting.pdf import render_html, render_pdf
from tests.benchmarks.figures import Figure
from tests.reporting import contexts

LIMIT_SECONDS = 15.0
EXAMPLES = {
    "one teacher": contexts.plain(calls=320, findings=2),
    "two teachers": contexts.plain(calls=213, findings=10, datasets=3),
    "many of all": contexts.plain(calls=320, findings=10, datasets=6),
}


def main() -> list[Figure]:
    """Each report once, after one warm-up of fonts and charts that every worker has behind it."""
    render_html(contexts.plain(calls=1, findings=0), "0" * 64)
    return [figure for name, context in EXAMPLES.items() for figure in _one(name, context)]


def _one(name: str, context: contexts.Context) -> list[Figure]:
    wall, processor = time.perf_counter(), time.process_time()
    paper = render_pdf(contexts.round_trip(context), "0" * 64)
    seconds = time.perf_counter() - wall
    return [
        Figure(
            f"report, {name}: seconds against the limit of {LIMIT_SECONDS:.0f} s", seconds / LIMIT_SECONDS, at_most=1.0
        ),
        Figure(f"report, {name}: seconds", seconds, "s"),
        Figure(f"report, {name}: processor seconds", time.process_time() - processor, "s"),
        Figure(f"report, {name}: pages", paper.pages, "pages", at_least=10),
        Figure(f"report, {name}: pages a second", paper.pages / seconds, "pages/s"),
    ]
