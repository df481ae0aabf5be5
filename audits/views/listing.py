"""How listings are sorted and paged."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from compliance.views.pages import page_of

__all__ = ["page_of", "sorted_by"]


def sorted_by(request: HttpRequest, rows: QuerySet[Any], columns: Mapping[str, tuple[str, ...]]) -> QuerySet[Any]:
    """The rows in the order that `?sort=` asks for ("-key" reverses); as they are when it names no column."""
    asked = request.GET.get("sort", "")
    fields = columns.get(asked.lstrip("-"))
    if fields is None:
        return rows
    return rows.order_by(*(f"-{field}" if asked.startswith("-") else field for field in fields), "-pk")
