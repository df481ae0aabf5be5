"""Terms documents with their dated versions and sources; clauses with their places in each version."""

import datetime as dt
import hashlib
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Length
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from psycopg.types.range import DateRange
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from compliance.actions.rules import OPEN
from compliance.admin.base import InlineByParent, Kept, ShippedIsRead, days_in_force
from compliance.admin.fields import AddressField, DayField, OneOfField, ProseField, SomeOfField
from compliance.engine.rulebook import DOCUMENT_KINDS
from compliance.engine.rules import LABELS
from compliance.models import Clause, ClauseText, SourceDocument, TermsDocument, Version
from compliance.sources.addresses import ForbiddenAddress, checked_url
from compliance.text.normalise import clause_hash

ONE_DAY = dt.timedelta(days=1)


class VersionForm(forms.ModelForm):
    """Dates as first and last day; the database keeps a range whose end is the first day no longer in force."""

    since = DayField(label="In force since", required=False, help_text="Empty: announced, and never in force.")
    last_day = DayField(label="Last day in force", required=False, help_text="Empty: still in force.")

    class Meta:
        model = Version
        fields = ("label", "basis")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        span = self.instance.in_force
        self.fields["label"].disabled = bool(self.instance.pk)  # rules cite the version by it
        if self.instance.pk and span and not span.isempty:
            self.initial["since"] = span.lower
            self.initial["last_day"] = span.upper - ONE_DAY if span.upper else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, last = cleaned.get("since"), cleaned.get("last_day")
        if last and not since:
            self.add_error("since", "Say from which day it is in force, or leave both days empty.")
        elif last and since and last < since:
            self.add_error("last_day", f"The last day lies before the first, {since:%Y-%m-%d}.")
        else:
            until = last + ONE_DAY if last else None
            self.instance.in_force = DateRange(since, until) if since else DateRange(empty=True)
        return cleaned

    def save(self, commit: bool = True) -> Any:
        """Dates that a person moved are the person's: loading the shipped rulebook leaves that version alone from then on."""
        if {"since", "last_day", "basis"} & set(self.changed_data):
            self.instance.shipped = False
            self.instance.definition = {**self.instance.definition, "fixed": True}
        return super().save(commit)


class VersionFormSet(forms.BaseInlineFormSet):
    """Versions of one document: their days may not overlap, and the refusal names the two."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        seen: list[forms.ModelForm] = []
        for form in self._dated():
            for other in seen:
                if _overlap(form.instance.in_force, other.instance.in_force):
                    form.add_error("since", _overlapping(form.instance, other.instance))
            for version in self._saved_meanwhile():
                if _overlap(form.instance.in_force, version.in_force):
                    form.add_error("since", f"{_overlapping(form.instance, version)} It was saved while you wrote.")
            seen.append(form)
        if any(self.errors):
            raise forms.ValidationError(
                "The days of two versions overlap. On each day, one text of a document is in force."
            )

    def _saved_meanwhile(self) -> list[Version]:
        """Versions in force that this form does not show: somebody else saved them since it was opened."""
        if not self.instance.pk:
            return []
        shown = [form.instance.pk for form in self.forms if form.instance.pk]
        others = Version.objects.filter(document=self.instance, in_force__isempty=False)
        return list(others.exclude(pk__in=shown).defer("text"))

    def _dated(self) -> list[forms.ModelForm]:
        kept = [form for form in self.forms if form not in self.deleted_forms]
        dated = [
            form
            for form in kept
            if form.instance.label and form.instance.in_force and not form.instance.in_force.isempty
        ]
        return sorted(dated, key=lambda form: (form.instance.pk is None, form.instance.in_force.lower or dt.date.min))

    def save(self, commit: bool = True) -> Any:
        """First all ranges are emptied, so that a boundary moved between two versions never overlaps on the way."""
        if commit and self.instance.pk:
            moved = [form.instance.pk for form in self.initial_forms if {"since", "last_day"} & set(form.changed_data)]
            with transaction.atomic():
                Version.objects.filter(pk__in=moved).update(in_force=DateRange(empty=True))
                return super().save(commit)
        return super().save(commit)


def _overlap(one: DateRange, other: DateRange) -> bool:
    starts_first = one.upper is None or other.lower is None or other.lower < one.upper
    return starts_first and (other.upper is None or one.lower is None or one.lower < other.upper)


def _overlapping(version: Version, other: Version) -> str:
    return (
        f"Overlaps the version of {other.label}, in force {days_in_force(other.in_force)}. "
        f"End that one before {version.label} begins, or begin later."
    )


class VersionInline(InlineByParent, TabularInline):
    model = Version
    form = VersionForm
    formset = VersionFormSet
    extra = 0
    fields = ("label", "since", "last_day", "basis", "words")
    readonly_fields = ("words",)
    ordering = ("in_force",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return super().get_queryset(request).defer("text").annotate(length=Length("text"))

    @display(description="Text")
    def words(self, version: Any) -> str:
        if not version.pk:
            return "–"
        held = f"{version.length:,} characters" if version.length else "Not held"
        return format_html('<a href="{}">{}</a>', reverse("admin:compliance_version_change", args=[version.pk]), held)


class SourceForm(forms.ModelForm):
    """An address of a document: one that is watched must be one that may be fetched."""

    url = AddressField(label="Address", max_length=500)

    class Meta:
        model = SourceDocument
        fields = ("url", "watched")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("watched"):
            try:
                checked_url(cleaned.get("url") or self.instance.url, settings.WATCH_ALLOWED)
            except ForbiddenAddress as problem:
                self.add_error("watched", f"It can’t be watched: {problem}.")
        return cleaned


class SourceInline(InlineByParent, TabularInline):
    """Where a document is published. What texts were imported under is listed with the texts, not here."""

    model = SourceDocument
    form = SourceForm
    extra = 0
    fields = ("url", "watched", "added_at")
    readonly_fields = ("added_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SourceDocument]:
        return super().get_queryset(request).exclude(url__startswith="import:")


class DocumentForm(forms.ModelForm):
    kind = OneOfField(choices=[(kind, kind.capitalize()) for kind in DOCUMENT_KINDS])
    url = AddressField(label="Address", required=False, help_text="The provider's own page of it")

    class Meta:
        model = TermsDocument
        fields = ("identifier", "provider", "title", "kind", "audience", "region", "url")

    def clean_identifier(self) -> str:
        identifier: str = self.cleaned_data["identifier"]
        if identifier.count("/") != 1 or not all(identifier.split("/")) or ":" in identifier or " " in identifier:
            raise forms.ValidationError("Write provider/document, as it is cited in rules: openai/business-terms.")
        return identifier

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        identifier, provider = cleaned.get("identifier"), cleaned.get("provider")
        if identifier and provider and identifier.partition("/")[0] != provider.slug:
            self.add_error("identifier", f"A document of {provider} begins with {provider.slug}/.")
        return cleaned


@admin.register(TermsDocument)
class DocumentAdmin(ShippedIsRead, Kept):
    form = DocumentForm
    inlines = (VersionInline, SourceInline)
    list_display = ("title", "provider", "identifier", "kind", "audience", "region", "versions_kept", "rules_kept")
    list_filter = (("provider", RelatedDropdownFilter), "kind", "shipped")
    list_filter_submit = True
    list_select_related = ("provider",)
    search_fields = ("title", "identifier", "provider__name")
    autocomplete_fields = ("provider",)
    shipped_fields = ("identifier", "provider", "title", "kind", "audience", "region")
    fields = ("title", "identifier", "provider", "kind", "audience", "region", "url")

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> TermsDocument | None:
        """While a change is saved the document is held: two people can't save overlapping versions in one instant."""
        if request.method == "POST" and object_id.isdecimal():
            list(TermsDocument.objects.select_for_update().filter(pk=object_id))
        return super().get_object(request, object_id, from_field)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TermsDocument]:
        counts = {"kept": Count("versions", distinct=True), "ruled": Count("rules", distinct=True)}
        return super().get_queryset(request).annotate(**counts)

    @display(description="Versions", ordering="kept")
    def versions_kept(self, document: Any) -> int:
        return int(document.kept)

    @display(description="Rules", ordering="ruled")
    def rules_kept(self, document: Any) -> int:
        return int(document.ruled)


@admin.register(Version)
class VersionAdmin(Kept):
    """The text of one version. Its dates are set beside those of the other versions, on the document's page."""

    list_display = ("document", "label", "days", "basis", "shipped")
    list_filter = (("document__provider", RelatedDropdownFilter), "shipped")
    list_filter_submit = True
    list_select_related = ("document",)
    search_fields = ("label", "document__title", "document__identifier")
    fields = ("document", "label", "days", "basis", "text", "text_sha256")
    readonly_fields = ("document", "label", "days", "basis", "text_sha256")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        return super().get_queryset(request).defer("text")

    def get_readonly_fields(self, request: HttpRequest, obj: Version | None = None) -> tuple[str, ...]:
        fixed = ("document", "label", "days", "basis", "text_sha256")
        return (*fixed, "text") if obj and obj.text_sha256 and not obj.text else fixed

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="In force", ordering="in_force")
    def days(self, version: Version) -> str:
        return days_in_force(version.in_force)

    def save_model(self, request: HttpRequest, obj: Version, form: forms.ModelForm, change: bool) -> None:
        obj.text_sha256 = hashlib.sha256(obj.text.encode()).hexdigest() if obj.text else ""
        super().save_model(request, obj, form, change)


class ClauseTextForm(forms.ModelForm):
    """The wording is pasted to take its fingerprint; the provider's words themselves are not kept here."""

    wording = ProseField(
        rows=2,
        required=False,
        label="Wording",
        help_text="Paste the clause to take its fingerprint; the words are not kept.",
    )

    class Meta:
        model = ClauseText
        fields = ("version", "section")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("wording"):
            self.instance.sha256 = clause_hash(cleaned["wording"])
        version, clause = cleaned.get("version"), self.instance.clause
        if version and clause.document_id and version.document_id != clause.document_id:
            self.add_error("version", f"{version} is not a version of the clause's document.")
        return cleaned


class ClauseTextInline(InlineByParent, TabularInline):
    model = ClauseText
    form = ClauseTextForm
    extra = 0
    fields = ("version", "section", "fingerprint", "wording")
    readonly_fields = ("fingerprint",)

    @display(description="Fingerprint")
    def fingerprint(self, text: ClauseText) -> str:
        return text.sha256[:12] or "none yet"

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "version" and request.resolver_match:
            clause = request.resolver_match.kwargs.get("object_id")
            kwargs["queryset"] = Version.objects.filter(document__clauses=clause or 0).defer("text")
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "version" and field is not None:
            field.label_from_instance = lambda version: version.label
        return field


class ClauseForm(forms.ModelForm):
    labels = SomeOfField(
        label="What it speaks of",
        choices=[(label, label.replace("_", " ").capitalize()) for label in LABELS],
        required=False,
    )

    class Meta:
        model = Clause
        fields = ("document", "key", "summary", "labels")


@admin.register(Clause)
class ClauseAdmin(Kept):
    form = ClauseForm
    inlines = (ClauseTextInline,)
    list_display = ("key", "document", "says", "texts_kept", "read_by")
    list_filter = (("document__provider", RelatedDropdownFilter), ("document", RelatedDropdownFilter))
    list_filter_submit = True
    list_select_related = ("document",)
    search_fields = ("key", "summary", "document__title", "document__identifier")
    autocomplete_fields = ("document",)
    fields = ("document", "key", "summary", "labels")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Clause]:
        rules = Count("rule_revisions__rule", distinct=True)
        return super().get_queryset(request).annotate(placed=Count("texts", distinct=True), rules=rules)

    def get_inlines(self, request: HttpRequest, obj: Clause | None) -> Any:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: Clause | None = None) -> tuple[str, ...]:
        return ("document", "key") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Clause | None = None) -> bool:
        """A clause that a published rule reads, or read, is kept."""
        read = obj is not None and obj.rule_revisions.exclude(Q(status__in=OPEN)).exists()
        return bool(super().has_delete_permission(request, obj) and not read)

    @display(description="Says, in our words")
    def says(self, clause: Clause) -> str:
        return clause.summary if len(clause.summary) <= 140 else clause.summary[:139].rstrip() + "…"

    @display(description="Versions", ordering="placed")
    def texts_kept(self, clause: Any) -> int:
        return int(clause.placed)

    @display(description="Rules", ordering="rules")
    def read_by(self, clause: Any) -> int:
        return int(clause.rules)
