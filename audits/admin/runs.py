"""Pipelines, runs and their evidence, as they were recorded."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from audits.models import EvidenceEntry, Gap, Pipeline, Report, Run, RunStep, Seal
from compliance.admin.base import Recorded

COLOURS = {
    Run.State.COMPLETED: "success",
    Run.State.FAILED: "danger",
    Run.State.ERRORED: "danger",
    Run.State.STALE: "warning",
}


class ReadInline(TabularInline):
    """Rows of the record inside another row's page."""

    extra = 0
    can_delete = False
    per_page = 50
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # who may read the page may read these

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Pipeline)
class PipelineAdmin(Recorded):
    list_display = ("name", "project", "origin", "runs_kept", "created_by", "created_at")
    list_filter = ("origin", "project")
    list_select_related = ("project", "created_by")
    search_fields = ("name", "slug", "path")
    date_hierarchy = "created_at"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Pipeline]:
        return super().get_queryset(request).annotate(kept=Count("runs"))

    @display(description="Runs", ordering="kept")
    def runs_kept(self, pipeline: Any) -> int:
        return int(pipeline.kept)


class StepInline(ReadInline):
    model = RunStep
    fields = ("position", "name", "state", "started_at", "finished_at", "note")


class GapInline(ReadInline):
    model = Gap
    fields = ("at", "step", "kind", "subject", "detail")


@admin.register(Run)
class RunAdmin(Recorded):
    inlines = (StepInline, GapInline)
    list_display = ("__str__", "standing", "isolation", "simulated", "outcome", "requested_by", "requested_at", "page")
    list_filter = ("state", "isolation", "outcome", ("pipeline", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("pipeline", "requested_by")
    search_fields = ("pipeline__name", "pipeline__slug", "source_sha256", "evidence_root", "reason")
    date_hierarchy = "requested_at"
    fields = (
        "pipeline", "number", "state", "outcome", "reason", "requested_by", "requested_at", "started_at", "finished_at",
        "isolation", "isolation_reasons", "upstreams", "record_only", "worker", "exit_status", "exit_code", "source_sha256",
        "evidence_root", "manifest_text", "traceback", "page",
    )  # fmt: skip

    @display(description="State", ordering="state", label=COLOURS)
    def standing(self, run: Run) -> tuple[str, str]:
        return run.state, run.get_state_display()

    @display(description="Simulated upstream", boolean=True)
    def simulated(self, run: Run) -> bool:
        return run.is_simulated

    @display(description="Page")
    def page(self, run: Run) -> str:
        return format_html('<a href="{}">Open the run</a>', reverse("run", args=[run.pk]))


@admin.register(EvidenceEntry)
class EvidenceAdmin(Recorded):
    list_display = ("run", "seq", "kind", "reference", "size", "sha256", "at")
    list_filter = ("kind",)
    list_select_related = ("run__pipeline",)
    search_fields = ("reference", "sha256", "hash", "run__pipeline__name")
    show_full_result_count = False


@admin.register(Seal)
class SealAdmin(Recorded):
    list_display = ("run", "root", "entries", "sealed_at")
    list_select_related = ("run__pipeline",)
    search_fields = ("root", "run__pipeline__name")
    date_hierarchy = "sealed_at"


@admin.register(Report)
class ReportAdmin(Recorded):
    list_display = ("__str__", "state", "marking", "pages", "requested_by", "requested_at", "finished_at")
    list_filter = ("state", "marking")
    list_select_related = ("run__pipeline", "requested_by")
    search_fields = ("run__pipeline__name", "context_sha256", "pdf_sha256")
    date_hierarchy = "requested_at"
