"""The tables of a report: what the spreadsheet shows and the CSV files hold, read from the frozen context alone. PURE."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

Context = Mapping[str, Any]
Row = Sequence[Any]


class Kind(StrEnum):
    """What a column holds. Hashes and names are text, whatever they look like."""

    TEXT = "text"
    LONG = "long text"
    HASH = "hash"
    COUNT = "whole number"
    NUMBER = "number"
    DAY = "day"
    MOMENT = "time"
    FLAG = "yes or no"


@dataclass(frozen=True)
class Column:
    """`name`: for programs and the dictionary; `title`: for people; `words`: what it means."""

    name: str
    title: str
    kind: Kind
    words: str


@dataclass(frozen=True)
class Table:
    """One table. `rows` reads the context and gives one value for each column: JSON values, None where nothing is known.

    `whole`: how many rows there are in the record when the context keeps fewer; None: the table is whole. `part`: the key of
    the context without which there is no such table, since nobody chose that part or the audience does not get it.
    """

    name: str
    title: str
    words: str
    columns: tuple[Column, ...]
    rows: Callable[[Context], Iterator[Row]]
    whole: Callable[[Context], int | None] = lambda context: None
    part: str = ""


_KINDS: Final = {
    "t": Kind.TEXT, "l": Kind.LONG, "h": Kind.HASH, "c": Kind.COUNT, "n": Kind.NUMBER, "d": Kind.DAY, "m": Kind.MOMENT,
    "f": Kind.FLAG,
}  # fmt: skip


def columns(*lines: str) -> tuple[Column, ...]:
    """Columns from lines of `name | title | kind's first letter | words`."""
    found = []
    for line in lines:
        name, title, kind, words = (part.strip() for part in line.split("|", 3))
        found.append(Column(name, title, _KINDS[kind], words))
    return tuple(found)


def counted(part: str, total: str, rows: str) -> Callable[[Context], int | None]:
    """How many there are in the record, when the context keeps fewer."""

    def count(context: Context) -> int | None:
        whole = (context.get(part) or {}).get(total)
        return whole if isinstance(whole, int) and whole > len(parts_of(context, part, rows)) else None

    return count


def parts_of(context: Context, *path: str) -> Sequence[Mapping[str, Any]]:
    """The list at a path of the context; empty where a context (an older one, or one of another scope) has none."""
    value: Any = context
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, list) else []


def texts(value: Any) -> str:
    """A list as one text, a value as itself; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return str(value)
