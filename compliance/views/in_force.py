"""Terms in force on a day, for a channel, a kind of account and a region: the papers, and why each governs."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models.functions import Lower
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from compliance.models import ApiToken, Provider
from compliance.queries.governing import Asked, GoverningPaper, channels_of, depends_on_region, governing_on
from compliance.views.forms import InForceForm
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest


@require_safe
def page(request: PersonRequest) -> HttpResponse:
    """The stack of papers for the asked use, with what is missing of it."""
    return render(request, "terms/in_force.html", answered(request.GET))


@for_programs(ApiToken.Scope.READ)
@require_safe
def as_json(request: PersonRequest) -> HttpResponse:
    """The same for programs: one document, days in ISO 8601. 400 with what is wrong when the question can't be understood."""
    answer = answered(request.GET)
    form: InForceForm = answer["form"]
    unknown = {name: request.GET[name] for name in request.GET if name not in form.fields}
    if form.errors or unknown or not answer["provider"]:
        errors = {name: [str(error) for error in found] for name, found in form.errors.items()}
        errors |= {name: ["is not one of the fields"] for name in unknown}
        return JsonResponse({"errors": errors or {"provider": ["name one that develops models"]}}, status=400)
    return JsonResponse(document_of(answer))


def answered(asked_of: Mapping[str, str]) -> dict[str, Any]:
    """The stack of papers for a question, as the form reads it."""
    developers = [one for one in Provider.objects.order_by(Lower("name")) if one.definition.get("develops", True)]
    by_slug = {one.slug: one for one in developers}
    provider = by_slug.get(asked_of.get("provider", ""))
    named = [("", "choose a developer"), *((one.slug, one.name) for one in developers)]
    if provider is None:
        return {"form": InForceForm(asked_of, developers=named, channels=()), "provider": None}
    channels = channels_of(provider)
    form = InForceForm(asked_of, developers=named, channels=channels.choices)
    asked = Asked(
        provider.slug,
        form.day,
        form.asked("access"),
        form.asked("served_by"),
        form.asked("model"),
        form.asked("region"),
    )
    names_no_model = asked.access == "weights" and not asked.model
    papers = () if names_no_model else governing_on(channels.library, asked)
    return {
        "form": form,
        "provider": provider,
        "asked": asked,
        "papers": papers,
        "missing": [paper for paper in papers if paper.is_missing],
        "names_no_model": names_no_model,
        "depends_on_region": depends_on_region(channels.library, asked),
        "channel": dict(channels.choices).get(asked.served_by, asked.served_by),
    }


def document_of(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer as programs read it."""
    asked: Asked = answer["asked"]
    return {
        "on": asked.on.isoformat(),
        "provider": asked.provider,
        "access": {"kind": asked.access, "served_by": asked.served_by},
        "model": asked.model or None,
        "region": asked.region or None,
        "depends_on_region": answer["depends_on_region"],
        "governing_documents": [_paper(paper) for paper in answer["papers"]],
        "missing": [paper.identifier for paper in answer["missing"]],
    }


def _paper(paper: GoverningPaper) -> dict[str, Any]:
    version = paper.version
    since, until = (None, None) if version is None else (version.in_force.lower, version.in_force.upper)
    return {
        "document": paper.identifier,
        "title": paper.title,
        "role": paper.role,
        "why": paper.why,
        "audience": paper.document.audience if paper.document else "",
        "region": paper.document.region if paper.document else "",
        "version": version.label if version else None,
        "effective_on": _day(since),
        "last_day": _day(until - dt.timedelta(days=1) if until else None),
        "basis": version.basis if version else None,
        "text_held": bool(version and getattr(version, "held", False)),
        "text_sha256": version.text_sha256 or None if version else None,
    }


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None
