"""The engine's library kept in this process between requests, and read anew whenever anything that it holds has changed.

Reading it costs a tenth of a second; asking whether it still holds costs two milliseconds. What was judged with it (its
`memory`) is kept with it.
"""

from dataclasses import dataclass, replace
from typing import Final

from django.db import connection, models

from compliance.engine.library import Library
from compliance.models import (
    Agreement,
    CatalogueEntry,
    Governance,
    ModelCorrection,
    Provider,
    Rule,
    RuleRevision,
    TermsDocument,
    User,
    Version,
)
from compliance.queries.library import agreements_of, library_from_database

MOST_RULINGS: Final = 4_000  # at some ten kilobytes each

_TABLES: Final[tuple[type[models.Model], ...]] = (
    Provider, TermsDocument, Version, Governance, CatalogueEntry, ModelCorrection, Rule, RuleRevision, Agreement,
    Agreement.documents.through,
)  # fmt: skip
"""Everything that `library_from_database` reads, but for the people who corrected a model's name."""

Stamp = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Kept:
    stamp: Stamp
    library: Library


_KEPT: Final[dict[str, _Kept]] = {}


def kept_library(project_id: int | None = None) -> Library:
    """`library_from_database`, for pages: the same library, which may have been read by an earlier request.

    One query when nothing has changed since. With a project: its own agreements beside the general ones.
    """
    library = _general()
    own = agreements_of(project_id) if project_id is not None else ()
    return replace(library, agreements=library.agreements + own) if own else library


def _general() -> Library:
    stamp, kept = library_stamp(), _KEPT.get("library")
    if kept is None or kept.stamp != stamp:
        # A change between the two queries is in the library and not in the stamp: the next request reads it once more.
        kept = _KEPT["library"] = _Kept(stamp, library_from_database())
    elif len(kept.library.memory.rulings) > MOST_RULINGS:
        kept = _KEPT["library"] = _Kept(stamp, replace(kept.library))
    return kept.library


def library_stamp() -> Stamp:
    """The number of rows of each table of the library, and a sum that changes with each of them.

    Whoever writes a row, by whatever way, leaves a new version of it, with a place and a transaction of its own: so nobody
    has to remember to tell us. Rows that this transaction has written itself count too.
    """
    with connection.cursor() as cursor:
        cursor.execute(_QUERY)
        return tuple((int(count), int(total)) for count, total in cursor.fetchall())


def _rows_of(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


_VERSIONS: Final = "SELECT count(*), coalesce(sum(hashtextextended(ctid::text || ' ' || xmin::text, 0)), 0) FROM "
_CORRECTORS: Final = f"{_rows_of(User)} WHERE id IN (SELECT corrected_by_id FROM {_rows_of(ModelCorrection)})"  # noqa: S608
_QUERY: Final = " UNION ALL ".join(_VERSIONS + rows for rows in (*map(_rows_of, _TABLES), _CORRECTORS))

__all__ = ["MOST_RULINGS", "kept_library", "library_stamp"]
