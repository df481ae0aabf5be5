"""What lies around the recorded calls: what was logged and billed, what patterns show, other traffic, and the graph."""

from typing import Any, Final

from django.db.models import Count, Q, Sum

from audits.models import Exchange, Gap, PatternReading, Run
from audits.patterns.words import KINDS, sentence, subject_words
from audits.queries.graph_answers import Question, answer
from audits.queries.reconciling import Line, Side, channels_of, reconcile
from audits.reporting.context.material import Material
from audits.reporting.context.names import known_names, named
from compliance.models import Project

LINES_KEPT, HOSTS_KEPT, INDICATORS_KEPT, SAMPLES_KEPT = 200, 100, 100, 5
NODES_DRAWN: Final = 70
SERVER_INSIDE: Final = "server_inside"


def reconciliation(material: Material) -> dict[str, Any]:
    """Every channel of the projects in the report's days: recorded, logged, billed. Five queries for each channel.

    All runs and logs of the projects count, not only those that the report is about: a bill knows no runs.
    """
    first, last = material.days
    projects = Project.objects.filter(pk__in=[one.pk for one in material.projects])
    names = known_names()
    channels = channels_of(projects) if first and last else []
    told = []
    for channel in channels:
        found = reconcile(projects, channel, first, last)
        if found.lines or found.simulated:
            told.append(
                {
                    "channel": channel,
                    "name": named(channel, names),
                    "lines": [_line(one) for one in found.lines[:LINES_KEPT]],
                    "lines_total": len(found.lines),
                    "total": _line(found.total),
                    "simulated": found.simulated,
                }
            )
    return {
        "from": first.isoformat() if first else None,
        "to": last.isoformat() if last else None,
        "channels": told,
    }


def _line(one: Line) -> dict[str, Any]:
    rest = one.rest
    return {
        "day": one.day.isoformat() if one.day else None,
        "model": one.model,
        "recorded": _side(one.recorded),
        "logged": _side(one.logged),
        "billed": _side(one.billed),
        "unexplained_tokens": {"least": rest[0], "most": rest[1]} if rest else None,
        "over": one.over,
    }


def _side(side: Side) -> dict[str, Any] | None:
    """Calls, tokens and cost as a decimal in words; None: this side says nothing of it."""
    if not side.there:
        return None
    return {"calls": side.calls, "tokens": side.tokens, "cost": side.amount}


def patterns(material: Material) -> list[dict[str, Any]]:
    """The newest look over each project's calls that touches the report's days. Two queries for each project at most."""
    first, last = material.days
    told = []
    for project in material.projects:
        held = PatternReading.objects.filter(project=project, finished_at__isnull=False, problem="")
        if first and last:
            held = held.filter(first_day__lte=last, last_day__gte=first)
        reading = held.first()
        if reading is not None:
            told.append(_reading(reading))
    return told


def _reading(reading: PatternReading) -> dict[str, Any]:
    indicators = reading.indicators.order_by("kind", "-calls", "pk")
    return {
        "project": reading.project.name,
        "from": reading.first_day.isoformat(),
        "to": reading.last_day.isoformat(),
        "recorded": reading.recorded,
        "logged": reading.logged,
        "wordless": reading.wordless,
        "accounts": reading.accounts,
        "total": indicators.count(),
        "indicators": [
            {
                "kind": one.kind,
                "title": KINDS[one.kind].title,
                "looks_for": KINDS[one.kind].looks_for,
                "also": KINDS[one.kind].also,
                "subject": subject_words(one.kind, one.subject),
                "calls": one.calls,
                "sentence": sentence(one.kind, one.value, one.baseline, one.figures),
            }
            for one in indicators[:INDICATORS_KEPT]
        ],
    }


def traffic(material: Material) -> dict[str, Any]:
    """Exchanges in which nobody found a call of a model, by host; and servers that answered inside the pipelines. Two queries."""
    ids = [run.pk for run in material.runs]
    beside = Exchange.objects.filter(Q(not_a_model_call__gt="") | Q(unparsed__gt=""), run__in=ids).order_by()
    sums = {"out": Sum("request_size"), "back": Sum("response_size")}
    rows = beside.values("host").annotate(n=Count("pk"), unread=Count("pk", filter=~Q(unparsed="")), **sums)
    inside = Gap.objects.filter(run__in=ids, kind=SERVER_INSIDE).select_related("run__pipeline").order_by("run", "pk")
    return {
        "hosts": [
            {
                "host": row["host"],
                "exchanges": row["n"],
                "unparsed": row["unread"],
                "bytes_out": row["out"],
                "bytes_in": row["back"],
            }
            for row in rows.order_by("-out", "host")[:HOSTS_KEPT]
        ],
        "inside": [
            {"run": f"{one.run.pipeline.name}, run {one.run.number}", "subject": one.subject, "detail": one.detail}
            for one in inside[:HOSTS_KEPT]
        ],
    }


def graph(material: Material) -> dict[str, Any]:
    """The nodes and edges of the runs' graph with the places where they are drawn. About twenty queries.

    A large graph is grouped until it can be read; `whole` counts what there is before that.
    """
    runs = Run.objects.filter(pk__in=[run.pk for run in material.runs])
    found = answer(runs, Question(every=True))
    shown = list(found.shown.nodes.values())[: 2 * NODES_DRAWN]
    keys = {node.id for node in shown}
    return {
        "whole": {"nodes": len(found.whole.nodes), "edges": len(found.whole.edges)},
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "label": node.label,
                "group": node.group,
                "outcome": found.outcomes.get(node.id, ""),
                "x": found.places[node.id].x,
                "y": found.places[node.id].y,
            }
            for node in shown
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "kind": edge.kind,
                "rows": edge.rows,
                "by_name": edge.by_name,
                "carries": edge.carries,
            }
            for edge in found.shown.edges
            if edge.source in keys and edge.target in keys
        ],
    }
