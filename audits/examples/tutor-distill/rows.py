"""Reading and writing rows, one JSON object per line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OUT = HERE / "out"


def read(name: str) -> list[dict[str, Any]]:
    """All rows of a file beside this one."""
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def write(name: str, rows: Iterable[dict[str, Any]]) -> int:
    """Write rows to a file under out/; returns how many."""
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (OUT / name).write_text("".join(lines), encoding="utf-8")
    return len(lines)
