"""House rules, and leading people to a second factor where one is asked for."""

from collections.abc import Callable
from typing import Any, Final

from allauth.account.authentication import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from compliance.access import administers_installation, needs_second_factor, require
from compliance.actions.house import set_house_rules, who_needs_second_factor
from compliance.models import HouseRules, User
from compliance.queries.house import house_rules
from compliance.views.requests import PersonRequest, take_errors

SETTERS: Final = "House rules are set by an administrator of the installation."
LED: Final = (
    "This installation asks you for a second factor. Set up an authenticator app or a passkey; then everything opens."
)
OPEN: Final = ("/account/2fa/", "/account/reauthenticate/", "/account/logout/", "/sign-out/", "/theme/", "/static/")
"""What somebody reaches who still has to set up a second factor."""


class HouseForm(forms.ModelForm):
    """The one row of house rules."""

    class Meta:
        model = HouseRules
        fields = ("second_factor", "share_days")
        widgets = {"second_factor": forms.RadioSelect}
        labels = {"second_factor": "A second factor is asked of", "share_days": "Links to reports live at most"}
        help_texts = {
            "second_factor": "Whoever lacks one is led to set it up before anything else. Tokens of programs are not concerned, "
            "nor people who come by the organisation’s own sign-in, which asks for its own.",
            "share_days": "In days, from 1 to 366. Links that were made before keep their day.",
        }


def page(request: PersonRequest) -> HttpResponse:
    """The house rules; administrators set them."""
    require(administers_installation(request.user), SETTERS)
    form = HouseForm(request.POST or None, instance=house_rules())
    if request.method == "POST" and form.is_valid():
        try:
            set_house_rules(acting_user=request.user, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            messages.success(request, "The house rules hold from now on; in every process within half a minute.")
            return redirect("house")
    return render(request, "people/house.html", {"form": form}, status=422 if form.errors else 200)


class SecondFactorMiddleware:
    """Leads people who lack a second factor, and need one by the house rules, to setting it up, and lets them nowhere else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """None lets the request go on."""
        person = request.user
        if not isinstance(person, User) or hasattr(request, "api_token") or request.path_info.startswith(OPEN):
            return None
        if not getattr(view, "login_required", True) or not needs_second_factor(person, who_needs_second_factor()):
            return None
        if _by_organisation(request) or is_mfa_enabled(person):
            return None
        return _led(request)


def _by_organisation(request: HttpRequest) -> bool:
    return any(record.get("method") == "socialaccount" for record in get_authentication_records(request))


def _led(request: HttpRequest) -> HttpResponse:
    place = reverse("mfa_index")
    if getattr(request, "htmx", None) or request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": place})
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"error": LED}, status=403)
    if LED not in [str(message) for message in messages.get_messages(request)]:
        messages.warning(request, LED)
    return redirect(place)
