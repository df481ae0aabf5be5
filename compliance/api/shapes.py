"""What bodies of requests and answers are made of in every part of the interface."""

import datetime as dt
from typing import Annotated, Any

from django import forms
from ninja import Field, Schema
from pydantic import ConfigDict

from compliance.problems import Problem

Reason = Annotated[str, Field(min_length=1, max_length=4000, description="Why; it stays on record beside the name.")]
Day = dt.date
Json = dict[str, Any]
MOST_NUMBER = 2**63 - 1
Key = Annotated[int, Field(ge=1, le=MOST_NUMBER)]


class Asked(Schema):
    """The body of a request. A member that is not known is refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Person(Schema):
    """Somebody, as others see them."""

    id: int
    username: str
    name: str = Field(description="Full name, or the name to sign in with.")

    @staticmethod
    def resolve_name(obj: Any) -> str:
        return str(obj.get("name") or obj["username"]) if isinstance(obj, dict) else str(obj)


class ProjectName(Schema):
    """A project by its names."""

    slug: str
    name: str


class Done(Schema):
    """That something was done, where nothing else is to be told."""

    done: bool = True
    detail: str = ""


def cleaned(form: forms.BaseForm, names: dict[str, str] | None = None) -> dict[str, Any]:
    """What a form of the pages makes of a request; a Problem naming each field when it is not valid."""
    if form.is_valid():
        return form.cleaned_data
    errors = [
        {"field": (names or {}).get(field, "" if field == "__all__" else field), "detail": str(complaint)}
        for field, complaints in form.errors.items()
        for complaint in complaints
    ]
    raise Problem(422, " ".join(dict.fromkeys(one["detail"] for one in errors)), errors=errors)


def said(asked: Schema, **more: Any) -> dict[str, Any]:
    """The members of a request that were given, as a form takes them: true as "on", what is null or false left out."""
    given: dict[str, Any] = {}
    for name, value in {**asked.dict(), **more}.items():
        if value is None or value is False:
            continue
        given[name] = "on" if value is True else value.isoformat() if isinstance(value, dt.date) else value
    return given


def a_file(*media_types: str) -> Json:
    """What an OpenAPI document says of an operation that answers a file, of one of these kinds."""
    # What is read into values, as JSON and YAML are, has no one type; anything else is bytes.
    binary = {"type": "string", "format": "binary"}
    content: Json = {kind: {"schema": {} if kind.endswith(("json", "yaml")) else binary} for kind in media_types}
    return {"responses": {200: {"description": "The file.", "content": content}}}
