"""A student's answers beside its teacher's and a baseline's: three files given, and what earlier ones came to."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from audits.access import get_run, may_report, require_may_compare
from audits.actions.comparisons import keep_comparison
from audits.datasets.answers import NoAnswers
from audits.lineage.rows import TEXT_FORMATS, UnreadableDataset
from audits.models import Student
from audits.procedures.comparing import SIDES, Comparison, compare_files
from audits.views.runs import run_context
from compliance.bounds import takes_files
from compliance.views.requests import PersonRequest

MOST_BYTES = 10 * 1024 * 1024
WHOSE = {"student": "the student", "teacher": "the teacher", "baseline": "the baseline"}


class ComparisonForm(forms.Form):
    """Who is compared, and three files of answers to the same prompts."""

    teacher = forms.CharField(
        label="Teacher", max_length=200, help_text="The model whose answers the student may have learned."
    )
    baseline = forms.CharField(
        label="Baseline", max_length=200,
        help_text="A model that the teacher did not teach: best the student’s own base model before training.",
    )  # fmt: skip

    def __init__(self, data: Any = None, files: Any = None) -> None:
        super().__init__(data, files)
        for side, whose in WHOSE.items():
            self.fields[f"{side}_file"] = forms.FileField(
                label=f"Answers of {whose}",
                widget=forms.FileInput(attrs={"data-most": MOST_BYTES}),
                help_text="At most 10 MB: a prompt and an answer a line (.jsonl, .json, .csv, .tsv)."
                if side == "student"
                else "",
                error_messages={"required": "Choose the file.", "empty": "The file is empty."},
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for side in SIDES:
            file = data.get(f"{side}_file")
            if file is not None and file.size > MOST_BYTES:
                self.add_error(
                    f"{side}_file", "The file is larger than 10 MB; answer_agreement on the command line takes it."
                )
            elif file is not None and _extension(file) not in TEXT_FORMATS - {".md", ".txt", ".text"}:
                self.add_error(
                    f"{side}_file",
                    "Give .jsonl, .json, .csv or .tsv; answer_agreement on the command line takes others.",
                )
        return data


@takes_files(len(SIDES) * MOST_BYTES, otherwise="answer_agreement on the command line takes larger ones.")
def student_answers(request: PersonRequest, pk: int) -> HttpResponse:
    """Earlier comparisons of a run's student, and the form for another one."""
    run = get_run(request.user, pk)
    student = Student.objects.filter(run=run).first()
    if student is None:
        raise Http404("This run has no student.")
    form = ComparisonForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        require_may_compare(request.user, run)
        found = compared(form) if form.is_valid() else None
        if found is not None:
            names = {name: form.cleaned_data[name] for name in ("teacher", "baseline")}
            keep_comparison(student=student, found=found.as_json(), acting_user=request.user, **names)
            return redirect("student-answers", pk=pk)
    context = run_context(request, run, "lineage") | {
        "student": student,
        "comparisons": student.comparisons.select_related("made_by"),
        "may_compare": may_report(request.user, run.pipeline.project),
        "may_report": may_report(request.user, run.pipeline.project),
        "of_student": f"{run.pipeline.project.slug}/{student.name}",
        "form": form,
    }
    return render(request, "audits/student_answers.html", context, status=422 if request.method == "POST" else 200)


def compared(form: ComparisonForm) -> Comparison | None:
    """The comparison; None when a file can't be used, which the form then says."""
    files = {side: form.cleaned_data[f"{side}_file"] for side in SIDES}
    with tempfile.TemporaryDirectory() as folder:
        paths = {side: Path(folder, side + _extension(file)) for side, file in files.items()}
        for side, file in files.items():
            with paths[side].open("wb") as kept:
                shutil.copyfileobj(file.file, kept)
        try:
            return compare_files(paths, {side: file.name or side for side, file in files.items()})
        except (NoAnswers, UnreadableDataset) as problem:
            form.add_error(None, str(problem).replace(folder, ""))
    return None


def _extension(file: UploadedFile) -> str:
    return Path(file.name or "").suffix.lower()
