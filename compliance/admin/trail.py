"""The audit trail: who did what, when. Read here; the database refuses changes."""

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from unfold.decorators import display

from compliance.admin.base import Recorded
from compliance.models import TrailEntry
from compliance.queries.trail_words import action_words, trail_sentence
from compliance.templatetags.looks import visible


class ActionFilter(admin.AllValuesFieldListFilter):
    """Actions in words."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": action_words(str(choice["display"]))}


@admin.register(TrailEntry)
class TrailAdmin(Recorded):
    list_display = ("at", "who", "what", "project")
    list_filter = (("action", ActionFilter), "object_type", "project")
    list_select_related = ("user", "project")
    search_fields = ("action", "object_label", "object_id", "user__username")
    date_hierarchy = "at"
    fields = ("at", "who", "what", "action", "object_type", "object_id", "object_label", "project", "details")
    show_full_result_count = False

    @display(description="Who", ordering="user__username")
    def who(self, entry: TrailEntry) -> str:
        return str(entry.user) if entry.user else "Clausetrail itself"

    @display(description="What was done", ordering="action")
    def what(self, entry: TrailEntry) -> str:
        return visible(trail_sentence(entry.action, entry.object_label))

    @display(description="Detail")
    def details(self, entry: TrailEntry) -> str:
        return json.dumps(entry.detail, indent=2, ensure_ascii=False, sort_keys=True)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)
