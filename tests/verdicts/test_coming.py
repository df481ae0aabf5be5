"""What becomes stricter from a day ahead is announced before it comes, to those whose recent use it concerns."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from audits.matching.coming import ComingChange, coming_changes
from audits.models import AssessedUse, FindingChange, Rejudging, Run
from audits.procedures.rejudging import rejudge_after_changes
from compliance.actions.dates import fix_dates
from compliance.models import Agreement, Provider, Version
from compliance.queries.library import library_from_database
from tests.factories import make_project, make_user
from tests.verdicts.conftest import COMPETING, World, finding

COMPETES: dict[str, Any] = {"kind": "generative", "competes_with": ["acme"]}
TODAY = timezone.now().date()
SOON = TODAY + dt.timedelta(days=20)


@pytest.fixture
def announced(world: World) -> World:
    """The version that bars competing models begins in twenty days."""
    newer = Version.objects.get(document__identifier="acme/terms", label="2024-02-01")
    older = Version.objects.get(document__identifier="acme/terms", label="2023-01-01")
    fix_dates(acting_user=world.counsel, version=newer, since=SOON, until=None, reason="Announced")
    fix_dates(acting_user=world.counsel, version=older, since=dt.date(2023, 1, 1), until=SOON, reason="Until then")
    rejudge_after_changes()
    return world


def coming(*runs: Run) -> list[ComingChange]:
    return coming_changes(library_from_database(), runs, TODAY)


def test_a_version_that_will_prohibit_recent_use_is_announced_with_its_day(announced: World):
    run = announced.run(str(TODAY), str(TODAY - dt.timedelta(days=1)), student=COMPETES)
    (change,) = coming(run)
    assert (change.on, change.before, change.after, change.calls) == (SOON, "not_addressed", "prohibited", 2)
    assert (change.gained, change.because) == ((COMPETING,), ("a new version of Acme Terms",))
    assert run.outcome == "not_addressed", "what was clean stays clean"


def test_use_of_long_ago_and_use_that_stays_allowed_are_nobodys_concern(announced: World):
    long_ago = announced.run(str(TODAY - dt.timedelta(days=120)), student=COMPETES)
    allowed = announced.run(str(TODAY), student={"kind": "generative", "competes_with": []})
    assert coming(long_ago, allowed) == []


def test_an_agreement_that_ends_is_announced_too(world: World):
    Agreement.objects.create(
        provider=Provider.objects.get(slug="acme"), project=world.project, reference="Order 7",
        grants=["train_on_output"], starts_on=dt.date(2024, 1, 1), ends_on=SOON,
    )  # fmt: skip
    run = world.run(str(TODAY), student=COMPETES)
    assert run.outcome == "permitted"
    (change,) = coming(run)
    assert (change.on, change.after) == (SOON + dt.timedelta(days=1), "prohibited")
    assert change.because == ("the agreement “Order 7” ends",)


def copies(use: AssessedUse, count: int) -> None:
    """More uses of the same run, judged before days were kept with them."""
    for number in range(count):
        use.pk, use.model, use.days = None, f"acme-large-{number}", {}
        use.save()


@pytest.mark.parametrize("name", ["coming", "use-why"])
def test_many_uses_ask_no_more_of_the_database_than_few(announced: World, name: str):
    use = announced.run(str(TODAY), student=COMPETES).uses.earliest("pk")
    client, address = signed_in(announced.engineer), reverse(name, args=[use.pk] if name == "use-why" else [])

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    copies(use, 1)
    asked()
    few = asked()
    copies(use, 12)
    assert asked() == few <= 12


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_those_concerned_see_it_on_the_overview_and_others_do_not(announced: World):
    announced.run(str(TODAY), student=COMPETES)
    stranger = make_user()
    make_project(engineers=(stranger,))
    for address in ("coming", "coming-notice"):
        assert "acme-large" in signed_in(announced.engineer).get(reverse(address)).content.decode()
        assert "acme-large" not in signed_in(stranger).get(reverse(address)).content.decode()
    assert reverse("coming-notice") in signed_in(announced.engineer).get(reverse("overview")).content.decode()


def test_a_findings_page_tells_what_judging_anew_did_to_it_even_when_it_is_gone(world: World):
    run = world.run("2024-06-01", student={"kind": "generative", "competes_with": []})
    world.publish(when={"fact": "student.kind", "op": "eq", "value": "generative"}, exceptions=[])
    rejudge_after_changes()
    silence = finding(run, "silence")
    shown = signed_in(world.engineer).get(reverse("finding", args=[silence.pk])).content.decode()
    assert "this is no longer found" in shown
    assert "Rule published" in shown
    assert silence.title not in signed_in(world.engineer).get(reverse("run-findings", args=[run.pk])).content.decode()


def test_what_was_judged_anew_is_shown_to_legal(world: World):
    world.run("2024-06-01", student={"kind": "generative", "competes_with": []})
    world.publish(when={"fact": "student.kind", "op": "eq", "value": "generative"}, exceptions=[])
    rejudge_after_changes()
    done = Rejudging.objects.first()
    assert done is not None
    client = signed_in(world.counsel)
    assert "Rule published" in client.get(reverse("rejudgings")).content.decode()
    assert "No longer found" in client.get(reverse("rejudging", args=[done.pk])).content.decode()
    assert signed_in(world.engineer).get(reverse("rejudgings")).status_code == 403
    assert FindingChange.objects.filter(rejudging=done).count() == 2
