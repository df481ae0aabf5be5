"""A real Chromium against a live server, on rows like those that an audit leaves."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from compliance.models import User
from tests.browser.world import BrowserWorld, make_world

# Playwright's synchronous interface keeps an event loop in this thread; the tests' own queries are made between its calls.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--font-render-hinting=none",
]
DESKTOP = (1280, 900)
PHONE = (375, 812)


def chromium_path() -> str:
    """Debian's Chromium, or another on the path."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    assert found, "no Chromium on the path: apt-get install chromium (make test does)"
    return found


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for a package of tests, without its background traffic; two at once can't be driven by one process."""
    arguments = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        yield launched
        launched.close()


@pytest.fixture
def world(transactional_db: None) -> BrowserWorld:
    return make_world()


@dataclass
class Visit:
    """A page, and everything that the browser complained of on it."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        response = self.page.goto(f"{self.base}{path}", wait_until="load")
        assert response is not None
        self.status = response.status
        return self.page


Opened = Callable[..., Visit]


@pytest.fixture
def opened(browser: Browser, live_server: LiveServer) -> Iterator[Opened]:
    """Open a window of a size and theme, signed in as a person; console errors and page errors are collected."""
    contexts: list[BrowserContext] = []

    def open_window(person: User | None = None, size: tuple[int, int] = DESKTOP, theme: str = "light") -> Visit:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if theme == "dark" else "light"
        )
        contexts.append(context)
        if person is not None:
            context.add_cookies(
                [{"name": settings.SESSION_COOKIE_NAME, "value": _session(person), "url": live_server.url}]
            )
        visit = Visit(context.new_page(), live_server.url)
        visit.page.on("console", lambda message: _note(visit, message))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        return visit

    yield open_window
    for context in contexts:
        context.close()


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def _note(visit: Visit, message: ConsoleMessage) -> None:
    if message.type in ("error", "warning"):
        visit.complaints.append(f"{message.type}: {message.text}")
