"""Dates that a text states of itself: when it takes effect, when it was last changed. Pure: standard library only.

What is found is a proposal, with the reason in words; a person may overrule it. A date stands in the head of a text or in a
line of its own, after words that say what it is. Dates inside clauses ("for users before 1 May, …") are somebody else's.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["effective", "updated"]

MONTHS: Final = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec"
)
MONTH_NUMBERS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
HEAD: Final = 2_500
"""Characters in which a date may stand amid other words; further down it must be a line of its own."""
LONGEST_TEXT: Final = 2_000_000

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?,?\s+)?"
_DATE = rf"""{_WEEKDAY}(?:
    (?P<iso_y>(?:19|20)\d\d)\s?[-/.年]\s?(?P<iso_m>\d{{1,2}})\s?[-/.月]\s?(?P<iso_d>\d{{1,2}})(?!\d)日?
  | (?P<mf_m>{MONTHS})\.?\s+(?P<mf_d>\d{{1,2}})(?:st|nd|rd|th)?(?:,|\s)\s*(?P<mf_y>(?:19|20)\d\d)
  | (?P<df_d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<df_m>{MONTHS})\.?,?\s+(?P<df_y>(?:19|20)\d\d)
  | (?P<num_a>\d{{1,2}})[/.-](?P<num_b>\d{{1,2}})[/.-](?P<num_y>20\d\d)(?!\d)
)"""
_BETWEEN = r"[\s:*_()\[\]\"'“”=,\\|-]{0,12}"
_EFFECTIVE = r"""(?:
    version\s+release\s+date | (?:version\s+)?effective\s*(?:date|from|since|starting)?
  | (?:in|into)\s+(?:effect|force)(?:\s+(?:from|since))?
  | tak(?:es|e|ing)\s+effect | valid\s+(?:from|as\s+of) | applicable\s+(?:from|as\s+of) | 生效(?:日期|时间)? | 生效日
)"""
_UPDATED = r"""(?:
    (?:(?:date\s+of\s+)?(?:the\s+)?last\s+|most\s+recently\s+)?(?:updated?|modified|modification|revised|revision|changed|amended|edited|reviewed)(?:\s?at\b|\s+date)?
  | (?:date\s+of\s+(?:last\s+)?|last\s+)(?:update|revision|change|modification) | last\s+updates?
  | release\s+date | version\s+\d[\d.]{0,8},? | (?:version|publication|published|posted|issue|issued)(?:\s+(?:date|on))? | dated
  | 更新(?:日期|时间|于)? | 最近更新(?:日期)? | 版本日期 | 发布(?:日期|时间)?
)"""
_JOIN = rf"{_BETWEEN}(?:(?:is|was|are|be|becomes?)\s+)?(?:(?:as\s+of|on|from|at|since|of)\s+)?(?:the\s+)?{_BETWEEN}(?:为|：)?"
_STATED = re.compile(
    rf"(?:(?<![a-z])(?P<effective>{_EFFECTIVE})|(?P<updated>{_UPDATED})){_JOIN}{_DATE}", re.IGNORECASE | re.VERBOSE
)
_AFTER = re.compile(rf"{_DATE}[ ]?\((?P<effective>effective)[ ]?(?:date)?\)", re.IGNORECASE | re.VERBOSE)
_ELSEWHERE = re.compile(
    r"\b(?:prior|previous(?:ly)?|earlier|older|superseded|until|before|after|announce|notice of|customers? who|users? who|"
    r"accounts? created|unless|amendment no|if you (?:signed|joined|became|accept))\b[^\n]{0,60}$",
    re.IGNORECASE,
)
_LINE_LIMIT: Final = 160
LONGEST_SENTENCE: Final = 300
_SENTENCE = re.compile(r"[.!?;][\"')\]*_]*\s+(?=[A-Z(\"“*_\[])|[。；]")
_MARKS = re.compile(r"[*_`#|\\]+")


@dataclass(frozen=True)
class StatedDate:
    """One date that a text states of itself: what it is, the day, where it stands (characters), and in which words."""

    kind: Kind
    day: dt.date
    start: int
    words: str
    certain: bool = True


@dataclass(frozen=True)
class ProposedDates:
    """From when a text is proposed to be in force, and why. `effective` and `updated`: what the text states, if anything.

    `words`: the sentence that says so. `contradiction`: that the text states several days on which it takes effect.
    """

    since: dt.date
    basis: str
    effective: dt.date | None = None
    updated: dt.date | None = None
    words: str = ""
    contradiction: str = ""


def stated_dates(text: str) -> tuple[StatedDate, ...]:
    """The dates that `text` states of itself, in page order. Texts are read up to two million characters.

    Dates further down count only when the head has none: papers annexed to a page have dates of their own.
    """
    text = text[:LONGEST_TEXT].casefold() if len(text.casefold()) == len(text) else text[:LONGEST_TEXT]
    found = {one.start: one for one in (*_found(_STATED, text), *_found(_AFTER, text))}
    head = {start for start in found if start < HEAD}
    return tuple(found[start] for start in sorted(head or found))


def _found(pattern: re.Pattern[str], text: str) -> Iterator[StatedDate]:
    for match in pattern.finditer(text):
        read = _day(match)
        if read is None or not _speaks_of_itself(text, match):
            continue
        kind: Kind = "effective" if match.group("effective") else "updated"
        words = " ".join(match.group().split())
        yield StatedDate(kind, read[0], match.start(), words, read[1])


def _speaks_of_itself(text: str, match: re.Match[str]) -> bool:
    """Whether the words stand in the head, or open a line of their own, and don't speak of another text."""
    line_start = text.rfind("\n", 0, match.start()) + 1
    before = text[line_start : match.start()]
    if _ELSEWHERE.search(before[-120:]):
        return False
    if match.start() < HEAD:
        return True
    line_end = text.find("\n", match.end())
    line = (line_end if line_end >= 0 else len(text)) - line_start
    return line <= _LINE_LIMIT and not re.search(r"\w{2,}.*\w{2,}.*\w{2,}", before)


def _day(match: re.Match[str]) -> tuple[dt.date, bool] | None:
    """The day, and whether day and month can be told apart."""
    part = match.groupdict()
    certain = True
    if part["iso_y"]:
        year, month, day = int(part["iso_y"]), int(part["iso_m"]), int(part["iso_d"])
    elif part["mf_y"]:
        year, month, day = int(part["mf_y"]), MONTH_NUMBERS[part["mf_m"][:3].lower()], int(part["mf_d"])
    elif part["df_y"]:
        year, month, day = int(part["df_y"]), MONTH_NUMBERS[part["df_m"][:3].lower()], int(part["df_d"])
    else:
        first, second, year = int(part["num_a"]), int(part["num_b"]), int(part["num_y"])
        month, day = (second, first) if first > 12 else (first, second)
        certain = first > 12 or second > 12 or first == second
    try:
        return dt.date(year, month, day), certain
    except ValueError:
        return None


def propose_dates(text: str, captured_on: dt.date) -> ProposedDates:
    """From when the text is in force, by what it states of itself; else from the day on which it was first captured.

    The day it takes effect comes first, even one that lies ahead (announced); then the day of its last change, unless that lies
    after the capture; then the capture.
    """
    stated = stated_dates(text)
    effective = next((one for one in stated if one.kind == "effective"), None)
    updated = next((one for one in stated if one.kind == "updated"), None)
    days = (effective.day if effective else None, updated.day if updated else None)
    rests_on = effective or updated
    words = sentence_at(text, rests_on.start) if rests_on else ""
    if effective:
        ahead = f", announced: captured on {captured_on} already" if effective.day > captured_on else ""
        basis = f"stated effective date{ahead}{_doubt(effective)}"
        return ProposedDates(effective.day, basis, *days, words, _contradiction(stated))
    if updated and updated.day <= captured_on + dt.timedelta(days=1):
        return ProposedDates(updated.day, f"stated as last updated{_doubt(updated)}", *days, words)
    if updated:
        basis = f"captured; its stated update of {updated.day} lies after the capture"
        return ProposedDates(captured_on, basis, *days, words)
    return ProposedDates(captured_on, "states no date; counted from its first capture", *days)


def sentence_at(text: str, start: int) -> str:
    """The sentence of `text` in which the character at `start` stands, without marks of layout, at most 300 characters."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[max(line_start, start - 600) : min(line_end if line_end >= 0 else len(text), start + 600)]
    at = start - max(line_start, start - 600)
    begins = max((end.end() for end in _SENTENCE.finditer(line, 0, at)), default=0)
    ends = next((end.start() + 1 for end in _SENTENCE.finditer(line, at)), len(line))
    return " ".join(_MARKS.sub(" ", line[begins:ends]).split())[:LONGEST_SENTENCE]


def _contradiction(stated: Sequence[StatedDate]) -> str:
    """That a text says in one breath that it takes effect on several days; "" when it does not."""
    days = sorted({one.day for one in stated if one.kind == "effective"})
    if len(days) < 2:
        return ""
    return f"states {len(days)} days on which it takes effect, {', '.join(map(str, days[:4]))}"


def _doubt(stated: StatedDate) -> str:
    return "" if stated.certain else "; day and month can't be told apart, read as month first"
