"""Providers, the model catalogue and governance: what a host, a model name and a kind of access mean."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from compliance.admin.base import ByAdministrators, ShippedIsRead
from compliance.admin.fields import (
    AddressField,
    DayField,
    DefinitionForm,
    LineField,
    OneOfField,
    ProseField,
    SomeOfField,
    SwitchField,
    WordsField,
)
from compliance.engine.constraints import ConstraintError, constraint_sentence, parse_constraint
from compliance.engine.library import ROLES
from compliance.engine.vocabulary import ACCESS_KINDS
from compliance.models import CatalogueEntry, Governance, Provider, TermsDocument

BLANK = ("", "Select value")


class ProviderForm(DefinitionForm):
    """Hosts are written one to a line: the pattern, and the developer of the models behind it where it is always the same."""

    parts: ClassVar = ("develops", "serves", "secrets")
    website = AddressField(required=False)
    develops = SwitchField(label="Develops models")
    serves = SwitchField(label="Serves models")
    host_lines = WordsField(
        label="Hosts",
        rows=5,
        help_text="One to a line: api.openai.com, or *.example.com for all below it; after a space, the developer whose models "
        "answer there, or “-” where it depends on the model.",
    )
    secrets = WordsField(label="Names of its keys", help_text="Environment variables, one to a line: OPENAI_API_KEY")

    class Meta:
        model = Provider
        fields = ("slug", "name", "website", "notes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hosts = (self.instance.definition or {}).get("hosts", [])
        self.initial["host_lines"] = [f"{host['pattern']} {host['developer'] or '-'}" for host in hosts]
        if not self.instance.pk:
            self.initial.update(develops=True, serves=True)

    def clean_host_lines(self) -> list[list[str]]:
        rows = [line.split() for line in self.cleaned_data["host_lines"]]
        for number, row in enumerate(rows, start=1):
            if len(row) > 2 or "/" in row[0] or ":" in row[0]:
                raise forms.ValidationError(
                    f"Line {number}: write a host without https:// or a path, and at most one developer."
                )
        return rows

    def definition(self, cleaned: Any) -> dict[str, Any]:
        slug = cleaned["slug"]
        usual = slug if cleaned["develops"] else ""
        hosts = [
            {
                "pattern": row[0].casefold(),
                "served_by": slug,
                "developer": usual if len(row) == 1 else row[1].strip("-"),
            }
            for row in cleaned["host_lines"]
        ]
        return {**super().definition(cleaned), "hosts": hosts}


@admin.register(Provider)
class ProviderAdmin(ByAdministrators):
    form = ProviderForm
    list_display = ("name", "slug", "does", "documents_kept", "website")
    search_fields = ("name", "slug")
    fieldsets = (
        (
            None,
            {
                "fields": ("name", "slug", "website"),
                "description": "What the shipped rulebook says of a provider is set again whenever it is loaded. "
                "A provider of your own keeps what you write.",
            },
        ),
        ("What it does", {"fields": ("develops", "serves", "host_lines", "secrets")}),
        ("Notes", {"fields": ("notes",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Provider]:
        return super().get_queryset(request).annotate(kept=Count("documents"))

    def get_readonly_fields(self, request: HttpRequest, obj: Provider | None = None) -> tuple[str, ...]:
        return ("slug",) if obj and self.may_write(request) else ()

    @display(description="Documents", ordering="kept")
    def documents_kept(self, provider: Any) -> int:
        return int(provider.kept)

    @display(description="Does")
    def does(self, provider: Provider) -> str:
        verbs = [verb for verb in ("develops", "serves") if provider.definition.get(verb, True)]
        return " and ".join(verbs) or "neither develops nor serves"


class CatalogueForm(DefinitionForm):
    parts: ClassVar = ("match", "title", "within", "licences", "base", "open_weights")
    title = LineField(required=False, help_text="As people call the family: Llama 3.1")
    match = WordsField(label="Names that belong to it", help_text="Patterns in lower case, one to a line: llama-3.1-*")
    within = WordsField(label="Belongs to", help_text="Broader families, one to a line")
    licences = WordsField(label="Licences", help_text="Documents, one to a line: meta/llama-3-1-community-license")
    base = LineField(label="Built on", required=False, help_text="The family of its base model")
    open_weights = SwitchField(label="Its weights are published")

    class Meta:
        model = CatalogueEntry
        fields = ("provider", "pattern", "position")
        labels: ClassVar = {"pattern": "Family", "provider": "Developer"}
        help_texts: ClassVar = {"pattern": "Its name in rules: llama-3.1"}

    def clean_match(self) -> list[str]:
        patterns: list[str] = [pattern.casefold() for pattern in self.cleaned_data["match"]]
        if not patterns:
            raise forms.ValidationError("Write at least one pattern; nothing would belong to the family.")
        return patterns

    def clean_licences(self) -> list[str]:
        return _known(
            self.cleaned_data["licences"], TermsDocument.objects.values_list("identifier", flat=True), "document"
        )

    def clean_within(self) -> list[str]:
        return _known(self.cleaned_data["within"], CatalogueEntry.objects.values_list("pattern", flat=True), "family")

    def clean_base(self) -> str:
        base: str = self.cleaned_data["base"]
        _known([base] if base else [], CatalogueEntry.objects.values_list("pattern", flat=True), "family")
        return base

    def definition(self, cleaned: Any) -> dict[str, Any]:
        return {**super().definition(cleaned), "developer": cleaned["provider"].slug}


def _known(words: list[str], known: Any, what: str) -> list[str]:
    unknown = sorted(set(words) - set(known))
    if unknown:
        raise forms.ValidationError(f"{', '.join(unknown)}: no such {what} is kept here.")
    return words


@admin.register(CatalogueEntry)
class CatalogueAdmin(ShippedIsRead, ByAdministrators):
    form = CatalogueForm
    list_display = ("pattern", "called", "provider", "names", "position", "shipped")
    list_filter = ("shipped", "provider")
    list_select_related = ("provider",)
    search_fields = ("pattern", "provider__name")
    fields = ("provider", "pattern", "position", "title", "match", "within", "licences", "base", "open_weights")

    def has_change_permission(self, request: HttpRequest, obj: CatalogueEntry | None = None) -> bool:
        return self.may_write(request) and not (obj is not None and obj.shipped)

    def get_fields(self, request: HttpRequest, obj: CatalogueEntry | None = None) -> tuple[str, ...]:
        shown = ("pattern", "provider", "position", "called", "names", "rests_on", "shipped")
        return self.fields if self.has_change_permission(request, obj) else shown

    @display(description="Called")
    def called(self, entry: CatalogueEntry) -> str:
        return entry.definition.get("title") or "–"

    @display(description="Names that belong to it")
    def names(self, entry: CatalogueEntry) -> str:
        return ", ".join(entry.definition.get("match", ()))

    @display(description="Built on and licensed under")
    def rests_on(self, entry: CatalogueEntry) -> str:
        parts = [entry.definition.get("base", ""), *entry.definition.get("licences", ())]
        return ", ".join(part for part in parts if part) or "–"


class GovernanceForm(DefinitionForm):
    parts: ClassVar = (
        "document", "role", "why", "developers", "access", "served_by", "families", "since", "until", "by_default",
    )  # fmt: skip
    document = OneOfField(choices=list)
    role = OneOfField(label="Governs as", choices=[BLANK, *ROLES.items()])
    why = ProseField(rows=2, help_text="A sentence that reports quote: why this paper governs such a use")
    developers = WordsField(help_text="Whose models, one slug to a line; empty: any")
    access = SomeOfField(
        label="Kinds of access", choices=list(ACCESS_KINDS.items()), required=False, help_text="None: any"
    )
    served_by = WordsField(
        label="Served by", help_text="One slug to a line; “developer” is the model's own; empty: anybody"
    )
    families = WordsField(label="Model families", help_text="One to a line; empty: any")
    since = DayField(label="From", required=False)
    until = DayField(label="Until", required=False, help_text="The first day on which it no longer governs")
    by_default = SwitchField(label="Governs as well when the facts of its condition are not known")

    class Meta:
        model = Governance
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        documents = TermsDocument.objects.values_list("identifier", "title")
        self.fields["document"].choices = [BLANK, *((key, f"{title} ({key})") for key, title in documents)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and until <= since:
            self.add_error("until", f"It has to lie after the first day, {since:%Y-%m-%d}.")
        return super().clean()


@admin.register(Governance)
class GovernanceAdmin(ShippedIsRead, ByAdministrators):
    form = GovernanceForm
    list_display = ("governs", "role", "applies_to", "condition", "shipped")
    list_filter = ("shipped",)
    search_fields = ("key", "definition__why")
    fields = GovernanceForm.parts

    def has_change_permission(self, request: HttpRequest, obj: Governance | None = None) -> bool:
        return self.may_write(request) and not (obj is not None and obj.shipped)

    def get_fields(self, request: HttpRequest, obj: Governance | None = None) -> tuple[str, ...]:
        shown = ("governs", "role", "why", "applies_to", "condition", "shipped")
        return GovernanceForm.parts if self.has_change_permission(request, obj) else shown

    def save_model(self, request: HttpRequest, obj: Governance, form: forms.ModelForm, change: bool) -> None:
        """What people add comes after what is shipped, whose keys begin with a digit."""
        super().save_model(request, obj, form, change)
        obj.key = f"own {obj.pk:06d} {obj.definition['document']}"[:200]
        obj.save(update_fields=["key"])

    @display(description="Document", ordering="key")
    def governs(self, row: Governance) -> str:
        return str(row.definition.get("document", row.key))

    @display(description="Governs as")
    def role(self, row: Governance) -> str:
        return ROLES.get(row.definition.get("role", ""), "–")

    @display(description="Why")
    def why(self, row: Governance) -> str:
        return row.definition.get("why") or "–"

    @display(description="Whose models, reached how")
    def applies_to(self, row: Governance) -> str:
        keys = ("developers", "families", "access", "served_by")
        parts = [", ".join(row.definition.get(key, ())) for key in keys]
        return "; ".join(part for part in parts if part) or "any"

    @display(description="On condition that")
    def condition(self, row: Governance) -> str:
        tree = row.definition.get("when")
        try:
            return constraint_sentence(parse_constraint(tree, row.key)) if tree else "–"
        except ConstraintError as error:
            return str(error)
