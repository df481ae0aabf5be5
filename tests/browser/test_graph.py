"""The picture of the graph under our content security policy: drawn, walked by keyboard, usable on a phone."""

import pytest

from tests.browser.conftest import PHONE, Opened
from tests.browser.world import BrowserWorld

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [(1280, 900), PHONE])
def test_the_picture_is_drawn_and_walked_by_keyboard(
    world: BrowserWorld, opened: Opened, size: tuple[int, int]
) -> None:
    visit = opened(world.engineer, size=size)
    page = visit.go("/graph/")
    page.wait_for_selector("#graph[data-drawn]")
    page.focus("#graph")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert "1 before it" in page.inner_text("#graph-said")
    page.keyboard.press("Enter")
    page.wait_for_selector("#graph-panel h3")
    assert page.evaluate("document.activeElement.id") == "graph-panel"
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert visit.complaints == []


def test_what_if_is_one_click_from_a_model(world: BrowserWorld, opened: Opened) -> None:
    visit = opened(world.engineer)
    page = visit.go("/graph/")
    page.wait_for_selector("#graph[data-drawn]")
    page.focus("#graph")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.click("text=What if its answers had to go")
    page.wait_for_selector("text=training rows lost")
    assert visit.complaints == []


OUTSIDE = """() => {
  const box = document.getElementById("graph").getBoundingClientRect();
  return [...document.querySelectorAll("#graph .graph-node rect")].filter(one => {
    const at = one.getBoundingClientRect();
    return at.left < box.left || at.right > box.right || at.top < box.top || at.bottom > box.bottom;
  }).length;
}"""
TYPE = "() => document.querySelector('#graph .graph-node text:not(.kind)').getScreenCTM().a * 13"


def test_at_first_sight_the_whole_chain_from_provider_to_student_can_be_read(
    world: BrowserWorld, opened: Opened
) -> None:
    page = opened(world.engineer, size=(1280, 900)).go("/graph/")
    page.wait_for_selector("#graph[data-drawn]")
    for kind in ("provider", "model", "calls", "dataset", "run", "student"):
        assert page.locator(f".graph-node.{kind}").count(), kind
    assert page.evaluate(OUTSIDE) == 0
    assert page.evaluate(TYPE) >= 11
    assert not page.is_visible("#graph-further")


def test_a_phone_says_what_of_the_picture_lies_out_of_sight(world: BrowserWorld, opened: Opened) -> None:
    page = opened(world.engineer, size=PHONE).go("/graph/")
    page.wait_for_selector("#graph[data-drawn]")
    assert page.evaluate(TYPE) >= 11
    assert "to the right" in page.inner_text("#graph-further")
    page.click("text=Whole picture")
    assert page.evaluate(OUTSIDE) == 0
    assert not page.is_visible("#graph-further")
