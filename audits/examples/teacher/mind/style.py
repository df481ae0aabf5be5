"""How a model family tends to put things. The knowledge is the same for all; length, layout and openings differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Style:
    """`length` is the usual number of sentences; `lines` puts each on a line of its own in how-to answers."""

    length: int
    lines: bool
    openings: tuple[str, ...]
    closings: tuple[str, ...]
    unknown: tuple[str, ...]


_PLAIN = Style(
    length=3,
    lines=False,
    openings=("", "", "Sure. ", "Happy to help. "),
    closings=("", "", "", " Let me know if that does not work."),
    unknown=(
        "I don't know about that; it is outside what I have notes on.",
        "I'm not sure. My notes say nothing about it, so please ask a person.",
    ),
)
_WARM = Style(
    length=4,
    lines=False,
    openings=("", "Good question. ", "Here is what I can tell you. "),
    closings=("", "", " I hope that clears it up."),
    unknown=(
        "I don't know enough about this to answer it well.",
        "I'm not certain about this one, and I would rather not guess.",
    ),
)
_LISTED = Style(
    length=3,
    lines=True,
    openings=("", "", "Let’s look at it step by step.\n\n", "In short:\n\n"),
    closings=("", "", "\n\nThat is the idea behind “{title}”."),
    unknown=("I don't know. Nothing I have learned covers this.",),
)
_BY_FAMILY = {"claude": _WARM, "deepseek": _LISTED}


def style_of(model: str) -> Style:
    """The style of a model's family, told by the first part of its name."""
    return _BY_FAMILY.get(model.partition("-")[0], _PLAIN)
