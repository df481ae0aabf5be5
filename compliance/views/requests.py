"""The request as views get it: LoginRequiredMiddleware has seen to it that a person is signed in."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from compliance.models import User


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in (for the type checker; Django passes its own class)."""

    user: User
    htmx: HtmxDetails


def take_errors(form: BaseForm, error: ValidationError, names: Mapping[str, str] | None = None) -> None:
    """Put an action's complaints beside the form's fields; `names` maps the action's words to the form's."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, complaints in error.message_dict.items():
        name = (names or {}).get(field, field)
        form.add_error(name if name in form.fields else None, complaints)
