"""Findings, and the decisions that people took on them, as they were recorded."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from audits.models import Decision, Finding, Outcome
from compliance.admin.base import Recorded

COLOURS = {
    Outcome.PROHIBITED: "danger",
    Outcome.NEEDS_FACTS: "warning",
    Outcome.PERMITTED_WITH_DUTIES: "info",
    Outcome.PERMITTED: "success",
    Outcome.NOT_ADDRESSED: "default",
}


@admin.register(Finding)
class FindingAdmin(Recorded):
    list_display = ("title", "finds", "kind", "provider", "document", "section", "calls", "rows", "run", "page")
    list_filter = ("outcome", "kind", "level", "provider", ("run__pipeline", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("run__pipeline",)
    list_fullwidth = True
    search_fields = ("title", "sentence", "key", "document", "provider", "run__pipeline__name")

    @display(description="Outcome", label=COLOURS, ordering="outcome")
    def finds(self, finding: Finding) -> tuple[str, str]:
        return finding.outcome, finding.get_outcome_display()

    @display(description="Page")
    def page(self, finding: Finding) -> str:
        return format_html('<a href="{}">Open</a>', reverse("finding", args=[finding.pk]))


@admin.register(Decision)
class DecisionAdmin(Recorded):
    list_display = ("kind", "finding", "reason", "project", "decided_by", "decided_at")
    list_filter = ("kind", "project")
    list_select_related = ("finding", "project", "decided_by")
    search_fields = ("reason", "finding_key", "finding__title", "decided_by__username")
    date_hierarchy = "decided_at"
