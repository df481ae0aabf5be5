"""Documents with dated versions, agreements, providers: what is refused, and in which words."""

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from compliance.actions.rulebook import load_rulebook
from compliance.models import Agreement, Governance, Provider, TermsDocument, TrailEntry, Version
from compliance.queries.library import library_from_database
from tests.admin.conftest import Desk, small_library
from tests.admin.test_who_may import management


def stored_rows(document: TermsDocument) -> list[dict[str, Any]]:
    rows = []
    for version in document.versions.order_by("in_force"):
        last = version.in_force.upper - dt.timedelta(days=1) if version.in_force.upper else ""
        rows.append(
            {
                "id": version.pk,
                "label": version.label,
                "since": version.in_force.lower,
                "last_day": last,
                "basis": "stated",
            }
        )
    return rows


def save(client: Client, document: TermsDocument, rows: list[dict[str, Any]]) -> Any:
    data = {"url": "", **management("versions", rows), **management("sources", [])}
    return client.post(reverse("admin:compliance_termsdocument_change", args=[document.pk]), data)


def test_a_version_that_overlaps_another_is_refused_and_the_other_named(desk: Desk) -> None:
    rows = [
        *stored_rows(desk.document),
        {"label": "2026-06-01", "since": "2026-06-01", "last_day": "", "basis": "stated"},
    ]
    answer = save(desk.client(desk.writer), desk.document, rows)
    assert answer.status_code == 200
    assert "Overlaps the version of 2026-01-01, in force since 1 January 2026." in answer.content.decode()
    assert desk.document.versions.count() == 2


def test_a_new_version_follows_one_that_is_ended_in_the_same_step(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows[1]["last_day"] = "2026-05-31"
    rows.append({"label": "2026-06-01", "since": "2026-06-01", "last_day": "", "basis": "stated"})
    answer = save(desk.client(desk.writer), desk.document, rows)
    assert answer.status_code == 302, answer.context["errors"]
    assert [(v.label, v.in_force.lower, v.in_force.upper) for v in desk.document.versions.order_by("in_force")] == [
        ("2025-05-31", dt.date(2025, 5, 31), dt.date(2026, 1, 1)),
        ("2026-01-01", dt.date(2026, 1, 1), dt.date(2026, 6, 1)),
        ("2026-06-01", dt.date(2026, 6, 1), None),
    ]
    assert TrailEntry.objects.filter(action="terms document changed", user=desk.writer).exists()


def test_a_boundary_moves_between_two_versions_without_overlapping_on_the_way(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows[0]["last_day"], rows[1]["since"] = "2026-01-31", "2026-02-01"
    assert save(desk.client(desk.writer), desk.document, rows).status_code == 302
    first, second = desk.document.versions.order_by("in_force")
    assert first.in_force.upper == second.in_force.lower == dt.date(2026, 2, 1)


def test_dates_that_people_moved_stand_when_the_rulebook_is_loaded_again(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows[1]["last_day"] = "2026-05-31"
    save(desk.client(desk.writer), desk.document, rows)
    load_rulebook(small_library())
    assert Version.objects.get(label="2026-01-01").in_force.upper == dt.date(2026, 6, 1)


def test_a_last_day_before_the_first_is_refused(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows[1]["last_day"] = "2025-12-31"
    answer = save(desk.client(desk.writer), desk.document, rows)
    assert "The last day lies before the first, 2026-01-01." in answer.content.decode()


def test_a_version_that_a_rule_cites_is_not_removed(desk: Desk) -> None:
    rows = stored_rows(desk.document)
    rows[0]["DELETE"] = "on"
    answer = save(desk.client(desk.writer), desk.document, rows)
    assert answer.status_code == 200
    assert desk.document.versions.count() == 2


def agreement(desk: Desk, **changed: Any) -> dict[str, Any]:
    return {
        "provider": desk.document.provider_id, "reference": "Order form 2026-17", "project": "", "documents": [],
        "grants": ["train_on_output"], "starts_on": "2026-01-01", "ends_on": "", "notes": "", **changed,
    }  # fmt: skip


def test_an_agreement_is_made_with_its_grants_and_reaches_the_engine(desk: Desk) -> None:
    answer = desk.client(desk.writer).post(reverse("admin:compliance_agreement_add"), agreement(desk))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    (known,) = library_from_database().agreements
    assert (known.provider, known.grants, known.since) == ("openai", ("train_on_output",), dt.date(2026, 1, 1))
    assert Agreement.objects.get().added_by == desk.writer


@pytest.mark.parametrize(
    "changed, words",
    [
        ({"ends_on": "2025-12-31"}, "The last day lies before the first, 2026-01-01."),
        ({"grants": ["everything"]}, "everything is not one of the available choices"),
        ({"grants": []}, "This field is required."),
    ],
)
def test_an_agreement_that_contradicts_itself_is_refused(desk: Desk, changed: dict[str, Any], words: str) -> None:
    answer = desk.client(desk.writer).post(reverse("admin:compliance_agreement_add"), agreement(desk, **changed))
    assert words in answer.content.decode()
    assert not Agreement.objects.exists()


def test_an_agreement_lifts_rules_of_its_own_provider_alone(desk: Desk) -> None:
    other = Provider.objects.create(slug="acme", name="Acme")
    answer = desk.client(desk.writer).post(
        reverse("admin:compliance_agreement_add"), agreement(desk, provider=other.pk, documents=[desk.document.pk])
    )
    assert "not a document of Acme" in answer.content.decode()


def test_the_paper_of_an_agreement_comes_back_as_a_download(desk: Desk, settings: Settings, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    }
    client = desk.client(desk.writer)
    refused = client.post(
        reverse("admin:compliance_agreement_add"), agreement(desk, file=SimpleUploadedFile("paper.html", b"<script>"))
    )
    assert "is of a kind that is not kept here" in refused.content.decode()
    paper = SimpleUploadedFile("paper.pdf", b"%PDF-1.7 signed")
    assert client.post(reverse("admin:compliance_agreement_add"), agreement(desk, file=paper)).status_code == 302
    at = reverse("admin:compliance_agreement_paper", args=[Agreement.objects.get().pk])
    answer = client.get(at)
    assert b"".join(answer.streaming_content) == b"%PDF-1.7 signed"  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert desk.client(desk.engineer).get(at, follow=True).status_code == 403


def test_a_providers_hosts_are_written_as_lines_and_read_by_the_engine(desk: Desk) -> None:
    data = {
        "name": "Acme", "slug": "acme", "website": "", "develops": "on", "serves": "on", "secrets": "ACME_KEY", "notes": "",
        "host_lines": "api.acme.example\n*.models.example -",
    }  # fmt: skip
    answer = desk.client(desk.administrator).post(reverse("admin:compliance_provider_add"), data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    hosts = library_from_database().providers["acme"].hosts
    assert [(host.pattern, host.served_by, host.developer) for host in hosts] == [
        ("api.acme.example", "acme", "acme"),
        ("*.models.example", "acme", ""),
    ]


def test_a_host_with_a_scheme_is_refused(desk: Desk) -> None:
    data = {"name": "Acme", "slug": "acme", "host_lines": "https://api.acme.example"}
    answer = desk.client(desk.administrator).post(reverse("admin:compliance_provider_add"), data)
    assert "Line 1: write a host without https://" in answer.content.decode()


def test_governance_that_people_add_comes_after_what_is_shipped(desk: Desk) -> None:
    data = {
        "document": desk.document.identifier,
        "role": "principal",
        "why": "it is the API's agreement",
        "access": ["api"],
    }
    answer = desk.client(desk.administrator).post(reverse("admin:compliance_governance_add"), data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert Governance.objects.get().key.startswith("own ")
    (binding,) = library_from_database().bindings
    assert (binding.document, binding.access, binding.since) == (desk.document.identifier, ("api",), None)


def test_a_family_of_models_is_made_and_read_by_the_engine(desk: Desk) -> None:
    data = {
        "provider": desk.document.provider_id,
        "pattern": "acme-1",
        "position": 5,
        "match": "Acme-1*",
        "title": "Acme 1",
    }
    answer = desk.client(desk.administrator).post(reverse("admin:compliance_catalogueentry_add"), data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    (family,) = library_from_database().families
    assert (family.id, family.developer, family.patterns) == ("acme-1", "openai", ("acme-1*",))
