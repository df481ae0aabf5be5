"""A place with nothing in it says what it is for and what to do next."""

import pytest
from django.test import Client
from django.urls import reverse

from audits.models import Run
from tests.factories import make_pipeline, make_project, make_run, make_user
from tests.pages.conftest import SignedIn


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("overview", "Add a pipeline"),
        ("pipelines", "Add a pipeline"),
        ("runs", "No run yet"),
        ("findings", "Nothing waits for a decision"),
        ("reports", "No report yet"),
        ("terms", "No terms are loaded"),
        ("search", "What are you looking for?"),
    ],
)
def test_an_empty_place_says_what_it_is_for(db: None, signed_in: SignedIn, name: str, words: str) -> None:
    engineer = make_user()
    make_project(engineers=(engineer,))
    assert words in signed_in(engineer).get(reverse(name)).content.decode()


def test_somebody_without_a_project_is_told_whom_to_ask(db: None, signed_in: SignedIn) -> None:
    page = signed_in(make_user()).get(reverse("pipelines")).content.decode()
    assert "ask one of them" in page
    assert reverse("pipeline-add") not in page


@pytest.mark.parametrize("name", ["overview", "pipelines", "imports", "projects"])
def test_whoever_makes_projects_is_asked_to_make_the_first_and_sent_to_nobody(
    db: None, signed_in: SignedIn, name: str
) -> None:
    page = signed_in(make_user("administrator")).get(reverse(name)).content.decode()
    assert "Make a project" in page
    assert f'href="{reverse("projects")}"' in page
    assert "sk one of them" not in page


@pytest.mark.parametrize("name", ["pipeline-add", "import-add"])
def test_what_is_kept_under_a_project_leads_whoever_makes_projects_to_the_first(
    db: None, signed_in: SignedIn, name: str
) -> None:
    answer = signed_in(make_user("administrator")).get(reverse(name), follow=True)
    assert answer.redirect_chain == [(reverse("projects"), 302)]
    assert "Make a project first" in answer.text
    assert signed_in(make_user()).get(reverse(name)).status_code == 403


@pytest.mark.parametrize(
    ("tab", "state", "words"),
    [
        ("run-calls", Run.State.RUNNING, "No exchange yet"),
        ("run-calls", Run.State.FAILED, "See what was refused"),
        ("run-lineage", Run.State.RUNNING, "Not traced yet"),
        ("run-lineage", Run.State.COMPLETED, "Declare each under [[dataset]]"),
        ("run-findings", Run.State.RUNNING, "Not judged yet"),
        ("run-findings", Run.State.COMPLETED, "No finding"),
        ("run-findings", Run.State.FAILED, "Not judged"),
        ("run-evidence", Run.State.RUNNING, "Not chained yet"),
        ("run-evidence", Run.State.ERRORED, "No evidence was chained"),
    ],
)
def test_an_empty_part_of_a_run_says_why_it_is_empty(
    db: None, signed_in: SignedIn, tab: str, state: str, words: str
) -> None:
    engineer = make_user()
    run = make_run(make_pipeline(make_project(engineers=(engineer,))), state)
    assert words in signed_in(engineer).get(reverse(tab, args=[run.pk])).content.decode()


def test_an_address_that_leads_nowhere_says_so_signed_in_or_not(db: None, client: Client, signed_in: SignedIn) -> None:
    for visitor in (client, signed_in(make_user())):
        response = visitor.get("/no/such/place/")
        assert response.status_code == 404
        assert "There is nothing here" in response.content.decode()
