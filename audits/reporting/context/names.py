"""Names by which people know the providers; slugs are for programs."""

from compliance.models import Provider

UNKNOWN = "Unknown provider"


def provider_name(slug: str) -> str:
    """The provider's name; the slug itself for one that is not catalogued."""
    if slug in ("", "unknown"):
        return UNKNOWN
    return Provider.objects.filter(slug=slug).values_list("name", flat=True).first() or slug
