"""Answers of the graph to what people ask of it, with the figures that only the database knows."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db.models import QuerySet

from audits.graph import questions, travel
from audits.graph.grouping import found, grouped
from audits.graph.layout import Place, places
from audits.graph.model import Graph, Node
from audits.graph.travel import Charge, Touch
from audits.matching.verdicts import strictest
from audits.models import Run
from audits.queries.charges import charges_of_clause, ways_of_findings
from audits.queries.graph import read_graph, runs_of_graph
from audits.queries.taught import CallsKey, answers_kept, rows_touched


@dataclass(frozen=True)
class Question:
    """What is asked. `focus`: a node to show alone with what is before and after it, `steps` away at most (None: all the way)."""

    every: bool = False
    words: str = ""
    focus: str = ""
    steps: int | None = None
    clause: str = ""
    since: dt.date | None = None
    without: tuple[str, ...] = ()
    opened: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RowsOf:
    """A data set that is touched. `rows`: of `of` rows; `touch`: how and why. `dataset`: its id, to read it row by row."""

    node: Node
    rows: int
    of: int
    touch: Touch | None = None
    path: tuple[str, ...] = ()

    @property
    def trained(self) -> bool:
        """Whether it was declared as training data anywhere, or is a public data set that code brings in."""
        return "training" in self.node.facts.get("roles", ("training",))

    @property
    def left(self) -> int:
        """Rows that stay."""
        return max(0, self.of - self.rows)


@dataclass(frozen=True)
class StudentTouched:
    """A student that is touched: how it stands and why, and the names on the way."""

    node: Node
    standing: str
    why: str
    path: tuple[str, ...]
    by_name: bool


@dataclass(frozen=True)
class Blast:
    """What a clause touches since a day. `stopped`: where it ends, and why."""

    clause: str
    title: str
    document: str
    section: str
    since: dt.date | None
    uses: int
    calls: int
    datasets: tuple[RowsOf, ...]
    students: tuple[StudentTouched, ...]
    stopped: tuple[StudentTouched, ...]

    @property
    def rows(self) -> int:
        """Rows touched, of all data sets that trained."""
        return sum(one.rows for one in self.datasets if one.trained)


@dataclass(frozen=True)
class WhatIf:
    """What goes if some models' answers had to go. `kept`: the calls that taught, to be made again (see answers_kept)."""

    models: tuple[Node, ...]
    datasets: tuple[RowsOf, ...]
    further: tuple[RowsOf, ...]
    students: tuple[StudentTouched, ...]
    kept: tuple[tuple[CallsKey, int, int, int], ...]

    @property
    def calls(self) -> int:
        """Calls whose answers stand in the data sets."""
        return sum(one[1] for one in self.kept)

    @property
    def input_tokens(self) -> int:
        """Of those calls that told a number."""
        return sum(one[2] for one in self.kept)

    @property
    def output_tokens(self) -> int:
        """Of those calls that told a number."""
        return sum(one[3] for one in self.kept)

    @property
    def rows_lost(self) -> int:
        """Training rows lost, those written by students of these models included."""
        return sum(one.rows for one in (*self.datasets, *self.further) if one.trained)


@dataclass(frozen=True)
class Answer:
    """The graph as asked for: `whole`, the part that is `shown` (grouped when large), and where its nodes are drawn.

    `outcomes`: node → strictest outcome of the findings that reach it; `standings`: node → how the chosen clause stands there.
    """

    whole: Graph
    part: Graph
    shown: Graph
    places: Mapping[str, Place]
    outcomes: Mapping[str, str]
    standings: Mapping[str, str] = field(default_factory=dict)
    marked: frozenset[str] = frozenset()
    blast: Blast | None = None
    what_if: WhatIf | None = None


def answer(runs: QuerySet[Run], question: Question) -> Answer:
    """Everything that the page and the data behind it show. About twenty queries, whatever the number of runs."""
    chosen = runs_of_graph(runs, every=question.every)
    graph = read_graph(chosen, question.since)
    marked = frozenset(found(graph, question.words))
    blast, standings = _blast(chosen, graph, question) if question.clause else (None, {})
    what_if = what_if_without(graph, question.without, question.since) if question.without else None
    part = graph.only(_chosen(graph, question, marked, standings))
    shown = grouped(part, question.opened)
    return Answer(
        whole=graph, part=part, shown=shown, places=places(shown), outcomes=outcomes_on(graph, chosen),
        standings=standings, marked=marked, blast=blast, what_if=what_if,
    )  # fmt: skip


def _chosen(graph: Graph, question: Question, marked: frozenset[str], standings: Mapping[str, str]) -> set[str]:
    """The nodes to show: those around what is asked about; all, when nothing is."""
    if question.focus in graph.nodes:
        return graph.around([question.focus], question.steps)
    if question.without:
        asked = [key for key in question.without if key in graph.nodes]
        return set(asked) | graph.downstream(asked)
    if standings:
        return set(standings) | {
            edge.source for edge in graph.edges if edge.target in standings and edge.kind in _TEACH
        }
    if question.words:
        return graph.around(marked, 2)
    return set(graph.nodes)


_TEACH = ("answers",)


def outcomes_on(graph: Graph, runs: QuerySet[Run]) -> dict[str, str]:
    """Node → the strictest outcome of the findings that reach it. Two queries."""
    alike: dict[tuple[object, ...], tuple[Charge, set[str]]] = {}
    for charge in ways_of_findings(runs):
        alike.setdefault(charge.way, (charge, set()))[1].add(charge.outcome)
    reached: dict[str, set[str]] = {}
    for charge, outcomes in alike.values():
        for touch in travel.travel(graph, charge):
            if touch.standing in (travel.BOUND, travel.CARRIED):
                reached.setdefault(touch.node, set()).update(outcomes)
    return {key: outcome for key, held in reached.items() if (outcome := strictest(held))}


def _blast(runs: QuerySet[Run], graph: Graph, question: Question) -> tuple[Blast, dict[str, str]]:
    charges = charges_of_clause(runs, question.clause, question.since)
    reach = questions.reach(graph, charges)
    first = charges[0] if charges else None
    going = [touch for touch in reach.touches if touch.standing != travel.STOPPED]
    keys = _keys(graph, (touch.node for touch in going))
    touched = [touch for touch in going if graph.nodes[touch.node].kind == "dataset"]
    blast = Blast(
        clause=question.clause,
        title=first.title if first else question.clause,
        document=first.document if first else question.clause.partition(":")[0],
        section=first.section if first else "",
        since=question.since,
        uses=len(charges),
        calls=sum(graph.nodes[touch.node].facts["calls"] for touch in going if graph.nodes[touch.node].kind == "calls"),
        datasets=_rows_of(graph, touched, keys, question.since),
        students=tuple(_student(graph, touch) for touch in going if graph.nodes[touch.node].kind == "student"),
        stopped=tuple(_student(graph, touch) for touch in reach.touches if touch.standing == travel.STOPPED),
    )
    return blast, dict(reach.standings)


def _keys(graph: Graph, nodes: Iterable[str]) -> list[CallsKey]:
    """The calls that some nodes stand for, as the database knows them."""
    return [calls_key(graph.nodes[key]) for key in nodes if graph.nodes[key].kind == "calls"]


def calls_key(node: Node) -> CallsKey:
    """The key of the calls that a node stands for (see CallsRecord.key)."""
    facts = node.facts
    return (facts["run"], facts["provider"], facts["served_by"], facts["model"], facts["purpose"])


def _rows_of(graph: Graph, touches: Iterable[Touch], keys: list[CallsKey], since: dt.date | None) -> tuple[RowsOf, ...]:
    touches = list(touches)
    ids = [one for touch in touches for one in graph.nodes[touch.node].facts.get("datasets", ())]
    counted = rows_touched(ids, keys, since) if ids and keys else {}
    found = []
    for touch in touches:
        node = graph.nodes[touch.node]
        rows = max((counted.get(one, 0) for one in node.facts.get("datasets", ())), default=0)
        found.append(RowsOf(node, rows, node.facts.get("rows", 0), touch, _names(graph, touch.path)))
    return tuple(found)


def _student(graph: Graph, touch: Touch) -> StudentTouched:
    return StudentTouched(graph.nodes[touch.node], touch.standing, touch.why, _names(graph, touch.path), touch.by_name)


def _names(graph: Graph, path: Iterable[str]) -> tuple[str, ...]:
    return tuple(graph.nodes[key].label for key in path)


def what_if_without(graph: Graph, models: Iterable[str], since: dt.date | None = None) -> WhatIf:
    """What goes if the answers of some models (or providers), by node id, had to go. At most three queries."""
    asked = [key for key in models if key in graph.nodes]
    gone = questions.without(graph, asked)
    near, far = _keys(graph, gone.calls), _keys(graph, graph.downstream(asked))
    further = [key for key in far if key not in near]
    return WhatIf(
        models=tuple(graph.nodes[key] for key in asked),
        datasets=_lost(graph, gone.datasets, near, since),
        further=_lost(graph, gone.further, further, since),
        students=tuple(_to_retrain(graph, one) for one in gone.students),
        kept=tuple(answers_kept(near, since)) if near else (),
    )


def _lost(graph: Graph, datasets: Iterable[str], keys: list[CallsKey], since: dt.date | None) -> tuple[RowsOf, ...]:
    plain = [Touch(key, travel.BOUND, "", (key,)) for key in datasets]
    return _rows_of(graph, plain, keys, since)


def _to_retrain(graph: Graph, student: questions.Student) -> StudentTouched:
    why = (
        "rows of these answers, or a choice made by them, trained it"
        if student.how == questions.DIRECT
        else "a student that these answers trained taught it, or is its base"
    )
    return StudentTouched(graph.nodes[student.node], student.how, why, (), student.by_name)


def keys_without(graph: Graph, models: Iterable[str], *, further: bool) -> list[CallsKey]:
    """The calls whose answers go when some models' answers go; with `further`, those of the students that they taught too."""
    asked = [key for key in models if key in graph.nodes]
    near = questions.without(graph, asked).calls
    return _keys(graph, graph.downstream(asked) if further else near)
