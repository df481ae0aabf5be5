"""Waivers: findings that somebody answers for until a day, kept in a file beside the code. PURE.

    [[waiver]]
    id = "openai/services-agreement:competing-models@openai"
    reason = "Order form 2026-17 allows it."
    by = "Dana Reyes, legal"
    until = 2027-01-31

A waiver hides nothing: what it covers is listed with its reason. One that has ended covers nothing, and one that covers
nothing is named.
"""

import datetime as dt
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEYS = ("id", "reason", "by", "until")
NAME = "clausetrail-waivers.toml"
EXAMPLE = '[[waiver]] with id = "…", reason = "…", by = "…", until = 2027-01-31'


class WaiverError(ValueError):
    """A file of waivers that can't be read; one line for each complaint, with file, waiver and key."""


@dataclass(frozen=True)
class Waiver:
    """`until`: the last day on which it covers the finding of that id."""

    id: str
    reason: str
    by: str
    until: dt.date

    def covers(self, identifier: str, on: dt.date) -> bool:
        return self.id == identifier and on <= self.until


def parse_waivers(text: str, filename: str = NAME) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises WaiverError with every complaint at once."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise WaiverError(f"{filename}: not TOML: {error or 'nested too deeply'}; a waiver reads {EXAMPLE}") from error
    unknown = [key for key in data if key != "waiver"]
    if unknown or not isinstance(data.get("waiver", []), list):
        raise WaiverError(f"{filename}: {', '.join(unknown) or 'waiver'}: not understood; a waiver reads {EXAMPLE}")
    complaints: list[str] = []
    found: dict[str, Waiver] = {}
    for number, entry in enumerate(data.get("waiver", []), start=1):
        where = f"{filename}: waiver {number}"
        problems = _problems(entry, where)
        if not problems and entry["id"] in found:
            problems = [f"{where}: id: {entry['id']} is waived twice; keep one"]
        if not problems:
            found[entry["id"]] = Waiver(*(entry[key] for key in KEYS))
        complaints += problems
    if complaints:
        raise WaiverError("\n".join(complaints))
    return tuple(found.values())


def _problems(entry: Any, where: str) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"{where}: expected a table: {EXAMPLE}"]
    found = [f"{where}: {key}: unknown key; there are {', '.join(KEYS)}" for key in entry if key not in KEYS]
    for key in ("id", "reason", "by"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            found.append(f"{where}: {key}: missing; a waiver says what, why and who answers for it")
    until = entry.get("until")
    if not isinstance(until, dt.date) or isinstance(until, dt.datetime):
        found.append(f"{where}: until: expected its last day, such as 2027-01-31, without quotes")
    return found
