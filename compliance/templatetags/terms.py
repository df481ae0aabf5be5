"""How passages of terms and the marks beside them are written into a page."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from compliance.engine.broken import MEND
from compliance.models import RuleRevision
from compliance.queries.library import rule_of
from compliance.queries.reader import Highlight, Reader, Row
from compliance.templatetags.icons import icon
from compliance.templatetags.looks import visible
from compliance.text.diff import Mark, Touch
from compliance.text.labels import label_words

register = template.Library()

MODE_SHAPES = {
    "prohibition": ("prohibited", "Forbids"),
    "permission": ("permitted", "Allows"),
    "duty": ("permitted_with_duties", "Asks for"),
    "right": ("not_addressed", "Settles"),
}
STATE_WORDS = {
    "covered": "A rule reads it",
    "accepted": "Accepted clause",
    "suggested": "Suggested",
    "rejected": "Rejected",
}


@register.filter
def wrong_with(revision: RuleRevision) -> str:
    """What keeps the engine from reading a rule's revision; "" for one that it reads."""
    return rule_of(revision).broken


@register.simple_tag
def how_to_mend() -> str:
    """What to do about a rule that can't be read, as a sentence."""
    return f"{MEND}."


@register.filter
def labelled(label: str) -> str:
    """A clause's label in words."""
    return label_words(label)


@register.simple_tag
def mode_shape(mode: str) -> SafeString:
    """What a clause does, as a shape and a word: forbids, allows, asks for, settles; nothing for a mode that is not known."""
    if mode not in MODE_SHAPES:
        return mark_safe("")
    drawing, words = MODE_SHAPES[mode]
    return format_html('<span class="outcome plain o-{}">{}{}</span>', drawing, icon(drawing), words)


@register.filter
def mode_class(mode: str) -> str:
    """The class that gives a mode its colour."""
    return f"o-{MODE_SHAPES[mode][0]}" if mode in MODE_SHAPES else "o-not_addressed"


@register.filter
def state_words(state: str) -> str:
    """A highlight's state in words."""
    return STATE_WORDS.get(state, state)


@register.simple_tag(takes_context=True)
def passages(context: Context, reader: Reader) -> SafeString:
    """The text, passage by passage, with the notes beside it: written here, since a template for each would take seconds."""
    note = get_template("terms/_margin.html")
    shared = {key: context.get(key) for key in ("keeps_clauses", "csrf_token")}

    def beside(row: Row) -> str:
        notes = "".join(note.render({**shared, "mark": mark}) for mark in row.highlights)
        return f'<div class="margin" role="group" aria-label="Marked here">{notes}</div>' if notes else ""

    ranks = heading_ranks(row.passage.level if row.passage.kind == "heading" else None for row in reader.rows)
    shown = (_passage(row, reader.text, beside(row), rank) for row, rank in zip(reader.rows, ranks, strict=True))
    return mark_safe("".join(shown))  # noqa: S308 - see _words


def heading_ranks(levels: Iterable[int | None]) -> Iterator[int | None]:
    """The rank of each heading below the page's own: one more than that of the heading it stands under, however a text
    counts its levels. None for what is no heading."""
    under: list[int] = []
    for level in levels:
        if level is None:
            yield None
            continue
        while under and under[-1] >= level:
            under.pop()
        under.append(level)
        yield min(1 + len(under), 6)


def _passage(row: Row, text: str, beside: str, rank: int | None) -> str:
    passage = row.passage
    place = f"p-{passage.start}"
    heading = f' role="heading" aria-level="{rank}"' if rank else ""
    return (
        f'<div class="passage {passage.kind} d{passage.depth}" id="{place}">{beside}'
        f'<div class="words-of h{passage.level}"{heading}>{_words(row, text)}</div>'
        f'<a class="here" href="#{place}" aria-label="Link to this passage" tabindex="-1">¶</a></div>'
    )


def _words(row: Row, text: str) -> str:
    """A passage's wording, character by character: mark-up in spans that the page can show, clauses in marks.

    What stands after the passage (white space, rules) is there too, hidden, so that the whole text can be put together again.
    """
    parts: list[str] = []
    current: Highlight | None = None
    for run, highlight in row.pieces:
        if highlight is not current:
            parts.append("</mark>" if current else "")
            parts.append(_opening(highlight) if highlight else "")
            current = highlight
        words = visible(text[run.start : run.end])
        look = "mk" if run.markup else "b" if run.strong else ""
        parts.append(f'<span class="{look}">{words}</span>' if look else words)
    parts.append("</mark>" if current else "")
    tail = text[row.passage.end : row.passage.until]
    parts.append(f'<span class="mk">{visible(tail)}</span>' if tail else "")
    return "".join(parts)


def _opening(highlight: Highlight) -> str:
    shape = mode_class(highlight.mode)
    return format_html('<mark class="m {} {}" data-of="{}">', highlight.state, shape, highlight.anchor)


@register.simple_tag
def word_marks(marks: tuple[Mark, ...], side: str = "") -> SafeString:
    """A reworded passage with what is gone and what is new; `side` "old" or "new" leaves out the other's words."""
    left_out = {"old": Touch.ADDED, "new": Touch.GONE}.get(side)
    return mark_safe("".join(_touched(mark) for mark in marks if mark.touch is not left_out))  # noqa: S308 - see _touched


def _touched(mark: Mark) -> str:
    words = visible(mark.text)
    if mark.touch is Touch.KEPT:
        return words
    return f"<del>{words}</del>" if mark.touch is Touch.GONE else f"<ins>{words}</ins>"


@register.filter
def reasons(highlight: Highlight) -> list[dict[str, Any]]:
    """Why a passage was marked, each label once."""
    seen: dict[str, dict[str, Any]] = {}
    for reason in highlight.because:
        seen.setdefault(reason["label"], reason)
    return list(seen.values())
