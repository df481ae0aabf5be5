"""The admin, as usable and as whole as the other pages: every list, form for a new row, form and removal of one."""

import pytest
from playwright.sync_api import Page

from compliance.models import User
from tests.browser.conftest import DESKTOP, Opened
from tests.browser.installation import make_installation
from tests.browser.measures import AXE, OF_COLOUR, accessibility, layout
from tests.browser.pages import of_admin
from tests.factories import make_user

pytestmark = pytest.mark.browser
# The admin's own script measures what scrolls a moment after its width has changed.
SETTLED = """() => [...document.querySelectorAll(".simplebar-content-wrapper")].every((part) =>
  part.scrollHeight <= part.clientHeight + 3 || getComputedStyle(part).overflowY !== "hidden")"""
OF_WIDTH = ["target-size", "scrollable-region-focusable", "region", "landmark-one-main"]


def complaints_of(page: Page, name: str, address: str) -> list[str]:
    """What is wrong with one page, at both widths and in both themes. What no width and no theme changes is asked once."""
    answer = page.goto(address, wait_until="load")
    assert answer is not None
    if answer.status == 403 and "removal" in name:
        return []  # the record, and what is shipped, nobody removes
    told = [] if answer.status == 200 else [f"status {answer.status}"]
    told += [f"1280: {one}" for one in (*layout(page), *accessibility(page))]
    page.set_viewport_size({"width": 375, "height": 900})
    page.wait_for_function(SETTLED)
    told += [f"375: {one}" for one in (*layout(page), *accessibility(page, OF_WIDTH))]
    page.evaluate("document.documentElement.classList.add('dark')")
    told += [f"dark: {one}" for one in accessibility(page, OF_COLOUR)]
    page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    return told


def test_every_page_of_the_admin_is_usable_and_whole(opened: Opened, transactional_db: None) -> None:
    at = make_installation()
    visit = opened(make_user(User.Role.ADMINISTRATOR, is_staff=True, is_superuser=True), DESKTOP)
    visit.page.context.add_init_script(AXE)
    found = {}
    for name, address in of_admin(at).items():
        told = complaints_of(visit.page, name, visit.base + address)
        if told:
            found[name] = told
    assert found == {}
