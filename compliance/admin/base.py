"""What the admin's pages share: who may, what is read-only, and a line of the audit trail for every change."""

import datetime as dt
from typing import Any

from django.contrib.admin import ModelAdmin as PlainModelAdmin
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from psycopg.types.range import DateRange
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from compliance.actions.trail import record
from compliance.site import edits_rules, manages_people
from compliance.templatetags.looks import day_text

WIDGETS: dict[Any, dict[str, Any]] = {
    models.URLField: {"assume_scheme": "https"},
    models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})},
}


class Trailed(PlainModelAdmin):
    """Writes each addition, change and removal to the audit trail, in the transaction of the change."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        if message:
            self._record(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            self._record(request, obj, "removed", [])
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, obj: Model, verb: str, message: Any) -> None:
        action = f"{obj._meta.verbose_name} {verb}"
        record(acting_user=request.user, action=action[:80], subject=obj, changes=message)  # type: ignore[arg-type]


class Kept(Trailed, ModelAdmin):
    """Rows that people keep. Without a subclass saying otherwise: legal and administrators read and write."""

    compressed_fields = True
    warn_unsaved_form = True
    list_filter_submit = False
    list_per_page = 50
    formfield_overrides = WIDGETS

    def may_write(self, request: HttpRequest) -> bool:
        return edits_rules(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_write(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """No bulk actions: each removal is looked at."""
        return {}


class ByAdministrators(Kept):
    """Legal reads, administrators write."""

    def may_write(self, request: HttpRequest) -> bool:
        return manages_people(request)


class Recorded(Kept):
    """The record: written by the program, read here, changed by nobody."""

    warn_unsaved_form = False

    def may_write(self, request: HttpRequest) -> bool:
        return False


class NamedFields:
    """Rows of a table inside another row's page: each field bears its column's name for readers of the page's structure."""

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)  # type: ignore[misc]
        for field in formset.form.base_fields.values():
            widget = getattr(field.widget, "widget", field.widget)  # of a relation: the one inside its wrapper
            widget.attrs.setdefault("aria-label", str(field.label or ""))
        return formset


class InlineByParent(NamedFields):
    """Rows inside another row's page: the parent's rights."""

    hide_title = True

    formfield_overrides = WIDGETS

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)


class ShippedIsRead:
    """What the shipped rulebook says is overwritten when it is loaded; it is shown and not edited here."""

    shipped_fields: tuple[str, ...] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        fixed = tuple(super().get_readonly_fields(request, obj))  # type: ignore[misc]
        return (*fixed, *self.shipped_fields) if obj is not None and obj.shipped else fixed

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return bool(allowed and not (obj is not None and obj.shipped))


def days_in_force(span: DateRange | None) -> str:
    """since 31 May 2025; 14 November 2023 to 18 October 2024; never in force."""
    if span is None or span.isempty:
        return "never in force"
    if span.upper is None:
        return f"since {day_text(span.lower)}" if span.lower else "at all times"
    last = day_text(span.upper - dt.timedelta(days=1))
    return f"{day_text(span.lower)} to {last}" if span.lower else f"until {last}"
