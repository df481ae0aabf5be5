"""On which line of a TOML file a problem lies, for a message that names a table and a key. Pure."""

import re
from typing import Final

_PLACE: Final = re.compile(r"\[\[(?P<table>\w+)\]\] (?P<index>\d+)(?P<rest>[^:]*)")
_HEADER: Final = re.compile(r"^\s*\[\[\s*(?P<table>[\w-]+)\s*\]\]")
_KEYS: Final = re.compile(r"\.(\w+)")


def line_of(text: str, message: str) -> int | None:
    """The line (from 1) of the table, or of the key in it, that a message such as "[[rule]] 3 'a/b:r'.effect: …" names."""
    said = _PLACE.search(message)
    if said is None:
        return None
    lines = text.split("\n")
    start = _header(lines, said["table"], int(said["index"]))
    if start is None:
        return None
    keys = _KEYS.findall(message[said.end("index") :].partition(": ")[0].rpartition("'")[2])
    for number in range(start + 1, len(lines)):
        if _HEADER.match(lines[number]):
            break
        if keys and re.match(rf"\s*{re.escape(keys[0])}\s*=", lines[number]):
            return number + 1
    return start + 1


def _header(lines: list[str], table: str, index: int) -> int | None:
    """Where the table with that number begins; lines inside multi-line strings are not looked through."""
    seen, inside = 0, ""
    for number, line in enumerate(lines):
        if inside:
            inside = "" if inside in line else inside
            continue
        header = _HEADER.match(line)
        if header and header["table"] == table:
            seen += 1
            if seen == index:
                return number
        inside = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")
    return None
