"""Every client × protocol: what the far end counted is what the record holds, byte for byte and token for token."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from tests.capture.matrix.comparing import Row, rows_of
from tests.capture.matrix.preparing import prepared_tree
from tests.capture.matrix.running import Outcome, run_clients
from tests.capture.matrix.table import committed_table, table_of

pytestmark = [pytest.mark.clients, pytest.mark.sandbox]


@dataclass(frozen=True)
class Matrix:
    outcome: Outcome
    rows: list[Row]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    with prepared_tree() as tree:
        outcome = run_clients(tree, tmp_path_factory.mktemp("matrix"))
        return Matrix(outcome, rows_of(outcome))


def test_every_client_comes_to_its_end(matrix: Matrix) -> None:
    assert matrix.outcome.exit.code == 0, f"{matrix.outcome.exit.reason}: {matrix.outcome.words[-3000:]}"
    assert [line for line in matrix.outcome.told if "problem" in line] == []


def test_what_the_far_end_counted_is_what_was_recorded(matrix: Matrix) -> None:
    assert [f"{row.client}, {row.case}: {row.verdict}" for row in matrix.rows if row.problems] == []
    assert len(matrix.outcome.heard) == len(matrix.outcome.of_kind("exchange")) > 100


def test_what_is_not_captured_is_named(matrix: Matrix) -> None:
    assert {row.verdict.partition(":")[0] for row in matrix.rows} <= {"captured", "named gap"}


def test_the_one_server_inside_is_noticed_and_no_other_is_invented(matrix: Matrix) -> None:
    assert [server.port for server in matrix.outcome.inner_servers] == [11434]


def test_endings_are_told_as_they_were(matrix: Matrix) -> None:
    """Answers that broke off, streams that were reset and clients that gave up: each says so, and nothing else does."""
    errors = Counter(event["error"] for event in matrix.outcome.of_kind("exchange") if event["error"])
    assert set(errors) <= {"upstream_closed", "upstream_reset", "client_aborted", "connection_closed"}, errors


def test_the_table_in_the_documents_is_what_this_run_saw(matrix: Matrix) -> None:
    assert committed_table() == table_of(matrix.rows), "run `python -m tests.capture.matrix` and commit docs/capture.md"
