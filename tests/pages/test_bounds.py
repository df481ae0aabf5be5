"""How much a page may be sent: each says what files it takes, and what is beyond that is refused before anything reads it."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from django import forms
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import resolve, reverse

from audits.views import comparisons, import_forms
from audits.views.forms import MOST_BYTES
from compliance.bounds import MB, Bound, bound_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db
TAKING: Final[dict[str, tuple[str, list[Any], int]]] = {
    "admin/rules/files.html": ("admin:compliance_rulerevision_files", [], 5 * MB),
    "audits/asked_list.html": ("asked-reply", [1], 20 * MB),
    "audits/pipeline_add.html": ("pipeline-add", [], MOST_BYTES),
    "audits/pipeline_source.html": ("pipeline-source", [1], MOST_BYTES),
    "audits/verify_report.html": ("verify-report", [], 64 * MB),
    "audits/student_answers.html": ("student-answers", [1], 3 * comparisons.MOST_BYTES),
    "audits/import_add.html": ("import-add", [], import_forms.MOST_BYTES),
    "audits/report_brand.html": ("report-brand-organisation", [], MB),
    "audits/finding_detail.html": ("finding-remark", [1], 100 * MB),
}
"""Every template with a form for files: where the form goes, and how much may come there."""


class Unreadable:
    """The body of a request that must not be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = __iter__ = read


def sent(client: Client, path: str, size: int) -> Any:
    return client.request(
        REQUEST_METHOD="POST", PATH_INFO=path, CONTENT_TYPE="multipart/form-data; boundary=x", CONTENT_LENGTH=str(size),
        **{"wsgi.input": Unreadable()},
    )  # fmt: skip


def test_every_page_with_a_form_for_files_says_how_much_it_takes() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    found = {str(one.relative_to(folder)) for one in folder.rglob("*.html") if re.search("multipart", one.read_text())}
    assert found == set(TAKING)
    for name, args, most in TAKING.values():
        assert bound_of(resolve(reverse(name, args=args)).func).files == most, name


def test_every_page_of_the_admin_with_a_form_for_files_says_how_much_it_takes() -> None:
    for model, one in admin.site._registry.items():
        fields = getattr(one.form, "base_fields", {}).values()
        takes = any(isinstance(field, forms.FileField) for field in fields)
        assert isinstance(getattr(one, "bound", None), Bound) == takes, model


@pytest.mark.parametrize("checks", [True, False], ids=["forged", "not looked at for forgery"])
def test_a_form_beyond_its_bound_is_refused_in_words_and_nothing_reads_it(checks: bool) -> None:
    client = Client(enforce_csrf_checks=checks)
    answer = sent(client, "/sign-in/", 3 * MB)
    assert (answer.status_code, "What you sent is too large" in answer.text) == (413, True)
    client.force_login(make_user("administrator"))
    answer = sent(client, reverse("import-add"), 600 * MB)
    assert (answer.status_code, answer["Content-Security-Policy"][:18]) == (413, "default-src 'none'")
    assert "files of at most 500 MB in all. import_usage on the command line takes larger ones." in answer.text
    answer = sent(client, reverse("admin:compliance_agreement_add"), 40 * MB)
    assert (answer.status_code, "at most 25 MB" in answer.text) == (413, True)


def test_a_length_that_is_no_number_is_refused() -> None:
    assert Client().post("/sign-in/", headers={"Content-Length": "many"}).status_code == 400
