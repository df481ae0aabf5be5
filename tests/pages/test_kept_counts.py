"""What a run's pages count over all calls and rows is kept with its seal, says the same, and is never kept before."""

from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.forms.models import model_to_dict
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from audits.actions.counting import keep_counts, keep_missing_counts
from audits.models import RowMatch, Run, RunCounts, Seal
from audits.procedures.concluding import Piece, seal_run
from audits.queries.answers_became import answers_became
from audits.queries.code_and_run import code_and_run
from audits.queries.run_counts import count
from audits.queries.run_view import lineage_of, run_figures
from tests.factories import make_call, make_run, sha
from tests.pages.conftest import SignedIn, World
from tests.pages.test_lineage import chained

TABS = ("run", "run-lineage", "run-code", "run-gaps", "run-evidence")


@pytest.fixture
def traced(world: World) -> World:
    """A run with chains, candidates, a failed call, and a row that took text from one model and a label from another."""
    chained(world)
    data = world.run.datasets.get(role="training")
    judge = make_call(world.run, request_model="judge", purpose="filter", purpose_source="declared", output_tokens=None)
    RowMatch.objects.create(dataset=data, row=0, call=judge, kind="label", similarity=1.0)
    make_call(world.run, request_model="gpt-4.1", failed=True)
    return world


def told(world: World) -> tuple[object, ...]:
    run = type(world.run).objects.get(pk=world.run.pk)
    return lineage_of(run), answers_became(run), code_and_run(run), run_figures(run)


def seal(world: World, folder: Path) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        seal_run(world.run, [Piece("manifest", "audit.toml", sha("manifest"), 8)], folder)


def test_what_is_kept_says_what_counting_says(traced: World, tmp_path: Path) -> None:
    *before, figures = told(traced)
    seal(traced, tmp_path)
    assert RunCounts.objects.get(run=traced.run).figures == count(traced.run)
    *after, since = told(traced)
    assert after == before
    assert vars(since) == vars(figures) | {"evidence": 1}


def test_the_pages_of_a_sealed_run_read_no_call_and_no_row_to_count_them(
    traced: World, signed_in: SignedIn, tmp_path: Path
) -> None:
    seal(traced, tmp_path)
    client = signed_in(traced.engineer)
    for name in TABS:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(reverse(name, args=[traced.run.pk])).status_code == 200
        counting = [one["sql"] for one in asked if "COUNT(" in one["sql"]]
        assert [sql for sql in counting if "audits_modelcall" in sql or "audits_rowmatch" in sql] == []


def test_a_run_sealed_before_counts_were_kept_is_counted_by_a_round_and_not_by_who_looks_at_it(
    traced: World, signed_in: SignedIn, tmp_path: Path
) -> None:
    seal(traced, tmp_path)
    RunCounts.objects.all().delete()
    client = signed_in(traced.engineer)
    for name in TABS:
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse(name, args=[traced.run.pk]))
        assert [one["sql"] for one in asked if one["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == [], name
    assert (keep_missing_counts(), keep_missing_counts()) == (1, 0)
    assert RunCounts.objects.get().figures == count(traced.run)


def test_a_run_that_cannot_be_counted_holds_up_no_other(
    traced: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(traced, tmp_path)
    RunCounts.objects.all().delete()
    newer = make_run(traced.run.pipeline, Run.State.COMPLETED)
    Seal.objects.create(run=newer, **_as_of(traced.run))

    def fails(run: Run) -> None:
        if run == newer:
            raise DatabaseError
        keep_counts(run)

    monkeypatch.setattr("audits.actions.counting.keep_counts", fails)
    monkeypatch.setattr("audits.actions.counting.AT_ONCE", 1)
    assert keep_missing_counts() == 1
    assert RunCounts.objects.get().run == traced.run


def _as_of(run: Run) -> dict[str, object]:
    found = model_to_dict(run.seal)
    return {name: value for name, value in found.items() if name not in ("id", "run")}


def test_nothing_is_kept_of_a_run_that_more_may_join(traced: World, signed_in: SignedIn) -> None:
    client, address = signed_in(traced.engineer), reverse("run-lineage", args=[traced.run.pk])
    before = client.get(address).context["figures"].calls
    make_call(traced.run)
    assert client.get(address).context["figures"].calls == before + 1
    assert (keep_missing_counts(), RunCounts.objects.count()) == (0, 0)
