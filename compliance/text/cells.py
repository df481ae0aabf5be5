"""What a cell of a CSV file may not begin with. PURE."""

from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")
"""What a spreadsheet takes a cell of a CSV file for a formula by (OWASP, CSV injection), wide forms included."""


def harmless(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula when it opens a CSV file."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
