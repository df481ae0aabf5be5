"""The matrix in the page: what it says, what it links, who may hand out policies, and how one is found again."""

import datetime as dt
import json
from dataclasses import replace

import pytest
import yaml
from django.db import connection
from django.db.utils import ProgrammingError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.engine.library import Library
from compliance.models import Agreement, IssuedPolicy, Provider, RuleRevision, TrailEntry
from compliance.queries.portfolio import Question, portfolio
from tests.factories import make_project, make_user

pytestmark = pytest.mark.django_db
DAY = "2024-06-01"
CLASSIFIER = {"on": DAY, "competes": "no", "kind": "classifier"}


def reader(role: str = "member") -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


def cells(client: Client, **asked: str) -> dict[tuple[str, str], str]:
    told = client.get(reverse("portfolio-export", args=["json"]), {"on": DAY, **asked}).json()
    return {(one["provider"], one["purpose"]): one["state"] for one in told["cells"]}


def test_every_cell_has_a_word_and_leads_to_its_reasons(published: Library):
    client = reader()
    page = client.get(reverse("portfolio"), {"on": DAY, "provider": "acme"}).content.decode()
    assert page.count("portfolio/why/") == 8
    for word in ("Conditional", "Forbidden", "Unknown"):
        assert word in page
    why = client.get(reverse("portfolio-cell", args=["train_on_output", "acme/api/acme"]), {"on": DAY})
    text = why.content.decode()
    rule = RuleRevision.objects.get(rule__identifier="acme/terms:competing-models")
    assert reverse("terms-rule", args=[rule.pk]) in text
    version = rule.rule.document.versions.get(label="2024-02-01")
    assert reverse("terms-version", args=[version.pk]) in text
    assert "Does the student compete with the provider" in text


def test_declared_facts_settle_cells(published: Library):
    client = reader()
    assert cells(client)["acme", "train_on_output"] == "conditional"
    assert cells(client, competes="no", kind="classifier")["acme", "train_on_output"] == "allowed"
    assert cells(client, competes="yes", kind="generative")["acme", "train_on_output"] == "forbidden"


def test_agreements_count_where_one_asks_for_them_and_sees_them(published: Library):
    person = make_user()
    mine, theirs = make_project(engineers=(person,)), make_project()
    for project in (mine, theirs):
        Agreement.objects.create(
            provider=Provider.objects.get(slug="acme"), project=project, reference=f"Letter {project.pk}",
            grants=["train_on_output"], starts_on=dt.date(2024, 1, 1),
        )  # fmt: skip
    client = Client()
    client.force_login(person)
    barred = {"competes": "yes", "kind": "generative"}
    state = ("acme", "train_on_output")
    assert cells(client, **barred)[state] == "forbidden"
    assert cells(client, **barred, agreements=f"project-{mine.pk}")[state] == "allowed"
    assert cells(client, **barred, agreements=f"project-{theirs.pk}")[state] == "forbidden"
    assert (
        "by agreement"
        in client.get(reverse("portfolio"), {"on": DAY, **barred, "agreements": f"project-{mine.pk}"}).content.decode()
    )


def issue(client: Client, **choices: object):
    data = {"form": "litellm", "purposes": ["train_on_output"], "conditional": "block", "unknown": "block", **choices}
    return client.post(f"{reverse('portfolio-policies')}?on={DAY}&competes=no&kind=classifier", data)


def test_what_lets_nothing_through_is_refused_and_says_so(published: Library):
    answer = issue(reader("legal"))
    assert answer.status_code == 422
    assert "An empty list would bar nothing" in answer.content.decode()
    assert not IssuedPolicy.objects.exists()


def test_an_unreadable_choice_is_told_beside_its_field(published: Library):
    assert (
        "takes one purpose"
        in issue(reader("legal"), form="openrouter", purposes=["train_on_output", "evaluate"]).content.decode()
    )


@pytest.mark.parametrize(
    ("role", "status"), [("legal", 302), ("administrator", 302), ("auditor", 403), ("member", 403)]
)
def test_who_hands_out_policies(published: Library, monkeypatch: pytest.MonkeyPatch, role: str, status: int):
    monkeypatch.setattr("compliance.exchange.litellm._DIRECT", {"acme": (("acme/*",), "ACME_API_KEY")})
    assert issue(reader(role)).status_code == status


def test_a_policy_is_kept_as_it_was_and_found_by_its_hashes(published: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.exchange.litellm._DIRECT", {"acme": (("acme/*",), "ACME_API_KEY")})
    client = reader("legal")
    assert client.get(issue(client).headers["Location"]).status_code == 200
    policy = IssuedPolicy.objects.get()
    served = client.get(reverse("portfolio-policy-file", args=[policy.pk]))
    assert served.content.decode() == policy.content
    assert [one["model_name"] for one in yaml.safe_load(served.content)["model_list"]] == ["acme/*"]
    for digest in (policy.rulebook_sha256, policy.matrix_sha256[:12], f"sha256:{policy.content_sha256}"):
        assert (
            f"/portfolio/policies/{policy.pk}/"
            in client.get(reverse("portfolio-policies"), {"hash": digest}).content.decode()
        )
    assert "No policy bears this hash" in client.get(reverse("portfolio-policies"), {"hash": "00ff"}).content.decode()
    assert TrailEntry.objects.filter(action="policy issued").count() == 1
    with pytest.raises(ProgrammingError, match="Cannot update or delete"):
        policy.delete()


def test_a_policy_says_what_would_be_otherwise_today(published: Library, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("compliance.exchange.litellm._DIRECT", {"acme": (("acme/*",), "ACME_API_KEY")})
    client = reader("legal")
    address = issue(client).headers["Location"]
    assert "it would rest on the same answers" in client.get(address).content.decode()
    RuleRevision.objects.filter(rule__identifier="acme/terms:classifiers").update(status="superseded")
    text = client.get(address).content.decode()
    assert "1 cell would be otherwise" in text
    assert "terms are silent" in text


def test_a_policy_with_a_projects_agreements_is_for_those_who_see_it(
    published: Library, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("compliance.exchange.litellm._DIRECT", {"acme": (("acme/*",), "ACME_API_KEY")})
    client = reader("legal")
    issue(client)
    found = IssuedPolicy.objects.get()
    found.pk, found._state.adding, found.project = None, True, make_project()
    found.save()
    assert reader().get(reverse("portfolio-policy", args=[found.pk])).status_code == 404
    assert client.get(reverse("portfolio-policy", args=[found.pk])).status_code == 200


def test_cells_that_are_none_are_not_found(published: Library):
    for activity, way in (("fly", "acme/api/acme"), ("evaluate", "acme/api/nobody")):
        assert reader().get(reverse("portfolio-cell", args=[activity, way])).status_code == 404


def test_the_matrix_asks_the_same_number_of_questions_for_any_size(published: Library):
    client = reader()
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("portfolio"), {"on": DAY})
    for number in range(5):
        Provider.objects.create(slug=f"more-{number}", name=f"More {number}", definition={"develops": True})
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("portfolio"), {"on": DAY})
    assert len(many) == len(few)


def test_the_table_is_csv_that_starts_no_formula(published: Library):
    answer = reader().get(reverse("portfolio-export", args=["csv"]), {"on": DAY})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.content.decode().splitlines()[0].startswith("provider,access,served_by")
    assert json.loads(reader().get(reverse("portfolio-export", args=["json"]), {"on": DAY}).content)["on"] == DAY


def test_a_matrix_that_was_kept_is_judged_anew_when_the_library_changes(published: Library):
    asked = Question(on=dt.date.fromisoformat(DAY))
    before = portfolio(asked)
    assert portfolio(replace(asked)) is before

    Provider.objects.filter(slug="acme").update(name="Acme of old")

    assert portfolio(asked) is not before


def test_a_matrix_is_kept_for_the_question_that_it_answers(published: Library):
    competing = Question(on=dt.date.fromisoformat(DAY), facts={"student.competes_with_provider": True})
    other = replace(competing, facts={"student.competes_with_provider": False})

    assert portfolio(competing).rows != portfolio(other).rows
    assert portfolio(competing).asked == competing
