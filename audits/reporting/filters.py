"""How the report writes dates, counts, hashes and the words of others."""

import base64
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from audits.text import visible
from compliance.engine.vocabulary import ACTIVITIES, FACTS
from compliance.templatetags.icons import DRAWINGS

OUTCOMES = {
    "prohibited": "Prohibited",
    "needs_facts": "Needs facts",
    "permitted_with_duties": "Permitted, with duties",
    "permitted": "Permitted",
    "not_addressed": "Terms are silent",
    "": "No use to judge",
}
_BREAKS = re.compile(r"([/_.:@=&?,-])")


def day(text: str | None) -> str:
    """8 July 2026, from an ISO date or time."""
    if not text:
        return "–"
    date = dt.date.fromisoformat(text[:10])
    return f"{date.day} {date:%B %Y}"


def moment(text: str | None) -> str:
    """8 July 2026, 14:03:09 UTC, from an ISO time."""
    if not text:
        return "–"
    at = dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    return f"{at.day} {at:%B %Y, %H:%M:%S} UTC"


def clock(text: str | None) -> str:
    """14:03:09.120, from an ISO time."""
    if not text:
        return "–"
    return f"{dt.datetime.fromisoformat(text).astimezone(dt.UTC):%H:%M:%S.%f}"[:-3]


def count(value: Any) -> str:
    """18,022; a dash for what is not known."""
    return "–" if value is None else f"{value:,}"


def counted(value: int, thing: str, things: str = "") -> str:
    """1 call, 2 calls."""
    return f"{value:,} {thing if value == 1 else things or thing + 's'}"


def size(value: int | None) -> str:
    """Bytes as people read them."""
    if value is None:
        return "–"
    amount = float(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:,.1f} {unit}"
        amount /= 1000
    return f"{value:,} bytes"


def share(part: int, whole: int) -> str:
    """23 %; a dash where there is no whole."""
    return f"{part / whole:.0%}" if whole else "–"


def shown(value: Any) -> Markup:
    """The words of others: harmless, and with places where a long name may break."""
    text = str(escape(visible("" if value is None else str(value))))
    return Markup(_BREAKS.sub("\\1<wbr>", text) if "&" not in text else text)  # noqa: S704 - escaped in the line above


def value_of(value: Any) -> str:
    """A fact's value in words."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def fact_label(path: str) -> str:
    """A fact's path as people call it."""
    if path.startswith("terms:"):
        return f"the text of {path[6:]}"
    return FACTS[path].label if path in FACTS else path


def fact_question(path: str) -> str:
    """The question that asks a person for a missing fact."""
    if path.startswith("terms:"):
        return f"Obtain and hold the text of {path[6:]} as in force that day."
    return FACTS[path].question if path in FACTS else path


def activity(value: str) -> str:
    return ACTIVITIES.get(value, value)


def short_hash(value: str) -> str:
    return value.removeprefix("sha256:")[:12]


COLOURS = {
    "prohibited": "#A3241F",
    "needs_facts": "#8A5A00",
    "permitted_with_duties": "#3B4CC0",
    "permitted": "#0B6B57",
    "not_addressed": "#565D6B",
}


def mark(name: str, colour: str = "") -> Markup:
    """The drawing of an outcome or of a fact's source as an image; words always stand beside it."""
    ink = colour or COLOURS.get(name, "#1B1F27")
    drawing = DRAWINGS[name].replace('class="solid"', f'fill="{ink}" stroke="none"')
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16" fill="none" '
        f'stroke="{ink}" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round">{drawing}</svg>'
    )
    encoded = base64.b64encode(svg.encode()).decode()
    return Markup('<img class="mark" alt="{}:" src="data:image/svg+xml;base64,{}">').format(
        name.replace("_", " "), encoded
    )


FILTERS: dict[str, Callable[..., Any]] = {
    "day": day, "moment": moment, "clock": clock, "count": count, "counted": counted, "size": size, "share": share,
    "shown": shown, "value_of": value_of, "fact_label": fact_label, "fact_question": fact_question, "activity": activity,
    "short_hash": short_hash, "mark": mark, "outcome_word": lambda o: OUTCOMES.get(o, o),
}  # fmt: skip
