"""Single values of a log as what they mean: times, counts, money, the words that were said. PURE.

Tolerant of how a value is written, strict about what it says: a count that is no number is an error, never a guess.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from audits.ingest.records import Unreadable

EXCERPT = 240
NAME = 300
_LONGEST_READ = 4 * EXCERPT
# Of one record, and far beyond what anybody uses: so no sum of a log's days outgrows what the database can hold.
_LARGEST = 10**12
_EARLIEST, _LATEST = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST_SECONDS, _LATEST_SECONDS = _EARLIEST.timestamp(), _LATEST.timestamp()
# Thirteen digits may be read as a day of the 18th century and an hour as well.
_SINCE_1970 = re.compile(r"\d{9,}")
_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?")
# Upper bound of an epoch time in each unit, and how many of the unit make a second.
_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
_MOST_MONEY, _SMALLEST_MONEY = Decimal(10) ** 9, Decimal("1e-10")
_WRAPPERS = (
    "data",
    "records",
    "traces",
    "requests",
    "entries",
    "Records",
    "value",
    "events",
    "logEvents",
)
_DEEPEST = 6
_DECODER, _BLANKS = json.JSONDecoder(), re.compile(r"\s*")


def moment(value: Any, field: str, zone: tzinfo = UTC) -> datetime:
    """A time as UTC: ISO 8601 (where it names no zone: in `zone`) or seconds, milli-, micro- or nanoseconds since 1970."""
    if type(value) is float and _EARLIEST_SECONDS <= value < _LATEST_SECONDS:
        return datetime.fromtimestamp(value, UTC)
    found = _iso(value, zone) if isinstance(value, str) and not _SINCE_1970.fullmatch(value.strip()) else None
    if found is None:
        found = _epoch(value, field)
    if not _EARLIEST <= found < _LATEST:
        raise Unreadable(f"{field}: {str(value)[:60]} is no time between 2015 and 2100")
    return found


def _iso(text: str, zone: tzinfo) -> datetime | None:
    plain = text.strip()
    if plain.endswith(" UTC"):
        plain, zone = plain.removesuffix(" UTC"), UTC
    try:
        found = datetime.fromisoformat(plain)
        return (found.replace(tzinfo=zone) if found.tzinfo is None else found).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _epoch(value: Any, field: str) -> datetime:
    if value is None or value == "":
        raise Unreadable(f"{field}: no time")
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise Unreadable(f"{field}: {str(value)[:60]!r} is no time")
    for bound, unit in _UNITS:
        if 0 <= value < bound:
            return _EPOCH + timedelta(microseconds=int(value * 10**6 // unit))
    raise Unreadable(f"{field}: {str(value)[:60]} is no time")


def count(value: Any, field: str) -> int | None:
    """A number of tokens or calls; None when it is not given. Raises Unreadable for what is no count."""
    if type(value) is int:
        found = value
    elif value is None or value == "":
        return None
    else:
        found = _whole(value, field)
    if not 0 <= found <= _LARGEST:
        raise Unreadable(f"{field}: {str(value)[:60]} is no count")
    return found


def _whole(value: Any, field: str) -> int:
    text = value.strip() if isinstance(value, str) else value
    if isinstance(text, str) and _NUMBER.fullmatch(text):
        text = float(text) if "." in text else int(text)
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    if isinstance(text, bool) or not isinstance(text, int):
        raise Unreadable(f"{field}: {str(value)[:60]!r} is no count")
    return text


def http_status(value: Any, field: str) -> int | None:
    """An HTTP status; None when it is not given, or 0, as some write it where no answer came."""
    found = count(value, field) or None
    if found is not None and not 100 <= found < 600:
        raise Unreadable(f"{field}: {str(value)[:60]} is no HTTP status")
    return found


def summed(*parts: int | None) -> int | None:
    """The sum of what is given; None when nothing is."""
    given = [part for part in parts if part is not None]
    return sum(given) if given else None


def whole_input(plain: int | None, cached: int | None) -> int | None:
    """Input tokens with those that were read from a cache or written to one. Tools mostly count them in; where there are more of
    them than of all, the tool took Anthropic's or Amazon's word, which counts them beside the others.
    """
    return plain if plain is None or not cached or cached <= plain else plain + cached


def money(value: Any, field: str) -> Decimal | None:
    """An amount; None when it is not given. Credits may be negative."""
    if value is None or value == "":
        return None
    if type(value) is bool:
        raise Unreadable(f"{field}: {value} is no amount")
    try:
        found = Decimal(_plain_amount(value, field) if type(value) is str else str(value))
    except InvalidOperation as problem:
        raise Unreadable(f"{field}: {str(value)[:60]!r} is no amount") from problem
    if not found.is_finite() or abs(found) >= _MOST_MONEY:
        raise Unreadable(f"{field}: {str(value)[:60]} is no amount")
    exponent = found.as_tuple().exponent
    return found.quantize(_SMALLEST_MONEY) if isinstance(exponent, int) and exponent < -10 else found


# A comma stands between thousands, or for the point: a guess would make an amount a thousand times what it is.
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?")


def _plain_amount(text: str, field: str) -> str:
    plain = text.strip().removeprefix("$")
    if "," not in plain:
        return plain
    if not _THOUSANDS.fullmatch(plain):
        raise Unreadable(f"{field}: {text[:60]!r} is no amount; write it with a point before the cents")
    return plain.replace(",", "")


def name(value: Any, limit: int = NAME) -> str:
    """A name or id, cut to `limit` characters; "" for what is none."""
    if type(value) is str:
        return value[:limit]
    return str(value)[:limit] if isinstance(value, int | float) and not isinstance(value, bool) else ""


def fields(value: Any) -> Mapping[str, Any]:
    """An object, also one written as JSON text (as in the cells of a CSV); {} for anything else."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str) and value[:1] == "{":
        return fields(_json(value))
    return {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def said(value: Any) -> str:
    """The words in what was asked or answered, whatever shape it has, as an excerpt: the last message of a conversation."""
    text = value if type(value) is str and value[:1] not in ("[", "{") else _words(value, _DEEPEST)
    return " ".join(text[:_LONGEST_READ].split())[:EXCERPT]


def _words(value: Any, depth: int) -> str:
    if type(value) is str:
        parsed = _json(value) if value[:1] in ("[", "{") and depth == _DEEPEST else None
        return value if parsed is None else _words(parsed, depth - 1)
    if depth <= 0 or not value:
        return ""
    if isinstance(value, dict):
        return _first_words(value, depth - 1)
    if isinstance(value, list):
        if len(value) == 1 or _is_talk(value):
            return _words(value[-1], depth - 1)
        return " ".join([_words(one, depth - 1) for one in value[:8]])
    return ""


def _first_words(value: dict[str, Any], depth: int) -> str:
    for key in _SPEAKING:
        if key in value and (found := _words(value[key], depth)):
            return found
    return ""


_SPEAKING = (
    "content", "text", "messages", "prompt", "choices", "message", "parts", "output", "input", "contents", "arguments",
    "inputText", "outputText", "results", "generation", "candidates", "completion", "delta",
)  # fmt: skip


def _is_talk(values: list[Any]) -> bool:
    return isinstance(values[-1], dict) and "role" in values[-1]


def one_after_another(text: str) -> Iterator[Any]:
    """JSON values that follow one another with nothing but blanks between, as streams of Amazon deliver them, and jq writes
    them. Raises JSONDecodeError (a place in `text`) or RecursionError at the first that is none."""
    at = _BLANKS.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        value, at = _DECODER.raw_decode(text, at)
        yield value
        at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]


def unwrapped(value: Any) -> Iterator[Any]:
    """The records in a document: the list under a key that exports wrap their records in, else the value itself."""
    if isinstance(value, list):
        for one in value:
            yield from unwrapped(one) if isinstance(one, list) or _is_page(one) else [one]
        return
    if _is_page(value):
        yield from unwrapped(value["log"]["entries"] if "log" in value else value[_wrapper(value)])
        return
    yield value


def _is_page(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    log = value.get("log")
    return bool(_wrapper(value)) or (isinstance(log, dict) and isinstance(log.get("entries"), list))


def _wrapper(value: dict[str, Any]) -> str:
    return next((key for key in _WRAPPERS if isinstance(value.get(key), list)), "")
