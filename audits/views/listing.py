"""How listings are sorted and paged."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from compliance.views.pages import page_of

__all__ = ["InTwoSteps", "page_of", "sorted_by"]


class InTwoSteps(Sequence[Any]):
    """The rows of a query for whoever pages through them: which they are and in what order is asked at once, of as little as that
    takes; only the rows that are shown are read in full. A query that decides much about each row so sorts none of its columns.
    """

    def __init__(self, rows: QuerySet[Any]) -> None:
        self._rows = rows
        self._keys = list(rows.values_list("pk", flat=True))

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, asked: Any) -> Any:
        keys = self._keys[asked]
        if not isinstance(keys, list):
            return self._rows.get(pk=keys)
        held = {row.pk: row for row in self._rows.order_by().filter(pk__in=keys)}
        return [held[key] for key in keys if key in held]


def sorted_by(request: HttpRequest, rows: QuerySet[Any], columns: Mapping[str, tuple[str, ...]]) -> QuerySet[Any]:
    """The rows in the order that `?sort=` asks for ("-key" reverses); as they are when it names no column."""
    asked = request.GET.get("sort", "")
    fields = columns.get(asked.lstrip("-"))
    if fields is None:
        return rows
    return rows.order_by(*(f"-{field}" if asked.startswith("-") else field for field in fields), "-pk")
