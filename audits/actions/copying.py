"""Bulk writes through PostgreSQL's binary COPY: rows are tuples in column order, built once and handed over as they are."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection, models

_TYPES = {
    "BigAutoField": "int8",
    "BigIntegerField": "int8",
    "BooleanField": "bool",
    "CharField": "varchar",
    "DateTimeField": "timestamptz",
    "DecimalField": "numeric",
    "FloatField": "float8",
    "ForeignKey": "int8",
    "JSONField": "jsonb",
    "PositiveBigIntegerField": "int8",
    "PositiveIntegerField": "int4",
    "PositiveSmallIntegerField": "int2",
    "TextField": "text",
    "UUIDField": "bytea",  # in binary, both are their bytes
}


@cache
def _statement(model: type[models.Model], columns: tuple[str, ...], table: str) -> str:
    fields = _fields(model, columns)
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    return f"COPY {connection.ops.quote_name(table or model._meta.db_table)} ({names}) FROM STDIN (FORMAT BINARY)"


@cache
def copy_types(model: type[models.Model], columns: tuple[str, ...]) -> list[str]:
    """PostgreSQL's type of each of these attributes: binary COPY converts nothing."""
    return [_TYPES[field.get_internal_type()] for field in _fields(model, columns)]


def _fields(model: type[models.Model], columns: tuple[str, ...]) -> list[Any]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in columns]


def copy_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]], table: str = ""
) -> None:
    """Append rows to the model's table. `columns` names attributes (run_id, not run); each row has their values in that order.

    `table`: another one with the same columns, as for rows that have to be sifted first.

    Values must have the columns' own types (aware datetimes, lists or dicts for JSON; of a UUID its 16 bytes). One bad row
    fails the whole batch: the error, one of Django's, tells which value. Runs in the caller's transaction.
    """
    statement, types = _statement(model, tuple(columns), table), copy_types(model, tuple(columns))
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        copy.set_types(types)
        write = copy.write_row
        for row in rows:
            write(row)


def next_ids(model: type[models.Model], count: int) -> range | list[int]:
    """Reserve ids of the model's sequence, so that rows can refer to each other before they are written."""
    if count <= 0:
        return range(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]
