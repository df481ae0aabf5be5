"""Marks and words of the portfolio matrix."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django import template
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from compliance.engine.portfolio import Cell, Trial, Way
from compliance.engine.vocabulary import ACCESS_KINDS, ACTIVITIES, FACTS
from compliance.exchange.gateways import fact_in_words
from compliance.templatetags.icons import icon
from compliance.templatetags.looks import called, named, visible

register = template.Library()

# A state takes the shape and colour of the outcome that it comes from.
STATES = {
    "allowed": ("permitted", "Allowed"),
    "conditional": ("needs_facts", "Conditional"),
    "forbidden": ("prohibited", "Forbidden"),
    "unknown": ("not_addressed", "Unknown"),
}


@register.simple_tag
def state(value: str, plain: bool = False) -> SafeString:
    """A state's badge: shape, word and colour."""
    return _badge(str(value), plain)


@lru_cache(maxsize=16)
def _badge(value: str, plain: bool) -> SafeString:
    outcome, words = STATES[value]
    return format_html(
        '<span class="outcome o-{}{}">{}{}</span>', outcome, " plain" if plain else "", icon(outcome), words
    )


@register.filter
def state_class(value: str) -> str:
    """The class that gives an element the state's colours."""
    return f"o-{STATES[str(value)][0]}"


@register.filter
def state_words(value: str) -> str:
    return STATES[str(value)][1]


@register.filter
def access_words(way: Way) -> str:
    """How one gets at the models: "API", "consumer app", "weights"."""
    return {"api": "API", "consumer_app": "consumer app", "weights": "weights"}.get(
        way.access, ACCESS_KINDS[way.access]
    )


@register.filter
def purpose(activity: str) -> str:
    """A purpose as it reads at the head of a line: "Training a model on output"."""
    words = ACTIVITIES.get(activity, activity)
    return words[:1].upper() + words[1:]


@register.filter
def fact_question(path: str) -> str:
    """The question that would settle a fact; the fact itself for one that nobody asks."""
    return FACTS[path].question if path in FACTS else path


@register.filter
def declared(path: str, value: object) -> str:
    """A declared fact in words."""
    return fact_in_words(path, value)


@register.filter
def trial_words(trial: Trial) -> str:
    """What a trial supposes: "the student is distributed", "kind of student: a classifier"."""
    definition = FACTS[trial.fact]
    if definition.allowed and str(trial.value) in definition.allowed:
        return f"{definition.label}: {definition.allowed[str(trial.value)]}"
    return fact_in_words(trial.fact, trial.value)


@register.simple_tag
def matrix_cells(cells: Iterable[Cell], names: Mapping[str, str], query: str) -> SafeString:
    """A row's cells, each a link to what it rests on: written here, since the template would take as long as the judging."""
    return format_html_join("", _CELL, (_parts(cell, names, f"?{query}" if query else "") for cell in cells))


_CELL = '<td class="{}" data-label="{}"><a href="{}{}" aria-label="{}: {}, {}, {}">{}<span class="brief">{}</span>{}</a></td>'
_LIFTED = format_html('<span class="tag">{}</span>', "by agreement")


def _parts(cell: Cell, names: Mapping[str, str], query: str) -> tuple[str, ...]:
    way, label = cell.way, purpose(cell.activity)
    return (
        state_class(cell.state), label, _address(get_script_prefix(), cell.activity, way.key), query,
        state_words(cell.state), named(called(way.provider, names)), access_words(way), label,
        _badge(str(cell.state), True), visible(cell.brief), _LIFTED if cell.lifted_by else "",
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _address(prefix: str, activity: str, way: str) -> str:
    """Where a cell is explained; `prefix`: what every address of this installation begins with, which `reverse` knows itself."""
    return reverse("portfolio-cell", args=[activity, way])
