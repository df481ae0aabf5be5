"""Agreements are told of before they end; when they have ended, the published rules decide again."""

import datetime as dt

import pytest
from django.urls import reverse

from audits.actions.rejudging import rejudge
from compliance.actions.agreements import ENDED, ENDS, tell_of_ends
from compliance.models import Agreement, LibraryChange, TrailEntry
from compliance.queries.desk import desk as desk_on
from tests.admin.conftest import Desk
from tests.factories import make_user
from tests.rules.conftest import DAYS, Recorded

TODAY = dt.date(2026, 11, 20)


def agreed(desk: Desk, ends_on: dt.date | None, **fields: object) -> Agreement:
    given = {"starts_on": dt.date(2025, 1, 1), "grants": ["train_on_output"], "reference": "Order form 7", **fields}
    return Agreement.objects.create(provider=desk.document.provider, ends_on=ends_on, **given)


def told() -> list[str]:
    return list(
        TrailEntry.objects.filter(object_type="compliance.agreement").order_by("id").values_list("action", flat=True)
    )


@pytest.mark.parametrize(
    ("days_left", "action"),
    [(31, None), (30, ENDS[30]), (8, ENDS[30]), (7, ENDS[7]), (0, ENDS[7]), (-1, ENDED), (-90, ENDED), (-91, None)],
)
def test_reminders_come_thirty_and_seven_days_before_the_last_day(
    desk: Desk, days_left: int, action: str | None
) -> None:
    agreed(desk, TODAY + dt.timedelta(days=days_left))
    assert tell_of_ends(TODAY) == (action is not None)
    assert told() == ([action] if action else [])


def test_each_is_told_once_and_a_prolonged_one_anew(desk: Desk) -> None:
    agreement = agreed(desk, TODAY + dt.timedelta(days=20))
    assert [tell_of_ends(TODAY + dt.timedelta(days=passed)) for passed in (0, 1, 13, 14, 21, 22)] == [1, 0, 1, 0, 1, 0]
    assert told() == [ENDS[30], ENDS[7], ENDED]
    Agreement.objects.filter(pk=agreement.pk).update(ends_on=TODAY + dt.timedelta(days=60))
    assert tell_of_ends(TODAY + dt.timedelta(days=40)) == 1


def test_an_agreement_without_end_is_never_told_of(desk: Desk) -> None:
    agreed(desk, None)
    assert tell_of_ends(TODAY) == 0


def test_the_end_is_a_change_by_which_everything_is_judged_anew_and_a_reminder_is_none(desk: Desk) -> None:
    agreed(desk, TODAY + dt.timedelta(days=5))
    before = LibraryChange.objects.count()
    tell_of_ends(TODAY)
    assert LibraryChange.objects.count() == before
    tell_of_ends(TODAY + dt.timedelta(days=6))
    assert LibraryChange.objects.latest("id").kind == LibraryChange.Kind.AGREEMENT


def test_the_desk_shows_what_ended_lately(desk: Desk) -> None:
    agreed(desk, TODAY - dt.timedelta(days=3))
    assert desk_on(TODAY).ended.count() == 1
    assert desk_on(TODAY + dt.timedelta(days=60)).ended.count() == 0


def test_days_after_the_last_are_judged_by_the_rules_again_and_those_before_stay_covered(recorded: Recorded) -> None:
    agreement = agreed(recorded.desk, DAYS[0] + dt.timedelta(days=30))
    rejudge(cause="an agreement", caused_by=None)
    outcomes = dict(recorded.run.uses.filter(superseded_at__isnull=True).values_list("first_on", "outcome"))
    assert outcomes == {DAYS[0]: "permitted", DAYS[1]: "prohibited"}
    uses = reverse("agreement-uses", args=[agreement.pk])
    page = recorded.desk.client(recorded.desk.engineer).get(uses).content.decode()
    assert "It has ended." in page
    assert "gpt-4.1-mini" in page
    assert "Nothing yet" in recorded.desk.client(make_user()).get(uses).content.decode()


def test_an_agreement_of_a_project_is_nobody_elses(recorded: Recorded) -> None:
    agreement = agreed(recorded.desk, None, project=recorded.run.pipeline.project)
    client = recorded.desk.client(make_user())
    assert client.get(reverse("agreement-uses", args=[agreement.pk])).status_code == 404
