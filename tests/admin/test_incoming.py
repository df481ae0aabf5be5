"""Texts coming in: uploads, what waits, dates proposed, sources; on their pages and in the admin."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from psycopg.types.range import DateRange
from pytest_django.fixtures import Settings

from compliance.models import Arrival, SourceDocument, TermsChange, TrailEntry, Version, Watch
from tests.admin.conftest import Desk
from tests.admin.test_documents import save, stored_rows
from tests.factories import NOON
from tests.sources.terms import CLAUSES, terms

LONG = (*CLAUSES, *(f"Lamp number {number} hangs above the western stair at night." for number in range(12)))


@pytest.fixture(autouse=True)
def store(settings: Settings, tmp_path: Path) -> None:
    settings.EVIDENCE_URL = tmp_path.as_uri()


def bring(desk: Desk, **fields: Any) -> Any:
    data = {"document": desk.document.pk, "captured_on": "2026-07-01", "since": "", "pasted": "", **fields}
    return desk.client(desk.writer).post(reverse("admin:compliance_arrival_add"), data)


def decide(desk: Desk, arrival: Arrival, decision: str, reason: str = "it stands on their page") -> Any:
    url = reverse("terms-arrival", args=[arrival.pk])
    return desk.client(desk.writer).post(url, {"decision": decision, "reason": reason}, follow=True)


def test_a_pasted_text_is_read_shown_and_in_force_only_after_two_words_of_a_person(desk: Desk) -> None:
    answer = bring(desk, pasted=terms(*LONG, head="Effective: August 1, 2026"))
    arrival = Arrival.objects.get()
    assert answer["Location"] == reverse("terms-arrival", args=[arrival.pk])
    page = desk.client(desk.writer).get(answer["Location"]).content.decode()
    assert ("Effective: August 1, 2026" in page, "first text that is held" in page, "2026-08-01" in page) == (True,) * 3
    assert not Version.objects.filter(label="2026-08-01").exists()
    decide(desk, arrival, "accept")
    version = Version.objects.get(label="2026-08-01")
    assert version.in_force.isempty
    url = reverse("terms-dates-set", args=[version.pk])
    page = desk.client(desk.writer).get(url).content.decode()
    assert ("No published rule reads this version" in page, 'value="2026-08-01"' in page) == (True, True)
    desk.client(desk.writer).post(url, {"since": "2026-08-01", "last_day": "", "reason": "the text says so"})
    version.refresh_from_db()
    assert version.in_force == DateRange(dt.date(2026, 8, 1), None)
    assert desk.document.versions.get(label="2026-01-01").in_force.upper == dt.date(2026, 8, 1)
    assert {"terms.uploaded", "terms.arrival_accepted", "terms.dates_fixed"} <= set(
        TrailEntry.objects.filter(user=desk.writer).values_list("action", flat=True)
    )


def test_a_page_is_read_from_html_and_the_same_file_leads_to_the_same_arrival(desk: Desk) -> None:
    body = "".join(f"<p>{clause}</p>" for clause in LONG)
    for _ in range(2):
        bring(desk, file=SimpleUploadedFile("terms.html", f"<html><body><h1>Lamps</h1>{body}</body></html>".encode()))
    arrival = Arrival.objects.get()
    assert (arrival.snapshot.media_type, arrival.text.startswith("# Lamps\n"), "<p>" in arrival.text) == (
        "text/html", True, False,
    )  # fmt: skip
    saved = desk.client(desk.writer).get(reverse("terms-arrival-bytes", args=[arrival.pk]))
    assert saved.content.startswith(b"<html>")
    assert "attachment" in saved["Content-Disposition"]


@pytest.mark.parametrize(
    "fields,words",
    [
        ({}, "one of the two"),
        ({"file": ("a.pdf", b"%PDF-1.4 nonsense")}, "No text could be read"),
        ({"file": ("a.md", b"\xff\xfe\x00x")}, "No text could be read"),
        ({"pasted": "words", "captured_on": "2126-01-01"}, "lies ahead"),
    ],
)
def test_what_cant_be_taken_is_said_beside_the_field(desk: Desk, fields: dict[str, Any], words: str) -> None:
    named = {key: SimpleUploadedFile(*value) if key == "file" else value for key, value in fields.items()}
    answer = bring(desk, **named)
    assert (answer.status_code, words in answer.content.decode(), Arrival.objects.count()) == (200, True, 0)


def test_an_error_page_is_held_back_and_discarded_with_a_reason_and_kept(desk: Desk) -> None:
    bring(desk, pasted=terms(*LONG))
    decide(desk, Arrival.objects.get(), "accept")
    bring(desk, pasted="Access denied")
    arrival = Arrival.objects.get(state="waiting")
    assert "error" in arrival.doubt
    held = desk.client(desk.writer).get(reverse("terms-held")).content.decode()
    assert arrival.doubt[:20] in held.replace("An error", "an error")
    assert "Say why" in decide(desk, arrival, "discard", reason="").content.decode()
    decide(desk, arrival, "discard", "their firewall")
    arrival.refresh_from_db()
    assert (arrival.state, arrival.decided_by, arrival.reason) == ("discarded", desk.writer, "their firewall")
    assert "decided this already" in decide(desk, arrival, "accept").content.decode()
    assert "their firewall" in desk.client(desk.writer).get(f"{reverse('terms-held')}?show=decided").content.decode()


def test_contradictory_and_impossible_dates_are_named(desk: Desk) -> None:
    head = "Effective: August 1, 2026\n\nThese terms take effect on September 1, 2026"
    bring(desk, pasted=terms(*LONG, head=head))
    decide(desk, Arrival.objects.get(), "accept")
    version = Version.objects.get(shipped=False)
    client = desk.client(desk.writer)
    assert "contradictory" in client.get(reverse("terms-dates")).content.decode()
    url = reverse("terms-dates-set", args=[version.pk])
    assert "2026-08-01, 2026-09-01" in client.get(url).content.decode()
    wrong = {"since": "2026-08-01", "last_day": "2026-07-01", "reason": "x"}
    assert "last day lies before the first" in client.post(url, wrong).content.decode()
    early = {"since": "2025-01-01", "last_day": "", "reason": "x"}
    assert "begins on 2025-05-31" in client.post(url, early).content.decode()
    version.refresh_from_db()
    assert version.in_force.isempty


def test_a_version_saved_by_somebody_else_meanwhile_is_named_and_not_a_server_error(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows.append({"label": "2025-01-01", "since": "2025-01-01", "last_day": "2025-05-30", "basis": "stated"})
    days = DateRange(dt.date(2025, 3, 1), dt.date(2025, 4, 1))
    Version.objects.create(document=desk.document, label="2025-03-01", in_force=days, basis="the other person's")
    answer = save(desk.client(desk.writer), desk.document, rows)
    words = answer.content.decode()
    assert (answer.status_code, "Overlaps the version of 2025-03-01" in words, "saved while you wrote" in words) == (
        200, True, True,
    )  # fmt: skip


def test_sources_show_their_state_and_are_fetched_when_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[int] = []
    monkeypatch.setattr("compliance.tasks.fetch_source.delay", sent.append)
    source = SourceDocument.objects.create(document=desk.document, url="https://lamps.example/terms", watched=True)
    inner = SourceDocument.objects.create(document=desk.document, url="http://10.0.0.1:81/terms", watched=True)
    Watch.objects.create(source=source, due_at=NOON, state="failed", problem="the server answers 503", failures=3)
    client, url = desk.client(desk.writer), reverse("admin:compliance_sourcedocument_changelist")
    listed = client.get(url).content.decode()
    assert ("the server answers 503 (3 times in a row)" in listed, "none yet" in listed) == (True, True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(url, {"action": "fetch_now", "_selected_action": [source.pk, inner.pk]}, follow=True)
    assert "port 81" in answer.content.decode()
    assert sent == [Watch.objects.get(source=source).pk]
    assert Watch.objects.get(source=source).due_at > NOON


def test_what_changed_is_for_everyone_and_what_waits_for_those_who_decide(desk: Desk) -> None:
    for number in range(30):
        TermsChange.objects.create(
            document=desk.document, judgement="changed", captured_at=NOON + dt.timedelta(days=number), mark=str(number),
            reason="1 sentences are new, 1 gone", added=[f"<b>new {number}</b>"], gone=["old"],
        )  # fmt: skip
    engineer = desk.client(desk.engineer)
    page = engineer.get(reverse("terms-incoming")).content.decode()
    assert ("&lt;b&gt;new 29&lt;/b&gt;" in page, "new 1<" in page, "Held back" in page) == (True, False, False)
    for name in ("terms-held", "terms-dates"):
        assert engineer.get(reverse(name)).status_code == 403
        assert desk.client(desk.writer).get(reverse(name)).status_code == 200


def test_the_lists_take_a_fixed_number_of_statements(desk: Desk, django_assert_max_num_queries: Any) -> None:
    for number in range(8):
        bring(desk, pasted=terms(*LONG, title=f"Lamps {number}", head=f"Effective: August {number + 1}, 2026"))
    for arrival in Arrival.objects.all()[:5]:
        decide(desk, arrival, "accept")
    client = desk.client(desk.writer)
    for name in ("terms-held", "terms-dates", "terms-incoming"):
        with django_assert_max_num_queries(9):
            client.get(reverse(name))
    assert connection.vendor == "postgresql"
