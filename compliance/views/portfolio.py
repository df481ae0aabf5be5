"""The portfolio matrix: what may be done with whose models, why, and as a policy for gateways. Everyone signed in reads it."""

from dataclasses import replace
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models.functions import Lower
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.http.request import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from compliance.access import may_issue_policies, require, visible_projects
from compliance.actions.policies import SUFFIX, issue_policy
from compliance.engine.vocabulary import ACTIVITIES
from compliance.exchange.portfolio_tables import to_csv, to_json
from compliance.models import ApiToken, IssuedPolicy, Provider
from compliance.queries.names import names
from compliance.queries.policies import changes_since, visible_policies
from compliance.queries.portfolio import Portfolio, Question, explained, portfolio
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.portfolio_forms import PolicyForm, PortfolioForm
from compliance.views.programs import for_programs
from compliance.views.requests import PersonRequest, take_errors

POLICIES: Final = Listing(
    "policies",
    (
        field("policy", "form", of="form"), field("terms_of", "on", of="on"), field("project", of="project.name"),
        field("purposes"), field("made", "made_at", of="made_at"), field("by", of="made_by"), field("rulebook_sha256"),
        field("matrix_sha256"), field("content_sha256"),
    ),
)  # fmt: skip
ISSUERS = "Policies for gateways are made by legal, administrators and whoever decides or runs audits in a project."


def form_of(request: PersonRequest, data: QueryDict) -> PortfolioForm:
    """The form of the matrix, with what may be chosen in it."""
    providers = list(Provider.objects.order_by(Lower("name")))
    developers = [(one.slug, one.name) for one in providers if one.definition.get("develops", True)]
    channels = [(one.slug, one.name) for one in providers if one.definition.get("serves", True)]
    agreeing = visible_projects(request.user).filter(agreement__isnull=False).distinct()
    return PortfolioForm(data.dict(), developers=developers, channels=channels, projects=list(agreeing))


@require_safe
def page(request: PersonRequest) -> HttpResponse:
    """The matrix for what is asked."""
    form = form_of(request, request.GET)
    return render(request, "portfolio/matrix.html", _shown(request, form, portfolio(form.question()), PolicyForm()))


def _shown(request: PersonRequest, form: PortfolioForm, found: Portfolio, policy: PolicyForm) -> dict[str, Any]:
    known = names()
    families = {key: family.title or key for key, family in found.library.families_by_id.items()}
    return {
        "form": form,
        "asked": found.asked,
        "rows": [
            (row[0].way, families.get(row[0].way.family, ""), row)
            for row in found.rows
            if row[0].way.key not in found.of_strangers
        ],
        "strangers": [row[0].way for row in found.rows if row[0].way.key in found.of_strangers],
        "purposes": ACTIVITIES,
        "counts": found.counts,
        "names": known.providers,
        "query": request.GET.urlencode(),
        "rulebook": found.rulebook_sha256,
        "policy": policy,
        "may_issue": may_issue_policies(request.user),
    }


@require_safe
def why(request: PersonRequest, activity: str, way: str) -> HttpResponse:
    """One cell and everything it rests on."""
    form = form_of(request, request.GET)
    asked = form.question()
    found = explained(asked, way, activity)
    if found is None:
        raise Http404("the matrix has no such cell")
    known = names()
    context = {
        "found": found, "cell": found.cell, "asked": asked, "names": known.providers, "titles": known.documents,
        "query": request.GET.urlencode(), "facts": form.facts(), "others": ACTIVITIES,
    }  # fmt: skip
    return render(request, "portfolio/cell.html", context)


@for_programs(ApiToken.Scope.READ)
@require_safe
def export(request: PersonRequest, kind: str) -> HttpResponse:
    """The matrix as CSV or JSON, with the hash of the rulebook that gave it."""
    found = portfolio(form_of(request, request.GET).question())
    name = f"portfolio-{found.asked.on.isoformat()}"
    if kind == "csv":
        content = to_csv(found.rows, found.asked.on, found.rulebook_sha256)
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=_saved(f"{name}.csv"))
    told = to_json(found.rows, found.asked.on, found.rulebook_sha256, found.asked.facts)
    return JsonResponse(told, headers=_saved(f"{name}.json"))


def _saved(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def policies(request: PersonRequest) -> HttpResponseBase:
    """Policies that were handed out, found again by any hash in them; POST makes one from the matrix in the address."""
    if request.method == "POST":
        return _issue(request)
    wanted = request.GET.get("hash", "").strip().removeprefix("sha256:").lower()
    found = visible_policies(request.user, wanted)
    if wants_csv(request):
        return POLICIES.as_csv(request, found)
    context = {"wanted": wanted, "may_issue": may_issue_policies(request.user)}
    return render(request, "portfolio/policies.html", POLICIES.shown(request, found) | context)


def reached(asked: Question, form: str) -> Question:
    """OpenRouter's own terms govern what it passes on: its policies are judged as served by it, through its API."""
    return asked if form == IssuedPolicy.Form.LITELLM else replace(asked, served_by="openrouter", shown="api")


def _issue(request: PersonRequest) -> HttpResponse:
    require(may_issue_policies(request.user), ISSUERS)
    form, policy = form_of(request, request.GET), PolicyForm(request.POST)
    chosen = tuple(policy.cleaned_data["purposes"]) if policy.is_valid() else tuple(ACTIVITIES)
    asked = form.question(chosen)
    if policy.is_valid():
        told = policy.cleaned_data
        try:
            made = issue_policy(
                form=told["form"], portfolio=portfolio(reached(asked, told["form"])), conditional=told["conditional"],
                unknown=told["unknown"] == "allow", project=form.project, acting_user=request.user,
            )  # fmt: skip
            return redirect("portfolio-policy", pk=made.pk)
        except ValidationError as error:
            take_errors(policy, error, {"purpose": "purposes"})
    context = _shown(request, form, portfolio(form.question()), policy)
    return render(request, "portfolio/matrix.html", context, status=422)


@require_safe
def policy(request: PersonRequest, pk: int) -> HttpResponse:
    """One policy: what it says, what it rests on, and what would be different today."""
    found = get_object_or_404(visible_policies(request.user), pk=pk)
    context = {
        "policy": found, "changes": changes_since(found), "names": names().providers, "purposes": ACTIVITIES,
        "address": request.build_absolute_uri(reverse("portfolio-policy-file", args=[found.pk])),
    }  # fmt: skip
    return render(request, "portfolio/policy.html", context)


@for_programs(ApiToken.Scope.READ)
@require_safe
def policy_file(request: PersonRequest, pk: int) -> HttpResponse:
    """The policy's file, byte for byte as it was handed out."""
    found: IssuedPolicy = get_object_or_404(visible_policies(request.user), pk=pk)
    kind = "application/yaml" if SUFFIX[found.form] == "yaml" else "application/json"
    name = f"clausetrail-{found.form}-{found.on.isoformat()}-{found.content_sha256[:8]}.{SUFFIX[found.form]}"
    return HttpResponse(found.content, content_type=f"{kind}; charset=utf-8", headers=_saved(name))
