"""Words that context and templates share: outcomes, counts, shares, lists, directions. PURE."""

import unicodedata

OUTCOME_WORDS = {
    "prohibited": "Prohibited",
    "needs_facts": "Needs facts",
    "permitted_with_duties": "Permitted, with duties",
    "permitted": "Permitted",
    "not_addressed": "Terms are silent",
}  # strictest first
NOTHING_TO_JUDGE = "No use to judge"


def numbered(count: int, thing: str) -> str:
    """1 call, 2 calls."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def percent(part: int, whole: int) -> str:
    """23 %, unbroken; a whole of 0 has no share. What is not all is never rounded to all, nor what is not nothing to nothing."""
    if not whole:
        return "–"
    if 0 < part < whole:
        return f"{min(99, max(1, round(100 * part / whole)))}\N{NO-BREAK SPACE}%"
    return f"{100 * part / whole:.0f}\N{NO-BREAK SPACE}%"


def listed(names: list[str], most: int = 0, word: str = "and") -> str:
    """A, B and C; beyond `most` the rest is counted."""
    shown = names if not most or len(names) <= most else [*names[: most - 1], f"{len(names) - most + 1} more"]
    return f" {word} ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def begins_from_the_right(text: str) -> bool:
    """Whether the first letter with a direction runs from right to left (as in HTML's dir=auto)."""
    strong = (unicodedata.bidirectional(letter) for letter in text if not letter.isascii() or letter.isalpha())
    return next((told for told in strong if told in ("L", "R", "AL")), "L") != "L"
