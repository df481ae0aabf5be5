"""What goes out: webhooks and their log, links to reports, reports by the calendar."""

import datetime as dt
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status

from audits.access import get_report, get_webhook, require_may_keep_webhooks, require_may_share
from audits.actions import webhooks
from audits.actions.sharing import may_share_bundle, revoke_link, share
from audits.models import Delivery, ShareLink, ShareLook, Webhook
from audits.queries.report_forms import projects_of
from audits.tasks import deliver_webhooks
from audits.views import sharing as sharing_pages
from audits.views.sharing_forms import ShareForm
from audits.views.webhook_forms import WebhookForm
from compliance.access import get_project
from compliance.api.openings import IN_PERSON
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Asked, Done, Person, cleaned, said
from compliance.queries.house import house_rules
from compliance.views.requests import PersonRequest

router = Router()


class WebhookShown(Schema):
    """An address that is told of a project's events. Its secret was shown once."""

    id: int
    name: str
    url: str = Field(description="As it may be shown.")
    form: str
    events: list[str] = Field(description="None: all of them.")
    made_by: Person
    made_at: dt.datetime
    stopped_at: dt.datetime | None
    stopped_why: str
    failures: int
    paused_until: dt.datetime | None


class WebhookMade(WebhookShown):
    """A webhook with what its deliveries are signed with, which is shown once."""

    secret: str | None


class WebhookAsked(Asked):
    """An address that is to be told."""

    name: str = Field(min_length=1, max_length=80)
    url: str = Field(min_length=1, max_length=500, description="Begins with https.")
    form: Webhook.Form = Webhook.Form.SIGNED
    events: list[str] = Field(
        default_factory=list, max_length=40, description=f"Of: {', '.join(webhooks.EVENTS)}; none: all."
    )


class DeliveriesAsked(Paged):
    """Which deliveries."""

    state: Delivery.State | None = None


class DeliveryShown(Schema):
    """One event for one webhook."""

    id: int
    event: str
    key: str
    state: str
    attempts: int
    status: int | None
    problem: str
    made_at: dt.datetime
    next_at: dt.datetime | None
    delivered_at: dt.datetime | None


class LinkShown(Schema):
    """A report for a named person outside, for a time."""

    id: int
    recipient: str
    reach: str
    forms: list[str]
    has_password: bool
    most_uses: int | None
    uses: int
    expires_at: dt.datetime
    made_by: Person
    made_at: dt.datetime
    revoked_at: dt.datetime | None

    @staticmethod
    def resolve_has_password(obj: Any) -> bool:
        return bool(obj.password)


class LinkMade(LinkShown):
    """A link with its address, which is shown once."""

    link: str | None


class LinkAsked(Asked):
    """Whom a link is for, what it opens, and for how long."""

    recipient: str = Field(min_length=1, max_length=200)
    reach: ShareLink.Reach = ShareLink.Reach.VIEW
    forms: list[str] = Field(default_factory=lambda: ["pdf"], min_length=1, max_length=20)
    expires_on: dt.date
    password: str = Field("", max_length=200)
    most_uses: int | None = Field(None, ge=1, le=1000)
    privileged_confirmed: bool = False
    contents_confirmed: bool = False


class LookOutside(Schema):
    """Somebody followed a link."""

    id: int
    at: dt.datetime
    link: int = Field(alias="link_id")
    what: str
    address: str


@router.get("/projects/{slug:slug}/webhooks", auth=IN_PERSON, response=Page[WebhookShown])
def list_webhooks(request: PersonRequest, slug: str, asked: Query[Paged]) -> dict[str, Any]:
    """The project's webhooks, newest first."""
    project = get_project(request.user, slug)
    require_may_keep_webhooks(request.user, project)
    return part_of(project.webhooks.select_related("made_by"), asked)


@router.post("/projects/{slug:slug}/webhooks", auth=IN_PERSON, response={201: WebhookMade})
def add_one_webhook(request: PersonRequest, slug: str, asked: WebhookAsked) -> Status:
    """Have an address told of the project's events. The secret is shown once."""
    project = get_project(request.user, slug)
    require_may_keep_webhooks(request.user, project)
    made = webhooks.add_webhook(project=project, acting_user=request.user, **cleaned(WebhookForm(said(asked))))
    return Status(201, _with_secret(request, made))


def _with_secret(request: PersonRequest, made: webhooks.MadeWebhook) -> Webhook:
    request.shown_once = ("secret",)  # type: ignore[attr-defined]
    shown: Any = made.webhook
    shown.secret = made.secret
    return made.webhook


@router.get("/projects/{slug:slug}/webhooks/{int:pk}", auth=IN_PERSON, response=WebhookShown)
def get_one_webhook(request: PersonRequest, slug: str, pk: int) -> Webhook:
    """One webhook."""
    return get_webhook(request.user, slug, pk)


@router.get("/projects/{slug:slug}/webhooks/{int:pk}/deliveries", auth=IN_PERSON, response=Page[DeliveryShown])
def list_deliveries(request: PersonRequest, slug: str, pk: int, asked: Query[DeliveriesAsked]) -> dict[str, Any]:
    """The log of what a webhook was told, newest first."""
    found = get_webhook(request.user, slug, pk).deliveries.defer("payload")
    return part_of(found.filter(state=asked.state) if asked.state else found, asked)


@router.post("/projects/{slug:slug}/webhooks/{int:pk}/deliveries/{int:delivery}/again", auth=IN_PERSON, response=Done)
def send_delivery_again(request: PersonRequest, slug: str, pk: int, delivery: int) -> Done:
    """Send a delivery once more, under the same key."""
    one = get_object_or_404(Delivery, webhook=get_webhook(request.user, slug, pk), pk=delivery)
    webhooks.send_again(delivery=one, acting_user=request.user)
    deliver_webhooks.delay_on_commit()
    return Done()


@router.post("/projects/{slug:slug}/webhooks/{int:pk}/test", auth=IN_PERSON, response={201: DeliveryShown})
def test_webhook(request: PersonRequest, slug: str, pk: int) -> Status:
    """Send a trial."""
    made = webhooks.try_webhook(webhook=get_webhook(request.user, slug, pk), acting_user=request.user)
    deliver_webhooks.delay_on_commit()
    return Status(201, made)


@router.post("/projects/{slug:slug}/webhooks/{int:pk}/secret", auth=IN_PERSON, response={201: WebhookMade})
def rotate_webhook_secret(request: PersonRequest, slug: str, pk: int) -> Status:
    """A new secret, shown once; the old one signs too for a while."""
    made = webhooks.rotate_secret(webhook=get_webhook(request.user, slug, pk), acting_user=request.user)
    return Status(201, _with_secret(request, made))


@router.delete("/projects/{slug:slug}/webhooks/{int:pk}/old-secret", auth=IN_PERSON, response=Done)
def end_old_secret(request: PersonRequest, slug: str, pk: int) -> Done:
    """From now on the new secret alone signs."""
    webhooks.forget_old_secret(webhook=get_webhook(request.user, slug, pk), acting_user=request.user)
    return Done()


@router.delete("/projects/{slug:slug}/webhooks/{int:pk}", auth=IN_PERSON, response=Done)
def stop_one_webhook(request: PersonRequest, slug: str, pk: int) -> Done:
    """Tell it nothing more; its log stays."""
    return Done(done=webhooks.stop_webhook(webhook=get_webhook(request.user, slug, pk), acting_user=request.user))


@router.get("/reports/{int:pk}/links", auth=IN_PERSON, response=Page[LinkShown])
def list_links(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """The links of a report, newest first."""
    report = get_report(request.user, pk)
    require_may_share(request.user, projects_of(report))
    return part_of(ShareLink.objects.filter(report=report).select_related("made_by"), asked)


@router.post("/reports/{int:pk}/links", auth=IN_PERSON, response={201: LinkMade})
def share_report(request: PersonRequest, pk: int, asked: LinkAsked) -> Status:
    """Share a report with a named person outside. The address is shown once."""
    report = get_report(request.user, pk)
    require_may_share(request.user, projects_of(report))
    bundled = may_share_bundle(report, request.user)
    form = ShareForm(said(asked), report=report, longest=house_rules().share_days, is_bundled=bundled)
    link, secret = share(report=report, acting_user=request.user, **cleaned(form))
    sharing_pages.have_made(link)
    request.shown_once = ("link",)  # type: ignore[attr-defined]
    shown: Any = link
    shown.link = request.build_absolute_uri(reverse("shared", args=[secret]))
    return Status(201, link)


@router.get("/reports/{int:pk}/links/looks", auth=IN_PERSON, response=Page[LookOutside])
def list_looks_outside(request: PersonRequest, pk: int, asked: Query[Paged]) -> dict[str, Any]:
    """Who followed the report's links, newest first."""
    report = get_report(request.user, pk)
    require_may_share(request.user, projects_of(report))
    return part_of(ShareLook.objects.filter(link__report=report), asked)


@router.delete("/links/{int:pk}", auth=IN_PERSON, response=Done)
def revoke_share(request: PersonRequest, pk: int) -> Done:
    """Have a link refused from now on."""
    link = get_object_or_404(ShareLink.objects.select_related("report"), pk=pk)
    report = get_report(request.user, link.report_id)
    require_may_share(request.user, projects_of(report))
    return Done(done=revoke_link(link=link, acting_user=request.user))
