"""Why a rule applies to a recorded use, or does not; and the uses from which to ask."""

import datetime as dt
from typing import Final

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from audits.access import visible_runs
from audits.models import AssessedUse
from audits.queries.why_not import why
from compliance.models import Agreement, Rule
from compliance.queries.in_force import READABLE, readable_agreements
from compliance.queries.names import names
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

USES: Final = Listing(
    "uses",
    (
        field("activity", "activity"), field("model", "model"), field("provider", "provider"), field("served_by"),
        field("project", of="run.pipeline.project.name"),
        field("pipeline", "run__pipeline__name", "run__number", of="run.pipeline.name"), field("run", of="run.number"),
        field("first_on", "first_on"), field("last_on"), field("outcome", "outcome"),
        field("calls", "calls"), field("rows"), field("simulated"),
    ),
    words=("model", "activity", "run__pipeline__name"),
)  # fmt: skip


def of_use(request: PersonRequest, pk: int) -> HttpResponse:
    """One recorded use and, paper by paper, what every rule answers; `?on=` chooses one of its days."""
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user))
    use = get_object_or_404(uses.select_related("run__pipeline__project"), pk=pk)
    known = names()
    context = {
        "why": why(use, use.run, _day(request.GET.get("on", "")), known.providers),
        "use": use,
        "run": use.run,
        "names": known,
        "asked": request.GET.get("rule", ""),
    }
    return render(request, "audits/use_why.html", context)


def of_rule(request: PersonRequest, pk: int) -> HttpResponseBase:
    """Recorded uses of the models and channels that a rule's provider answers for, to ask why it applies or does not."""
    rules = Rule.objects.filter(revisions__status__in=READABLE).select_related("document__provider").distinct()
    rule = get_object_or_404(rules, pk=pk)
    slug = rule.document.provider.slug
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user)).defer("answer", "facts")
    concerned = uses.filter(provider=slug) | uses.filter(served_by=slug)
    shown = concerned.select_related("run__pipeline__project").order_by("-run_id", "-calls", "id")
    if wants_csv(request):
        return USES.as_csv(request, shown, f"uses-under-rule-{rule.pk}")
    revision = rule.revisions.filter(status__in=READABLE).order_by("-number").first()
    context = {"rule": rule, "revision": revision, "document": rule.document, "names": names()}
    return render(request, "audits/rule_uses.html", USES.shown(request, shown) | context)


def of_agreement(request: PersonRequest, pk: int) -> HttpResponseBase:
    """Recorded uses for which an agreement lifts a rule."""
    agreements = Agreement.objects.select_related("provider", "project")
    agreement = get_object_or_404(agreements.filter(readable_agreements(request.user)), pk=pk)
    uses = AssessedUse.objects.filter(run__in=visible_runs(request.user)).filter(
        provider=agreement.provider.slug, answer__contains={"verdicts": [{"lifted_by": agreement.reference}]}
    )
    if agreement.project_id:
        uses = uses.filter(run__pipeline__project=agreement.project_id)
    shown = uses.defer("answer", "facts").select_related("run__pipeline__project").order_by("-run_id", "-calls", "id")
    if wants_csv(request):
        return USES.as_csv(request, shown, f"uses-under-agreement-{agreement.pk}")
    context = {"agreement": agreement, "names": names(), "today": timezone.localdate()}
    return render(request, "audits/agreement_uses.html", USES.shown(request, shown) | context)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
