"""Pipelines with what their list says of each."""

from django.db.models import Count, OuterRef, QuerySet, Subquery

from audits.models import Pipeline, Run


def with_last_run(pipelines: QuerySet[Pipeline]) -> QuerySet[Pipeline]:
    """Annotates `run_count` and, of the newest run, `last_pk`, `last_number`, `last_state`, `last_outcome`, `last_at`."""
    newest = Run.objects.filter(pipeline=OuterRef("pk")).order_by("-number")  # given in order, and known by an index
    return pipelines.annotate(
        run_count=Count("runs"),
        last_pk=Subquery(newest.values("pk")[:1]),
        last_number=Subquery(newest.values("number")[:1]),
        last_state=Subquery(newest.values("state")[:1]),
        last_outcome=Subquery(newest.values("outcome")[:1]),
        last_at=Subquery(newest.values("requested_at")[:1]),
    )
