"""Rules: a list by document, a page for each revision, and the steps of its life. Drafts alone can be written."""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from compliance.access import require
from compliance.actions import rules as actions
from compliance.admin.base import Recorded, days_in_force
from compliance.admin.conditions import TreeField, vocabulary
from compliance.admin.rule_files import RuleFiles
from compliance.admin.rule_form import RuleForm
from compliance.engine.broken import MEND
from compliance.engine.rules import Rule, RuleError
from compliance.models import ClauseText, RuleRevision, TermsDocument, TrailEntry, User
from compliance.queries.clause_passages import passages_of
from compliance.queries.library import rule_of
from compliance.site import ENTRANCE, edits_rules
from compliance.views.requests import PersonRequest

Status = RuleRevision.Status
COLOURS = {Status.DRAFT: "warning", Status.IN_REVIEW: "info", Status.PUBLISHED: "success", Status.SUPERSEDED: "default"}


class Standing(admin.SimpleListFilter):
    """The list begins without what was superseded."""

    title = "standing"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("all", "Superseded as well"), *Status.choices]

    def choices(self, changelist: Any) -> Any:
        for choice in super().choices(changelist):
            yield {**choice, "display": "Not superseded"} if choice["display"] == "All" else choice

    def queryset(self, request: HttpRequest, queryset: QuerySet[RuleRevision]) -> QuerySet[RuleRevision]:
        if self.value() == "all":
            return queryset
        return queryset.filter(status=self.value()) if self.value() else queryset.exclude(status=Status.SUPERSEDED)


class DocumentChoice(forms.Form):
    """Which document a new rule reads."""

    document = forms.ModelChoiceField(queryset=TermsDocument.objects.order_by("identifier"))


class DefinitionText(forms.Form):
    """The whole rule as data, for whoever prefers to write it so."""

    definition = TreeField()


@admin.register(RuleRevision)
class RuleAdmin(RuleFiles, Recorded):
    list_before_template = "admin/rules/_files_link.html"
    list_display = ("named", "standing", "effect", "days", "reads")
    list_display_links = ("named",)
    list_filter = (
        Standing, "effect", ("rule__document__provider", RelatedDropdownFilter), ("rule__document", RelatedDropdownFilter),
        "severity", "shipped",
    )  # fmt: skip
    list_filter_submit = True
    list_select_related = ("rule__document",)
    list_fullwidth = True
    ordering = ("rule__document__identifier", "rule__identifier", "-number")
    search_fields = ("title", "statement", "rule__identifier", "rule__document__title")

    @display(description="Rule", header=True, ordering="rule__identifier")
    def named(self, revision: RuleRevision) -> tuple[str, str]:
        return revision.title, f"{revision.rule.document.title}, revision {revision.number}"

    @display(description="Status", label=COLOURS, ordering="status")
    def standing(self, revision: RuleRevision) -> tuple[str, str]:
        return revision.status, revision.get_status_display()

    @display(description="In force", ordering="in_force")
    def days(self, revision: RuleRevision) -> str:
        return days_in_force(revision.in_force)

    @display(description="Reads")
    def reads(self, revision: RuleRevision) -> str:
        return rule_of(revision).sentence

    def may_write(self, request: HttpRequest) -> bool:
        return False  # not by the admin's own forms: drafts are written below, and nothing else is

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return edits_rules(request)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Rules", **(extra_context or {})})

    def get_urls(self) -> list[URLPattern]:
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("<int:pk>/edit/", self.edit, "edit"),
            ("<int:pk>/definition/", self.definition, "definition"),
            ("<int:pk>/preview/", self.preview, "preview"),
            ("new/<int:document>/preview/", self.preview_new, "preview_new"),
            ("<int:pk>/step/<slug:step>/", self.step, "step"),
        ]
        own = [path(at, self._for_writers(view), name=f"compliance_rulerevision_{name}") for at, view, name in pages]
        return [*own, *self.urls_of_files(), *super().get_urls()]

    def _for_writers(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            require(edits_rules(request), ENTRANCE)
            return view(request, **kwargs)

        return self.admin_site.admin_view(guarded)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One revision, to be read. What can be done with it now stands beside it."""
        require(edits_rules(request), ENTRANCE)
        revision = get_object_or_404(_revisions(), pk=object_id if object_id.isdigit() else 0)
        assert isinstance(request.user, User)
        rule = rule_of(revision)
        context = {
            "revision": revision,
            "document": revision.rule.document,
            "read": rule,
            "sentence": rule.sentence,
            "mend": MEND,
            "days": days_in_force(revision.in_force),
            "citations": _citations(revision, rule),
            "clauses": revision.clauses.order_by("key"),
            "passages": passages_of(revision.rule.document, rule.citations),
            "history": revision.rule.revisions.order_by("-number"),
            "trail": _trail(revision),
            "pending": revision.rule.revisions.filter(status__in=actions.OPEN).first(),
            "wrote_it": request.user.pk in actions.writers(revision),
            "definition_text": json.dumps(revision.definition, indent=2, ensure_ascii=False),
        }
        return self._page(request, "admin/rules/revision.html", revision.title, context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refused in words: drafts are discarded on their page, everything else is kept."""
        revision = get_object_or_404(_revisions(), pk=object_id if object_id.isdigit() else 0)
        if revision.status in actions.OPEN:
            messages.info(request, "A draft is discarded on its own page.")
            return redirect("admin:compliance_rulerevision_change", revision.pk)
        standing = f"Revision {revision.number} is {revision.get_status_display().lower()}"
        raise PermissionDenied(
            f"{standing} and is kept for ever: verdicts point at it. A new revision can supersede it."
        )

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A new rule: first its document, then what it says."""
        require(edits_rules(request), ENTRANCE)
        choice = DocumentChoice(request.GET if "document" in request.GET else None)
        if not choice.is_valid():
            return self._page(request, "admin/rules/new.html", "New rule", {"form": choice})
        document = choice.cleaned_data["document"]
        form = RuleForm(request.POST if request.method == "POST" else None, document=document)
        if request.method == "POST" and form.is_valid():
            done = self._try(request, form, lambda user: _start(user, form, document))
            if done:
                return done
        preview = reverse("admin:compliance_rulerevision_preview_new", args=[document.pk])
        context = {"form": form, "document": document, "preview": preview}
        return self._editor(request, "New rule", context)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write a draft with pickers."""
        revision = _draft(request, pk)
        if revision is None:
            return redirect("admin:compliance_rulerevision_change", pk)
        rule = rule_of(revision)
        if rule.broken:  # the pickers can't show what can't be read
            messages.error(request, f"{rule.sentence} Write it as data.")
            return redirect("admin:compliance_rulerevision_definition", pk)
        form = _form(request, revision)
        if request.method == "POST" and form.is_valid():
            chosen = form.cleaned_data["clauses"]
            done = self._try(request, form, lambda user: _change(user, revision, form.definition, chosen, request))
            if done:
                return done
        preview = reverse("admin:compliance_rulerevision_preview", args=[pk])
        document = revision.rule.document
        passages = passages_of(document, rule.citations, revision.clauses.all())
        context = {"form": form, "document": document, "revision": revision, "preview": preview, "passages": passages}
        return self._editor(request, f"Edit {revision.title}", context)

    def definition(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write a draft as data; the engine's own parser says what is wrong, and where."""
        revision = _draft(request, pk)
        if revision is None:
            return redirect("admin:compliance_rulerevision_change", pk)
        form = DefinitionText(request.POST or None, initial={"definition": _without_names(revision.definition)})
        if request.method == "POST" and form.is_valid():
            data, chosen = form.cleaned_data["definition"], revision.clauses.all()
            if isinstance(data, dict):
                done = self._try(request, form, lambda user: _change(user, revision, data, chosen, request))
                if done:
                    return done
            else:
                form.add_error("definition", "A rule is an object: it begins with { and ends with }.")
        context = {"form": form, "revision": revision, "document": revision.rule.document}
        return self._page(request, "admin/rules/definition.html", f"Definition of {revision.title}", context)

    def preview(self, request: HttpRequest, pk: int) -> JsonResponse:
        """The sentence and the problems of a draft as it is being written."""
        revision = get_object_or_404(_revisions(), pk=pk)
        return _previewed(_form(request, revision))

    def preview_new(self, request: HttpRequest, document: int) -> JsonResponse:
        """The same for a rule that is not kept yet."""
        return _previewed(RuleForm(request.POST, document=get_object_or_404(TermsDocument, pk=document)))

    def step(self, request: PersonRequest, pk: int, step: str) -> HttpResponse:
        """One step of the life of a revision. A refusal is said on its page."""
        revision = get_object_or_404(_revisions(), pk=pk)
        if request.method != "POST" or step not in STEPS:
            return redirect("admin:compliance_rulerevision_change", pk)
        take, said = STEPS[step]
        try:
            after = take(request, revision)
        except (actions.RuleRefused, RuleError) as error:
            messages.error(request, str(error))
            return redirect("admin:compliance_rulerevision_change", pk)
        messages.success(request, said.format(number=after.number if after else revision.number))
        name = {"revise": "edit"}.get(step, "change")
        return redirect(f"admin:compliance_rulerevision_{name}", after.pk) if after else _to_list()

    def _try(
        self, request: HttpRequest, form: forms.Form, take: Callable[[User], RuleRevision]
    ) -> HttpResponseRedirect | None:
        assert isinstance(request.user, User)
        try:
            revision = take(request.user)
        except actions.RuleRefused as error:
            form.add_error(None, str(error))
            return None
        except RuleError as error:
            form.add_error(None, str(error))
            return None
        messages.success(request, f"The draft is kept: {rule_of(revision).sentence}")
        return redirect("admin:compliance_rulerevision_change", revision.pk)

    def _editor(self, request: HttpRequest, title: str, context: dict[str, Any]) -> HttpResponse:
        return self._page(request, "admin/rules/edit.html", title, {"vocabulary": vocabulary(), **context})

    def _page(self, request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> TemplateResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, "title": title, **context}
        return TemplateResponse(request, template, shown)


def _revisions() -> QuerySet[RuleRevision]:
    return RuleRevision.objects.select_related("rule__document__provider", "created_by", "published_by")


def _citations(revision: RuleRevision, rule: Rule) -> list[dict[str, Any]]:
    versions = {version.label: version for version in revision.rule.document.versions.defer("text")}
    rows: list[dict[str, Any]] = [
        {"label": one.version, "section": one.section, "sha256": one.sha256, "version": versions.get(one.version)}
        for one in rule.citations
    ]
    for row in rows:
        row["days"] = days_in_force(row["version"].in_force) if row["version"] else "no such version"
        row["held"] = ClauseText.objects.filter(version=row["version"], sha256=row["sha256"]).exists()
    return rows


def _trail(revision: RuleRevision) -> QuerySet[TrailEntry]:
    entries = TrailEntry.objects.filter(object_type=revision._meta.label_lower, object_id=str(revision.pk))
    return entries.select_related("user").order_by("id")


def _draft(request: HttpRequest, pk: int) -> RuleRevision | None:
    revision = get_object_or_404(_revisions(), pk=pk)
    if revision.status == Status.DRAFT:
        return revision
    standing = revision.get_status_display().lower()
    hint = (
        "Return it to draft to change it."
        if revision.status == Status.IN_REVIEW
        else "Draft a new revision to change it."
    )
    messages.error(request, f"Revision {revision.number} is {standing}; it can't be edited. {hint}")
    return None


def _form(request: HttpRequest, revision: RuleRevision) -> RuleForm:
    return RuleForm(
        request.POST if request.method == "POST" else None,
        document=revision.rule.document,
        identifier=revision.rule.identifier,
        stored=revision.definition,
        clauses=revision.clauses.all(),
    )


def _previewed(form: RuleForm) -> JsonResponse:
    form.is_valid()
    errors = {name: [str(error) for error in found] for name, found in form.errors.items()}
    return JsonResponse({"sentence": form.sentence(), "errors": errors, "places": form.places})


def _start(user: User, form: RuleForm, document: TermsDocument) -> RuleRevision:
    return actions.start_rule(
        acting_user=user, document=document, name=form.cleaned_data["name"], definition=form.definition,
        clauses=form.cleaned_data["clauses"],
    )  # fmt: skip


def _change(
    user: User, revision: RuleRevision, definition: Mapping[str, Any], clauses: Any, request: HttpRequest
) -> RuleRevision:
    return actions.change_draft(
        acting_user=user,
        revision=revision,
        definition=definition,
        clauses=clauses,
        based_on=request.POST.get("based_on", ""),
    )


def _without_names(definition: Any) -> Any:
    """What a person may write: the rule's name and number are not theirs to change here."""
    if not isinstance(definition, dict):
        return definition
    return {key: value for key, value in definition.items() if key not in ("id", "revision")}


def _to_list() -> HttpResponseRedirect:
    return redirect("admin:compliance_rulerevision_changelist")


def _return(request: PersonRequest, revision: RuleRevision) -> RuleRevision:
    reason = request.POST.get("reason", "").strip().replace("\0", "")[:2000]
    if not reason:
        raise actions.RuleRefused("Say what the writers should mend; they read it beside the draft.")
    return actions.return_to_draft(acting_user=request.user, revision=revision, reason=reason)


def _discard(request: PersonRequest, revision: RuleRevision) -> None:
    actions.discard_draft(acting_user=request.user, revision=revision)


STEPS: Mapping[str, tuple[Callable[[PersonRequest, RuleRevision], RuleRevision | None], str]] = {
    "revise": (
        lambda request, revision: actions.draft_revision(acting_user=request.user, rule=revision.rule),
        "Revision {number} begins as a copy of what is published. Change it, then submit it.",
    ),
    "submit": (
        lambda request, revision: actions.submit(acting_user=request.user, revision=revision),
        "Revision {number} waits for a second person.",
    ),
    "return": (_return, "Revision {number} is a draft again."),
    "discard": (_discard, "The draft of revision {number} is discarded; the audit trail keeps what it said."),
    "publish": (
        lambda request, revision: actions.publish(acting_user=request.user, revision=revision),
        "Revision {number} is published. Audits match against it from now on.",
    ),
}
