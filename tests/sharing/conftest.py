"""A report that is made, in a project with a reviewer and an engineer."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from audits.evidence.store import open_store
from audits.models import Report, ShareLink
from compliance.models import User
from tests.browser.conftest import browser, opened  # noqa: F401 - a real Chromium, for the whole way
from tests.factories import make_completed_run, make_pipeline, make_project, make_user

PDF = b"%PDF-1.7 report"


@dataclass(frozen=True)
class Shared:
    """The report with people of two roles, each with a client."""

    report: Report
    reviewer: User
    engineer: User

    def another(self, **fields: Any) -> "Shared":
        """The same people with another report of the same run."""
        told = {"state": "ready", "pdf_sha256": self.report.pdf_sha256, **fields}
        return replace(self, report=Report.objects.create(run=self.report.run, number=2, **told))

    def client(self, person: User) -> Client:
        client = Client()
        client.force_login(person)
        return client


@pytest.fixture
def made(db: None) -> Shared:
    cache.clear()
    reviewer, engineer = make_user(username="rita"), make_user(username="emil")
    run = make_completed_run(make_pipeline(make_project(engineers=(engineer,), legal=(reviewer,))))
    store = open_store(settings.EVIDENCE_URL)
    report = Report.objects.create(
        run=run, number=1, state=Report.State.READY, finished_at=timezone.now(), pages=3,
        pdf_sha256=store.put(PDF), context_sha256=store.put(b'{"schema": "x"}'),
    )  # fmt: skip
    return Shared(report, reviewer, engineer)


def fields(**changes: Any) -> dict[str, Any]:
    """What `share` takes, for two days."""
    told = {
        "recipient": "Dr. Weiss, Weiss & Partner", "reach": ShareLink.Reach.VIEW, "forms": ["pdf"],
        "expires_at": timezone.now() + dt.timedelta(days=2), **changes,
    }  # fmt: skip
    return told
