"""How listings of the terms side are paged."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest

PER_PAGE = 50


def page_of(request: HttpRequest, rows: Any, per_page: int = PER_PAGE, number: int | None = None) -> Page[Any]:
    """The page that `?page=` asks for; the nearest one there is when it asks for another. `number`: of all rows, where it is
    known already."""
    paginator = Paginator(rows, per_page)
    if number is not None:
        paginator.count = number  # a cached property, which then never counts
    return paginator.get_page(request.GET.get("page"))
