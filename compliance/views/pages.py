"""How listings of the terms side are paged."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

PER_PAGE = 50


def page_of(request: HttpRequest, rows: Any, per_page: int = PER_PAGE) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one there is when it asks for another."""
    return Paginator(rows, per_page).get_page(request.GET.get("page"))
