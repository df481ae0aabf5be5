"""Negotiated terms and written permissions: what they allow, for whom, from when to when, with the paper itself."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import FileResponse, Http404, HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.decorators import display

from compliance.access import require
from compliance.admin.base import Kept
from compliance.admin.fields import DayField, SomeOfField
from compliance.bounds import Bound
from compliance.engine.vocabulary import ACTIVITIES
from compliance.models import Agreement
from compliance.site import ENTRANCE

KINDS = (".pdf", ".docx", ".doc", ".odt", ".txt", ".md", ".eml", ".png", ".jpg", ".jpeg", ".zip")
LARGEST = 25 * 1024 * 1024


class AgreementForm(forms.ModelForm):
    grants = SomeOfField(
        label="What it allows",
        choices=list(ACTIVITIES.items()),
        help_text="Prohibitions of these activities are lifted while the agreement runs.",
    )
    starts_on = DayField(label="First day")
    ends_on = DayField(label="Last day", required=False, help_text="Empty: without end.")
    file = forms.FileField(
        label="The paper",
        required=False,
        widget=forms.FileInput(attrs={"class": "ct-input"}),
        help_text=f"Up to 25 MB: {', '.join(kind[1:] for kind in KINDS)}. A new file takes the place of the one on record.",
    )

    class Meta:
        model = Agreement
        fields = ("provider", "reference", "project", "documents", "grants", "starts_on", "ends_on", "file", "notes")

    def clean_file(self) -> Any:
        file = self.cleaned_data.get("file")
        if file and "file" in self.changed_data:
            if not file.name.casefold().endswith(KINDS):
                raise forms.ValidationError(
                    f"{file.name} is of a kind that is not kept here. Kept: {', '.join(KINDS)}."
                )
            if file.size > LARGEST:
                raise forms.ValidationError(f"{file.name} is {file.size:,} bytes; at most {LARGEST:,} are kept.")
        return file

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        starts, ends = cleaned.get("starts_on"), cleaned.get("ends_on")
        if starts and ends and ends < starts:
            self.add_error("ends_on", f"The last day lies before the first, {starts:%Y-%m-%d}.")
        self._own_documents(cleaned)
        return cleaned

    def _own_documents(self, cleaned: dict[str, Any]) -> None:
        provider = cleaned.get("provider")
        foreign = [
            document for document in cleaned.get("documents", ()) if provider and document.provider_id != provider.pk
        ]
        if foreign:
            names = ", ".join(document.identifier for document in foreign)
            self.add_error(
                "documents", f"{names}: not a document of {provider}. An agreement lifts its provider's own rules."
            )


@admin.register(Agreement)
class AgreementAdmin(Kept):
    form = AgreementForm
    bound = Bound(LARGEST)
    list_display = ("reference", "provider", "scope", "allows", "starts_on", "ends_on")
    list_filter = ("provider", "project")
    list_select_related = ("provider", "project")
    search_fields = ("reference", "notes", "provider__name")
    autocomplete_fields = ("provider", "documents")
    fieldsets = (
        (None, {"fields": ("provider", "reference", "project", "documents")}),
        ("What it allows, and when", {"fields": ("grants", "starts_on", "ends_on")}),
        ("The paper", {"fields": ("file", "on_record", "notes", "covers", "added_by", "added_at")}),
    )
    readonly_fields = ("on_record", "covers", "added_by", "added_at")

    @display(description="For")
    def scope(self, agreement: Agreement) -> str:
        return agreement.project.name if agreement.project else "The whole organisation"

    @display(description="Allows")
    def allows(self, agreement: Agreement) -> str:
        return "; ".join(ACTIVITIES.get(grant, grant) for grant in agreement.grants)

    @display(description="On record")
    def on_record(self, agreement: Agreement) -> str:
        if not agreement.pk or not agreement.file:
            return "No file is kept."
        address = reverse("admin:compliance_agreement_paper", args=[agreement.pk])
        return format_html('<a href="{}">{}</a>', address, agreement.file.name.rpartition("/")[2])

    @display(description="What it covers")
    def covers(self, agreement: Agreement) -> str:
        if not agreement.pk:
            return "Nothing is covered before the agreement is kept."
        return format_html(
            '<a href="{}">Recorded uses that it lifts rules for</a>', reverse("agreement-uses", args=[agreement.pk])
        )

    def save_model(self, request: HttpRequest, obj: Agreement, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.added_by = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        paper = path("<int:pk>/paper/", self.admin_site.admin_view(self.paper), name="compliance_agreement_paper")
        return [paper, *super().get_urls()]

    def paper(self, request: HttpRequest, pk: int) -> FileResponse:
        """The file itself, always as a download: what it says is not ours to render."""
        require(self.has_view_permission(request), ENTRANCE)
        agreement = Agreement.objects.filter(pk=pk).exclude(file="").first()
        if agreement is None:
            raise Http404
        return FileResponse(
            agreement.file.open("rb"), as_attachment=True, filename=agreement.file.name.rpartition("/")[2]
        )
