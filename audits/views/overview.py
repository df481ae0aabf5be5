"""The first page: what is open, what was used, what ran last."""

from django.http import HttpResponse
from django.shortcuts import render

from audits.access import visible_findings, visible_pipelines, visible_runs
from audits.charts import DailyUse, uses_per_provider_over_time
from audits.queries.review import DECIDED, as_listed, gravest_first, open_by_outcome, standing_today, with_standing
from audits.queries.usage_over_time import uses_by_day
from compliance.access import may_run_some_audits
from compliance.queries.names import names
from compliance.views.requests import PersonRequest


def overview(request: PersonRequest) -> HttpResponse:
    """Open findings by outcome, the gravest of them, uses per provider over time, the last runs."""
    runs = visible_runs(request.user)
    findings = standing_today(visible_findings(request.user))
    uses, known = uses_by_day(runs), names()
    daily = [DailyUse(use.day, known.providers.get(use.provider, use.provider), use.calls) for use in uses]
    context = {
        "counts": open_by_outcome(findings),
        "gravest": gravest_first(as_listed(with_standing(findings).exclude(standing=DECIDED)))[:6],
        "chart": uses_per_provider_over_time(daily) if daily else None,
        "names": known,
        "calls": sum(use.calls for use in uses),
        "simulated": sum(use.simulated for use in uses),
        "runs": runs.order_by("-id")[:6],
        "has_pipelines": visible_pipelines(request.user).exists(),
        "may_run": may_run_some_audits(request.user),
    }
    return render(request, "audits/overview.html", context)
