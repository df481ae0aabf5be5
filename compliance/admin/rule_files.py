"""Rules as files in the admin: downloads as TOML and ODRL, and drafts from a file."""

import json
from collections.abc import Callable, Iterable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from compliance.actions.importing_rules import LARGEST, RulesUnreadable, import_rules, read_rules
from compliance.bounds import takes_files
from compliance.engine.rules import Rule, RuleError
from compliance.exchange.odrl import rules_to_odrl
from compliance.exchange.toml import rules_to_toml
from compliance.models import RuleRevision, User
from compliance.queries.exporting_rules import read_revisions, rules_to_export


def _as_odrl(rules: Iterable[Rule]) -> str:
    return json.dumps(rules_to_odrl(rules), ensure_ascii=False, indent=1) + "\n"


KINDS = {"toml": ("application/toml", "toml", rules_to_toml), "odrl": ("application/ld+json", "jsonld", _as_odrl)}


class FileForm(forms.Form):
    """A file of rules."""

    file = forms.FileField(
        label="File of rules",
        widget=forms.FileInput(attrs={"class": "ct-input", "accept": ".toml,.json,.jsonld"}),
        help_text=f"TOML with [[rule]] tables, or ODRL as exported here; up to {LARGEST // 1024**2} MB.",
    )


class RuleFiles:
    """The pages and downloads, for the admin of rules to carry."""

    _page: Callable[..., HttpResponse]
    _for_writers: Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]

    def urls_of_files(self) -> list[URLPattern]:
        """Where they stand, below the list of rules."""
        return [
            path("files/", self._for_writers(self.files), name="compliance_rulerevision_files"),
            path("files/<slug:kind>/", self._for_writers(self.download), name="compliance_rulerevision_export"),
            path("<int:pk>/as/<slug:kind>/", self._for_writers(self.download_one), name="compliance_rulerevision_as"),
        ]

    @takes_files(LARGEST)
    def files(self, request: HttpRequest) -> HttpResponse:
        """Downloads of every published rule, and the form that makes drafts of a file's rules."""
        form = FileForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid() and self._take(request, form):
            return redirect("admin:compliance_rulerevision_changelist")
        published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).count()
        return self._page(request, "admin/rules/files.html", "Rules as files", {"form": form, "published": published})

    def _take(self, request: HttpRequest, form: FileForm) -> bool:
        file = form.cleaned_data["file"]
        assert isinstance(request.user, User)
        try:
            if file.size > LARGEST:
                raise RulesUnreadable(f"{file.name}: {file.size:,} bytes; at most {LARGEST:,} are read")
            rules = read_rules(file.read(), file.name)
            done = import_rules(acting_user=request.user, rules=rules, filename=file.name)
        except RulesUnreadable as error:
            form.add_error("file", f"{error}. Nothing of the file was taken up.")
            return False
        said = f"{len(done.drafts)} drafts from {file.name}; {len(done.unchanged)} of its rules say nothing new."
        messages.success(request, said)
        return True

    def download(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Every published rule as one file."""
        return self._file_or_reason(request, rules_to_export, kind, "clausetrail-rules")

    def download_one(self, request: HttpRequest, pk: int, kind: str) -> HttpResponse:
        """One revision as a file, whatever its standing."""
        revision = get_object_or_404(RuleRevision.objects.select_related("rule"), pk=pk)
        name = revision.rule.identifier.replace("/", "-").replace(":", "-")
        return self._file_or_reason(request, lambda: read_revisions([revision]), kind, f"{name}-{revision.number}")

    def _file_or_reason(
        self, request: HttpRequest, read: Callable[[], tuple[Rule, ...]], kind: str, name: str
    ) -> HttpResponse:
        try:
            return _file(read(), kind, name)
        except RuleError as error:
            messages.error(request, f"No file was made: {error}")
            return redirect("admin:compliance_rulerevision_changelist")


def _file(rules: tuple[Rule, ...], kind: str, name: str) -> HttpResponse:
    if kind not in KINDS:
        raise Http404
    media_type, ending, write = KINDS[kind]
    headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
    return HttpResponse(write(rules), content_type=f"{media_type}; charset=utf-8", headers=headers)
