"""Where a finding stands: open, waiting, decided, and how."""

import datetime as dt
from collections.abc import Iterable

from django import template
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from audits.models import Decision, FactRequest, Run
from audits.queries.code_places import Place
from audits.queries.standing import DECIDED, STANDINGS, TO_BE_SHOWN, WAITING
from audits.queries.work import Step
from compliance.engine.phrases import fact_phrase
from compliance.engine.vocabulary import ACTIVITIES, missing_label
from compliance.templatetags.icons import icon
from compliance.templatetags.looks import day_text, sentence, visible

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


@register.simple_tag
def to_do(steps: Iterable[Step]) -> SafeString:
    """What to do about a finding, as a list; written here, as the lines of the code are, since a list of work has hundreds."""
    lines = ((format_html('<a href="{}">{}</a>', one.url, _words(one)) if one.url else _words(one),) for one in steps)
    return format_html('<ul class="todo">{}</ul>', format_html_join("", "<li>{}</li>", lines))


def _words(step: Step) -> SafeString:
    return visible(sentence(step.words))


@register.simple_tag
def code_places(places: Iterable[Place], run: Run, full: bool = False) -> SafeString:
    """Lines of the code; with `full` as they read, and where else to look when there is none."""
    shown = format_html_join("", '<div class="place"><span class="mono">{}</span>{}{}</div>', _lines(places, full))
    if shown:
        return shown
    return format_html('<span class="soft">{}</span>', _unseen(run) if full else "not seen in the code")


def _lines(places: Iterable[Place], full: bool) -> Iterable[tuple[SafeString, SafeString | str, SafeString | str]]:
    for one in places:
        snippet = format_html('<pre class="sent">{}</pre>', visible(one.snippet)) if full and one.snippet else ""
        yield visible(one), "" if one.exact else _BY_PROVIDER, snippet


_BY_PROVIDER = format_html(' <span class="soft small">{}</span>', "names whoever answers, not the model")


def _unseen(run: Run) -> SafeString:
    return format_html(
        "The scan saw no line that names it: the model may come from settings, data or an installed library. "
        '<a href="{}">Code beside run</a>',
        reverse("run-code", args=[run.pk]),
    )
