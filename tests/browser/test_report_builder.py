"""The builder of reports in a real browser: the preview follows the choice, parts change places, and the worker is asked."""

import os
from pathlib import Path

import pytest

from audits.models import Report
from tests.browser.conftest import PHONE, Opened
from tests.browser.measures import AXE, accessibility, layout
from tests.browser.world import BrowserWorld

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("size", [(1280, 900), PHONE])
def test_a_report_is_chosen_seen_and_asked_for(world: BrowserWorld, opened: Opened, size: tuple[int, int]) -> None:
    visit = opened(world.engineer, size=size)
    visit.page.context.add_init_script(AXE)
    page = visit.go(f"/reports/new/?kind=run&id={world.run.pk}")
    frame = page.frame_locator("#preview iframe")
    assert "Audit of terms of service" in frame.locator("h1").first.inner_text()
    assert page.is_hidden("#id_provider")
    page.check("[name=profile][value=engineering]")
    page.wait_for_selector("#preview .head >> text=engineering")
    assert "What to change" in frame.locator("h1").first.inner_text()
    page.check("#id_own_parts")
    for part in ("summary", "worklist"):
        page.check(f"[name=parts][value={part}]")
    line = page.locator("[data-parts] li", has=page.locator("[value=worklist]"))
    for _ in range(2):
        line.locator("[data-move=up]").focus()
        page.keyboard.press("Enter")
    page.wait_for_selector("#preview .head >> text=2 parts")
    assert [*layout(page), *accessibility(page)] == []
    if os.environ.get("SHOTS"):
        page.wait_for_timeout(800)
        page.screenshot(path=str(Path(os.environ["SHOTS"]) / f"builder-{size[0]}.png"), full_page=True)
    page.click("text=Make the report")
    page.wait_for_selector("text=Being made")
    assert Report.objects.latest("pk").options["parts"] == ["worklist", "summary"]
    assert [*layout(page), *accessibility(page)] == []
    if os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(os.environ["SHOTS"]) / f"report-{size[0]}.png"), full_page=True)
        for path, name in (("/reports/", "list"), (f"/reports/new/?kind=run&id={world.run.pk}", "new")):
            visit.go(path)
            page.wait_for_timeout(1500)
            page.screenshot(path=str(Path(os.environ["SHOTS"]) / f"{name}-{size[0]}.png"), full_page=True)
    assert [one for one in visit.complaints if "postMessage" not in one] == [], "axe-core looks into frames by it"
