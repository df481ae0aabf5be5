"""From records to the graph: one node for one thing, whatever number of runs met it."""

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from typing import Any, Final

from audits.graph import model as m
from audits.graph.model import NOT_KNOWN, Edge, Graph, Node
from audits.graph.records import CallsRecord, DatasetRecord, ModelRecord, Records, RowsRecord, RunRecord, StudentRecord

UNNAMED: Final = "model not named"
PURPOSES: Final = {
    "train": "for training data",
    "filter": "to choose training data",
    "evaluate": "for evaluation",
    "unused": "not kept",
    "unknown": "purpose not known",
}
_ROLES: Final = {"training": m.TRAINS, "evaluation": m.EVALUATES}


def build(records: Records) -> Graph:
    """The graph of all records. Order of nodes and edges follows that of the records."""
    return _Builder(records).build()


class _Builder:
    def __init__(self, records: Records) -> None:
        self.records = records
        self.runs = {run.id: run for run in records.runs}
        self.nodes: dict[str, Node] = {}
        self.edges: dict[tuple[str, str, str], Edge] = {}
        self.dataset_ids = {one.id: dataset_id(one) for one in records.datasets}
        self.students: defaultdict[str, list[StudentRecord]] = defaultdict(list)

    def build(self) -> Graph:
        for student in self.records.students:
            self._student(student)
        for calls in self.records.calls:
            if calls.calls > calls.failed:  # calls that all failed gave nothing to anybody
                self._calls(calls)
        for dataset in self.records.datasets:
            self._dataset(dataset)
        for rows in self.records.rows:
            self._rows(rows)
        for student in self.records.students:
            self._base(student)
        for public in self.records.public:
            self._public(public.run, public.name, public.models, {"source": public.source, "place": public.place})
        elsewhere = {key: count for key, count in self.records.elsewhere.items() if key in self.nodes}
        return Graph(self.nodes, tuple(self.edges.values()), elsewhere)

    def _add(self, node: Node) -> str:
        """A node once; what a second record knows besides (another run that holds it) is joined to its facts."""
        known = self.nodes.get(node.id)
        if known is None:
            self.nodes[node.id] = node
            return node.id
        group = known.group if known.group == node.group else ""
        facts = {**node.facts, **known.facts}
        for name in ("runs", "datasets", "paths", "roles"):
            if name in facts:
                facts[name] = list(dict.fromkeys([*known.facts.get(name, ()), *node.facts.get(name, ())]))
        self.nodes[node.id] = replace(known, facts=facts, group=group)
        return node.id

    def _join(self, source: str, target: str, kind: str, why: str, rows: int = 0, by_name: bool = False) -> None:
        self._lead(Edge(source, target, kind, why, rows, by_name))

    def _lead(self, edge: Edge) -> None:
        """An edge once: one content under two paths has the same rows, so the larger number counts, not their sum."""
        key = (edge.source, edge.target, edge.kind)
        known = self.edges.get(key)
        if known is None or edge.rows > known.rows or (known.by_name and not edge.by_name):
            self.edges[key] = edge

    def _student(self, student: StudentRecord) -> None:
        run = self.runs[student.run]
        node = self._add(
            Node(
                student_id(student), "student", student.name, run.pipeline,
                {"name": student.name, "kind": student.kind, "path": student.path, "sha256": student.sha256,
                 "size": student.size, "base_model": student.base_model, "runs": [student.run], "project": run.project},
            )
        )  # fmt: skip
        self.students[student.name.casefold()].append(student)
        if student.path:
            self.students[student.path.casefold()].append(student)
        self._join(self._run(run), node, m.YIELDS, "the run left it, as its manifest declares")

    def _run(self, run: RunRecord) -> str:
        return self._add(
            Node(f"run:{run.id}", "run", f"{run.pipeline}, run {run.number}", run.pipeline, _run_facts(run))
        )

    def _model(self, name: str, provider: str) -> str:
        """The node of a model, under its developer's node where one is known."""
        known = self.records.models.get(name) or ModelRecord(name, provider)
        developer = known.developer or provider
        shown = self.records.providers.get(developer, developer) or NOT_KNOWN
        key = self._add(
            Node(
                model_id(known.key, developer), "model", name or UNNAMED, shown,
                {"name": name, "provider": developer, "licences": list(known.licences), "open_weights": known.open_weights},
            )
        )  # fmt: skip
        if developer:
            owner = self._add(Node(f"provider:{developer}", "provider", shown, shown, {"slug": developer}))
            self._join(
                owner, key, m.DEVELOPS, "by the catalogue of models" if known.developer else "by the host that answered"
            )
        return key

    def _calls(self, calls: CallsRecord) -> None:
        run, asked = self.runs[calls.run], self._model(calls.model, calls.provider)
        key = self._add(
            Node(
                calls_id(calls.key),
                "calls",
                _calls_label(calls),
                run.pipeline,
                _calls_facts(calls, run.project),
            )
        )
        self._join(
            asked,
            key,
            m.ANSWERS,
            f"{calls.calls - calls.failed:,} recorded answers, through {calls.served_by or 'a host not known'}",
        )
        self._same(calls, asked)
        if calls.purpose == "filter":
            self._join(key, self._run(run), m.CHOSE, "its answers chose the training data; none of them stands in it")
        elif calls.purpose == "evaluate":
            self._join(key, self._run(run), m.MEASURED, "its answers evaluated; none of them stands in training data")

    def _same(self, calls: CallsRecord, asked: str) -> None:
        """A model that nobody's catalogue knows, called like a student that was there before: the newest such student."""
        found = None if calls.catalogued else self._earlier(calls.model, calls.first_at, calls.run)
        if found is not None:
            why = f"the model that was asked is called like the student of {self._called(found.run)}"
            self._join(student_id(found), asked, m.SAME, why, by_name=True)

    def _earlier(self, name: str, before: dt.datetime | None, run: int) -> StudentRecord | None:
        """The newest student of that name, or with that path, from another run that had ended by then."""
        wanted = [name.casefold(), name.casefold().rstrip("/").rpartition("/")[2]]
        fitting = [
            (finished, student.run, student)
            for student in (one for key in dict.fromkeys(wanted) if key for one in self.students.get(key, ()))
            if student.run != run and (finished := self.runs[student.run].finished) and before and finished <= before
        ]
        return max(fitting, key=lambda entry: entry[:2])[2] if fitting else None

    def _dataset(self, dataset: DatasetRecord) -> None:
        run = self.runs[dataset.run]
        key = self._add(
            Node(
                self.dataset_ids[dataset.id], "dataset", dataset.path, run.pipeline,
                {"path": dataset.path, "sha256": dataset.sha256, "rows": dataset.rows, "size": dataset.size,
                 "format": dataset.format, "malformed": dataset.malformed, "runs": [dataset.run], "datasets": [dataset.id],
                 "paths": [dataset.path], "roles": [dataset.role], "project": run.project},
            )
        )  # fmt: skip
        kind = _ROLES.get(dataset.role, m.PASSES)
        why = f"declared as {dataset.role} data" + (", and there before the run began" if dataset.found else "")
        self._join(key, self._run(run), kind, why, dataset.rows)

    def _rows(self, rows: RowsRecord) -> None:
        texts, source, target = rows.rows - rows.labels, calls_id(rows.calls_key), self.dataset_ids[rows.dataset]
        if source not in self.nodes:
            return
        if texts:
            why, (tokens, size) = "rows derive from recorded answers", rows.text_answers
            self._lead(Edge(source, target, m.WROTE, why, texts, False, rows.techniques, tokens, size))
        if rows.labels:
            why, (tokens, size) = "rows took only a class or a score from recorded answers", rows.label_answers
            self._lead(Edge(source, target, m.LABELLED, why, rows.labels, False, (), tokens, size))

    def _base(self, student: StudentRecord) -> None:
        base, run = student.base_model, self.runs[student.run]
        if not base or base.casefold() == "none":
            return
        found = None if student.base_catalogued else self._earlier(base, run.started or run.finished, run.id)
        target = self._run(run)
        if found is not None:
            why = f"its base model is called like the student of {self._called(found.run)}"
            self._join(student_id(found), target, m.BASE, why, by_name=True)
        else:
            self._join(self._model(base, ""), target, m.BASE, "declared as the student's base model", by_name=True)

    def _public(self, run: int, name: str, models: tuple[str, ...], facts: dict[str, Any]) -> None:
        key = self._add(
            Node(
                public_id(name),
                "dataset",
                name,
                "Public data sets",
                {"public": True, "name": name, **facts, "runs": [run]},
            )
        )
        self._join(
            key,
            self._run(self.runs[run]),
            m.TRAINS,
            "the run's code brings it in; whether all of it is used is not recorded",
            by_name=True,
        )
        for model in models:
            self._join(self._model(model, ""), key, m.WROTE, "its card says that this model wrote it", by_name=True)

    def _called(self, run: int) -> str:
        return f"{self.runs[run].pipeline}, run {self.runs[run].number}"


def dataset_id(dataset: DatasetRecord) -> str:
    """By content; a data set that was not read, or is empty, is that of its run only: all empty files have one hash."""
    alike = dataset.sha256 and (dataset.rows or dataset.size)
    return f"data:{dataset.sha256}" if alike else f"data:run-{dataset.run}:{dataset.path}"


def student_id(student: StudentRecord) -> str:
    """By content; a student whose files were not read is that of its run only."""
    return f"student:{student.sha256}" if student.sha256 else f"student:run-{student.run}"


def model_id(key: str, developer: str) -> str:
    """A model of one developer; of a model that was not named, only that is known."""
    return f"model:{developer or '?'}/{key or '?'}"


def calls_id(key: tuple[int, str, str, str, str]) -> str:
    """Calls of one run alike in developer, channel, model and purpose."""
    run, provider, served_by, name, purpose = key
    return f"calls:{run}:{provider}:{served_by}:{name}:{purpose or 'unknown'}"


def public_id(name: str) -> str:
    """A public data set, by its name."""
    return f"public:{name.casefold()}"


def _calls_label(calls: CallsRecord) -> str:
    noun = "call" if calls.calls == 1 else "calls"
    return f"{calls.calls:,} {noun} {PURPOSES.get(calls.purpose, PURPOSES['unknown'])}"


def _run_facts(run: RunRecord) -> dict[str, Any]:
    return {
        "run": run.id, "number": run.number, "pipeline": run.pipeline, "project": run.project, "outcome": run.outcome,
        "started": run.started, "finished": run.finished, "simulated": run.simulated, "runs": [run.id],
    }  # fmt: skip


def _calls_facts(calls: CallsRecord, project: str) -> dict[str, Any]:
    return {
        "run": calls.run, "provider": calls.provider, "served_by": calls.served_by, "model": calls.model,
        "purpose": calls.purpose, "calls": calls.calls, "failed": calls.failed, "input_tokens": calls.input_tokens,
        "output_tokens": calls.output_tokens, "first_at": calls.first_at, "last_at": calls.last_at,
        "simulated": calls.simulated, "runs": [calls.run], "project": project,
    }  # fmt: skip
