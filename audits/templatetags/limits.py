"""A run's bounds in the words of its pages."""

from collections.abc import Mapping
from typing import Any

from django import template

from audits.run_limits import in_words

register = template.Library()


@register.filter
def bounds(limits: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each bound in force, and what happens beyond it."""
    return in_words(limits)


@register.filter
def dollars(value: float | None) -> str:
    """An amount of US dollars, to the tenth of a cent where it is small."""
    amount = float(value or 0)
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:,.4f}"
