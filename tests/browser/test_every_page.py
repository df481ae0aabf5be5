"""Every address that is a page: usable by everybody (axe-core, WCAG 2.2 AA), whole from 375 to 2,560 pixels, light and dark."""

from collections.abc import Mapping

import pytest

from compliance.models import User
from tests.browser.conftest import DESKTOP, Opened, Visit
from tests.browser.installation import Installation, make_installation
from tests.browser.measures import AXE, OF_COLOUR, accessibility, layout
from tests.browser.pages import (
    ACCOUNT,
    EMPTY,
    HANDED_OUT,
    HOUSE,
    NO_PAGES,
    NOT_SIGNED_IN,
    OF_ALLAUTH,
    PAGES,
    PLACES,
    RUNS,
    TERMS,
    WORK,
    Address,
    names,
)
from tests.factories import make_user

pytestmark = pytest.mark.browser
WIDTHS = (2560, 1280, 768, 375)
MEASURED = (1280, 375)  # where axe-core looks too
A4 = 794  # pixels of its width


@pytest.fixture
def installation(transactional_db: None) -> Installation:
    return make_installation()


def complaints_of(visit: Visit, address: str) -> list[str]:
    """Everything that is wrong with one page, at every width, in both themes and on paper."""
    page = visit.go(address)
    told = [] if visit.status in (200, 404, 410) else [f"status {visit.status}"]
    told += [] if page.locator("h1").count() == 1 else [f"{page.locator('h1').count()} headings of the first rank"]
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        told += [f"{width}: {one}" for one in layout(page)]
        if width in MEASURED:
            told += [f"{width} light: {one}" for one in accessibility(page)]
            page.emulate_media(color_scheme="dark")
            told += [f"{width} dark: {one}" for one in accessibility(page, OF_COLOUR)]
            page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": A4, "height": 1123})
    page.emulate_media(media="print")
    told += [f"paper: {one}" for one in layout(page)]
    page.emulate_media(media="screen")
    # Where nothing is, or is no more, the browser says so of the page itself.
    told += [one for one in visit.complaints if visit.status == 200 or f"status of {visit.status}" not in one]
    visit.complaints.clear()
    return told


def walk(opened: Opened, person: User | None, addresses: Mapping[str, str]) -> dict[str, list[str]]:
    """What is wrong, by page; pages that are right are left out."""
    visit = opened(person, DESKTOP)
    visit.page.context.add_init_script(AXE)
    found = {name: complaints_of(visit, address) for name, address in addresses.items()}
    return {name: told for name, told in found.items() if told}


def where(at: Installation, pages: Mapping[str, Address]) -> dict[str, str]:
    return {name: address(at) for name, address in pages.items()}


@pytest.mark.parametrize(
    "area",
    [RUNS, PLACES, {**HANDED_OUT, **WORK}, {**TERMS, **ACCOUNT}],
    ids=["runs", "places", "handed out and work", "terms and account"],
)
def test_every_page_is_usable_and_whole(
    opened: Opened, installation: Installation, area: Mapping[str, Address]
) -> None:
    assert walk(opened, installation.keeper, where(installation, area)) == {}


def test_what_administrators_set_is_usable_and_whole(opened: Opened, installation: Installation) -> None:
    assert walk(opened, make_user("administrator"), where(installation, HOUSE)) == {}


def test_pages_before_signing_in_and_empty_places_are_usable_and_whole(
    opened: Opened, installation: Installation
) -> None:
    assert walk(opened, None, where(installation, NOT_SIGNED_IN)) == {}
    assert walk(opened, installation.nobody, where(installation, EMPTY)) == {}


def test_every_address_is_in_a_table_of_pages(db: None) -> None:
    known = {name.split(" ")[0] for name in PAGES} | NO_PAGES | OF_ALLAUTH
    assert set(names()) - known == set(), "say in tests/browser/pages.py where these pages are, or that they are none"
