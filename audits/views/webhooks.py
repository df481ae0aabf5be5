"""Webhooks of a project: who is told, with what secret, and how each delivery went. For those who administer the project."""

from collections.abc import Callable, Mapping
from typing import Final

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audits.access import get_webhook, require_may_keep_webhooks
from audits.actions import webhooks
from audits.models import Delivery, Webhook
from audits.procedures.telling import body_of, slack_body
from audits.tasks import deliver_webhooks
from audits.views.webhook_forms import WebhookForm
from compliance.access import get_project, may
from compliance.models import Project
from compliance.roles import Deed
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest, take_errors

DELIVERIES: Final = Listing(
    "deliveries",
    (
        field("event", "event"), field("made", "made_at", of="made_at"), field("key"), field("state", "state"),
        field("status", "status"), field("attempts", "attempts"), field("problem"), field("next", "next_at", of="next_at"),
        field("delivered", "delivered_at", of="delivered_at"),
    ),
)  # fmt: skip


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: PersonRequest, slug: str) -> HttpResponse:
    """The project's webhooks, and a form for another."""
    project = get_project(request.user, slug)
    require_may_keep_webhooks(request.user, project)
    form = WebhookForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = webhooks.add_webhook(project=project, acting_user=request.user, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            return _detail(request, made.webhook, made.secret)
    told = Count("deliveries", filter=Q(deliveries__state=Delivery.State.DELIVERED))
    waiting = Count("deliveries", filter=Q(deliveries__state=Delivery.State.WAITING))
    lost = Count("deliveries", filter=Q(deliveries__state=Delivery.State.GIVEN_UP))
    hooks = project.webhooks.annotate(
        told=told, waiting=waiting, lost=lost, last_at=Max("deliveries__delivered_at")
    ).order_by("stopped_at", "name")
    context = {**_head(request, project), "hooks": hooks, "form": form}
    return render(request, "audits/webhook_list.html", context, status=422 if form.errors else 200)


def _head(request: PersonRequest, project: Project) -> dict[str, object]:
    mine = may(request.user, Deed.READ_TRAIL, project)
    return {"project": project, "reads_trail": mine, "events": webhooks.EVENTS}


@never_cache
@require_GET
def detail(request: PersonRequest, slug: str, pk: int) -> HttpResponseBase:
    """One webhook with the log of its deliveries."""
    hook = get_webhook(request.user, slug, pk)
    if wants_csv(request):
        return DELIVERIES.as_csv(request, _deliveries(request, hook), f"webhook-{hook.pk}-deliveries")
    return _detail(request, hook)


def _deliveries(request: PersonRequest, hook: Webhook) -> QuerySet[Delivery]:
    state = request.GET.get("state", "")
    rows = hook.deliveries.defer("payload").order_by("-id")
    return rows.filter(state=state) if state in Delivery.State.values else rows


def _detail(request: PersonRequest, hook: Webhook, secret: str = "") -> HttpResponse:
    state = request.GET.get("state", "")
    hook.refresh_from_db()
    context = {
        **_head(request, hook.project),
        "hook": hook,
        "secret": secret,
        **DELIVERIES.shown(request, _deliveries(request, hook)),
        "states": Delivery.State.choices,
        "state": state,
        "now": timezone.now(),
        "asked_for": [webhooks.EVENTS.get(event, event) for event in hook.events],
    }
    return render(request, "audits/webhook_detail.html", context)


@never_cache
@require_GET
def delivery(request: PersonRequest, slug: str, pk: int, delivery_pk: int) -> HttpResponse:
    """One delivery: what is sent, and each attempt with what came of it."""
    hook = get_webhook(request.user, slug, pk)
    one = _delivery(hook, delivery_pk)
    body = slack_body(one.payload) if hook.form == Webhook.Form.SLACK else body_of(one.payload)
    context = {
        **_head(request, hook.project),
        "hook": hook,
        "one": one,
        "tries": one.tries.all()[:100],
        "body": body.decode(),
        "words": webhooks.WORDS.get(one.event, one.event),
    }
    return render(request, "audits/webhook_delivery.html", context)


def _delivery(hook: Webhook, pk: int) -> Delivery:
    found = Delivery.objects.filter(webhook=hook, pk=pk).select_related("webhook__project").first()
    if found is None:
        raise Http404
    return found


@require_POST
def again(request: PersonRequest, slug: str, pk: int, delivery_pk: int) -> HttpResponse:
    """Send a delivery once more, under the same key."""
    hook = get_webhook(request.user, slug, pk)
    one = _delivery(hook, delivery_pk)
    try:
        webhooks.send_again(delivery=one, acting_user=request.user)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        deliver_webhooks.delay_on_commit()
        messages.info(request, "It is sent again, under the same key.")
    return redirect("webhook-delivery", slug=slug, pk=pk, delivery_pk=delivery_pk)


@never_cache
@require_POST
def do(request: PersonRequest, slug: str, pk: int, deed: str) -> HttpResponse:
    """test, rotate, end-old-secret or stop."""
    hook = get_webhook(request.user, slug, pk)
    if deed not in DEEDS:
        raise Http404
    try:
        return DEEDS[deed](request, hook)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("project-webhook", slug=slug, pk=pk)


def _test(request: PersonRequest, hook: Webhook) -> HttpResponse:
    made = webhooks.try_webhook(webhook=hook, acting_user=request.user)
    deliver_webhooks.delay_on_commit()
    return redirect("webhook-delivery", slug=hook.project.slug, pk=hook.pk, delivery_pk=made.pk)


def _rotate(request: PersonRequest, hook: Webhook) -> HttpResponse:
    made = webhooks.rotate_secret(webhook=hook, acting_user=request.user)
    return _detail(request, made.webhook, made.secret)


def _end_old(request: PersonRequest, hook: Webhook) -> HttpResponse:
    webhooks.forget_old_secret(webhook=hook, acting_user=request.user)
    messages.info(request, "From now on the new secret alone signs.")
    return redirect("project-webhook", slug=hook.project.slug, pk=hook.pk)


def _stop(request: PersonRequest, hook: Webhook) -> HttpResponse:
    webhooks.stop_webhook(webhook=hook, acting_user=request.user)
    messages.info(request, f"“{hook.name}” is told no more.")
    return redirect(reverse("project-webhooks", args=[hook.project.slug]))


DEEDS: Final[Mapping[str, Callable[[PersonRequest, Webhook], HttpResponse]]] = {
    "test": _test,
    "rotate": _rotate,
    "end-old-secret": _end_old,
    "stop": _stop,
}
