"""Links to reports: who makes them, what they open and for how long, and that nobody learns more from one that ended."""

import datetime as dt
import hashlib
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db.utils import ProgrammingError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audits.actions.sharing import WRONG_AT_MOST, revoke_link, share
from audits.evidence import verify_bundle
from audits.evidence.store import open_store
from audits.models import Look, Report, ShareLink, ShareLook
from audits.procedures.concluding import Piece, seal_run
from compliance.models import HouseRules, TrailEntry
from tests.factories import make_project
from tests.sharing.conftest import PDF, Shared, fields

pytestmark = pytest.mark.django_db


def shared(made: Shared, **changes: Any) -> tuple[ShareLink, str]:
    link, secret = share(report=made.report, acting_user=made.reviewer, **fields(**changes))
    return link, reverse("shared", args=[secret])


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_a_link_opens_its_report_to_somebody_who_is_not_signed_in(made: Shared):
    _, address = shared(made)
    page = Client().get(address)
    text = page.content.decode()
    assert page.status_code == 200
    assert "rita" in text
    assert "Dr. Weiss, Weiss &amp; Partner" in text
    file = Client().get(f"{address}pdf/")
    assert (body(file), file.headers["Content-Type"]) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("inline")


def test_nothing_of_a_shared_page_is_listed_kept_or_told_to_other_sites(made: Shared):
    _, address = shared(made)
    for place in (address, f"{address}pdf/", reverse("shared", args=["unknown"])):
        answer = Client().get(place)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["X-Robots-Tag"].startswith("noindex")
        assert answer.headers["Cache-Control"] == "no-store"
    assert 'name="robots" content="noindex' in Client().get(address).content.decode()


def test_only_a_hash_of_the_link_is_kept_and_the_page_shows_it_once(made: Shared):
    client = made.client(made.reviewer)
    place = reverse("report-links", args=[made.report.pk])
    day = timezone.localdate() + dt.timedelta(days=7)
    told = {"recipient": "Weiss", "reach": "download", "forms": ["pdf", "json"], "expires_on": day.isoformat()}
    assert client.post(place, told).headers["Location"] == place
    found = re.search(r"/shared/([\w-]{40,})/", client.get(place).content.decode())
    assert found
    assert found[1] not in client.get(place).content.decode()
    kept = str(list(ShareLink.objects.values())) + str(list(TrailEntry.objects.values()))
    assert found[1] not in kept
    taken = Client().get(reverse("shared-file", args=[found[1], "json"]))
    assert taken.headers["Content-Disposition"].startswith("attachment")
    chosen = f">{day.day} {day:%B %Y}</time>"
    assert chosen in client.get(place).content.decode(), (
        "its last day is the day that was chosen, not the midnight after"
    )
    assert f'until</dt><dd><time datetime="{day}"{chosen}' in Client().get(found[0]).content.decode()
    assert TrailEntry.objects.get(action="report shared").detail["until"] == day.isoformat()


@pytest.mark.parametrize("how", ["revoked", "expired", "used up", "unknown", "another form"])
def test_every_link_that_opens_nothing_answers_the_same(made: Shared, how: str):
    link, address = shared(made, most_uses=1)
    client, place = Client(), f"{address}pdf/"
    if how == "revoked":
        revoke_link(link=link, acting_user=made.reviewer)
    elif how == "expired":
        ShareLink.objects.update(expires_at=timezone.now())
    elif how == "used up":
        assert client.get(place).status_code == 200
    elif how == "unknown":
        place = reverse("shared-file", args=["x" * 43, "pdf"])
    else:
        place = f"{address}xlsx/"
    answer = client.get(place)
    assert answer.status_code == 410
    assert answer.content == Client().get(reverse("shared", args=["never-given-out"])).content
    assert "Weiss" not in answer.content.decode()


def test_a_link_is_used_so_often_and_no_more(made: Shared):
    link, address = shared(made, most_uses=2)
    for _ in range(3):
        Client().get(address)  # the page itself does not count: mail scanners open it
    statuses = [Client().get(f"{address}pdf/").status_code for _ in range(3)]
    assert statuses == [200, 200, 410]
    link.refresh_from_db()
    assert link.uses == 2


def test_every_look_is_on_record_and_shown_to_the_maker(made: Shared):
    link, address = shared(made)
    outside = Client(REMOTE_ADDR="203.0.113.9", HTTP_USER_AGENT="Firefox/140")
    outside.get(address)
    outside.get(f"{address}pdf/")
    revoke_link(link=link, acting_user=made.reviewer)
    outside.get(address)
    looks = ShareLook.objects.order_by("id").values_list("what", "form", "address", "agent")
    from_there = ("203.0.113.9", "Firefox/140")
    assert list(looks) == [("page", "", *from_there), ("file", "pdf", *from_there), ("refused", "", *from_there)]
    evidence = Look.objects.get(what="shared")
    assert (evidence.user, evidence.sha256, evidence.address) == (None, made.report.pdf_sha256, "203.0.113.9")
    assert "Weiss" in evidence.subject
    page = made.client(made.reviewer).get(reverse("report-links", args=[made.report.pk])).content.decode()
    assert "203.0.113.9" in page
    assert "Firefox/140" in page
    assert (
        "by a link"
        in made.client(made.reviewer).get(reverse("project-looks", args=[evidence.project.slug])).content.decode()
    )
    with pytest.raises(ProgrammingError, match="Cannot update or delete"):
        ShareLook.objects.update(agent="nobody")


def test_a_password_is_asked_for_before_anything_is_told(made: Shared):
    _, address = shared(made, password="a long walk")
    client = Client()
    asked = client.get(address)
    assert "asks for a password" in asked.content.decode()
    assert "rita" not in asked.content.decode()
    assert asked.headers["Referrer-Policy"] == "same-origin"
    assert client.get(f"{address}pdf/").headers["Location"] == address
    assert client.post(address, {"password": "a short walk"}).status_code == 403
    assert client.post(address, {"password": "a long walk"}).status_code == 302
    assert body(client.get(f"{address}pdf/")) == PDF
    assert "a long walk" not in str(list(ShareLink.objects.values()))
    assert client.get(address).status_code == 200
    assert Client().get(f"{address}pdf/").status_code == 302


def test_after_five_wrong_passwords_not_even_the_right_one_is_looked_at(made: Shared, monkeypatch: pytest.MonkeyPatch):
    _, address = shared(made, password="a long walk")
    for _ in range(WRONG_AT_MOST):
        assert Client().post(address, {"password": "wrong"}).status_code == 403
    refused = Client().post(address, {"password": "a long walk"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    monkeypatch.setattr("audits.actions.sharing.WRONG_WITHIN", dt.timedelta(0))  # the fifteen minutes are over
    assert Client().post(address, {"password": "a long walk"}).status_code == 302


def test_links_are_not_found_by_trying(made: Shared, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("audits.views.sharing.LOOKS_PER_MINUTE", 3)
    monkeypatch.setattr("compliance.rates.time.time", lambda: 1_800_000_010.0)
    cache.clear()
    answers = [Client().get(reverse("shared", args=[f"guess-{n}"])) for n in range(4)]
    assert [one.status_code for one in answers] == [410, 410, 410, 429]
    assert answers[3].headers["Retry-After"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"recipient": "  "}, "recipient"),
        ({"forms": []}, "forms"),
        ({"forms": ["pdf", "xlsx"]}, "forms"),
        ({"expires_at": timezone.now() - dt.timedelta(minutes=1)}, "expires_at"),
        ({"expires_at": timezone.now() + dt.timedelta(days=40)}, "expires_at"),
        ({"password": "short"}, "password"),
        ({"most_uses": 0}, "most_uses"),
    ],
)
def test_what_is_wrong_with_a_link_is_told_beside_its_field(made: Shared, changes: dict[str, Any], field: str):
    with pytest.raises(ValidationError) as refused:
        shared(made, **changes)
    assert list(refused.value.message_dict) == [field]


def test_the_longest_life_of_a_link_is_the_installations(made: Shared):
    HouseRules.objects.create(pk=1, share_days=3)
    with pytest.raises(ValidationError, match="at most 3 days"):
        shared(made, expires_at=timezone.now() + dt.timedelta(days=5))


def test_notes_among_lawyers_leave_only_when_somebody_confirms_it(made: Shared):
    made = made.another(privileged=True)
    with pytest.raises(ValidationError, match="Confirm that they may leave"):
        shared(made)
    assert shared(made, privileged_confirmed=True)[0].pk
    page = made.client(made.reviewer).get(reverse("report-links", args=[made.report.pk])).content.decode()
    assert "Notes among lawyers may leave" in page


def test_a_report_that_is_not_made_is_not_shared(made: Shared):
    made = made.another(state=Report.State.RENDERING)
    with pytest.raises(ValidationError, match="Only a report that is made"):
        shared(made)


def test_who_may_not_share_neither_makes_nor_revokes_links(made: Shared):
    link, address = shared(made)
    engineer = made.client(made.engineer)
    assert engineer.get(reverse("report-links", args=[made.report.pk])).status_code == 403
    assert engineer.post(reverse("share-revoke", args=[link.pk])).status_code == 403
    assert Client().get(address).status_code == 200
    assert made.client(made.reviewer).post(reverse("share-revoke", args=[link.pk])).status_code == 302
    assert Client().get(address).status_code == 410


def test_a_report_about_several_projects_is_shared_by_who_reviews_all_of_them(made: Shared):
    theirs = make_project()
    report = Report.objects.create(number=1, scope="organisation", state="ready", pdf_sha256=made.report.pdf_sha256)
    assert made.report.run is not None
    report.projects.set([made.report.run.pipeline.project, theirs])
    assert made.client(made.reviewer).get(reverse("report-links", args=[report.pk])).status_code == 404
    theirs.memberships.create(user=made.reviewer, role="approver")
    assert made.client(made.reviewer).get(reverse("report-links", args=[report.pk])).status_code == 403
    theirs.memberships.update(role="legal")
    assert made.client(made.reviewer).get(reverse("report-links", args=[report.pk])).status_code == 200


@pytest.fixture
def sealed(made: Shared, tmp_path: Path) -> Shared:
    """The report's run with a sealed log of one content."""
    store = open_store(settings.EVIDENCE_URL)
    assert made.report.run is not None
    seal_run(made.report.run, [Piece("manifest", "audit.toml", store.put(b"[pipeline]"), 10)], Path(settings.VAR_DIR))
    return made


BUNDLED = {"reach": "download", "forms": ["pdf", "bundle"], "contents_confirmed": True}


def test_outside_counsel_takes_the_evidence_bundle_and_checks_it_with_what_lies_in_it(sealed: Shared, tmp_path: Path):
    link, address = shared(sealed, **BUNDLED)
    assert "Download evidence bundle" in Client().get(address).content.decode()
    answer = Client(REMOTE_ADDR="203.0.113.9").get(f"{address}bundle/")
    content = body(answer)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    assert verify_bundle(str(path)).ok
    with zipfile.ZipFile(path) as held:
        assert any(name.endswith("verify.py") for name in held.namelist())
        assert PDF in [held.read(name) for name in held.namelist() if name.endswith(".pdf")]
    look = Look.objects.get(what="shared")
    assert (look.sha256, look.address) == (hashlib.sha256(content).hexdigest(), "203.0.113.9")
    assert "as bundle" in look.subject
    assert list(ShareLook.objects.filter(what="file").values_list("form", flat=True)) == ["bundle"]
    link.refresh_from_db()
    assert link.uses == 1
    revoke_link(link=link, acting_user=sealed.reviewer)
    assert Client().get(f"{address}bundle/").status_code == 410


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"contents_confirmed": False}, "contents_confirmed", "prompts and answers in full"),
        ({"reach": "view", "forms": ["bundle"]}, "forms", "read in the browser alone"),
    ],
)
def test_a_bundle_leaves_only_when_somebody_confirms_it_and_to_be_taken_away(
    sealed: Shared, changes: dict[str, Any], field: str, words: str
):
    with pytest.raises(ValidationError, match=words) as refused:
        shared(sealed, **BUNDLED | changes)
    assert list(refused.value.message_dict) == [field]


def test_a_link_to_the_paper_alone_opens_no_bundle(sealed: Shared):
    _, address = shared(sealed)
    assert Client().get(f"{address}bundle/").status_code == 410
    page = sealed.client(sealed.reviewer).get(reverse("report-links", args=[sealed.report.pk])).content.decode()
    assert "Evidence bundle, with its own verifier" in page


def test_a_run_that_is_not_sealed_has_no_bundle_to_share(made: Shared):
    with pytest.raises(ValidationError, match="its run is not sealed"):
        shared(made, **BUNDLED)
    page = made.client(made.reviewer).get(reverse("report-links", args=[made.report.pk])).content.decode()
    assert "Evidence bundle, with its own verifier" not in page


def test_a_bundle_is_made_so_often_a_minute_by_one_link(sealed: Shared, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("audits.views.sharing.BUNDLES_PER_MINUTE", 1)
    monkeypatch.setattr("compliance.rates.time.time", lambda: 1_800_000_010.0)
    _, address = shared(sealed, **BUNDLED)
    assert [Client().get(f"{address}bundle/").status_code for _ in range(2)] == [200, 429]
