"""A lawyer's way through a text in a real browser: found, read, accepted, drafted, and followed into the next version."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from compliance.actions.anchoring import anchor_clauses
from compliance.actions.clauses import read_version
from compliance.models import ClauseText, RuleRevision, User
from tests.browser.conftest import DESKTOP, PHONE, Opened
from tests.browser.test_walk import overflow
from tests.factories import make_user
from tests.reader.texts import CHANGED, FIRST, POLICY_AFTER, POLICY_BEFORE, WITHOUT, make_versions

pytestmark = pytest.mark.browser


@pytest.fixture
def lawyer(transactional_db: None) -> User:
    return make_user(User.Role.LEGAL, is_staff=True)


def test_from_a_suggestion_to_a_clause_a_draft_and_the_next_version(opened: Opened, lawyer: User) -> None:
    first, second = make_versions(FIRST, CHANGED)
    visit = opened(lawyer)
    page = visit.go(reverse("terms-version", args=[first.pk]))
    page.keyboard.press("f")
    page.keyboard.type("harp SERVICE to train")
    page.keyboard.press("Enter")
    expect(page.locator("[data-found]")).to_have_text("1 of 1")

    page.locator("details.suggested summary", has_text="Competing models").click()
    expect(page.locator("details.suggested[open]")).to_contain_text("competes")
    page.locator("details.suggested[open]").get_by_role("link", name="Accept or reject").click()
    page.get_by_label("Key of a new clause").fill("rival-models")
    page.get_by_label("In our own words").fill("bars models that rival the provider’s")
    page.get_by_role("button", name="Accept as a clause").click()
    expect(page).to_have_url(f"{visit.base}{reverse('terms-version', args=[first.pk])}#c-rival-models")
    expect(page.locator("#c-rival-models")).to_contain_text("Accepted clause")

    page.get_by_role("button", name="Draft a rule from this clause").click()
    expect(page.locator("h1").first).to_be_visible()
    assert f"/admin/compliance/rulerevision/{RuleRevision.objects.get().pk}/" in page.url

    anchor_clauses(first.document)
    visit.go(reverse("terms-version", args=[second.pk]))
    page.get_by_role("link", name="Review it").click()
    expect(page.locator(".review ins").first).to_be_visible()
    page.get_by_role("button", name="Means the same: keep").click()
    expect(page.get_by_text("No clause waits")).to_be_visible()
    assert ClauseText.objects.filter(clause__key="rival-models").count() == 2
    visit.go(reverse("terms-version", args=[second.pk]))
    page.get_by_role("link", name="What changed since").click()
    expect(page.locator("article.reworded ins").first).to_contain_text("any")
    assert visit.complaints == []


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_the_pages_of_a_text_fit_every_window(opened: Opened, lawyer: User, size: tuple[int, int], theme: str) -> None:
    line = "".join(f"{number}\\. Title Here. " + "You keep the harp dry and warm. " * 700 for number in (1, 2, 3))
    first, _second, third = make_versions(FIRST, CHANGED, WITHOUT)
    (long,) = make_versions(line + FIRST, identifier="harpco/long", title="Long Terms")
    make_versions(POLICY_BEFORE, POLICY_AFTER, identifier="harpco/policy", title="Harp Policy")
    read_version(first)
    visit = opened(lawyer, size, theme)
    for address in (
        reverse("terms-version", args=[long.pk]) + "#p-60000",
        reverse("terms-suggestion", args=[first.suggestions.earliest("start").pk]),
        reverse("terms-mark", args=[first.pk]),
        reverse("terms-suggestions"),
        reverse("terms-review"),
        reverse("terms-compare") + f"?old={first.pk}&new={third.pk}",
        reverse("terms-in-force") + "?provider=harpco",
    ):
        page = visit.go(address)
        assert visit.status == 200, address
        assert overflow(page) <= 0, address
        assert page.locator("h1").count() == 1, address
        assert visit.complaints == [], address


def test_find_goes_from_place_to_place_and_markup_is_shown_when_asked_for(opened: Opened, lawyer: User) -> None:
    (version,) = make_versions(FIRST.replace("Be kind", "**Be kind**"))
    visit = opened(lawyer)
    page = visit.go(reverse("terms-version", args=[version.pk]))
    words = page.locator("[data-text]")
    assert "**" not in words.inner_text()
    page.get_by_label("Show mark-up").check()
    assert "**Be kind**" in words.inner_text()
    find = page.get_by_label("Find in this text")
    find.fill("harp")
    count = page.evaluate("CSS.highlights.get('found').size")
    assert count == FIRST.lower().count("harp")
    for key, told in (("Enter", f"1 of {count}"), ("Enter", f"2 of {count}"), ("Shift+Enter", f"1 of {count}")):
        find.press(key)
        expect(page.locator("[data-found]")).to_have_text(told)
    find.fill("lute")
    expect(page.locator("[data-found]")).to_have_text("Not found")
    find.press("Escape")
    expect(find).to_have_value("")
    assert visit.complaints == []
