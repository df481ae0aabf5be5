"""Rulings on how choices are drawn: faster than by Django's templates, and the same, character by character."""

from typing import Any

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from compliance.views.selects import Renderer

HOSTILE = "<script>alert(\"1\")</script> & '2'"
CHOICES: list[tuple[Any, Any]] = [
    ("", "Any"), (None, "None"), (1234567, 1234567), (1.5, HOSTILE), (HOSTILE, mark_safe("<b>safe</b>")),
    ("x", gettext_lazy("Yes")), (True, "true"), ("Group " + HOSTILE, [("a", "A"), ("b", HOSTILE)]), ("z", []),
]  # fmt: skip
WIDGETS = [
    (forms.Select, {}),
    (forms.Select, {"id": "id_x", "required": True, "disabled": False, "data-most": 12345, "title": HOSTILE}),
    (forms.SelectMultiple, {"size": 3}),
    (forms.CheckboxSelectMultiple, {"id": "id_x"}),
]


@pytest.mark.parametrize(("widget", "attrs"), WIDGETS)
@pytest.mark.parametrize("value", [None, "", "b", ["a", "x"], 1234567, HOSTILE])
def test_a_choice_is_drawn_as_djangos_templates_draw_it(widget: Any, attrs: dict[str, Any], value: Any) -> None:
    drawn = widget(attrs, choices=CHOICES)
    assert drawn.render("x", value, renderer=Renderer()) == drawn.render("x", value, renderer=DjangoTemplates())


def test_an_empty_choice_is_drawn_too() -> None:
    assert forms.Select().render("x", "", renderer=Renderer()) == forms.Select().render(
        "x", "", renderer=DjangoTemplates()
    )


def test_forms_are_drawn_that_way() -> None:
    assert isinstance(forms.Form().renderer, Renderer)
