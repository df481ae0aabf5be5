"""Pages ask the database as often for many rows as for few."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.models import RowMatch
from audits.queries.review import open_by_outcome
from audits.queries.run_view import lineage_of, run_figures
from audits.queries.usage_over_time import models_used, uses_by_day
from compliance.models import Provider
from compliance.queries.in_force import documents_on, providers_with_counts
from tests.factories import NOON, make_call, make_completed_run, make_finding, make_pipeline, make_rule_revision
from tests.pages.conftest import SignedIn, World


def queries_of(action: Callable[[], object]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        action()
    return len(captured)


def grow(world: World) -> None:
    for number in range(12):
        call = make_call(world.run, request_model=f"model-{number}")
        RowMatch.objects.create(
            dataset=world.run.datasets.get(), row=50 + number, call=call, kind="exact", similarity=1
        )
        make_finding(world.run, use=world.finding.use)
        world.run.signatures.create(
            day=NOON.date(), provider=f"p{number}", model=f"model-{number}", operation="chat", calls=1, first_at=NOON,
            last_at=NOON,
        )  # fmt: skip
        make_rule_revision(f"openai/document-{number}:rule")
    for _ in range(3):
        make_completed_run(make_pipeline(world.project))


PAGES: dict[str, tuple[Callable[[World], str], int]] = {
    "overview": (lambda world: reverse("overview"), 11),
    "pipelines": (lambda world: reverse("pipelines"), 8),
    "pipeline": (lambda world: reverse("pipeline", args=[world.run.pipeline_id]), 8),
    "runs": (lambda world: reverse("runs"), 6),
    "run": (lambda world: reverse("run", args=[world.run.pk]), 17),
    "run-live": (lambda world: reverse("run-live", args=[world.run.pk]), 15),
    "run-calls": (lambda world: reverse("run-calls", args=[world.run.pk]), 16),
    "run-lineage": (lambda world: reverse("run-lineage", args=[world.run.pk]), 22),
    "run-findings": (lambda world: reverse("run-findings", args=[world.run.pk]), 13),
    "run-approval": (lambda world: reverse("run-approval", args=[world.run.pk]), 22),
    "run-evidence": (lambda world: reverse("run-evidence", args=[world.run.pk]), 13),
    "finding": (lambda world: reverse("finding", args=[world.finding.pk]), 18),
    "findings": (lambda world: reverse("findings"), 12),
    "work": (lambda world: reverse("work"), 16),
    "reports": (lambda world: reverse("reports"), 6),
    "terms": (lambda world: reverse("terms"), 4),
    "terms-provider": (lambda world: reverse("terms-provider", args=["openai"]), 15),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_as_often_for_many_rows_as_for_few(world: World, signed_in: SignedIn, name: str) -> None:
    address, most = PAGES[name]
    client = signed_in(world.engineer)
    client.get(address(world))
    few = queries_of(lambda: client.get(address(world)))
    grow(world)
    many = queries_of(lambda: client.get(address(world)))
    assert many <= few + 1, "a list that was empty may now ask for its rows"
    assert many <= most


def test_queries_keep_to_their_number(world: World) -> None:
    grow(world)
    runs, findings = type(world.run).objects.all(), type(world.finding).objects.all()
    assert queries_of(lambda: uses_by_day(runs)) == 1
    assert queries_of(lambda: models_used(world.run)) == 1
    assert queries_of(lambda: run_figures(world.run)) == 4
    assert queries_of(lambda: lineage_of(world.run)) == 6
    assert queries_of(lambda: open_by_outcome(findings)) == 1
    assert queries_of(lambda: list(providers_with_counts())) == 1
    provider = Provider.objects.get(slug="openai")
    assert queries_of(lambda: documents_on(provider, NOON.date())) == 3
