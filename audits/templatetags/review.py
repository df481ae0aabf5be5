"""Where a finding stands: open, waiting, decided, and how."""

import datetime as dt

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from audits.models import Decision, FactRequest
from audits.queries.standing import DECIDED, STANDINGS, TO_BE_SHOWN, WAITING
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import ACTIVITIES, missing_label
from compliance.templatetags.icons import icon
from compliance.templatetags.looks import day_text

register = template.Library()


@register.filter
def doing(activity: str) -> str:
    """An activity as it reads at the head of a line: "Training a model on output"."""
    words = ACTIVITIES.get(activity, activity.replace("_", " "))
    return words[:1].upper() + words[1:]


@register.filter
def answered_with(asked: FactRequest) -> str:
    """What a request for a fact was answered with, in words."""
    if asked.answer is None:
        return asked.reply
    words = fact_phrase(asked.answer.fact, asked.answer.value)
    return words[:1].upper() + words[1:]


@register.filter
def fact_label(fact: str) -> str:
    """What a fact is called: "the student's base model"."""
    return missing_label(fact)


@register.filter
def decided(kind: str) -> str:
    """A decision as it reads once it is made: "Confirmed", "Risk accepted"."""
    return Decision.Kind(kind).done


@register.simple_tag
def standing(value: str, decision: str | None = None, until: dt.date | None = None) -> SafeString:
    """A finding's standing as a mark; a decided one names the decision, and its last day when it has one."""
    if value == DECIDED and decision in Decision.Kind.values:
        end = format_html(" until {}", day_text(until)) if until else ""
        return format_html('<span class="tag">{}{}{}</span>', icon("done"), decided(decision), end)
    drawing = {WAITING: "needs_facts", TO_BE_SHOWN: "turning"}.get(value, "waiting")
    return format_html('<span class="tag">{}{}</span>', icon(drawing), STANDINGS.get(value, value))
