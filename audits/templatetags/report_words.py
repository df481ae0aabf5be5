"""Words of the builder of reports."""

from django import template

register = template.Library()


@register.filter
def cut_at(words: str, mark: str) -> tuple[str, str]:
    """A choice's name and what it means: "Counsel: everything" as ("Counsel", "Everything")."""
    name, _, rest = str(words).partition(mark)
    rest = rest.strip()
    return name, f"{rest[:1].upper()}{rest[1:]}"
