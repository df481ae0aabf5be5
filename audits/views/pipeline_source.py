"""A newer ZIP of an uploaded pipeline: what its next audits run."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from audits.access import require_may_run, visible_pipelines
from audits.actions.pipelines import replace_archive
from audits.models import Pipeline
from audits.views.forms import MOST_BYTES, NewSourceForm
from audits.views.uploads import keep_archive
from compliance.bounds import takes_files
from compliance.views.requests import PersonRequest


@takes_files(MOST_BYTES)
def page(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a newer ZIP. Not for pipelines that lie in a folder: those are read anew by each audit."""
    pipeline = get_object_or_404(visible_pipelines(request.user), pk=pk, origin=Pipeline.Origin.UPLOAD)
    require_may_run(request.user, pipeline)
    form = NewSourceForm(request.POST or None, request.FILES or None, manifest_path=pipeline.manifest_path)
    if request.method == "POST" and form.is_valid():
        sha256 = keep_archive(form.cleaned_data["archive"])
        replace_archive(pipeline=pipeline, archive_sha256=sha256, acting_user=request.user)
        messages.success(request, "The next audit runs the new version.")
        return redirect("pipeline", pk=pipeline.pk)
    context = {"pipeline": pipeline, "form": form}
    return render(request, "audits/pipeline_source.html", context, status=422 if request.method == "POST" else 200)
