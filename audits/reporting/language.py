"""The fixed words of a report in its language: a catalogue of words, and templates that are read through it. PURE.

Only what templates say themselves is translated. What a context holds was frozen as it was written, and stays so.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, pass_context
from jinja2.runtime import Context

WORDS: Final = Path(__file__).parent / "words"
_JINJA: Final = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_LITERAL: Final = re.compile(r'(?<![=!]= )"([A-Z][^"{}\n]*)"')
_MASK: Final = re.compile("\x00([0-9]+)\x01")
_ENGLISH_DAY: Final = re.compile(
    r"\b(\d{1,2}) (January|February|March|April|May|June|July|August|September|October|November|December) (\d{4})\b"
)


@cache
def catalogue(language: str) -> Mapping[str, Mapping[str, str]]:
    """`words`: English to the language; `months`: their names. Empty for English, and for a language without a catalogue."""
    path = WORDS / f"{language}.toml"
    if not re.fullmatch(r"[a-z]{2}", language) or not path.exists():
        return {"words": {}, "months": {}}
    held: Mapping[str, Mapping[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    return held


def say(text: str, language: str) -> str:
    """The words in the language, as they are where the catalogue has none."""
    return catalogue(language)["words"].get(text, text)


class TranslatedLoader(FileSystemLoader):
    """Templates with their fixed words in a language: texts between tags, and capitalised words given to macros."""

    def __init__(self, folder: Path, language: str) -> None:
        super().__init__(folder)
        self._language = language

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, name, is_fresh = super().get_source(environment, template)
        return translated(source, self._language), name, is_fresh


def translated(source: str, language: str) -> str:
    """A template's source with its fixed words in the language; expressions and names stay as they are."""
    words = catalogue(language)["words"]
    if not words:
        return source
    code: list[str] = []

    def hide(found: re.Match[str]) -> str:
        code.append(_LITERAL.sub(lambda one: f'"{words.get(one.group(1), one.group(1))}"', found.group()))
        return f"\x00{len(code) - 1}\x01"

    hidden = _JINJA.sub(hide, source)
    pieces = re.split(r"(<[^>]*>|\x00[0-9]+\x01)", hidden)
    told = "".join(piece if at % 2 else _text(piece, words) for at, piece in enumerate(pieces))
    return _MASK.sub(lambda found: code[int(found.group(1))], told)


def _text(piece: str, words: Mapping[str, str]) -> str:
    """A run of text, its white space around it kept."""
    key = " ".join(piece.split())
    if key not in words:
        return piece
    before = piece[: len(piece) - len(piece.lstrip())]
    return before + words[key] + piece[len(piece.rstrip()) :]


def localised(filters: Mapping[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    """Filters that write days, numbers, outcomes and headings in the report's language."""
    days, numbers = ("day", "moment"), ("count",)
    told: dict[str, Callable[..., Any]] = dict(filters)
    told |= {name: _filter(filters[name], _dated) for name in days}
    told |= {name: _filter(filters[name], _numbered) for name in numbers}
    told |= {name: _filter(filters[name], say) for name in ("outcome_word", "part_title")}
    told["decided"] = _filter(filters["decided"], _decided)
    told["say"] = _filter(str, say)
    return told


def _filter(plain: Callable[..., Any], localise: Callable[[str, str], str]) -> Callable[..., Any]:
    @pass_context
    def filtered(context: Context, *args: Any) -> Any:
        language = context["report"]["language"]
        told = plain(*args)
        return told if language == "en" else localise(told, language)

    return filtered


def _decided(text: str, language: str) -> str:
    """Ausnahme erteilt bis 31. Januar 2027, from Waived until 31 January 2027."""
    words, _, last = text.partition(" until ")
    return (
        say("{} until {}", language).format(say(words, language), _dated(last, language))
        if last
        else say(words, language)
    )


def _dated(text: str, language: str) -> str:
    """8. Juli 2026, from 8 July 2026."""
    months = catalogue(language)["months"]
    return _ENGLISH_DAY.sub(lambda one: f"{one[1]}. {months.get(one[2], one[2])} {one[3]}", text) if months else text


def _numbered(text: str, language: str) -> str:
    """18.022, from 18,022."""
    return text.replace(",", ".") if catalogue(language)["words"] else text
