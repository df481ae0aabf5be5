"""The graph of a house with 2,000 nodes: an answer as `/graph/data/` gives it, and what the roll-up of lineage saves.

What it saves is a ratio within one run: the time it takes to count distinct rows over the matches themselves, of the time it
takes to read them from the roll-up.
"""

import json
import time
from collections.abc import Callable

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Count

from audits.models import RowMatch, Run
from audits.queries.graph_answers import Question, answer
from audits.queries.graph_data import as_json
from audits.queries.taught import read_rows
from tests.benchmarks.figures import Figure
from tests.benchmarks.graph_world import make_graph_world

ROUNDS = 5
KEYS = ("dataset", "call__run", "call__provider", "call__served_by", "call__request_model", "call__purpose")


def main() -> list[Figure]:
    make_graph_world()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    rolled_up, counted = _least(lambda: read_rows(Run.objects.all())), _least(_count)
    return [
        Figure("graph: rows from the roll-up, of counting matches", counted / rolled_up, at_least=3),
        Figure("graph: one answer", 1000 * _least(_answer), "ms"),
        Figure("graph: nodes", len(answer(Run.objects.all(), Question()).whole.nodes), "nodes", at_least=2_000),
    ]


def _answer() -> None:
    json.dumps(as_json(answer(Run.objects.all(), Question())), cls=DjangoJSONEncoder)


def _count() -> None:
    list(RowMatch.objects.order_by().values_list(*KEYS).annotate(rows=Count("row", distinct=True)))


def _least(work: Callable[[], object]) -> float:
    """Seconds of the quickest of some rounds: whatever else the machine does only adds."""
    found = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)
