"""Lists: narrowed by words, sorted, paged and taken away as CSV, each in the same way.

A view says once what its columns are. `?words=` then narrows the list, `?sort=` orders it ("-key" the other way round), `?page=`
leafs through it, and `?as=csv` streams all of its rows from the same view: behind the same permission, narrowed by the same
filters, in the same order.
"""

import csv
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from compliance.templatetags.unseen import with_names
from compliance.text.cells import harmless
from compliance.views.pages import PER_PAGE, page_of

AT_ONCE: Final = 1000
"""Rows that are read at a time, so that a list of a million takes no more memory than a page."""
Prepared = Callable[[list[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Column:
    """A column of a list: `key` names it in `?sort=` and heads it in the CSV file, `value` is what a row says in it.

    `order` are the fields (of a plain list: the attributes) that it sorts by; without them it does not sort.
    """

    key: str
    value: Callable[[Any], object]
    order: tuple[str, ...] = ()


def field(key: str, *order: str, of: str = "") -> Column:
    """A column that says what a field of the row holds: `of` names it (dots lead on), or else the key. It sorts by `order`."""
    return Column(key, _reads(of or key), order)


def _reads(path: str) -> Callable[[Any], object]:
    def read(row: Any) -> object:
        for name in path.split("."):
            row = getattr(row, name, None)
            if row is None:
                return None
        return row

    return read


@dataclass(frozen=True)
class Listing:
    """A list: the name of its file, its columns, and the fields that `?words=` is looked for in (none: it is not offered)."""

    name: str
    columns: tuple[Column, ...]
    words: tuple[str, ...] = ()
    per_page: int = PER_PAGE

    def chosen(self, request: HttpRequest, rows: Any) -> Any:
        """The rows that the address asks for, in the order that it asks for; rows as they are where it names no column."""
        return self._sorted(request.GET.get("sort", ""), self._narrowed(request.GET.get("words", "").strip(), rows))

    def shown(self, request: HttpRequest, rows: Any, number: int | None = None) -> dict[str, Any]:
        """What the template of the list needs: the page that is asked for, and what may be done with the list. `number`: of these
        rows, where it is known already."""
        words = bool(self.words) and bool(request.GET.get("words", "").strip())
        page = page_of(request, self.chosen(request, rows), self.per_page, None if words else number)
        return {"page": page, "as_csv": True, "searches": bool(self.words)}

    def as_csv(
        self, request: HttpRequest, rows: Any, name: str = "", prepared: Prepared | None = None
    ) -> StreamingHttpResponse:
        """All rows that the address asks for, streamed as CSV. `prepared` makes of some rows at a time what columns read."""
        lines = self._lines(self.chosen(request, rows), prepared)
        headers = {"Content-Disposition": f'attachment; filename="{name or self.name}.csv"'}
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)

    def _narrowed(self, words: str, rows: Any) -> Any:
        if not words or not self.words:
            return rows
        if isinstance(rows, QuerySet):
            found = Q()
            for name in self.words:
                found |= Q(**{f"{name}__icontains": words})
            return rows.filter(found)
        told = [(_reads(name)) for name in self.words]
        return [row for row in rows if any(words.lower() in str(read(row) or "").lower() for read in told)]

    def _sorted(self, asked: str, rows: Any) -> Any:
        order = next((one.order for one in self.columns if one.order and one.key == asked.removeprefix("-")), None)
        if order is None:
            return rows
        if not isinstance(rows, QuerySet):
            return sorted(rows, key=_key(order), reverse=asked.startswith("-"))
        return rows.order_by(*(f"-{one}" if asked.startswith("-") else one for one in order), "-pk")

    def _lines(self, rows: Any, prepared: Prepared | None) -> Iterator[str]:
        writer = csv.writer(_Echo())
        yield writer.writerow([one.key for one in self.columns])
        found = rows.iterator(chunk_size=AT_ONCE) if isinstance(rows, QuerySet) else iter(rows)
        while some := list(islice(found, AT_ONCE)):
            for row in prepared(some) if prepared else some:
                yield writer.writerow([cell(one.value(row)) for one in self.columns])


def wants_csv(request: HttpRequest) -> bool:
    """Whether the address asks for the list as CSV."""
    return request.GET.get("as") == "csv"


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def cell(value: object) -> str:
    """A value as it stands in a CSV file: ISO days and times (UTC), true and false, "; " between several, empty for none.

    Characters that hide or turn text are shown by their names; nothing begins a formula.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return harmless(with_names("; ".join(str(one) for one in value)))
    return harmless(with_names(str(value)))


def _key(order: tuple[str, ...]) -> Callable[[Any], Any]:
    """What a row of a plain list sorts by; a field that is empty comes last."""
    reads = [attrgetter(name) for name in order]
    return lambda row: [(value is None, "" if value is None else value) for value in (read(row) for read in reads)]
