"""The whole way of a link in a real browser: made by a reviewer, followed by somebody outside, revoked."""

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import expect

from audits.evidence.store import open_store
from audits.models import Report, ShareLook
from tests.browser.conftest import PHONE, Opened
from tests.factories import make_completed_run, make_pipeline, make_project, make_user
from tests.sharing.conftest import PDF

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture(autouse=True)
def nobody_was_counted() -> None:
    cache.clear()


def test_a_link_is_made_followed_and_revoked(opened: Opened):
    reviewer = make_user(username="rita")
    run = make_completed_run(make_pipeline(make_project(legal=(reviewer,))))
    sha256 = open_store(settings.EVIDENCE_URL).put(PDF)
    report = Report.objects.create(run=run, number=1, state=Report.State.READY, pdf_sha256=sha256)

    inside = opened(reviewer)
    page = inside.go(f"/reports/{report.pk}/links/")
    page.get_by_label("For whom").fill("Weiss & Partner")
    page.get_by_label("They may").select_option("download")
    page.get_by_label("Password").fill("a long walk")
    page.get_by_role("button", name="Make the link").click()
    address = page.locator("[role=status] .mono").inner_text().removeprefix(inside.base)
    expect(page.get_by_role("rowheader", name="Weiss & Partner")).to_be_visible()

    outside = opened(None, size=PHONE)
    there = outside.go(address)
    there.get_by_label("Password").fill("a long walk")
    there.get_by_role("button", name="Open").click()
    expect(there.get_by_role("heading", name="Report 1")).to_be_visible()
    assert there.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    with there.expect_download() as download:
        there.get_by_role("link", name="Download PDF").click()
    assert download.value.path().read_bytes() == PDF

    page.reload()
    page.get_by_role("button", name="Revoke the link for Weiss & Partner").click()
    expect(page.get_by_text("Revoked")).to_be_visible()
    outside.go(address)
    expect(there.get_by_role("heading", name="This link opens nothing")).to_be_visible()
    assert list(ShareLook.objects.order_by("id").values_list("what", flat=True)) == ["page", "file", "refused"]
    assert inside.complaints == []
    assert [one for one in outside.complaints if "410" not in one] == []
