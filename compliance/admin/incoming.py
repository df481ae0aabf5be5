"""Texts coming in: uploads with their form, and the sources that are watched."""

import datetime as dt
from pathlib import PurePath
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from compliance.actions.arrivals import Upload, upload
from compliance.actions.dates import TermsProblem
from compliance.actions.watching import ask_now, watch
from compliance.admin.base import Kept
from compliance.admin.documents import SourceForm
from compliance.admin.fields import DayField, ProseField
from compliance.bounds import Bound
from compliance.models import Arrival, SourceDocument, TermsDocument, Watch
from compliance.sources.captures import KINDS, LARGEST_FILE, MARKDOWN
from compliance.sources.extraction import kind_of, page_text
from compliance.sources.keeping import Keeper
from compliance.tasks import fetch_source


class UploadForm(forms.ModelForm):
    """A document's text as a file or pasted, and what the person knows of its dates. Nothing is in force by it yet."""

    file = forms.FileField(
        label="File",
        required=False,
        widget=forms.FileInput(attrs={"class": "ct-input", "accept": ",".join(KINDS)}),
        help_text=f"Markdown, text, HTML or PDF; at most {LARGEST_FILE // 1024**2} MB.",
    )
    pasted = ProseField(
        label="Or the text itself", rows=8, required=False, help_text="Pasted from the provider's page."
    )
    captured_on = DayField(label="As of", help_text="The day on which the provider showed this text.")
    since = DayField(
        label="In force from",
        required=False,
        help_text="Only if you know better than the text: it is read for dates.",
    )
    document = forms.ModelChoiceField(
        TermsDocument.objects.select_related("provider").order_by("identifier"), widget=UnfoldAdminSelectWidget()
    )

    class Meta:
        model = Arrival
        fields = ("document",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["document"].label_from_instance = lambda one: f"{one.identifier} ({one.title})"  # type: ignore[attr-defined]
        self.initial.setdefault("captured_on", timezone.localdate())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        file, pasted = cleaned.get("file"), (cleaned.get("pasted") or "").strip()
        if bool(file) == bool(pasted):
            self.add_error("file", "Give a file or paste the text: one of the two.")
        elif file and file.size > LARGEST_FILE:
            self.add_error("file", f"{file.name} is {file.size:,} bytes; terms are at most {LARGEST_FILE:,}.")
        if cleaned.get("captured_on") and cleaned["captured_on"] > timezone.localdate():
            self.add_error("captured_on", "That day lies ahead.")
        if not self.errors:
            self._read("file" if file else "pasted")
        return cleaned

    def _read(self, field: str) -> None:
        """Whether a text can be read from it; what keeps it from that is said beside the field."""
        brought = self.brought()
        try:
            page_text(brought.content, brought.media_type)
        except ValueError as problem:
            self.add_error(field, f"No text could be read: {problem}.")

    def brought(self) -> Upload:
        """What the form holds, as the action takes it."""
        said = self.cleaned_data
        at = dt.datetime.combine(said["captured_on"], dt.time(12), dt.UTC)
        if said["file"]:
            said["file"].seek(0)
            content, name = said["file"].read(), said["file"].name
            kind = kind_of(content, KINDS.get(PurePath(name).suffix.casefold(), "text/plain"))
            return Upload(content, kind, name, at, said["since"])
        text = said["pasted"].replace("\r\n", "\n").strip() + "\n"
        return Upload(text.encode(), MARKDOWN, "pasted", at, said["since"])


@admin.register(Arrival)
class ArrivalAdmin(Kept):
    """Adding is uploading. What was read, and the person's word on it, have a page of their own."""

    form = UploadForm
    bound = Bound(LARGEST_FILE)
    fields = ("document", "file", "pasted", "captured_on", "since")
    list_display = ("name", "origin", "state", "doubt", "captured_at")
    list_filter = ("state", "origin", ("document__provider", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("document__provider",)
    search_fields = ("document__identifier", "document__title", "doubt")
    list_display_links = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Arrival]:
        return super().get_queryset(request).defer("text")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="Text", ordering="document__identifier")
    def name(self, arrival: Arrival) -> str:
        return format_html(
            '<a href="{}">{}</a>', reverse("terms-arrival", args=[arrival.pk]), arrival.document.identifier
        )

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("terms-arrival", pk=object_id)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        words = {"title": "Upload a text", "show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**words, **(extra_context or {})})

    def save_model(self, request: HttpRequest, obj: Arrival, form: Any, change: bool) -> None:
        """The same action as everywhere else; bytes that were brought before lead to the text that is there."""
        keep = Keeper(settings.EVIDENCE_URL)
        found = upload(form.cleaned_data["document"], form.brought(), acting_user=request.user, keep=keep)  # type: ignore[arg-type]
        obj.__dict__.update(found.__dict__)

    def response_add(self, request: HttpRequest, obj: Arrival, post_url_continue: str | None = None) -> HttpResponse:
        messages.info(request, "Read. Nothing is in force by it yet: look at what was read, then say whether it is so.")
        return redirect("terms-arrival", pk=obj.pk)


@admin.register(SourceDocument)
class SourceAdmin(Kept):
    """Where papers are published, and how fetching them fares."""

    form = SourceForm
    list_display = ("address", "document", "watched", "state", "last_success", "problem", "next_time")
    list_filter = ("watched", "watch__state", ("document__provider", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("document", "watch")
    search_fields = ("url", "document__identifier", "document__title")
    autocomplete_fields = ("document",)
    fields = ("document", "url", "watched", "state", "last_success", "problem", "way", "next_time")
    readonly_fields = ("state", "last_success", "problem", "way", "next_time")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDocument]:
        return super().get_queryset(request).exclude(url__startswith="import:")

    def get_readonly_fields(self, request: HttpRequest, obj: SourceDocument | None = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "document", "url") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: SourceDocument | None = None) -> bool:
        """A source from which bytes came is kept."""
        came = obj is not None and obj.snapshots.exists()
        return bool(super().has_delete_permission(request, obj) and not came)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {"fetch_now": (SourceAdmin.fetch_now, "fetch_now", "Fetch now")} if self.may_write(request) else {}

    def fetch_now(self, request: HttpRequest, chosen: QuerySet[SourceDocument]) -> None:
        """Have the worker fetch the chosen sources; those that are not watched, or may not be fetched, are named."""
        for source in chosen:
            try:
                if not source.watched:
                    raise TermsProblem("it is not watched; tick “watched” first")
                watch(acting_user=request.user, source=source, allowed=tuple(settings.WATCH_ALLOWED))  # type: ignore[arg-type]
            except TermsProblem as problem:
                messages.error(request, f"{source.url}: {problem}.")
                continue
            found = ask_now(acting_user=request.user, source=source)  # type: ignore[arg-type]
            fetch_source.delay_on_commit(found.pk)
            messages.success(request, f"{source.url} is being fetched. Look again in a moment.")

    @display(description="Address", ordering="url")
    def address(self, source: SourceDocument) -> str:
        return source.url

    @display(description="State", ordering="watch__state")
    def state(self, source: SourceDocument) -> str:
        found = _watch_of(source)
        return found.get_state_display() if found else "Not watched yet"

    @display(description="Last success", ordering="watch__succeeded_at")
    def last_success(self, source: SourceDocument) -> str:
        found = _watch_of(source)
        return f"{found.succeeded_at:%Y-%m-%d %H:%M} UTC" if found and found.succeeded_at else "none yet"

    @display(description="What is wrong")
    def problem(self, source: SourceDocument) -> str:
        found = _watch_of(source)
        if not found or not found.problem:
            return "–"
        times = f" ({found.failures} times in a row)" if found.failures > 1 else ""
        return f"{found.problem}{times}"

    @display(description="Asked again", ordering="watch__due_at")
    def next_time(self, source: SourceDocument) -> str:
        found = _watch_of(source)
        return f"{found.due_at:%Y-%m-%d %H:%M} UTC" if found and source.watched else "–"

    @display(description="The way it went")
    def way(self, source: SourceDocument) -> str:
        found = _watch_of(source)
        hops = [f"{url} ({status})" for url, status in found.way] if found else []
        return " → ".join(hops) or "–"


def _watch_of(source: SourceDocument) -> Watch | None:
    return getattr(source, "watch", None)
