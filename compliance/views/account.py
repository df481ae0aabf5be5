"""One's own account: tokens of the API, and coming in by invitation."""

from typing import Final

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from compliance.access import visible_projects
from compliance.actions.invitations import GONE, accept, accept_with_new_account, open_invitation
from compliance.actions.tokens import make_api_token, revoke_api_token
from compliance.models import ApiToken, Invitation, User
from compliance.templatetags.people import role_word
from compliance.views.lists import Listing, field, wants_csv
from compliance.views.people_forms import JoinForm, TokenForm
from compliance.views.requests import PersonRequest, take_errors

TOKENS: Final = Listing(
    "tokens",
    (
        field("name", "name", of="name"), field("begins_with", of="hint"), field("may", of="scopes"),
        field("project", of="project.name"), field("last_used_at", "last_used_at", of="last_used_at"),
        field("expires_at", "expires_at", of="expires_at"), field("revoked_at"),
    ),
    words=("name",),
)  # fmt: skip
BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
def tokens(request: PersonRequest) -> HttpResponseBase:
    """The person's tokens; a new one is shown once, here."""
    held = ApiToken.objects.filter(user=request.user).select_related("project")
    if wants_csv(request):
        return TOKENS.as_csv(request, held)
    form = TokenForm(request.POST or None, projects=visible_projects(request.user))
    made = ""
    if request.method == "POST" and form.is_valid():
        try:
            _, made = make_api_token(acting_user=request.user, **form.cleaned_data)
            form = TokenForm(projects=visible_projects(request.user))
        except ValidationError as error:
            take_errors(form, error, {"expires_at": "expires_on"})
    context = TOKENS.shown(request, held) | {"form": form, "made": made}
    return render(request, "people/tokens.html", context, status=422 if form.errors else 200)


@require_POST
def token_revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Have one of one's own tokens refused."""
    revoke_api_token(token=get_object_or_404(ApiToken, user=request.user, pk=pk), acting_user=request.user)
    return redirect("account-tokens")


@login_not_required
@never_cache
@sensitive_post_parameters("password")
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Where an invitation's link leads: whoever is signed in joins, everybody else makes an account."""
    asked = open_invitation(secret)
    if asked is None:
        return render(request, "people/invitation_gone.html", {"why": GONE}, status=410)
    if isinstance(request.user, User):
        return _join(request, asked, secret, request.user)
    return _join_anew(request, asked, secret)


def _join(request: HttpRequest, asked: Invitation, secret: str, person: User) -> HttpResponse:
    complaint = ""
    if request.method == "POST":
        try:
            accept(secret=secret, acting_user=person)
            return _welcome(request, asked, person)
        except ValidationError as error:
            complaint = " ".join(error.messages)
    context = {"asked": asked, "complaint": complaint, "secret": secret}
    return render(request, "people/invitation.html", context, status=422 if complaint else 200)


def _welcome(request: HttpRequest, asked: Invitation, person: User) -> HttpResponse:
    """Say that it is done, and lead to what is there to be seen."""
    project = asked.project
    role = role_word(project.memberships.get(user=person).role).lower()  # an earlier membership keeps its own
    where = "Its pipelines, runs and findings are in the menu; who else belongs to it stands here."
    messages.success(request, f"You belong to {project.name} now, as {role}. {where}")
    return redirect("project-people", slug=project.slug)


def _join_anew(request: HttpRequest, asked: Invitation, secret: str) -> HttpResponse:
    form = JoinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = accept_with_new_account(secret=secret, **form.cleaned_data)
        except ValidationError as error:
            take_errors(form, error)
        else:
            login(request, person, backend=BACKEND)
            return _welcome(request, asked, person)
    context = {"asked": asked, "form": form, "secret": secret}
    return render(request, "people/invitation.html", context, status=422 if form.errors else 200)
