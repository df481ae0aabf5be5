"""Terms: what is in force on a chosen day, and who may read which agreement."""

import datetime as dt

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from psycopg.types.range import DateRange

from compliance.actions.rulebook import load_rulebook
from compliance.engine.rulebook import load_directory
from compliance.models import Agreement, Provider, RuleRevision, TermsDocument, Version
from compliance.queries.in_force import rules_of_version
from tests.factories import NOON, make_rule_revision, make_user, sha
from tests.pages.conftest import SignedIn, World


@pytest.fixture
def two_versions(world: World) -> TermsDocument:
    """Version of 2025-05-31, then one of 2026-07-08; each with its rule."""
    document = TermsDocument.objects.get(identifier="openai/services-agreement")
    document.versions.update(in_force=DateRange(dt.date(2025, 5, 31), dt.date(2026, 7, 8)))
    Version.objects.create(
        document=document, label="2026-07-08", in_force=DateRange(dt.date(2026, 7, 8), None), basis="stated"
    )
    make_rule_revision(
        "openai/services-agreement:newer",
        title="The newer rule",
        in_force=DateRange(dt.date(2026, 7, 8), None),
        definition={"citations": [{"versions": ["2026-07-08"], "section": "3.3(e)", "sha256": sha("newer")}]},
    )
    return document


@pytest.mark.parametrize(
    ("day", "label", "newer"),
    [("2026-07-07", "2025-05-31", False), ("2026-07-08", "2026-07-08", True), ("2024-01-01", None, False)],
)
def test_the_chosen_day_selects_versions_and_rules(
    world: World, signed_in: SignedIn, two_versions: TermsDocument, day: str, label: str | None, newer: bool
) -> None:
    response = signed_in(world.outsider).get(reverse("terms-provider", args=["openai"]), {"on": day})
    (held,) = response.context["documents"]
    assert (held.version.label if held.version else None) == label
    assert ("The newer rule" in response.content.decode()) is newer


def test_a_rule_that_does_not_cite_a_version_is_not_said_to_read_it(
    world: World, signed_in: SignedIn, two_versions: TermsDocument
) -> None:
    newest = two_versions.versions.get(label="2026-07-08")
    assert [rule.title for rule in rules_of_version(newest)] == ["The newer rule"]
    page = signed_in(world.outsider).get(reverse("terms-provider", args=["openai"]), {"on": "2026-07-08"})
    (held,) = page.context["documents"]
    assert [rule.title for rule in held.rules] == ["The newer rule"]


def test_a_day_before_any_version_is_called_unknown_not_silent(
    world: World, signed_in: SignedIn, two_versions: TermsDocument
) -> None:
    page = signed_in(world.outsider).get(reverse("terms-provider", args=["openai"]), {"on": "2020-01-01"})
    assert "No version is known" in page.content.decode()


def test_a_day_that_is_none_is_refused_and_today_is_shown(world: World, signed_in: SignedIn) -> None:
    page = signed_in(world.outsider).get(reverse("terms-provider", args=["openai"]), {"on": "soon"}).content.decode()
    assert "Write the day as year-month-day" in page


def test_an_agreement_is_shown_to_who_sees_its_project(world: World, signed_in: SignedIn) -> None:
    provider = Provider.objects.get(slug="openai")
    Agreement.objects.create(provider=provider, reference="For all", starts_on=dt.date(2026, 1, 1))
    Agreement.objects.create(
        provider=provider, project=world.project, reference="For one", starts_on=dt.date(2026, 1, 1)
    )
    address = f"{reverse('terms-provider', args=['openai'])}?on=2026-05-01"
    assert "For one" in signed_in(world.engineer).get(address).content.decode()
    page = signed_in(world.outsider).get(address).content.decode()
    assert "For all" in page
    assert "For one" not in page
    assert "For all" not in signed_in(world.engineer).get(address.replace("2026-05", "2025-05")).content.decode()


def test_document_version_and_rule_have_pages(world: World, signed_in: SignedIn, two_versions: TermsDocument) -> None:
    client = signed_in(world.outsider)
    revision = RuleRevision.objects.get(title="The newer rule")
    assert "2026-07-08" in client.get(reverse("terms-document", args=[two_versions.pk])).content.decode()
    version = client.get(reverse("terms-version", args=[two_versions.versions.latest("pk").pk])).content.decode()
    assert "cited, not held here" in version
    assert "The newer rule" in client.get(reverse("terms-rule", args=[revision.pk])).content.decode()


def test_a_draft_rule_is_not_among_what_engineers_rely_on(world: World, signed_in: SignedIn) -> None:
    draft = make_rule_revision(
        "openai/services-agreement:drafted", status="draft", title="Half a thought", shipped=False, published_at=None
    )
    client = signed_in(make_user())
    assert client.get(reverse("terms-rule", args=[draft.pk])).status_code == 404
    document = reverse("terms-document", args=[draft.rule.document_id])
    assert "Half a thought" not in client.get(document).content.decode()


def test_a_superseded_revision_stays_readable_and_says_so(world: World, signed_in: SignedIn) -> None:
    revision = RuleRevision.objects.get()
    RuleRevision.objects.filter(pk=revision.pk).update(status="superseded", superseded_at=NOON)
    make_rule_revision(revision.rule.identifier, content_sha256=sha("second"))
    page = signed_in(world.outsider).get(reverse("terms-rule", args=[revision.pk])).content.decode()
    assert "Superseded" in page
    assert "Revision 2" in page


@pytest.fixture
def shipped(db: None) -> None:
    load_rulebook(load_directory(settings.BASE_DIR / "compliance" / "rulebook"))


def governing(client: Client, slug: str, **asked: str) -> list[tuple[str, str, str]]:
    """Identifier, why, and the version's label ("" when no text of that day is held)."""
    papers = client.get(reverse("terms-in-force"), {"provider": slug, **asked}).context["papers"]
    return [(paper.identifier, paper.why, paper.version.label if paper.version else "") for paper in papers]


def test_the_papers_that_govern_on_a_day_stand_with_the_reason_why(shipped: None, signed_in: SignedIn) -> None:
    client = signed_in(make_user())
    papers = governing(client, "anthropic", on="2026-11-22", access="api", served_by="anthropic")
    why = "these terms cover the API and services for businesses"
    assert papers[0] == ("anthropic/commercial-terms", why, "2026-03-11")
    consumer = governing(client, "anthropic", on="2026-11-22", access="consumer_app")
    assert "anthropic/commercial-terms" not in [identifier for identifier, _, _ in consumer]


def test_another_channel_brings_other_papers_and_one_that_nobody_catalogued_is_said_to_be(
    shipped: None, signed_in: SignedIn
) -> None:
    client = signed_in(make_user())
    through = governing(client, "anthropic", access="api", served_by="openrouter")
    assert any(identifier.startswith("openrouter/") for identifier, _, _ in through)
    asked = {"provider": "anthropic", "served_by": "openrouter"}
    page = client.get(reverse("terms-in-force"), asked).content.decode()
    assert "OpenRouter" in page


def test_weights_come_under_the_licence_of_the_model_that_is_named(shipped: None, signed_in: SignedIn) -> None:
    client = signed_in(make_user())
    unnamed = client.get(reverse("terms-in-force"), {"provider": "meta", "access": "weights"})
    assert unnamed.context["papers"] == ()
    assert "Name the model" in unnamed.content.decode()
    papers = governing(client, "meta", access="weights", model="Llama-3.1-8B-Instruct")
    assert [why for _, why, _ in papers if "licence of the weights" in why]


def test_a_channel_that_is_not_offered_is_refused_and_the_plainest_case_is_shown(
    shipped: None, signed_in: SignedIn
) -> None:
    client = signed_in(make_user())
    assert governing(client, "openai", served_by="nobody") == governing(client, "openai")


def test_providers_without_a_document_stand_apart(world: World, signed_in: SignedIn) -> None:
    Provider.objects.create(slug="bare", name="Bare Channel")
    page = signed_in(world.outsider).get(reverse("terms")).content.decode()
    assert page.index("Without a document") < page.index("Bare Channel")


def test_licences_of_open_models_are_called_so_and_are_neither_a_developer_nor_a_channel(
    shipped: None, signed_in: SignedIn
) -> None:
    client = signed_in(make_user())
    listed = client.get(reverse("terms")).content.decode()
    assert "Open-source licences</a>" in listed
    page = client.get(reverse("terms-provider", args=["open-source"])).content.decode()
    assert "bind whoever uses those weights" in page
    assert "Build a report on its use" not in page, "nobody is asked under this name"
    assert reverse("terms-in-force") not in page
    offered = client.get(reverse("terms-in-force")).content.decode()
    assert 'value="openai"' in offered
    assert 'value="open-source"' not in offered


def test_no_provider_whose_documents_are_held_is_called_by_its_key(shipped: None) -> None:
    held = Provider.objects.filter(documents__isnull=False)
    assert not [provider.slug for provider in held if provider.name == provider.slug]
