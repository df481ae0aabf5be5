"""Signing in, and what a person chose for their own eyes."""

from typing import Any

from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from compliance.views.forms import SignInForm

THEMES = ("light", "dark")
A_YEAR = 365 * 24 * 3600


class SignIn(LoginView):
    """Name and password, a passkey, or the organisation's own sign-in; whoever is signed in already is sent on."""

    template_name = "people/sign_in.html"
    form_class = SignInForm

    @method_decorator(login_not_required)
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A page that asks for its parts after its session ended is sent here: let it load anew, whole, and come back."""
        if getattr(request, "htmx", None):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        going = self.request.POST.get("next") or self.request.GET.get("next") or ""
        return super().get_context_data(**kwargs) | {"going": going, "mail_goes_out": bool(settings.EMAIL_HOST)}


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice of light or dark in a cookie and go back to the page; no choice means that the system decides."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = redirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        response.set_cookie("theme", chosen, max_age=A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response
