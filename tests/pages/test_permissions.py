"""Who sees and does what: each object's page for each kind of person."""

import pytest
from django.test import Client
from django.urls import reverse

from audits.models import Decision, Report, Run
from compliance.access import may_run_some_audits
from tests.factories import make_run, sha
from tests.pages.conftest import SignedIn, World

EVERYONES = ["overview", "pipelines", "runs", "findings", "reports", "terms", "search"]
OF_A_RUN = [
    "run", "run-live", "run-log", "run-calls", "run-code", "run-lineage", "run-findings", "run-gaps", "run-evidence",
    "run-report",
]  # fmt: skip
PEOPLE_OF_THE_PROJECT = ["engineer", "member_legal", "legal", "administrator"]


def pages_of(world: World) -> dict[str, str]:
    """One address for each kind of object that belongs to the project."""
    dataset = world.run.datasets.order_by("pk")[0]
    exchange = world.run.exchanges.order_by("pk").first()
    assert exchange is not None
    return {name: reverse(name, args=[world.run.pk]) for name in OF_A_RUN} | {
        "run-log-after": reverse("run-log-after", args=[world.run.pk, 0]),
        "run-lineage-rows": reverse("run-lineage-rows", args=[world.run.pk, dataset.pk]),
        "pipeline": reverse("pipeline", args=[world.run.pipeline_id]),
        "call": reverse("call", args=[exchange.pk]),
        "finding": reverse("finding", args=[world.finding.pk]),
    }


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page(world: World, client: Client) -> None:
    for address in [*(reverse(name) for name in EVERYONES), *pages_of(world).values()]:
        response = client.get(address)
        assert response.status_code == 302, address
        assert response.headers["Location"].startswith(reverse("sign-in")), address


@pytest.mark.parametrize("person", PEOPLE_OF_THE_PROJECT)
def test_people_of_the_project_read_all_of_it(world: World, signed_in: SignedIn, person: str) -> None:
    client = signed_in(getattr(world, person))
    for name, address in pages_of(world).items():
        assert client.get(address).status_code == 200, name


@pytest.mark.parametrize("person", [*PEOPLE_OF_THE_PROJECT, "outsider"])
def test_everybody_has_the_listings(world: World, signed_in: SignedIn, person: str) -> None:
    client = signed_in(getattr(world, person))
    for name in EVERYONES:
        assert client.get(reverse(name)).status_code == 200, name


def test_for_an_outsider_nothing_of_the_project_exists(world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.outsider)
    for name, address in pages_of(world).items():
        assert client.get(address).status_code == 404, name


def test_an_outsiders_listings_do_not_name_the_project(world: World, signed_in: SignedIn) -> None:
    client = signed_in(world.outsider)
    for name in EVERYONES:
        page = client.get(reverse(name), {"q": "Support"}).content.decode()
        assert world.run.pipeline.name not in page, name
        assert world.finding.title not in page, name


def test_the_dataset_of_another_run_is_not_reached_through_ones_own(world: World, signed_in: SignedIn) -> None:
    other = make_run(world.run.pipeline)
    address = reverse("run-lineage-rows", args=[other.pk, world.run.datasets.get().pk])
    assert signed_in(world.engineer).get(address).status_code == 404


@pytest.mark.parametrize(
    ("person", "status"),
    [("engineer", 302), ("administrator", 302), ("member_legal", 403), ("legal", 403), ("outsider", 404)],
)
def test_engineers_and_administrators_start_audits(world: World, signed_in: SignedIn, person: str, status: int) -> None:
    client = signed_in(getattr(world, person))
    before = Run.objects.count()
    response = client.post(reverse("pipeline-audit", args=[world.run.pipeline_id]), {"upstreams": ""})
    assert response.status_code == status
    assert Run.objects.count() - before == (1 if status == 302 else 0)


@pytest.mark.parametrize("verb", ["run-cancel", "run-again"])
@pytest.mark.parametrize(("person", "status"), [("engineer", 302), ("legal", 403), ("outsider", 404)])
def test_only_who_may_run_audits_cancels_and_repeats_them(
    world: World, signed_in: SignedIn, person: str, status: int, verb: str
) -> None:
    response = signed_in(getattr(world, person)).post(reverse(verb, args=[world.run.pk]))
    assert response.status_code == status


@pytest.mark.parametrize(
    ("person", "status"),
    [("legal", 302), ("member_legal", 302), ("engineer", 403), ("administrator", 403), ("outsider", 404)],
)
def test_legal_decides_findings(world: World, signed_in: SignedIn, person: str, status: int) -> None:
    client = signed_in(getattr(world, person))
    answer = {"kind": Decision.Kind.CONFIRM, "reason": "The student is offered to customers."}
    response = client.post(reverse("finding-decide", args=[world.finding.pk]), answer)
    assert response.status_code == status
    assert Decision.objects.count() == (1 if status == 302 else 0)


def test_a_refusal_says_who_may_do_it(world: World, signed_in: SignedIn) -> None:
    response = signed_in(world.engineer).post(
        reverse("finding-decide", args=[world.finding.pk]), {"kind": "confirm", "reason": "x"}
    )
    page = response.content.decode()
    assert "are decided by legal" in page
    assert "Nothing was changed" in page


@pytest.mark.parametrize(
    ("person", "status"), [("engineer", 302), ("legal", 302), ("administrator", 302), ("outsider", 404)]
)
def test_people_of_the_project_have_reports_made(world: World, signed_in: SignedIn, person: str, status: int) -> None:
    response = signed_in(getattr(world, person)).post(reverse("run-report", args=[world.run.pk]), {"marking": "final"})
    assert response.status_code == status
    assert Report.objects.filter(marking="final").count() == (1 if status == 302 else 0)


def test_a_report_is_downloaded_by_people_of_the_project_alone(world: World, signed_in: SignedIn) -> None:
    report = Report.objects.create(run=world.run, number=1, state=Report.State.READY, pdf_sha256=sha("no such content"))
    address = reverse("report-download", args=[report.pk])
    assert signed_in(world.outsider).get(address).status_code == 404
    missing = signed_in(world.engineer).get(address)
    assert missing.status_code == 404, "the content is not in the store, and that is all that is wrong"


@pytest.mark.parametrize("verb", ["run-cancel", "run-again", "pipeline-audit", "finding-decide"])
def test_what_changes_something_is_not_done_by_following_a_link(world: World, signed_in: SignedIn, verb: str) -> None:
    pk = {"pipeline-audit": world.run.pipeline_id, "finding-decide": world.finding.pk}.get(verb, world.run.pk)
    assert signed_in(world.administrator).get(reverse(verb, args=[pk])).status_code == 405


@pytest.mark.parametrize("verb", ["run-again", "finding-decide", "sign-out", "theme"])
def test_a_form_of_another_site_is_refused(world: World, verb: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.legal)
    args = {"run-again": [world.run.pk], "finding-decide": [world.finding.pk]}.get(verb, [])
    assert client.post(reverse(verb, args=args)).status_code == 403


@pytest.mark.parametrize(("person", "led"), [("legal", True), ("administrator", True), ("engineer", False)])
def test_the_rail_leads_to_the_rules_whoever_keeps_them(
    world: World, signed_in: SignedIn, person: str, led: bool
) -> None:
    page = signed_in(getattr(world, person)).get(reverse("overview")).content.decode()
    assert ("Rules and people" in page) is led


def test_only_who_may_run_an_audit_is_led_to_one_from_the_overview(world: World, signed_in: SignedIn) -> None:
    for person, led in ((world.engineer, True), (world.administrator, True), (world.legal, False)):
        page = signed_in(person).get(reverse("overview")).content.decode()
        assert ("Choose a pipeline to audit" in page) is led, person
    assert [may_run_some_audits(person) for person in (world.outsider, world.member_legal)] == [True, False]
