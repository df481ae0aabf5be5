"""What of a page decides whether its text is the same. Pure: standard library only.

A page is captured hundreds of times while its provider changes a word twice. What differs in between is links' targets and
their tracking parts, white space, marks of layout, the order in which parts of one document were joined, counters of cookie
vendors, the year in the footer. The canonical text is the set of the page's sentences without all that. Two captures say
the same when these sets are equal; what a person reads, and what clauses are found in, is the text itself.
"""

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from compliance.sources.dates import MONTH_NUMBERS, MONTHS
from compliance.sources.phrases import LAYOUT

RULES: Final = 2
"""Number of these rules. A text judged by another number is judged again, and a difference is a technical upgrade."""

_IMAGE = re.compile(r"!\[[^\[\]\n]{0,2000}\]\([^()\n]{0,4000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{0,2000})\]\((?:[^()\n]|\([^()\n]{0,2000}\)){0,4000}\)")
_REFERENCE = re.compile(r"^[ \t]*\[[^\]\n]{1,200}\]:[ \t]*\S+.*$", re.MULTILINE)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>\[\])\"']+", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]{0,500}>|<!--(?:(?!-->|<!--).){0,5000}-->", re.DOTALL)
_SENTENCE_END = re.compile(r"(?<=[.!?;])[\"')\]]?\s+|(?<=[。；！？：])")
_YEAR = re.compile(r"\d{4}")
_NOT_WORD = re.compile(r"[\W_]+")
_SPACE = re.compile(r"\s+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ufffd]")
_SIGNS: Final = {
    "%": " percent ", "$": " dollars ", "€": " euros ", "£": " pounds ", "¥": " yen ",
    "©": " copyright ", "<": " less ", ">": " more ", "≤": " atmost ", "≥": " atleast ",
}  # fmt: skip
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ?({MONTHS})\.?,? ?(\d{{4}})\b")
_YEAR_FIRST = re.compile(r"(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?日")
_MONTH_FIRST = re.compile(rf"({MONTHS})\.? ?(\d{{1,2}})(?:st|nd|rd|th)?,? ?(\d{{4}})\b")


@dataclass(frozen=True)
class Canonical:
    """The sentences of a page that decide sameness: what is compared (letters and digits only) to how the page words it."""

    sentences: Mapping[str, str]
    layout: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Hexadecimal SHA-256 over the sorted sentences: equal for pages that say the same."""
        return hashlib.sha256("\n".join(sorted(self.sentences)).encode()).hexdigest()

    @cached_property
    def joined(self) -> str:
        """All sentences in page order, without anything in between: finds a sentence that is cut elsewhere."""
        return "".join(self.sentences)

    @property
    def size(self) -> int:
        """Letters and digits that count."""
        return len(self.joined)


def canonical(text: str) -> Canonical:
    """The canonical text of a page given as Markdown or plain text.

    In order: Unicode NFKC; HTML entities read; tags, comments, images and link targets dropped, link words kept; each line
    cut into sentences; dates brought to one order; case, punctuation and spaces dropped; lines of layout set aside.
    """
    sentences: dict[str, str] = {}
    layout: list[str] = []
    for line in _plain(text).split("\n"):
        for sentence in _sentences(line):
            words = _words(sentence)
            if not words:
                continue
            if LAYOUT.fullmatch(words):
                layout.append(words)
            else:
                sentences.setdefault(words.replace(" ", ""), sentence.strip())
    return Canonical(sentences, tuple(layout))


def unlinked_digest(text: str) -> str:
    """A quick hash over the text without link targets and white space: equal texts have equal canonical texts."""
    return hashlib.sha256(_SPACE.sub(" ", _LINK.sub(r"\1", text)).encode("utf-8", "surrogatepass")).hexdigest()


def canonical_digest(text: str) -> str:
    """The hash that decides whether two texts are the same."""
    return canonical(text).digest


def _plain(text: str) -> str:
    text = html.unescape(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    text = _REFERENCE.sub("", _LINK.sub(r"\1", _LINK.sub(r"\1", _IMAGE.sub("", text))))
    return _ADDRESS.sub(" ", _TAG.sub(" ", text))


def _sentences(line: str) -> Iterator[str]:
    line = _SPACE.sub(" ", line).strip()
    return (part for part in _SENTENCE_END.split(line) if part)


def _words(sentence: str) -> str:
    """Plain lower-case words with single spaces; amounts keep their signs, dates are year-month-day."""
    text = _SIGN.sub(lambda sign: _SIGNS[sign.group()], sentence.casefold())
    if _YEAR.search(text):
        text = _DAY_FIRST.sub(lambda day: _date(day[3], day[2], day[1]), text)
        text = _YEAR_FIRST.sub(lambda day: f" {day[1]} {int(day[2]):02d} {int(day[3]):02d} ", text)
        text = _MONTH_FIRST.sub(lambda day: _date(day[3], day[1], day[2]), text)
    return _NOT_WORD.sub(" ", text).strip()


def _date(year: str, month: str, day: str) -> str:
    return f" {year} {MONTH_NUMBERS[month[:3]]:02d} {int(day):02d} "
