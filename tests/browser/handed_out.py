"""What was handed out or set up in an installation, made when it is asked for: a link to its report, a schedule, a policy."""

import datetime as dt

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from audits.actions.schedules import set_schedule
from audits.actions.sharing import share
from audits.evidence.store import open_store
from audits.models import Report, ReportSchedule
from audits.procedures.scheduling import make_now
from audits.reporting.context import context_bytes
from audits.reporting.options import read_options
from compliance.actions.policies import issue_policy
from compliance.engine.facts import FactValue
from compliance.models import IssuedPolicy
from compliance.queries.portfolio import Question, portfolio
from tests.browser.installation import Installation
from tests.factories import NOON
from tests.reporting import contexts

CLASSIFIER: dict[str, FactValue] = {"student.competes_with_provider": False, "student.kind": "classifier"}


def report(at: Installation) -> Report:
    """A report that is made."""
    return Report.objects.filter(state=Report.State.READY).exclude(pdf_sha256="").earliest("pk")


def shared(at: Installation, password: str = "") -> str:
    """The address of a link to the report."""
    until = timezone.now() + dt.timedelta(days=3)
    _, secret = share(
        report=report(at), recipient="Weiss & Partner", reach="view", forms=["pdf"], expires_at=until,
        acting_user=at.keeper, password=password,
    )  # fmt: skip
    return reverse("shared", args=[secret])


def schedule(at: Installation) -> ReportSchedule:
    """A schedule with one report made out of turn."""
    known = ReportSchedule.objects.first()
    if known is not None:
        return known
    options = read_options({"scope": {"kind": "project", "ids": [at.project.slug]}})
    made = set_schedule(
        options=options, recipients=[at.keeper], acting_user=at.keeper, name="Monthly for legal", every="month",
        at=dt.time(7), zone="Europe/Berlin",
    )  # fmt: skip
    make_now(schedule=made, acting_user=at.keeper)
    return made


def policy(at: Installation) -> IssuedPolicy:
    """A policy for LiteLLM."""
    known = IssuedPolicy.objects.first()
    asked = Question(NOON.date(), facts=CLASSIFIER, purposes=("train_on_output",))
    return known or issue_policy(
        form="litellm",
        portfolio=portfolio(asked),
        conditional="duties",
        unknown=False,
        project=None,
        acting_user=at.keeper,
    )


def frozen(at: Installation) -> Report:
    """A report whose frozen context is kept, so that it has other forms and drafts."""
    sha256 = open_store(settings.EVIDENCE_URL).put(context_bytes(contexts.plain()))
    found, _ = Report.objects.get_or_create(
        run=at.run, number=90, defaults={"state": Report.State.READY, "context_sha256": sha256}
    )
    return found
