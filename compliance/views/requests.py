"""The request as views get it: LoginRequiredMiddleware has seen to it that a person is signed in."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from compliance.models import User


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in (for the type checker; Django passes its own class)."""

    user: User
    htmx: HtmxDetails
