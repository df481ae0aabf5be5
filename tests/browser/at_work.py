"""What waits for somebody in an installation, made when it is asked for: a question, work, a webhook."""

import datetime as dt

from django.utils import timezone

from audits.models import Delivery, FactRequest, Remedy, Webhook
from tests.browser.installation import Installation


def asked(at: Installation) -> FactRequest:
    """Facts that the keeper and the engineer are asked for, one of them with its reply."""
    shared = {"project": at.project, "finding": at.world.finding, "asked_by": at.world.legal}
    if not FactRequest.objects.exists():
        FactRequest.objects.create(
            **shared, asked_of=at.world.engineer, question="Who is it offered to?", reply="Our own staff.",
            replied_by=at.world.engineer, replied_at=timezone.now(),
        )  # fmt: skip
        FactRequest.objects.create(
            **shared, asked_of=at.keeper, fact="student.distributed", question="Does it leave the company?",
            due_on=dt.date(2026, 11, 30),
        )  # fmt: skip
    return FactRequest.objects.latest("pk")


def remedy(at: Installation) -> Remedy:
    """Work on a finding, given to the engineer."""
    known = Remedy.objects.first()
    return known or Remedy.objects.create(
        project=at.project, finding_key=at.world.finding.key, finding=at.world.finding, owner=at.world.engineer,
        what="Teach the student on answers of a model whose terms allow it.", due_on=dt.date(2026, 12, 1),
        asked_by=at.world.legal,
    )  # fmt: skip


def delivery(at: Installation) -> Delivery:
    """An event that a webhook took."""
    known = Delivery.objects.first()
    if known is not None:
        return known
    hook = Webhook.objects.create(
        project=at.project, name="Ticket desk", url="https://hooks.desk.example/clausetrail", form="signed",
        made_by=at.keeper,
    )  # fmt: skip
    return Delivery.objects.create(
        webhook=hook, event="finding.decided", key="4f1c" * 8, payload={"type": "finding.decided", "data": {}},
        state="delivered", attempts=1, status=204, delivered_at=timezone.now(),
    )  # fmt: skip
