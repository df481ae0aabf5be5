"""Models that nobody could place: the list, and a person's word on a name."""

from typing import Final

from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from audits.access import require_may_correct, visible_runs
from audits.queries.model_names import unresolved_models, words_on
from audits.views.question_forms import CorrectionForm
from compliance.access import may_edit_rules
from compliance.actions.corrections import correct_model
from compliance.queries.names import names
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.requests import PersonRequest

MODELS: Final = Listing(
    "models-nobody-knows",
    (
        field("name", "name"), field("served_by"), field("first_on", "first_on"), field("last_on", "last_on"),
        field("runs", "runs"), field("calls", "calls"),
    ),
    words=("name",),
)  # fmt: skip


def unresolved(request: PersonRequest) -> HttpResponseBase:
    """Names whose developer is not known, in the runs that the person may see."""
    found = unresolved_models(visible_runs(request.user))
    if wants_csv(request):
        return MODELS.as_csv(request, found)
    context = MODELS.shown(request, found) | {
        "may_correct": may_edit_rules(request.user),
        "names": names(),
    }
    return render(request, "audits/model_list.html", context)


def name_model(request: PersonRequest) -> HttpResponse:
    """Say what `?name=` means; what people said of it before stands beside the form."""
    require_may_correct(request.user)
    name = request.POST.get("name") or request.GET.get("name", "")
    form = CorrectionForm(request.POST if request.method == "POST" else None, initial={"name": name})
    if request.method == "POST" and form.is_valid():
        try:
            correct_model(**form.cleaned_data, acting_user=request.user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("models")
    seen = [one for one in unresolved_models(visible_runs(request.user)) if one.name == name]
    context = {"name": name, "form": form, "seen": seen, "words": words_on(name), "names": names()}
    return render(request, "audits/model_name.html", context, status=422 if form.errors else 200)
