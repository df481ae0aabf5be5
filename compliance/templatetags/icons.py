"""One set of small drawings for pages and paper: 16 units square, stroked in the colour of the text beside them.

An outcome and a fact's source each have a shape of their own, so that they are told apart without colour.
"""

from functools import lru_cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

DRAWINGS = {
    # outcomes
    "prohibited": '<path d="M5.2 1.8h5.6l3.4 3.4v5.6l-3.4 3.4H5.2l-3.4-3.4V5.2zM4.8 8h6.4"/>',
    "needs_facts": (
        '<path d="M8 1.2 14.8 8 8 14.8 1.2 8z"/><path d="M6.5 6.5a1.5 1.5 0 1 1 2.3 1.3c-.5.3-.8.6-.8 1.1"/>'
        '<circle class="solid" cx="8" cy="11" r=".9"/>'
    ),
    "permitted_with_duties": '<rect x="2" y="2" width="12" height="12" rx="1.5"/><path d="M5 5.5h6M5 8h6M5 10.5h4"/>',
    "permitted": '<circle cx="8" cy="8" r="6.4"/><path d="m5.1 8.2 2 2 3.8-4.2"/>',
    "not_addressed": '<circle cx="8" cy="8" r="6.2" stroke-dasharray="2.6 2.27" stroke-linecap="butt"/>',
    # where a fact comes from
    "observed": '<circle class="solid" cx="8" cy="8" r="6"/>',
    "inferred": '<circle cx="8" cy="8" r="5.6"/><path class="solid" d="M8 2.4a5.6 5.6 0 0 0 0 11.2z"/>',
    "declared": '<circle cx="8" cy="8" r="5.2" stroke-width="2.2"/>',
    # states
    "waiting": '<circle cx="8" cy="8" r="5.6"/>',
    "turning": '<path d="M8 2a6 6 0 1 1-6 6"/>',
    "done": '<path d="m2.8 8.6 3.4 3.4 7-7.6"/>',
    "failed": '<path d="m3.6 3.6 8.8 8.8M12.4 3.6l-8.8 8.8"/>',
    "stopped": '<rect x="3.4" y="3.4" width="9.2" height="9.2" rx="1"/>',
    "lost": '<path d="M8 2.2a5.8 5.8 0 1 0 5.8 5.8"/><path d="M8 4.8V8l2.4 1.6M10.4 2.8l1 .5M13 5l.5 1"/>',
    # places
    "overview": '<path d="M2.2 2.2h4.6v4.6H2.2zM9.2 2.2h4.6v4.6H9.2zM2.2 9.2h4.6v4.6H2.2zM9.2 9.2h4.6v4.6H9.2z"/>',
    "findings": '<path d="M3.4 14.4V1.8M3.4 2.6h8.8l-2 3 2 3H3.4"/>',
    "work": '<path d="M9.6 2.6a3.4 3.4 0 0 0 3.8 4.6L6.6 14 4 11.4l6.8-6.8"/><path d="m2 4.2 2.2 2.2 2.2-2.2L4.2 2"/>',
    "pipelines": (
        '<circle cx="3.8" cy="3.6" r="1.8"/><circle cx="3.8" cy="12.4" r="1.8"/><circle cx="12.2" cy="8" r="1.8"/>'
        '<path d="M3.8 5.4v5.2M5.6 3.6c3 0 3 4.4 4.8 4.4M5.6 12.4c3 0 3-4.4 4.8-4.4"/>'
    ),
    "runs": '<path d="M4.2 2.4v11.2L13 8z"/>',
    "graph": (
        '<circle cx="3.4" cy="8" r="1.7"/><circle cx="12.6" cy="3.6" r="1.7"/><circle cx="12.6" cy="12.4" r="1.7"/>'
        '<path d="M5 7.2 11 4.4M5 8.8l6 2.8"/>'
    ),
    "imports": '<path d="M2.6 9.4v4.2h10.8V9.4M8 2v7.6M4.8 6.6 8 9.8l3.2-3.2"/>',
    "terms": '<path d="M3 2.2h7.4l2.6 2.6v9H3zM10.2 2.4v2.8h2.6M5.4 7.8h5.2M5.4 10.6h5.2"/>',
    "reports": '<path d="M2.4 13.8h11.2M4 11.4V8.2M8 11.4V2.6M12 11.4V5.6"/>',
    "portfolio": '<path d="M2.2 2.2h11.6v11.6H2.2zM2.2 6.1h11.6M2.2 9.9h11.6M6.1 2.2v11.6M9.9 2.2v11.6"/>',
    "projects": '<path d="M1.8 13V3.4h4.4l1.6 1.8h6.4V13zM1.8 7.2h12.4"/>',
    "settings": (
        '<path d="M2 4.4h7M12.4 4.4H14M2 11.6h1.6M7 11.6h7"/><circle cx="10.7" cy="4.4" r="1.7"/>'
        '<circle cx="5.3" cy="11.6" r="1.7"/>'
    ),
    # tools
    "brand": '<path d="M2.4 3.4h6.2M2.4 8h4.2M2.4 12.6h6.2"/><path d="m8 10 2.2 2.4 4-7" stroke-width="2"/>',
    "search": '<circle cx="7" cy="7" r="4.6"/><path d="m10.4 10.4 3.4 3.4"/>',
    "menu": '<path d="M2.2 4h11.6M2.2 8h11.6M2.2 12h11.6"/>',
    "link-out": '<path d="M6.4 3.4H3v9.6h9.6V9.6M9.2 2.6h4.2v4.2M13.2 2.8 7.6 8.4"/>',
    "download": '<path d="M8 2v8.4M4.4 7 8 10.6 11.6 7M2.6 13.6h10.8"/>',
    "plus": '<path d="M8 2.6v10.8M2.6 8h10.8"/>',
    "copy": '<rect x="5.4" y="5.4" width="8.2" height="8.2" rx="1"/><path d="M10.6 2.4H3.4a1 1 0 0 0-1 1v7.2"/>',
    "warning": '<path d="M8 2 14.6 13.6H1.4zM8 6.4v3.4"/><circle class="solid" cx="8" cy="11.6" r=".9"/>',
    "info": '<circle cx="8" cy="8" r="6.4"/><path d="M8 7.4v4"/><circle class="solid" cx="8" cy="4.9" r=".9"/>',
    "next": '<path d="m6 3 5 5-5 5"/>',
    "up": '<path d="m3.6 9.8 4.4-4.4 4.4 4.4"/>',
    "down": '<path d="m3.6 6.2 4.4 4.4 4.4-4.4"/>',
    "sealed": '<path d="M8 1.6 13.4 4v4c0 3.4-2.4 5.6-5.4 6.6C5 13.6 2.6 11.4 2.6 8V4z"/><path d="m5.6 8 1.8 1.8 3.2-3.6"/>',
    "key": '<circle cx="5" cy="8" r="3"/><path d="M8 8h6.2M12 8v2.6"/>',
    "gap": '<path d="M2 8h3.6M10.4 8H14M6.8 4.8v6.4M9.2 4.8v6.4"/>',
}


@register.simple_tag
def icon(name: str, label: str = "", extra: str = "") -> SafeString:
    """The drawing called name as inline SVG; hidden from readers of the page's text unless a label is given.

    Raises KeyError for a name that is not in DRAWINGS.
    """
    if not label:
        return _silent(name, extra)
    return format_html(
        '<svg class="icon {}" viewBox="0 0 16 16" role="img" aria-label="{}">{}</svg>', extra, label, _drawing(name)
    )


def _drawing(name: str) -> SafeString:
    return mark_safe(DRAWINGS[name])  # noqa: S308 - our own constant, never data


@lru_cache(maxsize=256)
def _silent(name: str, extra: str) -> SafeString:
    """A drawing without a label, written once: a page has hundreds of them."""
    return format_html(
        '<svg class="icon {}" viewBox="0 0 16 16" aria-hidden="true" focusable="false">{}</svg>', extra, _drawing(name)
    )
