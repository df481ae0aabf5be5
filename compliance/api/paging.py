"""Lists in parts: a cursor that names the last row given, so that nothing is skipped or told twice while rows are added."""

import base64
import json
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from ninja import Field, Schema

from compliance.problems import Problem

MOST, USUAL = 200, 50
Row = TypeVar("Row")


class Page(Schema, Generic[Row]):
    """A part of a list."""

    items: list[Row]
    next: str | None = Field(
        None, description="What to send as `cursor` for the part that follows; null: this was the last."
    )


class Paged(Schema):
    """How much of a list, and from where."""

    limit: int = Field(USUAL, ge=1, le=MOST, description=f"Rows at most, up to {MOST}.")
    cursor: str | None = Field(None, max_length=400, description="`next` of the part before.")


def part_of(
    rows: QuerySet[Any], asked: Paged, order: str = "-pk", shown: Callable[[Any], Any] | None = None
) -> dict[str, Any]:
    """The part of a list that is asked for, ordered by one unique field ("-pk": newest first). Two queries at most."""
    field, backwards = order.lstrip("-"), order.startswith("-")
    if asked.cursor:
        value = _value(asked.cursor, order)
        try:
            rows = rows.filter(**{f"{field}__{'lt' if backwards else 'gt'}": value})
        except (ValueError, TypeError, ValidationError) as error:
            raise _bad_cursor() from error
    found = list(rows.order_by(order)[: asked.limit + 1])
    held = found[: asked.limit]
    following = _cursor(order, getattr(held[-1], field)) if len(found) > asked.limit else None
    return {"items": [shown(one) for one in held] if shown else held, "next": following}


def part_of_rows(rows: Iterable[Row], asked: Paged) -> dict[str, Any]:
    """The same of rows that are computed, in the order given: the cursor counts."""
    found = list(rows)
    start = _value(asked.cursor, "#") if asked.cursor else 0
    if not isinstance(start, int) or start < 0:
        raise _bad_cursor()
    end = start + asked.limit
    return {"items": found[start:end], "next": _cursor("#", end) if end < len(found) else None}


def _cursor(order: str, last: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([order, last], default=str).encode()).decode().rstrip("=")


def _value(cursor: str, order: str) -> Any:
    try:
        said, value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError) as error:
        raise _bad_cursor() from error
    if said != order or isinstance(value, list | dict | float | bool) or value is None:
        raise _bad_cursor()
    if isinstance(value, str) and "\0" in value:
        raise _bad_cursor()
    return value


def _bad_cursor() -> Problem:
    detail = "Send what the part before gave as “next”, with the same filters, or no cursor for the first part."
    return Problem(422, detail, errors=[{"field": "cursor", "detail": detail}])
