"""How listings are paged that decide much about each row; how lists sort is told in compliance.views.lists."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from compliance.views.pages import page_of

__all__ = ["InTwoSteps", "page_of"]


class InTwoSteps(Sequence[Any]):
    """The rows of a query for whoever pages through them: which they are and in what order is asked at once, of as little as that
    takes; only the rows that are shown are read in full. A query that decides much about each row so sorts none of its columns.
    `shown`: what the rows that are shown are read with, where that is less than what puts them in order.
    """

    def __init__(self, rows: QuerySet[Any], shown: QuerySet[Any] | None = None) -> None:
        self._rows = rows if shown is None else shown
        self._keys = list(rows.values_list("pk", flat=True))

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, asked: Any) -> Any:
        keys = self._keys[asked]
        if not isinstance(keys, list):
            return self._rows.get(pk=keys)
        held = {row.pk: row for row in self._rows.order_by().filter(pk__in=keys)}
        return [held[key] for key in keys if key in held]
