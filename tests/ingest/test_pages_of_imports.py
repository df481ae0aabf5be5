"""Rulings on the pages of imports: what they show, who may import, what a table's columns mean."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audits import tasks
from audits.models import Import, UsageEntry
from compliance.models import Project, User
from tests.factories import make_project, make_user
from tests.ingest.conftest import Give, as_lines
from tests.ingest.samples import acme_call

TABLE = b"When;LLM Model;In;Out;Spent\n20.11.2026;acme-large;100;50;0.02\n21.11.2026;acme-large;many;50;0.02\n"


@pytest.fixture
def engineer(project: Project) -> User:
    person = make_user()
    project.memberships.create(user=person, role="engineer")
    return person


@pytest.fixture
def client_of_engineer(engineer: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(tasks.import_usage, "delay_on_commit", lambda pk: tasks.import_usage(pk))
    client = Client()
    client.force_login(engineer)
    return client


def upload(client: Client, project: Project, content: bytes, source: str, **fields: Any) -> Any:
    file = SimpleUploadedFile("log.jsonl", content)
    return client.post(reverse("import-add"), {"project": project.pk, "source": source, "file": file, **fields})


def test_an_uploaded_log_is_read_and_shown(client_of_engineer: Client, project: Project) -> None:
    log = as_lines([acme_call(1), acme_call(2)]) + b'{"broken\n'
    response = upload(client_of_engineer, project, log, "litellm", purpose="train", student="tutor")
    imported = Import.objects.get()
    assert response.headers["Location"] == reverse("import", args=[imported.pk])
    page = client_of_engineer.get(response.headers["Location"]).content.decode()
    assert "acme-large" in page
    assert "not JSON" in page
    assert "Imported log, not observed" in page
    assert "hx-get" not in page.split("<main")[1], "what has ended is not asked for again"
    assert "Ticket 1" in client_of_engineer.get(reverse("import-calls", args=[imported.pk])).content.decode()
    assert "line" in client_of_engineer.get(reverse("import-rejected", args=[imported.pk])).content.decode()


def test_a_file_that_is_none_is_refused_beside_its_field(client_of_engineer: Client, project: Project) -> None:
    response = upload(client_of_engineer, project, b"PK\x03\x04 no archive", "litellm")
    assert response.status_code == 422
    assert "a damaged ZIP" in response.content.decode()
    assert not Import.objects.exists()


def test_a_table_is_read_as_a_person_says_its_columns_mean(client_of_engineer: Client, project: Project) -> None:
    address = upload(client_of_engineer, project, TABLE, "csv").headers["Location"]
    page = client_of_engineer.get(address).content.decode()
    assert "LLM Model" in page
    assert "20.11.2026" in page
    mapping = {
        "at": "When", "model": "LLM Model", "input_tokens": "In", "output_tokens": "Out", "cost": "Spent",
        "constant_channel": "acme", "time_format": "%d.%m.%Y",
    }  # fmt: skip
    preview = client_of_engineer.post(address, {**mapping, "preview": "1"}).content.decode()
    assert "1 of the first 2 rows can be read" in preview
    assert "In: &#x27;many&#x27; is no count" in preview, "a complaint names the column as the file heads it"
    assert not UsageEntry.objects.exists(), "a preview writes nothing"
    client_of_engineer.post(address, mapping)
    imported = Import.objects.get()
    assert (imported.state, imported.new, imported.rejected) == (Import.State.DONE, 1, 1)
    assert UsageEntry.objects.get().output_tokens == 50


def test_a_mapping_without_a_time_is_refused(client_of_engineer: Client, project: Project) -> None:
    address = upload(client_of_engineer, project, TABLE, "csv").headers["Location"]
    response = client_of_engineer.post(address, {"model": "LLM Model"})
    assert response.status_code == 422
    assert "say which column holds the time" in response.content.decode()


def test_for_an_outsider_an_import_does_not_exist(give: Give) -> None:
    imported = give(as_lines([acme_call()]), "litellm")
    client = Client()
    outsider = make_user()
    make_project("Elsewhere", engineers=(outsider,))
    client.force_login(outsider)
    for name in ("import", "import-live", "import-map", "import-calls", "import-rejected"):
        assert client.get(reverse(name, args=[imported.pk])).status_code == 404, name
    assert imported.name not in client.get(reverse("imports")).content.decode()


def test_legal_reads_imports_and_imports_nothing(give: Give) -> None:
    imported = give(as_lines([acme_call()]), "litellm")
    client = Client()
    client.force_login(make_user("legal"))
    assert client.get(reverse("import", args=[imported.pk])).status_code == 200
    assert client.get(reverse("import-add")).status_code == 403
    assert client.post(reverse("import-again", args=[imported.pk])).status_code == 403


def test_a_log_can_be_neither_run_nor_audited(client_of_engineer: Client, give: Give) -> None:
    imported = give(as_lines([acme_call()]), "litellm")
    assert imported.run is not None
    again = client_of_engineer.post(reverse("run-again", args=[imported.run.pk]))
    start = client_of_engineer.post(reverse("pipeline-audit", args=[imported.pipeline_id]))
    assert (again.status_code, start.status_code) == (403, 403)


def test_the_run_of_a_log_leads_to_its_import(client_of_engineer: Client, give: Give) -> None:
    imported = give(as_lines([acme_call()]), "litellm")
    assert imported.run is not None
    response = client_of_engineer.get(reverse("run", args=[imported.run.pk]))
    assert response.headers["Location"] == reverse("import", args=[imported.pk])
    findings = client_of_engineer.get(reverse("run-findings", args=[imported.run.pk])).content.decode()
    assert "Imported log, not observed" in findings


def test_an_empty_place_says_what_it_is_for(client_of_engineer: Client) -> None:
    assert "Nothing imported yet" in client_of_engineer.get(reverse("imports")).content.decode()
    assert "Nothing to compare yet" in client_of_engineer.get(reverse("reconciliation")).content.decode()


def test_the_list_asks_the_database_as_often_for_many_imports(
    client_of_engineer: Client, give: Give, django_assert_max_num_queries: Any
) -> None:
    for number in range(4):
        give(as_lines([acme_call(number)]), "litellm", log=f"Log {number}")
    with django_assert_max_num_queries(7):
        client_of_engineer.get(reverse("imports"))
