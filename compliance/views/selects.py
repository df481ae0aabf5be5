"""How forms are drawn: as Django's templates do it, but for the options of a choice, which are put together at once.

A template for each option takes some sixty microseconds; a list of time zones has 600 of them, one of runs thousands.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.forms.renderers import DjangoTemplates
from django.template import Context
from django.template.base import render_value_in_context
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

SELECT: Final = "django/forms/widgets/select.html"
OPTION: Final = "django/forms/widgets/select_option.html"
_CONTEXT: Final = Context()


class Renderer(DjangoTemplates):
    """Draws widgets of forms, see above; what comes out is the same, character by character."""

    def render(self, template_name: str, context: Any, request: Any = None) -> SafeString:
        if template_name == SELECT and _plain(context["widget"]["optgroups"]):
            return _select(context["widget"])
        return mark_safe(super().render(template_name, context, request))  # noqa: S308 - a template has rendered it


def _plain(groups: Iterable[Any]) -> bool:
    return all(option["template_name"] == OPTION for _, options, _ in groups for option in options)


def _select(widget: Mapping[str, Any]) -> SafeString:
    parts = [f'<select name="{_told(widget["name"])}"{_attributes(widget["attrs"])}>']
    for name, options, _ in widget["optgroups"]:
        parts.append(f'\n  <optgroup label="{_told(name)}">' if name else "")
        parts += [
            f'\n  <option value="{_as_text(one["value"])}"{_attributes(one["attrs"])}>{_told(one["label"])}</option>\n'
            for one in options
        ]
        parts.append("\n  </optgroup>" if name else "")
    return mark_safe("".join(parts) + "\n</select>")  # noqa: S308 - every part above is escaped


def _attributes(attrs: Mapping[str, Any]) -> str:
    told = ((_told(name), value) for name, value in attrs.items() if value is not False)
    return "".join(f" {name}" if value is True else f' {name}="{_as_text(value)}"' for name, value in told)


def _as_text(value: Any) -> str:
    """A value that is no word to people: a number as it is, not as a country writes it."""
    return conditional_escape(str(value))


def _told(value: Any) -> str:
    """As a template tells it."""
    return conditional_escape(value) if isinstance(value, str) else render_value_in_context(value, _CONTEXT)
