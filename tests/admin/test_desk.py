"""The admin's first page: what waits for whoever keeps the terms."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.actions import rules as actions
from compliance.models import Agreement
from compliance.queries.desk import desk as desk_on
from tests.admin.conftest import Desk

TODAY = dt.date(2026, 11, 20)


def test_the_first_page_shows_what_waits_and_what_was_done(desk: Desk) -> None:
    draft = actions.draft_revision(acting_user=desk.writer, rule=desk.published.rule)
    content = desk.client(desk.second).get(reverse("admin:index")).content.decode()
    assert reverse("admin:compliance_rulerevision_change", args=[draft.pk]) in content
    assert "Rule draft begun" in content
    assert "Ada Writer" in content


@pytest.mark.parametrize("ends_on, shown", [("2026-11-19", 0), ("2026-11-20", 1), ("2027-02-18", 1), ("2027-02-19", 0)])
def test_an_agreement_is_shown_in_the_ninety_days_before_it_ends(desk: Desk, ends_on: str, shown: int) -> None:
    Agreement.objects.create(
        provider=desk.document.provider, reference="Order form", grants=[], starts_on="2026-01-01", ends_on=ends_on
    )
    assert desk_on(TODAY).ending.count() == shown


def test_the_desk_takes_four_queries_however_much_lies_on_it(desk: Desk) -> None:
    actions.draft_revision(acting_user=desk.writer, rule=desk.published.rule)
    found = desk_on(TODAY)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for revision in [*found.in_review, *found.drafts]:
            assert revision.rule.document.title
            assert str(revision.created_by)
        assert [str(entry.user) for entry in found.trail]
        assert not list(found.ending)
    assert len(queries) == 4


def test_days_are_written_in_full_throughout_the_admin(desk: Desk) -> None:
    Agreement.objects.create(
        provider=desk.document.provider, reference="Order form", grants=[], starts_on="2026-07-08", ends_on=None
    )
    content = desk.client(desk.writer).get(reverse("admin:compliance_agreement_changelist")).content.decode()
    assert "8 July 2026" in content
