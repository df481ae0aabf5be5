"""How listings are sorted and paged."""

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PER_PAGE = 50


def sorted_by(request: HttpRequest, rows: QuerySet[Any], columns: Mapping[str, tuple[str, ...]]) -> QuerySet[Any]:
    """The rows in the order that `?sort=` asks for ("-key" reverses); as they are when it names no column."""
    asked = request.GET.get("sort", "")
    fields = columns.get(asked.lstrip("-"))
    if fields is None:
        return rows
    return rows.order_by(*(f"-{field}" if asked.startswith("-") else field for field in fields), "-pk")


def page_of(request: HttpRequest, rows: Any, per_page: int = PER_PAGE) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one there is when it asks for another."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
