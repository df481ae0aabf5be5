"""Who is asking, and their tokens."""

import datetime as dt

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from compliance.access import projects_for
from compliance.actions.tokens import revoke_api_token
from compliance.api.openings import IN_PERSON, READING
from compliance.api.paging import Page, Paged, part_of
from compliance.api.shapes import Done, Person, ProjectName
from compliance.models import ApiToken, User
from compliance.roles import Deed
from compliance.views.requests import PersonRequest

router = Router()


class Me(Person):
    """The person that is asking, or in whose name a program asks."""

    email: str
    role: str = Field(description="In the whole installation.")
    token: "TokenInUse | None" = Field(None, description="The token that came with the request.")
    decides_in: list[str] = Field(description="Slugs of the projects whose findings they decide.")
    runs_in: list[str] = Field(description="Slugs of the projects whose audits they run.")


class TokenInUse(Schema):
    """What a token opens."""

    name: str
    scopes: list[str]
    project: str | None = None
    expires_at: dt.datetime


class TokenShown(Schema):
    """A token as its maker sees it. Its text was shown once, when it was made."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    project: ProjectName | None = None
    created_at: dt.datetime
    expires_at: dt.datetime
    revoked_at: dt.datetime | None = None
    last_used_at: dt.datetime | None = None


@router.get("/me", auth=READING, response=Me)
def who_am_i(request: PersonRequest) -> dict[str, object]:
    """Who is asking, and with which token."""
    person = request.user
    return {
        "id": person.pk, "username": person.username, "name": str(person), "email": person.email, "role": person.role,
        "token": _in_use(request),
        "decides_in": list(projects_for(person, Deed.DECIDE).values_list("slug", flat=True)),
        "runs_in": list(projects_for(person, Deed.RUN).values_list("slug", flat=True)),
    }  # fmt: skip


def _in_use(request: HttpRequest) -> dict[str, object] | None:
    token: ApiToken | None = getattr(request, "api_token", None)
    if token is None:
        return None
    project = token.project.slug if token.project else None
    return {"name": token.name, "scopes": token.scopes, "project": project, "expires_at": token.expires_at}


@router.get("/tokens", auth=IN_PERSON, response=Page[TokenShown])
def list_tokens(request: PersonRequest, asked: Query[Paged]) -> dict[str, object]:
    """One's own tokens, newest first. They are made in the page of one's account, after a password."""
    return part_of(ApiToken.objects.filter(user=request.user).select_related("project"), asked)


@router.post("/tokens/{int:pk}/revoke", auth=IN_PERSON, response=Done)
def revoke_token(request: PersonRequest, pk: int) -> Done:
    """Have one of one's own tokens refused from now on."""
    token = get_object_or_404(ApiToken, user=request.user, pk=pk)
    revoke_api_token(token=token, acting_user=request.user)
    return Done()


@router.post("/tokens/current/revoke", auth=READING, response=Done)
def revoke_current_token(request: PersonRequest) -> Done:
    """Have the very token that comes with this request refused from now on: for a program that is done, or was robbed."""
    token: ApiToken | None = getattr(request, "api_token", None)
    if token is None:
        return Done(done=False, detail="No token came with the request.")
    revoke_api_token(token=token, acting_user=User.objects.get(pk=token.user_id))
    return Done()
