"""Names by which people know the providers; slugs are for programs."""

from compliance.models import Provider

UNKNOWN = "Unknown provider"


def known_names() -> dict[str, str]:
    """Slug to name of every catalogued provider. One query."""
    return dict(Provider.objects.values_list("slug", "name"))


def named(slug: str, names: dict[str, str]) -> str:
    """The provider's name; the slug itself for one that is not catalogued."""
    return UNKNOWN if slug in ("", "unknown") else names.get(slug, slug)
