"""Where a finding stands: open, waiting, decided, and how."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audits.models import Decision
from audits.queries.review import DECIDED, STANDINGS, WAITING
from compliance.engine.vocabulary import ACTIVITIES
from compliance.templatetags.icons import icon

register = template.Library()


DONE = {
    Decision.Kind.CONFIRM: "Confirmed",
    Decision.Kind.ACCEPT_RISK: "Risk accepted",
    Decision.Kind.FALSE_POSITIVE: "False positive",
    Decision.Kind.NEEDS_FACTS: "Facts asked for",
}


@register.filter
def doing(activity: str) -> str:
    """An activity as it reads at the head of a line: "Training a model on output"."""
    words = ACTIVITIES.get(activity, activity.replace("_", " "))
    return words[:1].upper() + words[1:]


@register.filter
def decided(kind: str) -> str:
    """A decision as it reads once it is made: "Confirmed", "Risk accepted"."""
    return DONE[Decision.Kind(kind)]


@register.simple_tag
def standing(value: str, decision: str | None = None) -> SafeString:
    """A finding's standing as a mark; a decided one names the decision."""
    if value == DECIDED and decision in Decision.Kind.values:
        return format_html('<span class="tag">{}{}</span>', icon("done"), decided(decision))
    drawing = "needs_facts" if value == WAITING else "waiting"
    return format_html('<span class="tag">{}{}</span>', icon(drawing), STANDINGS.get(value, value))
