"""Adding a pipeline and starting its audit: complaints name the line, the host or the file."""

import io
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from django.urls import reverse

from audits.evidence.store import open_store
from audits.models import Pipeline, Run
from compliance.models import TrailEntry
from tests.pages.conftest import SignedIn, World

MANIFEST = '[pipeline]\nname = "Triage"\ncommand = ["python", "distill.py"]\n'


def zipped(**files: str) -> SimpleUploadedFile:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_toml", ".toml"), text)
    return SimpleUploadedFile("triage.zip", held.getvalue(), content_type="application/zip")


def form_of(world: World, **fields: object) -> dict[str, object]:
    return {"project": world.project.pk, "name": "Triage", "manifest_path": "audit.toml", **fields}


def test_a_folder_with_a_manifest_is_added(world: World, signed_in: SignedIn, tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(MANIFEST)
    response = signed_in(world.engineer).post(reverse("pipeline-add"), form_of(world, path=str(tmp_path)))
    added = Pipeline.objects.get(name="Triage")
    assert response.headers["Location"] == reverse("pipeline", args=[added.pk])
    assert (added.path, added.created_by, added.project) == (str(tmp_path), world.engineer, world.project)


@pytest.mark.parametrize("name", ["audit_toml", "triage-main__audit_toml"])
def test_a_zip_is_kept_whole_whether_or_not_one_folder_holds_it(world: World, signed_in: SignedIn, name: str) -> None:
    archive = zipped(**{name: MANIFEST})
    content = archive.read()
    archive.seek(0)
    signed_in(world.engineer).post(reverse("pipeline-add"), form_of(world, archive=archive))
    added = Pipeline.objects.get(name="Triage")
    assert added.origin == Pipeline.Origin.UPLOAD
    assert open_store(settings.EVIDENCE_URL).get(added.archive_sha256) == content


def test_a_newer_zip_is_what_the_next_audit_runs_and_a_bad_one_changes_nothing(
    world: World, signed_in: SignedIn
) -> None:
    engineer = signed_in(world.engineer)
    engineer.post(reverse("pipeline-add"), form_of(world, archive=zipped(audit_toml=MANIFEST)))
    former = Pipeline.objects.get(name="Triage")
    page = reverse("pipeline-source", args=[former.pk])
    bad = engineer.post(page, {"archive": zipped(audit_toml=MANIFEST + 'comand = ["x"]\n')})
    assert (bad.status_code, "audit.toml:4" in bad.content.decode()) == (422, True)
    assert Pipeline.objects.get(pk=former.pk).archive_sha256 == former.archive_sha256
    newer = zipped(audit_toml=MANIFEST, distill="pass")
    content = newer.read()
    newer.seek(0)
    assert engineer.post(page, {"archive": newer}).headers["Location"] == reverse("pipeline", args=[former.pk])
    now, store = Pipeline.objects.get(pk=former.pk), open_store(settings.EVIDENCE_URL)
    assert store.get(now.archive_sha256) == content
    assert store.get(former.archive_sha256), "what earlier runs ran is kept"
    entry = TrailEntry.objects.get(action="pipeline source replaced")
    assert entry.detail == {"former": former.archive_sha256, "archive": now.archive_sha256}


def test_a_pipeline_in_a_folder_takes_no_zip(world: World, signed_in: SignedIn, tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(MANIFEST)
    engineer = signed_in(world.engineer)
    engineer.post(reverse("pipeline-add"), form_of(world, path=str(tmp_path)))
    page = reverse("pipeline-source", args=[Pipeline.objects.get(name="Triage").pk])
    assert engineer.post(page, {"archive": zipped(audit_toml=MANIFEST)}).status_code == 404


def complaint(world: World, signed_in: SignedIn, **fields: object) -> str:
    response = signed_in(world.engineer).post(reverse("pipeline-add"), form_of(world, **fields))
    assert response.status_code == 422
    assert not Pipeline.objects.filter(name="Triage").exists()
    return response.content.decode()


def test_a_complaint_about_the_manifest_names_its_line(world: World, signed_in: SignedIn) -> None:
    page = complaint(world, signed_in, archive=zipped(audit_toml=MANIFEST + 'comand = ["x"]\n'))
    assert "audit.toml:4" in page


def test_what_cannot_be_taken_is_refused_in_words(world: World, signed_in: SignedIn, tmp_path: Path) -> None:
    assert "exactly one of them" in complaint(world, signed_in)
    assert "There is no file" in complaint(world, signed_in, path=str(tmp_path))
    assert "not an absolute path" in complaint(world, signed_in, path="relative/folder")
    no_zip = SimpleUploadedFile("x.zip", b"not a zip")
    assert "no ZIP that can be read" in complaint(world, signed_in, archive=no_zip)
    assert "holds no audit.toml" in complaint(world, signed_in, archive=zipped(readme="x", other="y"))
    outside = complaint(world, signed_in, archive=zipped(audit_toml=MANIFEST), manifest_path="../../etc/passwd")
    assert "inside the tree" in outside


def test_an_engineer_adds_to_no_project_of_others(world: World, signed_in: SignedIn, tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text(MANIFEST)
    response = signed_in(world.outsider).post(reverse("pipeline-add"), form_of(world, path=str(tmp_path)))
    assert response.status_code == 422
    assert not Pipeline.objects.filter(name="Triage").exists()


@override_settings(PRODUCTION=True)
def test_in_production_only_administrators_name_folders_and_stand_ins(
    world: World, signed_in: SignedIn, tmp_path: Path
) -> None:
    (tmp_path / "audit.toml").write_text(MANIFEST)
    engineer, administrator = signed_in(world.engineer), signed_in(world.administrator)
    refused = engineer.post(reverse("pipeline-add"), form_of(world, path=str(tmp_path)))
    assert refused.status_code == 422
    assert administrator.post(reverse("pipeline-add"), form_of(world, path=str(tmp_path))).status_code == 302
    address = reverse("pipeline-audit", args=[world.run.pipeline_id])
    engineer.post(address, {"upstreams": "api.openai.com=http://169.254.169.254"})
    assert Run.objects.latest("pk").upstreams == {}, "the field is not theirs, and what is sent for it is not read"


def test_an_audit_is_started_with_its_upstreams(world: World, signed_in: SignedIn) -> None:
    address = reverse("pipeline-audit", args=[world.run.pipeline_id])
    lines = "API.openai.com = http://127.0.0.1:9000\n\napi.anthropic.com=http://127.0.0.1:9000/x\n"
    response = signed_in(world.engineer).post(address, {"upstreams": lines, "record_only": "on"})
    run = Run.objects.latest("pk")
    assert response.headers["Location"] == reverse("run", args=[run.pk])
    assert run.upstreams == {"api.openai.com": "http://127.0.0.1:9000", "api.anthropic.com": "http://127.0.0.1:9000/x"}
    assert (run.record_only, run.state, run.requested_by) == (True, Run.State.QUEUED, world.engineer)


@pytest.mark.parametrize(
    "line",
    ["api.openai.com", "=http://127.0.0.1", "a b=http://127.0.0.1", "api.openai.com=file:///etc/passwd", "h=http://"],
)
def test_an_upstream_that_makes_no_sense_is_refused_with_its_line(world: World, signed_in: SignedIn, line: str) -> None:
    address = reverse("pipeline-audit", args=[world.run.pipeline_id])
    before = Run.objects.count()
    response = signed_in(world.engineer).post(address, {"upstreams": f"\n{line}"})
    assert response.status_code == 422
    assert "Line 2" in response.content.decode()
    assert Run.objects.count() == before


@pytest.mark.parametrize("name", ["../../outside", "/etc/outside", "a\\..\\outside"])
def test_a_zip_that_names_a_place_outside_of_itself_is_refused_before_it_is_kept(
    world: World, signed_in: SignedIn, name: str
) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        packed.writestr("audit.toml", MANIFEST)
        packed.writestr(name, "x")
    upload = SimpleUploadedFile("evil.zip", held.getvalue())
    assert "lies outside of it" in complaint(world, signed_in, archive=upload)
    assert not Pipeline.objects.filter(name="Triage").exists()


def test_a_folder_that_is_not_there_is_told_from_one_without_a_manifest(
    world: World, signed_in: SignedIn, tmp_path: Path
) -> None:
    assert "There is no folder" in complaint(world, signed_in, path=str(tmp_path / "none"))
    assert "There is no file" in complaint(world, signed_in, path=str(tmp_path))
