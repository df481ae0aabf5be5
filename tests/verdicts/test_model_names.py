"""Models that nobody could place are listed; a person's word on one name re-judges all that it concerns."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from audits.actions.usage import refresh_signatures
from audits.models import ModelCall, Run
from audits.procedures.rejudging import rejudge_after_changes
from audits.queries.model_names import unresolved_models
from compliance.actions.corrections import correct_model
from compliance.models import CatalogueEntry, ModelCorrection, Provider, TermsDocument, User
from tests.verdicts.conftest import World

UNKNOWN: dict[str, Any] = {"provider": "", "served_by": "acme", "request_model": "Team-Deployment-7"}
COMPETES: dict[str, Any] = {"kind": "generative", "competes_with": ["acme"]}


def seen(world: World, **fields: Any) -> Run:
    run = world.run("2024-06-01", "2024-06-02", student=COMPETES, **{**UNKNOWN, **fields})
    refresh_signatures(run.pk, {})
    return run


def name(world: World, **fields: Any) -> ModelCorrection:
    said: dict[str, Any] = {
        "name": "Team-Deployment-7", "developer": Provider.objects.get(slug="acme"), "family": None, "base": None,
        "licences": [], "open_weights": False, "reason": "Our deployment of Acme Large.", "acting_user": world.counsel,
    }  # fmt: skip
    return correct_model(**{**said, **fields})


def test_a_name_whose_developer_is_unknown_is_listed_with_where_and_how_often(world: World):
    seen(world)
    seen(world, served_by="bazaar")
    world.run("2024-06-01", student=COMPETES)
    (model,) = unresolved_models(Run.objects.all())
    assert (model.name, model.served_by, model.calls, model.runs) == ("Team-Deployment-7", ("acme", "bazaar"), 4, 2)


def test_one_correction_judges_all_that_it_concerns_and_names_the_developer_in_the_calls(world: World):
    run, other = seen(world), world.run("2024-06-01", student=COMPETES)
    assert run.outcome == "needs_facts"
    before = list(other.findings.values_list("pk", "basis_sha256"))
    name(world)
    rejudge_after_changes()
    assert Run.objects.get(pk=run.pk).outcome == "prohibited"
    assert set(ModelCall.objects.filter(run=run).values_list("provider", flat=True)) == {"acme"}
    assert unresolved_models(Run.objects.all()) == []
    fact = run.uses.get().facts["provider"]
    assert (fact["value"], fact["source"], fact["by"]) == ("acme", "declared", "counsel")
    assert list(other.findings.values_list("pk", "basis_sha256")) == before


def test_a_later_word_counts_and_the_former_is_kept(world: World):
    run = seen(world)
    name(world)
    rejudge_after_changes()
    name(world, developer=Provider.objects.get(slug="bazaar"), reason="It was Bazaar's own.")
    rejudge_after_changes()
    assert Run.objects.get(pk=run.pk).outcome == "needs_facts"
    assert [word.developer for word in ModelCorrection.objects.all()] == ["bazaar", "acme"]


def test_a_family_brings_its_licences_and_its_developer(world: World):
    word = name(world, developer=None, family=CatalogueEntry.objects.get(pattern="acme-1"))
    assert (word.name, word.developer, word.family) == ("team-deployment-7", "acme", "acme-1")


@pytest.mark.parametrize(
    "change",
    [{"reason": ""}, {"developer": None, "open_weights": True}, {"developer": "bazaar", "family": "acme-1"}],
    ids=["no reason", "weights of nobody", "another's family"],
)
def test_a_word_that_contradicts_itself_is_refused(world: World, change: dict[str, Any]):
    if change.get("family"):
        change = {
            "developer": Provider.objects.get(slug="bazaar"),
            "family": CatalogueEntry.objects.get(pattern="acme-1"),
        }
    with pytest.raises(ValidationError):
        name(world, **change)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_the_page_lists_names_and_legal_says_what_they_are(world: World):
    seen(world)
    assert "Team-Deployment-7" in signed_in(world.engineer).get(reverse("models")).content.decode()
    address = reverse("model-name")
    said = {"name": "Team-Deployment-7", "developer": Provider.objects.get(slug="acme").pk, "reason": "Ours."}
    assert signed_in(world.engineer).post(address, said).status_code == 403
    client = signed_in(world.counsel)
    assert client.get(address, {"name": "Team-Deployment-7"}).status_code == 200
    assert client.post(address, {**said, "reason": ""}).status_code == 422
    assert client.post(address, said).status_code == 302
    assert "Ours." in client.get(address, {"name": "Team-Deployment-7"}).content.decode()
    assert TermsDocument.objects.filter(kind="licence").exists()
