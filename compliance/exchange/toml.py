"""Rules as TOML, as the shipped rulebook writes them; `compliance.engine.rulebook.parse_rulebook` reads them back unchanged."""

import json
import re
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from compliance.engine.rules import Rule, rule_to_dict

HEAD: Final = """\
# Rules of Clausetrail, in our own words. A citation names the clause by the SHA-256 of its normalised text.
# `manage.py import_rules` makes drafts of them; a second person publishes.
"""
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+\Z")
_TO_ESCAPE: Final = re.compile(r"[\x00-\x1f\x7f\"\\]")


def rules_to_toml(rules: Iterable[Rule]) -> str:
    """One `[[rule]]` table for each rule, in the order given."""
    return HEAD + "".join(f"\n{rule_to_toml(rule)}" for rule in rules)


def rule_to_toml(rule: Rule) -> str:
    """The rule as one `[[rule]]` table, citations of one passage taken together."""
    data = rule_to_dict(rule)
    lines = ["[[rule]]", *(f"{key} = {_value(value)}" for key, value in data.items() if key not in _LISTS)]
    for key in _LISTS:
        rows = _together(data[key]) if key == "citations" else data.get(key, [])
        lines += [f"{key} = [", *(f"  {_value(row)}," for row in rows), "]"] if rows else []
    return "\n".join(lines) + "\n"


_LISTS: Final = ("exceptions", "citations")


def _together(citations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbouring citations of one passage as one row; the order of versions stays."""
    groups = groupby(citations, key=lambda one: (one["section"], one["sha256"]))
    return [
        {"versions": [label for one in rows for label in one["versions"]], "section": section, "sha256": digest}
        for (section, digest), rows in groups
    ]


def _value(value: Any) -> str:
    """A TOML value. Text that TOML has no way to write (lone surrogates) is refused with ValueError."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(part)}" for key, part in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return f"[{', '.join(map(_value, value))}]"


def _key(key: str) -> str:
    return key if _BARE.match(key) else _text(key)


def _text(text: str) -> str:
    """A basic string; escapes of TOML, which are those of JSON but for what lies beyond U+FFFF."""
    text.encode()
    return '"' + _TO_ESCAPE.sub(lambda match: _escaped(match.group()), text) + '"'


def _escaped(letter: str) -> str:
    return "\\u007f" if letter == "\x7f" else json.dumps(letter)[1:-1]
