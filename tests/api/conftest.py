"""Programs and people that call the interface."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from compliance.actions.tokens import make_api_token
from compliance.models import ApiToken, User
from tests.pages.conftest import World, world

__all__ = ["World", "world"]
Program = Callable[..., Client]


def token_of(person: User, *scopes: str, **fields: Any) -> str:
    """The text of a new token; without scopes, one with all of them."""
    given = {"name": "ci", "expires_at": timezone.now() + dt.timedelta(days=1), **fields}
    return make_api_token(scopes=scopes or ApiToken.Scope.values, acting_user=person, **given)[1]


def program(person: User, *scopes: str, **fields: Any) -> Client:
    """A client that sends a token of the person's with each request."""
    return Client(headers={"Authorization": f"Bearer {token_of(person, *scopes, **fields)}"})


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture(autouse=True)
def _fresh_counts() -> None:
    """Rates are counted outside of the database: each test begins with none."""
    cache.clear()
