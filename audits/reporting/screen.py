"""A report on a screen, before there is paper: the same templates and words, with a sheet of styles for reading in a window."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from audits.reporting.pdf import TEMPLATES, render_html

NOT_MADE: Final = "not made yet"
CUT: Final = (
    '<div class="cut"><strong>First pages.</strong> This report is large: the preview has its summary and the first finding of '
    "each outcome. What is made has every part that you chose.</div>"
)


@cache
def _styles() -> str:
    return "".join((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "screen.css"))


def screen_html(context: Mapping[str, Any], *, whole: bool) -> str:
    """The preview as one HTML document that loads nothing. `whole`: it shows all that would be made."""
    text = render_html(context, NOT_MADE)
    text = text.replace("</head>", f"<style>{_styles()}</style></head>", 1)
    return text if whole else text.replace('<section class="cover">', f'{CUT}<section class="cover">', 1)
