"""Erasing an import on request: what goes is shown, somebody confirms it, and a legal hold stands against it."""

import pytest
from django.conf import settings
from django.urls import reverse

from audits.actions.retention import place_hold
from audits.evidence.store import open_store
from audits.models import ErasedContent, Erasure, Import, RejectedLine
from tests.pages.conftest import SignedIn, World

pytestmark = pytest.mark.django_db
KEPT = b'{"prompt": "what was said"}'
ASKED = {"reason": "Request 7 of a person", "sure": "on"}


@pytest.fixture
def imported(world: World) -> Import:
    sha256 = open_store(settings.EVIDENCE_URL).put(KEPT)
    made = Import.objects.create(
        pipeline=world.run.pipeline, source="litellm", name="log.jsonl", state=Import.State.DONE, sha256=sha256,
        parts=[{"name": "log.jsonl", "sha256": sha256, "size": len(KEPT)}],
    )  # fmt: skip
    RejectedLine.objects.create(imported=made, line=3, reason="no model is named", raw='{"prompt": "more"}')
    return made


def address(imported: Import) -> str:
    return reverse("import-erase", args=[imported.pk])


def test_the_page_shows_what_goes_and_changes_nothing(world: World, imported: Import, signed_in: SignedIn):
    shown = signed_in(world.member_legal).get(address(imported)).content.decode()
    assert "1 part, 27" in shown
    assert "the words of 1 line" in shown
    assert not Erasure.objects.exists()
    assert (
        address(imported) in signed_in(world.member_legal).get(reverse("import", args=[imported.pk])).content.decode()
    )


def test_who_confirms_erases_the_kept_file_and_the_words_of_lines(world: World, imported: Import, signed_in: SignedIn):
    client = signed_in(world.member_legal)
    assert client.post(address(imported), {"reason": "Request 7"}).status_code == 422
    assert not Erasure.objects.exists()
    assert client.post(address(imported), ASKED).status_code == 302
    erasure = Erasure.objects.get()
    assert (erasure.asked_by, erasure.cause, erasure.contents) == (world.member_legal, Erasure.Cause.REQUEST, 1)
    assert ErasedContent.objects.get().sha256 == imported.sha256
    assert RejectedLine.objects.get(imported=imported).raw == ""
    assert "Request 7 of a person" in client.get(address(imported)).content.decode()


def test_nothing_goes_under_a_legal_hold_nor_by_who_may_not(world: World, imported: Import, signed_in: SignedIn):
    place_hold(project=world.project, acting_user=world.legal, reason="Matter 12")
    answer = signed_in(world.legal).post(address(imported), ASKED)
    assert answer.status_code == 422
    assert "Matter 12" in answer.content.decode()
    assert signed_in(world.outsider).post(address(imported), ASKED).status_code == 404
    assert not Erasure.objects.exists()
