"""How the report writes dates, counts, hashes and the words of others."""

import base64
import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from unicodedata import east_asian_width

from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from audits.gap_kinds import EXECUTE, GapKind, gap_kind, why_not
from audits.models import Decision
from audits.reporting.alike import Alike, runs, spans, topic, work_together
from audits.reporting.options import ANNEXES, PARTS, STANDARD, places_of
from audits.reporting.wording import NOTHING_TO_JUDGE, OUTCOME_WORDS, begins_from_the_right, percent
from audits.text import visible
from compliance.engine.vocabulary import ACTIVITIES, FACTS, MENDED_RULE, missing_label
from compliance.templatetags.icons import DRAWINGS

_ISO_DAY = re.compile(r"(?<![\w@/.-])(\d{4})-(\d\d)-(\d\d)(?![\w/-])")  # not the day in a model's name

_AS_OFFERED = {str(kind.label): kind.done for kind in Decision.Kind}


def day(text: str | None) -> str:
    """8 July 2026, from an ISO date or time."""
    if not text:
        return "–"
    date = dt.date.fromisoformat(text[:10])
    return f"{date.day} {date:%B %Y}"


def decided(one: Mapping[str, Any]) -> str:
    """A decision as a sentence begins with it: "Waived until 31 January 2027". Contexts kept before have what a form offers."""
    words = _AS_OFFERED.get(one["words"], one["words"])
    return f"{words} until {day(one['until'])}" if one.get("until") else words


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
    return percent(part, whole)


def shown(value: Any) -> Markup:
    """The words of others, harmless: markup escaped, and characters that hide or turn the text spelled out."""
    return escape(visible("" if value is None else str(value)))


def prose(value: Any) -> Markup:
    """A sentence of others, harmless, with its ISO days written out: 8 July 2026."""
    return shown(days_written_out(str(value)))


def days_written_out(text: str) -> str:
    """The text with 2026-07-08 as 8 July 2026."""
    return _ISO_DAY.sub(_written_out, text)


def _written_out(found: re.Match[str]) -> str:
    try:
        return day(found.group())
    except ValueError:
        return found.group()


def brief(text: Any, most: int = 90) -> str:
    """The words of others on one line that has no room to grow: a long name loses its middle."""
    line = " ".join(visible(str(text)).split())
    if _width(line) <= most:
        return line
    most = most if line.isascii() else most // 2
    return line if len(line) <= most else f"{line[: most - most // 4 - 1]}…{line[-(most // 4) :]}"


def _width(text: str) -> int:
    """Columns of a line; Chinese, Japanese and Korean characters take two."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


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
    return missing_label(path)


def fact_question(path: str) -> str:
    """The question that asks a person for a missing fact."""
    if path.startswith("terms:"):
        return f"Obtain and hold the text of {path[6:]} as in force that day."
    if path.startswith(MENDED_RULE):
        return f"Mend the published rule {path.removeprefix(MENDED_RULE)}, which can’t be read."
    return FACTS[path].question if path in FACTS else path


def activity(value: str) -> str:
    """An activity in words."""
    return ACTIVITIES.get(value, value)


def stated(row: Mapping[str, Any]) -> str:
    """A fact's value as people say it, by what the vocabulary knows of the fact."""
    known, value = FACTS.get(row.get("fact") or ""), row.get("value")
    if known is not None and known.allowed and isinstance(value, str):
        return known.allowed.get(value, value)
    return days_written_out(str(value)) if row.get("fact") == "on" else value_of(value)


def outcome_word(outcome: str) -> str:
    """An outcome as it is shown."""
    return OUTCOME_WORDS.get(outcome, outcome or NOTHING_TO_JUDGE)


def gap_told(gap: Mapping[str, Any]) -> GapKind:
    """What a gap is in words; a context of long ago may not say in which step."""
    return gap_kind(gap["kind"], gap.get("step") or EXECUTE)


def kinds_of_gaps(gaps: Sequence[Mapping[str, Any]]) -> Sequence[tuple[str, GapKind]]:
    """Each kind with its code, once for all gaps that mean the same, in the order in which they come."""
    return list(dict.fromkeys((one["kind"], gap_told(one)) for one in gaps))


def short_hash(value: str) -> str:
    return value.removeprefix("sha256:")[:12]


COLOURS = {
    "prohibited": "#8F1D19",
    "needs_facts": "#8F5E00",
    "permitted_with_duties": "#3B4CC0",
    "permitted": "#0B6B57",
    "not_addressed": "#565D6B",
}


@cache
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


def parts_of(report: Mapping[str, Any]) -> Sequence[str]:
    """The chosen parts in order; those of a report that was made before there was a choice."""
    return tuple(report.get("parts") or STANDARD)


def body_parts(report: Mapping[str, Any]) -> Sequence[str]:
    """The chosen parts that are no annexes, in order."""
    return [name for name in parts_of(report) if name not in ANNEXES]


RUN_ON: Mapping[str, int] = {
    "changes": 1, "worklist": 1,
    "method": 2, "pipeline": 2,
    "usage": 3, "lineage": 3,
    "decisions": 4, "terms": 4, "clauses": 4, "questionnaire": 4, "reconciliation": 4, "patterns": 4, "traffic": 4, "gaps": 4,
    "approvals": 4, "remarks": 4,
    "annex-facts": 5, "annex-manifest": 5, "annex-scan": 5,
}  # fmt: skip
"""Parts that follow each other on one page where there is room: neighbours of the same number. Others begin a page."""
NOTHING: Mapping[str, Callable[[Any], bool]] = {
    "changes": lambda told: not told["changes"],
    "worklist": lambda told: not told["worklist"],
    "usage": lambda told: not told["providers"],
    "graph": lambda told: not told["graph"]["nodes"],
    "findings": lambda told: not told["findings"],
    "annex-calls": lambda told: not told["calls"]["rows"],
    "annex-rows": lambda told: not told["rows"]["rows"],
    "annex-facts": lambda told: not any(one["facts"] for one in told["findings"]),
    "annex-manifest": lambda told: not told["run"]["manifest_text"],
}
"""Parts that may be one sentence, since nothing is on record; such a one runs on with its neighbours."""
LONG_WORK = 40
"""A work list of more entries begins a page, so that it can be laid out apart."""


@pass_context
def is_bare(context: Context, part: str) -> bool:
    """Whether the part says in one sentence that nothing is on record."""
    return part in NOTHING and NOTHING[part](context)


@pass_context
def grouped_parts(context: Context, report: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    """The parts in order, annexes last, those that run on together."""
    annexes = [name for name in PARTS if name in ANNEXES and name in parts_of(report)]
    return [*_run_on(context, body_parts(report)), *_run_on(context, annexes)]


def _run_on(context: Context, names: Sequence[str]) -> list[list[str]]:
    found: list[list[str]] = []
    for name in names:
        if found and _follows(context, found[-1][-1], name):
            found[-1].append(name)
        else:
            found.append([name])
    return found


def _follows(context: Context, before: str, name: str) -> bool:
    """Whether the part may begin on the page on which the one before it ends."""
    if name == "worklist" and len(context["worklist"]) > LONG_WORK:
        return False
    if name in RUN_ON and RUN_ON[name] == RUN_ON.get(before):
        return True
    free = [part in RUN_ON or is_bare(context, part) for part in (before, name)]
    return all(free) and (is_bare(context, before) or is_bare(context, name))


@pass_context
def chosen(context: Context, part: str) -> bool:
    """Whether the part is in this report."""
    return part in parts_of(context["report"])


@pass_context
def place(context: Context, part: str) -> str:
    """The part's number or letter; empty where it was not chosen."""
    return places_of(parts_of(context["report"])).get(part, "")


@pass_context
def in_part(context: Context, part: str) -> str:
    """Where something stands: part 6, Annex B; empty where the part was not chosen."""
    at = places_of(parts_of(context["report"])).get(part)
    return "" if at is None else f"{'Annex' if part in ANNEXES else 'part'} {at}"


def part_title(part: str) -> str:
    """The words of the part's heading."""
    return PARTS[part]


@pass_context
def printed(context: Context, number: int) -> bool:
    """Whether the finding of this number is printed in full, so that it can be linked."""
    report = context["report"]
    if "findings" not in parts_of(report):
        return False
    return report.get("depth") != "summary" or number in context["summary"]["key_findings"]


@pass_context
def printed_groups(context: Context, groups: Sequence[Alike]) -> Sequence[Alike]:
    """The groups of findings that are printed in full, each with those of its members that are."""
    told = [Alike([one for one in group.members if printed(context, one["number"])]) for group in groups]
    return [group for group in told if group.members]


def turned(text: Any) -> Markup:
    """The attribute of an element whose words begin from the right."""
    return Markup(' dir="rtl"') if begins_from_the_right(str(text)) else Markup("")


def uniform(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    """Whether the rows have the same under that key."""
    return all(one.get(key) == rows[0].get(key) for one in rows)


FILTERS: dict[str, Callable[..., Any]] = {
    "activity": activity,
    "body_parts": body_parts,
    "chosen": chosen,
    "gap_told": gap_told,
    "why_not": why_not,
    "grouped_parts": grouped_parts,
    "is_bare": is_bare,
    "in_part": in_part,
    "part_title": part_title,
    "parts_of": parts_of,
    "place": place,
    "printed": printed,
    "printed_groups": printed_groups,
    "spans": spans,
    "topic": topic,
    "turned": turned,
    "uniform": uniform,
    "work_together": work_together,
    "brief": brief,
    "clock": clock,
    "count": count,
    "counted": counted,
    "day": day,
    "decided": decided,
    "fact_label": fact_label,
    "fact_question": fact_question,
    "mark": mark,
    "moment": moment,
    "kinds_of_gaps": kinds_of_gaps,
    "outcome_word": outcome_word,
    "prose": prose,
    "runs": runs,
    "share": share,
    "short_hash": short_hash,
    "shown": shown,
    "size": size,
    "stated": stated,
    "value_of": value_of,
}
