"""The discussion of a finding: remarks, notes among lawyers, and the files that go with them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from audits.access import get_enclosure, get_finding, require_may_remark
from audits.actions.remarks import LARGEST_ENCLOSURE, LONGEST, MOST_ENCLOSURES, Kept, remark
from audits.evidence.store import Missing, open_store
from audits.models import Look
from audits.views.looks import looked_in
from audits.views.unsent import keep_unsent
from compliance.bounds import takes_files
from compliance.views.requests import PersonRequest


class RemarkForm(forms.Form):
    body = forms.CharField(
        label="Say something", max_length=LONGEST, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="@name tells that person. Mails never quote what is written here.",
    )  # fmt: skip
    privileged = forms.BooleanField(label="A note among lawyers: engineers never see it", required=False)


def kept_enclosures(files: Sequence[UploadedFile]) -> list[Kept]:
    """The files, put into the store of evidence; ValidationError for too many, or too large ones."""
    if len(files) > MOST_ENCLOSURES:
        raise ValidationError(f"At most {MOST_ENCLOSURES} files go with one remark.")
    for file in files:
        if (file.size or 0) > LARGEST_ENCLOSURE:
            raise ValidationError(f"{file.name} is larger than {LARGEST_ENCLOSURE // 2**20} MB.")
    store = open_store(settings.EVIDENCE_URL)
    return [Kept(file.name or "file", store.put(file.file), file.size or 0) for file in files]  # type: ignore[arg-type]


@takes_files(MOST_ENCLOSURES * LARGEST_ENCLOSURE)
@require_POST
def add(request: PersonRequest, pk: int) -> HttpResponse:
    """Add a remark or a privileged note."""
    finding = get_finding(request.user, pk)
    form = RemarkForm(request.POST)
    privileged = request.POST.get("privileged") == "on"
    require_may_remark(request.user, finding.run.pipeline.project, privileged=privileged)
    try:
        if not form.is_valid():
            raise ValidationError([str(one) for held in form.errors.values() for one in held])
        fields: dict[str, Any] = {"body": form.cleaned_data["body"], "privileged": privileged}
        made = remark(
            finding=finding,
            acting_user=request.user,
            enclosures=kept_enclosures(request.FILES.getlist("enclosures")),
            **fields,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        keep_unsent(request, "remark", pk)
        return redirect(f"{reverse('finding', args=[pk])}#discussion")
    return redirect(f"{reverse('finding', args=[pk])}#remark-{made.pk}")


@require_GET
def enclosure(request: PersonRequest, pk: int) -> HttpResponseBase:
    """A file that goes with a remark. Always a download, never shown by the browser."""
    found = get_enclosure(request.user, pk)
    looked_in(request, Look.What.ENCLOSURE, found.name, project=found.remark.project, sha256=found.sha256)
    try:
        body = open_store(settings.EVIDENCE_URL).open(found.sha256)
    except Missing as problem:
        raise Http404(str(problem)) from problem
    return FileResponse(body, as_attachment=True, filename=found.name, content_type="application/octet-stream")
