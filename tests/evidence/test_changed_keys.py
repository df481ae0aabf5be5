"""After a change of the sealing key: old runs keep their bundles, as long as the old key lies beside the new one."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from audits.evidence import verify_bundle
from audits.procedures.concluding import write_run_bundle
from tests.evidence.sealed import sealed_run
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keys of the test's own; the store of evidence stays where it is."""
    monkeypatch.setattr(settings, "VAR_DIR", tmp_path / "var")
    (tmp_path / "var" / "keys").mkdir(parents=True)
    return tmp_path / "var" / "keys"


def test_a_run_is_bundled_under_the_key_that_sealed_it(tmp_path: Path, own_keys: Path):
    old = sealed_run(tmp_path)
    (own_keys / "seal.pem").rename(own_keys / "seal-2026.pem")
    new = sealed_run(tmp_path / "later")
    for run in (old, new):
        made = write_run_bundle(run, tmp_path / f"{run.pk}.zip")
        assert verify_bundle(str(made.path)).ok


def test_without_the_old_key_the_page_says_which_is_missing_and_where_it_belongs(tmp_path: Path, own_keys: Path):
    run = sealed_run(tmp_path)
    (own_keys / "seal.pem").unlink()
    client = Client()
    client.force_login(make_user("legal"))
    page = client.get(reverse("run-bundle", args=[run.pk]), follow=True).content.decode()
    assert "No bundle was made" in page
    assert "put its file back there" in page
