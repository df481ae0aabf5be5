"""Names by which people know providers and documents; slugs and identifiers are for programs."""

from collections.abc import Mapping
from dataclasses import dataclass

from compliance.models import Provider, TermsDocument


@dataclass(frozen=True)
class Names:
    """Slug to a provider's name, identifier to a document as it is cited. What is not catalogued is called by its key."""

    providers: Mapping[str, str]
    documents: Mapping[str, str]


def cited_title(provider: str, title: str) -> str:
    """A document as it is cited: its title, after the provider's name unless the title says it."""
    return title if provider.casefold() in title.casefold() else f"{provider}, {title}"


def provider_names() -> dict[str, str]:
    """Slug to name, of every provider. One query."""
    return dict(Provider.objects.order_by().values_list("slug", "name"))


def names() -> Names:
    """Names of providers, and documents as they are cited. Two queries."""
    rows = TermsDocument.objects.order_by().values_list("identifier", "provider__name", "title")
    return Names(provider_names(), {key: cited_title(provider, title) for key, provider, title in rows})
