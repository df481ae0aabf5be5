"""Every page in a real browser: at two widths and in two themes, without complaint and without scrolling sideways."""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from audits.models import Decision
from tests.browser.conftest import DESKTOP, PHONE, Opened
from tests.browser.world import BrowserWorld
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser
IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"


def addresses(world: BrowserWorld) -> dict[str, str]:
    """One address of every kind of page."""
    run, revision = world.run, world.finding.rule_revision
    assert revision is not None
    document = revision.rule.document
    exchange = run.exchanges.order_by("seq")[0]
    of_run = ["run", "run-log", "run-calls", "run-lineage", "run-findings", "run-gaps", "run-evidence", "run-report"]
    return {name: reverse(name) for name in ("overview", "findings", "pipelines", "runs", "terms", "reports")} | {
        **{name: reverse(name, args=[run.pk]) for name in of_run},
        "search": reverse("search") + "?q=gpt",
        "pipeline": reverse("pipeline", args=[run.pipeline_id]),
        "pipeline-add": reverse("pipeline-add"),
        "run going on": reverse("run", args=[world.going.pk]),
        "call": reverse("call", args=[exchange.pk]),
        "rows": reverse("run-lineage-rows", args=[run.pk, run.datasets.get(role="training").pk]),
        "finding": reverse("finding", args=[world.finding.pk]),
        "provider": reverse("terms-provider", args=["openai"]),
        "document": reverse("terms-document", args=[document.pk]),
        "version": reverse("terms-version", args=[document.versions.latest("pk").pk]),
        "rule": reverse("terms-rule", args=[revision.pk]),
    }


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("size", "theme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_every_page_fits_and_the_browser_has_nothing_to_complain_of(
    opened: Opened, world: BrowserWorld, size: tuple[int, int], theme: str
) -> None:
    visit = opened(world.engineer, size, theme)
    for name, address in addresses(world).items():
        page = visit.go(address)
        assert visit.status == 200, name
        assert overflow(page) <= 0, name
        assert page.locator("h1").count() == 1, name
        assert visit.complaints == [], name


def test_the_admin_works_under_its_own_policy(opened: Opened, world: BrowserWorld) -> None:
    world.administrator.is_superuser = True
    world.administrator.save()
    visit = opened(world.administrator)
    revision = world.finding.rule_revision
    assert revision is not None
    for address in (
        reverse("admin:index"),
        reverse("admin:compliance_rulerevision_changelist"),
        reverse("admin:compliance_rulerevision_change", args=[revision.pk]),
        reverse("admin:compliance_user_add"),
    ):
        visit.go(address)
        assert visit.status == 200, address
        assert visit.complaints == [], address


def test_a_person_signs_in_and_reads_down_to_an_exchange(opened: Opened, world: BrowserWorld) -> None:
    visit = opened()
    page = visit.go("/")
    page.get_by_label("Name or e-mail address").fill(world.engineer.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Open findings")).to_be_visible()
    page.get_by_role("link", name=world.finding.title).first.click()
    expect(page.get_by_role("heading", name="How each condition was met")).to_be_visible()
    page.locator("main table").last.get_by_role("link").first.click()
    expect(page.get_by_text("Open Settings, choose Account and then Reset password").first).to_be_visible()
    page.locator("details.person > summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert visit.complaints == []


def test_legal_decides_a_finding(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.legal).go(reverse("finding", args=[world.finding.pk]))
    page.get_by_label("Confirm").check()
    page.get_by_label("Reason").fill("The student is offered to customers.")
    page.get_by_role("button", name="Record decision").click()
    expect(page.locator(".timeline")).to_contain_text("The student is offered to customers.")
    assert Decision.objects.get(finding=world.finding).decided_by == world.legal


def test_the_menu_of_a_narrow_window_opens_by_keyboard_and_closes_by_escape(
    opened: Opened, world: BrowserWorld
) -> None:
    page = opened(world.engineer, PHONE).go("/")
    rail, button = page.get_by_role("navigation", name="Places"), page.get_by_role("button", name="Menu")
    expect(rail).to_be_hidden()
    button.focus()
    page.keyboard.press("Enter")
    expect(rail).to_be_visible()
    expect(rail.get_by_role("link", name="Overview")).to_be_focused()
    page.keyboard.press("Escape")
    expect(rail).to_be_hidden()
    expect(button).to_be_focused()


def test_the_keyboard_goes_through_a_page_in_its_order(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.engineer).go(reverse("findings"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null"), "the rail and the bar were skipped"
    page.locator("h1").click()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_what_has_the_focus_is_seen(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.engineer).go("/")
    for _ in range(4):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none"


def test_the_theme_follows_the_system_until_a_person_chooses(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.engineer, theme="dark").go("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(18, 21, 27)"
    page.locator("details.person > summary").click()
    page.get_by_role("button", name="Light", exact=True).click()
    page.wait_for_load_state()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_drawing_of_a_chart_follows_the_theme(opened: Opened, world: BrowserWorld) -> None:
    address = reverse("run-lineage", args=[world.run.pk])
    colour = """getComputedStyle(document.querySelector(".chart text[fill='#1B1F27' i]")).fill"""
    light = opened(world.engineer).go(address).evaluate(colour)
    dark = opened(world.engineer, theme="dark").go(address).evaluate(colour)
    assert light == "rgb(27, 31, 39)"
    assert dark == "rgb(230, 233, 239)"


def test_our_own_fonts_are_the_ones_that_are_used(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.engineer).go(reverse("finding", args=[world.finding.pk]))
    page.evaluate("document.fonts.ready.then(() => true)")
    loaded = page.evaluate("[...document.fonts].filter(font => font.status === 'loaded').map(font => font.family)")
    assert {name.strip('"') for name in loaded} >= {"Inter", "Source Serif 4"}


def test_a_run_is_followed_as_it_goes_until_it_ends(opened: Opened, world: BrowserWorld) -> None:
    visit = opened(world.engineer)
    page = visit.go(reverse("run", args=[world.going.pk]))
    expect(page.get_by_text("asking 40 questions")).to_be_visible()
    world.say("40 answers kept")
    expect(page.get_by_text("40 answers kept")).to_be_visible(timeout=10_000)
    world.end_run()
    expect(page.locator("#live .state.s-completed").first).to_be_visible(timeout=10_000)
    assert page.locator("#live[hx-trigger]").count() == 0, "nobody asks again"
    assert visit.complaints == []


def test_a_run_that_ends_shows_what_is_known_of_it_without_being_loaded_again(
    opened: Opened, world: BrowserWorld
) -> None:
    page = opened(world.engineer).go(reverse("run", args=[world.going.pk]))
    page.evaluate("window.sameDocument = true")
    expect(page.locator("#about")).to_contain_text("still going")
    world.end_run()
    expect(page.locator("#about")).not_to_contain_text("still going", timeout=10_000)
    assert page.evaluate("window.sameDocument") is True
    assert page.locator("#about").count() == 1


def test_a_session_that_ends_while_a_run_is_watched_leads_to_the_sign_in_and_back(
    opened: Opened, world: BrowserWorld
) -> None:
    page = opened(world.engineer).go(reverse("run", args=[world.going.pk]))
    page.context.clear_cookies()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=10_000)
    assert page.locator("h1").count() == 1, "the form stands alone, not inside the run's page"
    page.get_by_label("Name or e-mail address").fill(world.engineer.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#live")).to_be_visible()


def test_the_screenshot_of_the_readme_is_this_page(opened: Opened, world: BrowserWorld) -> None:
    """Written only on request (UPDATE_SCREENSHOTS=1); what it shows is checked always."""
    page = opened(world.legal, (1280, 960)).go(reverse("finding", args=[world.finding.pk]))
    page.evaluate("document.fonts.ready.then(() => true)")
    expect(page.locator(".verdict")).to_be_visible()
    expect(page.locator(".clause")).to_be_visible()
    expect(page.get_by_role("button", name="Record decision")).to_be_visible()
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        IMAGES.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(IMAGES / "finding.png"))


def test_why_a_passkey_could_not_be_used_is_said_in_the_page(opened: Opened, world: BrowserWorld) -> None:
    visit = opened()
    visit.page.goto(visit.base.replace("localhost", "127.0.0.1") + reverse("sign-in"))
    visit.page.get_by_role("button", name="Sign in with a passkey").click()
    expect(visit.page.get_by_role("alert")).to_contain_text("Passkeys need a name instead of an address")


def test_a_person_adds_a_passkey_and_signs_in_with_it_alone(opened: Opened, world: BrowserWorld) -> None:
    page = opened(world.engineer).go(reverse("mfa_add_webauthn"))
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/recovery-codes/**")
    page.locator("details.person > summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("heading", name="Open findings")).to_be_visible()
