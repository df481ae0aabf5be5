"""One use of a model as facts, each with its source; unknown facts are absent, never guessed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final, TypeAlias

from compliance.engine.vocabulary import ACTIVITIES, FACTS, SOURCES, FactDefinition

FactValue: TypeAlias = str | bool | int | float | date

_FACT_KEYS: Final = ("value", "source", "by", "note")
_AUTHORISATION_KEYS: Final = ("reference", "grants", "from", "to", "granted_by")


class UseError(ValueError):
    """A use that can't be read; the message names the key, what is allowed there, and the nearest spelling."""


@dataclass(frozen=True)
class Fact:
    """A value and where it comes from: observed, inferred or declared, by whom, with a note such as the evidence."""

    value: FactValue
    source: str = "declared"
    by: str = ""
    note: str = ""


@dataclass(frozen=True)
class Authorisation:
    """A written permission on record. `until` is its last day; `granted_by` is a provider's slug ("": the model's developer)."""

    reference: str
    grants: tuple[str, ...]
    since: date | None = None
    until: date | None = None
    granted_by: str = ""

    def holds(self, activity: str, on: date) -> bool:
        """Whether it allows `activity` on that day."""
        return (
            activity in self.grants
            and (self.since is None or self.since <= on)
            and (self.until is None or on <= self.until)
        )


@dataclass(frozen=True)
class Use:
    """One use: facts by dotted path ("student.kind"). Build it with `parse_use`, or here with facts of known source."""

    id: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    authorisation: Authorisation | None = None

    def __post_init__(self) -> None:
        for path, fact in self.facts.items():
            if path not in FACTS or path == "authorisation":
                raise UseError(f"{path}: no such fact{_nearest(path, FACTS)}")
            if not isinstance(fact.value, date):
                _fact(FACTS[path], fact.value, path)
            if fact.source not in SOURCES:
                raise UseError(f"{path}: source {fact.source!r} is none of {', '.join(SOURCES)}")

    def value(self, path: str) -> FactValue | None:
        """The fact's value, None when unknown."""
        fact = self.facts.get(path)
        return None if fact is None else fact.value

    def text(self, path: str) -> str | None:
        """The fact as text, None when unknown."""
        value = self.value(path)
        return None if value is None else str(value)

    @property
    def on(self) -> date | None:
        """The day of use, None when unknown."""
        value = self.value("on")
        return value if isinstance(value, date) else None


def parse_use(data: Mapping[str, Any], where: str = "use") -> Use:
    """Read one use of the `assess` interface.

    A key that is absent or null is an unknown fact. Each fact may be a plain value (its source is then "declared") or an object
    with value, source, by and note. Raises UseError for anything unknown, with the path from `where`.
    """
    if not isinstance(data, Mapping):
        raise UseError(f"{where}: expected an object, found {_kind(data)}")
    identifier = data.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise UseError(f"{where}.id: expected text, found {_kind(identifier)}")
    facts: dict[str, Fact] = {}
    _collect(data, "", where, facts)
    use = object.__new__(Use)  # every fact was just read, so there is nothing for __post_init__ to check again
    authorisation = _authorisation(data.get("authorisation"), f"{where}.authorisation")
    use.__dict__.update(id=identifier or "", facts=facts, authorisation=authorisation)
    return use


_GROUPS: Final = {path.partition(".")[0] for path in FACTS if "." in path}
_CHILDREN: Final[Mapping[str, tuple[str, ...]]] = {
    "": ("id", *dict.fromkeys(path.partition(".")[0] for path in FACTS)),
    **{group: tuple(p.partition(".")[2] for p in FACTS if p.startswith(group + ".")) for group in _GROUPS},
}


def _collect(data: Mapping[str, Any], group: str, where: str, facts: dict[str, Fact]) -> None:
    for key, raw in data.items():
        if key not in _CHILDREN[group]:
            raise UseError(f"{where}.{key}: unknown key{_nearest(str(key), _CHILDREN[group])}")
        if raw is None or (group == "" and key in ("id", "authorisation")):
            continue
        path, place = (f"{group}.{key}" if group else key), f"{where}.{key}"
        if path in _GROUPS:
            if not isinstance(raw, Mapping):
                raise UseError(f"{place}: expected an object, found {_kind(raw)}")
            _collect(raw, path, place, facts)
        else:
            fact = _fact(FACTS[path], raw, place)
            if fact is not None:
                facts[path] = fact


@lru_cache(maxsize=20_000, typed=True)
def _plain_fact(path: str, raw: str | bool | int | float) -> Fact:
    return Fact(read_value(FACTS[path], raw, ""))


def _fact(definition: FactDefinition, raw: Any, where: str) -> Fact | None:
    if isinstance(raw, (str, bool, int, float)):
        try:
            return _plain_fact(definition.path, raw)
        except UseError:
            return Fact(read_value(definition, raw, where))
    if not isinstance(raw, Mapping):
        return Fact(read_value(definition, raw, where))
    for key in raw:
        if key not in _FACT_KEYS:
            raise UseError(f"{where}.{key}: unknown key{_nearest(str(key), _FACT_KEYS)}")
    if raw.get("value") is None:
        return None
    source = raw.get("source", "declared")
    if source not in SOURCES:
        raise UseError(f"{where}.source: {source!r} is not a source{_nearest(str(source), SOURCES)}")
    value = read_value(definition, raw["value"], f"{where}.value")
    return Fact(value, source, _text(raw.get("by"), f"{where}.by"), _text(raw.get("note"), f"{where}.note"))


def read_value(definition: FactDefinition, raw: Any, where: str) -> FactValue:
    """The value as the fact's kind, or UseError with `where`, what is allowed, and the nearest spelling."""
    if definition.kind == "bool":
        if not isinstance(raw, bool):
            raise UseError(f"{where}: expected true or false, found {_shown(raw)}")
        return raw
    if definition.kind in ("count", "amount"):
        return _number(definition, raw, where)
    if definition.kind == "date":
        return read_date(raw, where)
    if not isinstance(raw, str) or not raw.strip():
        raise UseError(f"{where}: expected text, found {_shown(raw)}")
    if definition.allowed is not None and raw not in definition.allowed:
        raise UseError(f"{where}: {raw!r} is not known{_nearest(raw, definition.allowed)}")
    return raw


def _number(definition: FactDefinition, raw: Any, where: str) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not 0 <= raw < float("inf"):
        raise UseError(f"{where}: expected a number of at least 0, found {_shown(raw)}")
    if definition.kind == "count" and int(raw) != raw:
        raise UseError(f"{where}: expected a whole number, found {_shown(raw)}")
    return raw


def read_date(raw: Any, where: str) -> date:
    """A day as YYYY-MM-DD, or UseError."""
    if isinstance(raw, date):
        return raw
    try:
        if isinstance(raw, str) and len(raw) == 10:
            return date.fromisoformat(raw)
    except ValueError:
        pass
    raise UseError(f"{where}: expected a day such as 2025-06-30, found {_shown(raw)}")


def _authorisation(raw: Any, where: str) -> Authorisation | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise UseError(f"{where}: expected an object, found {_kind(raw)}")
    for key in raw:
        if key not in _AUTHORISATION_KEYS:
            raise UseError(f"{where}.{key}: unknown key{_nearest(str(key), _AUTHORISATION_KEYS)}")
    grants = raw.get("grants") or []
    if not isinstance(grants, (list, tuple)):
        raise UseError(f"{where}.grants: expected a list of activities, found {_kind(grants)}")
    for index, activity in enumerate(grants):
        if activity not in ACTIVITIES:
            raise UseError(f"{where}.grants[{index}]: {activity!r} is not known{_nearest(str(activity), ACTIVITIES)}")
    since, until = (None if raw.get(key) is None else read_date(raw[key], f"{where}.{key}") for key in ("from", "to"))
    if since and until and until < since:
        raise UseError(f"{where}.to: {until} lies before its beginning, {since}")
    reference = _text(raw.get("reference"), f"{where}.reference")
    return Authorisation(reference, tuple(grants), since, until, _text(raw.get("granted_by"), f"{where}.granted_by"))


def _text(raw: Any, where: str) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise UseError(f"{where}: expected text, found {_kind(raw)}")
    return raw


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 80 else text[:77] + "..."


def _kind(raw: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(raw), "null" if raw is None else type(raw).__name__)


def _nearest(word: str, allowed: Iterable[str]) -> str:
    known = [str(item) for item in allowed]
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"; allowed: {', '.join(known)}{hint}"
