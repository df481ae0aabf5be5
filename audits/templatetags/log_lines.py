"""Lines of a run's log, written straight out: a page has five hundred of them, and takes twice as long to fill in a template."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audits.models import LogLine
from compliance.templatetags.looks import clock, visible

register = template.Library()


@register.simple_tag
def log_lines(lines: Iterable[LogLine], numbered: bool = False) -> SafeString:
    """The lines with their times; `numbered` for the page that asks for what came after them."""
    rows = ((one.stream, _number(one) if numbered else "", clock(one.at), visible(one.text)) for one in lines)
    return format_html_join("", '<div class="line {}"{}>{}<span>{}</span></div>', rows)


def _number(line: LogLine) -> SafeString:
    return format_html(' data-seq="{}"', line.seq)
