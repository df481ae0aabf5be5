"""Shares of a run's data sets by row and by token."""

import pytest

from audits.models import Dataset, RowMatch
from audits.queries.lineage import shares
from tests.factories import make_call, make_run


@pytest.mark.django_db
def test_a_call_counts_its_tokens_once_for_each_data_set_that_holds_its_text():
    run = make_run()
    train = Dataset.objects.create(run=run, path="a.jsonl", role="training", rows=4)
    held_out = Dataset.objects.create(run=run, path="b.jsonl", role="evaluation", rows=1)
    many, one, silent, judged = (make_call(run, request_model=name, output_tokens=tokens) for name, tokens in CALLS)
    made = [(train, 0, many), (train, 1, many), (train, 2, one), (train, 3, silent), (held_out, 0, one)]
    for dataset, row, call in made:
        RowMatch.objects.create(dataset=dataset, row=row, call=call, kind="contained", similarity=1.0)
    RowMatch.objects.create(dataset=train, row=3, call=judged, kind="label", similarity=1.0)
    first, second = shares(run)
    assert first["tokens_by_model"] == {"large": 700, "small": 30, "untold": 0}
    assert second["tokens_by_model"] == {"small": 30}


CALLS = (("large", 700), ("small", 30), ("untold", None), ("judge", 9))
