"""Names by which people know providers and documents; slugs and identifiers are for programs."""

from collections.abc import Mapping
from dataclasses import dataclass

from compliance.models import Provider, TermsDocument


@dataclass(frozen=True)
class Names:
    """Slug to a provider's name, identifier to a document's title. What is not catalogued is called by its own key."""

    providers: Mapping[str, str]
    documents: Mapping[str, str]


def provider_names() -> dict[str, str]:
    """Slug to name, of every provider. One query."""
    return dict(Provider.objects.order_by().values_list("slug", "name"))


def names() -> Names:
    """Names of providers and titles of documents. Two queries."""
    return Names(provider_names(), dict(TermsDocument.objects.order_by().values_list("identifier", "title")))
