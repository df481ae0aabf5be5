"""Lists: as many queries for many rows as for few, and never more rows than were asked for."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audits.actions.decisions import decide
from audits.models import Finding, Remark, Remedy
from tests.api.conftest import program, signed_in
from tests.api.places import Everything, everything, places, rule, world
from tests.factories import NOON, make_call, make_completed_run, make_exchange, make_finding, make_user

__all__ = ["everything", "places", "rule", "world"]
pytestmark = pytest.mark.django_db


def more_runs(at: Everything) -> None:
    make_completed_run(at.world.run.pipeline, requested_by=at.world.engineer)


def more_findings(at: Everything) -> None:
    revision = Finding.objects.exclude(rule_revision=None).values_list("rule_revision", flat=True)[0]
    make_finding(at.world.run, rule_revision_id=revision)


def more_remarks(at: Everything) -> None:
    finding, author = at.world.finding, make_user()
    Remark.objects.create(
        project=at.world.project, finding_key=finding.key, finding=finding, author=author, body="Also."
    )


def more_calls(at: Everything) -> None:
    run = make_completed_run()
    make_call(run, make_exchange(run))


def more_work(at: Everything) -> None:
    finding, person = at.world.finding, at.world.engineer
    remedy = Remedy.objects.create(
        project=at.world.project, finding_key=finding.key, finding=finding, what="Another model.", owner=person,
        due_on=NOON.date(), asked_by=person,
    )  # fmt: skip
    decide(finding=finding, kind="remediated", reason="Done.", acting_user=person)
    assert remedy.decisions.exists()


LISTS: dict[str, tuple[str, Callable[[Everything], None]]] = {
    "runs": ("/api/v1/runs", more_runs),
    "pipelines": ("/api/v1/pipelines", more_runs),
    "findings": ("/api/v1/findings?runs=all&standing=any", more_findings),
    "findings of a run": ("/api/v1/runs/{run}/findings", more_findings),
    "remarks": ("/api/v1/findings/{finding}/remarks", more_remarks),
    "projects": ("/api/v1/projects", more_calls),
    "reports": ("/api/v1/reports", more_runs),
    "remedies": ("/api/v1/remedies", more_work),
}


@pytest.mark.parametrize("name", LISTS)
def test_more_rows_take_no_more_queries(everything: Everything, name: str):
    address, more = LISTS[name]
    address = address.format(run=everything.run, finding=everything.finding)
    client = signed_in(make_user("legal"))
    client.get(address)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address)
        assert answer.status_code == 200, answer.content
        return len(asked)

    few = queries()
    for _ in range(3):
        more(everything)
    assert queries() == few


def test_a_list_gives_no_more_than_its_limit(everything: Everything):
    for _ in range(3):
        more_runs(everything)
    part = program(everything.world.engineer).get("/api/v1/runs?limit=2").json()
    assert len(part["items"]) == 2
    assert part["next"]


@pytest.mark.parametrize("limit", ["0", "201", "many"])
def test_no_list_is_unbounded(everything: Everything, limit: str):
    answer = program(everything.world.engineer).get(f"/api/v1/runs?limit={limit}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


def test_a_cursor_of_another_list_is_refused(everything: Everything):
    client = program(everything.world.engineer)
    more_runs(everything)
    following = client.get("/api/v1/runs?limit=1").json()["next"]
    assert client.get(f"/api/v1/providers?cursor={following}").status_code == 422
