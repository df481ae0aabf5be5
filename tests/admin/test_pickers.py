"""The pickers in a real browser: a lawyer builds conditions, reads the sentence, keeps the draft."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from compliance.actions.rules import draft_revision
from compliance.models import CatalogueEntry, RuleRevision
from tests.admin.conftest import Desk
from tests.browser.conftest import PHONE, Opened, Visit

pytestmark = pytest.mark.browser


def open_draft(desk: Desk, opened: Opened, size: tuple[int, int] = (1280, 900)) -> tuple[RuleRevision, Visit]:
    draft = draft_revision(acting_user=desk.writer, rule=desk.published.rule)
    visit = opened(desk.writer, size)
    visit.go(reverse("admin:compliance_rulerevision_edit", args=[draft.pk]))
    return draft, visit


def test_conditions_are_built_from_pickers_and_read_back_as_they_change(live_desk: Desk, opened: Opened) -> None:
    owner = live_desk.document.provider
    for position in range(12):
        CatalogueEntry.objects.create(provider=owner, pattern=f"llama-{position}", position=position)
    draft, visit = open_draft(live_desk, opened)
    page, when = visit.page, visit.page.locator('[data-picker="when"]')
    when.get_by_role("button", name="Add a condition").click()
    row = when.locator(".ct-test").nth(1)
    row.get_by_label("What the condition asks about").select_option("student.kind")
    row.get_by_label("How").select_option("in")
    row.get_by_label("a generative model").check()
    row.get_by_label("a reward model").check()
    sentence = page.locator("[data-sentence]")
    expect(sentence).to_contain_text("the student is a generative model or a reward model")
    when.get_by_role("button", name="Add a group").click()
    inner = when.locator(".ct-inner .ct-test")
    inner.get_by_label("What the condition asks about").select_option("student.base_model")
    inner.get_by_label("How").select_option("!derived_from")
    inner.get_by_label("Add one").select_option("llama-3")
    expect(sentence).to_contain_text("the student is not built on Llama 3")
    when.get_by_label("How the conditions combine").first.select_option("any")
    expect(sentence).to_contain_text("either the student competes with the provider")
    page.get_by_role("button", name="Add an exception").click()
    page.get_by_label("Name of the exception").fill("a written permission")
    exception = page.locator(".ct-exception")
    exception.get_by_role("button", name="Add a condition").click()
    exception.get_by_label("What the condition asks about").select_option("authorisation")
    expect(sentence).to_contain_text("except where a written authorisation covers the activity (a written permission)")
    page.get_by_role("button", name="Keep the draft").click()
    expect(page.locator("#sentence")).to_contain_text("a written permission")
    draft.refresh_from_db()
    assert draft.definition["when"] == {
        "any": [
            {"fact": "student.competes_with_provider", "op": "is", "value": True},
            {"fact": "student.kind", "op": "in", "value": ["generative", "reward"]},
            {"not": {"fact": "student.base_model", "op": "derived_from", "value": ["llama-3"]}},
        ]
    }
    assert draft.definition["exceptions"][0]["name"] == "a-written-permission"
    assert visit.complaints == []


def test_a_draft_that_is_opened_and_kept_says_what_it_said(live_desk: Desk, opened: Opened) -> None:
    draft, visit = open_draft(live_desk, opened)
    before = draft.content_sha256
    visit.page.get_by_role("button", name="Keep the draft").click()
    expect(visit.page.locator("#sentence")).to_be_visible()
    draft.refresh_from_db()
    assert draft.content_sha256 == before


def test_the_test_of_a_duty_is_asked_for_duties_alone(live_desk: Desk, opened: Opened) -> None:
    _, visit = open_draft(live_desk, opened)
    duty = visit.page.locator("[data-duty]")
    expect(duty).to_be_hidden()
    visit.page.get_by_label("Effect").select_option("duty")
    expect(duty).to_be_visible()


def test_an_unfinished_condition_is_named_when_the_draft_is_kept(live_desk: Desk, opened: Opened) -> None:
    _, visit = open_draft(live_desk, opened)
    visit.page.locator('[data-picker="when"]').get_by_role("button", name="Add a condition").click()
    visit.page.get_by_role("button", name="Keep the draft").click()
    expect(visit.page.locator('[data-errors="when"]')).to_contain_text("Choose what the condition asks about.")
    second = visit.page.locator('[data-picker="when"] .ct-test').nth(1)
    expect(second.locator(".ct-wrong")).to_have_text("Choose what the condition asks about.")
    expect(visit.page.locator('[data-picker="when"] .ct-test').nth(0).locator(".ct-wrong")).to_have_count(0)
    second.get_by_label("What the condition asks about").select_option("student.distributed")
    expect(second.locator(".ct-wrong")).to_have_count(0)


def test_the_keyboard_stays_where_it_was_when_the_pickers_change(live_desk: Desk, opened: Opened) -> None:
    _, visit = open_draft(live_desk, opened)
    visit.page.locator('[data-picker="when"]').get_by_role("button", name="Add a condition").press("Enter")
    fact = visit.page.locator('[data-picker="when"] .ct-test').nth(1).get_by_label("What the condition asks about")
    expect(fact).to_be_focused()
    fact.select_option("student.kind")
    expect(fact).to_be_focused()


@pytest.mark.parametrize("model", ["rulerevision", "termsdocument", "agreement", "user", "trailentry"])
def test_nothing_is_blocked_and_nothing_scrolls_sideways_on_a_phone(
    live_desk: Desk, opened: Opened, model: str
) -> None:
    visit = opened(live_desk.administrator, PHONE)
    for at in (reverse("admin:index"), reverse(f"admin:compliance_{model}_changelist")):
        page = visit.go(at)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visit.complaints == []


def test_the_editor_fits_a_phone(live_desk: Desk, opened: Opened) -> None:
    _, visit = open_draft(live_desk, opened, PHONE)
    assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert visit.complaints == []
