"""Which papers govern a developer's models on a chosen day, by kind of access and by who serves them, and why."""

import datetime as dt
from dataclasses import dataclass

from compliance.engine.facts import Fact, FactValue, Use
from compliance.engine.governing import governing_documents
from compliance.engine.library import ROLES, Library
from compliance.models import Provider, TermsDocument, Version
from compliance.queries.library import papers_from_database

DEVELOPER_ITSELF = "developer"
"""In a binding: the model's own developer serves it."""


@dataclass(frozen=True)
class GoverningPaper:
    """A paper that governs: the part it plays, why, and its version of that day (None: no text of that day is held)."""

    identifier: str
    role: str
    why: str
    document: TermsDocument | None
    version: Version | None

    @property
    def title(self) -> str:
        """The document's title; its identifier when nobody has catalogued it."""
        return self.document.title if self.document else self.identifier


@dataclass(frozen=True)
class Channels:
    """Who serves a developer's models: slug and name, the developer itself first."""

    library: Library
    choices: tuple[tuple[str, str], ...]


def channels_of(provider: Provider) -> Channels:
    """The channels that are known to serve the developer's models. Five queries, for whatever is asked next too."""
    library = papers_from_database()
    named = dict(Provider.objects.order_by().values_list("slug", "name"))
    slugs = {
        slug
        for binding in library.bindings
        if not binding.developers or provider.slug in binding.developers
        for slug in binding.served_by
        if slug != DEVELOPER_ITSELF and slug != provider.slug
    }
    others = sorted(((slug, named.get(slug, slug)) for slug in slugs), key=lambda choice: choice[1].lower())
    return Channels(library, ((provider.slug, f"{provider.name} itself"), *others))


def governing_on(
    library: Library, provider: Provider, *, on: dt.date, access: str, served_by: str, model: str = ""
) -> tuple[GoverningPaper, ...]:
    """The papers that govern such a use on that day, as the engine tells it. Two queries.

    `access` is a kind of access of the engine's vocabulary; `served_by` a provider's slug; an empty `model` is unknown.
    """
    given: dict[str, FactValue] = {
        "provider": provider.slug,
        "access.kind": access,
        "access.served_by": served_by,
        "on": on,
    }
    if model:
        given["model"] = model
    papers = governing_documents(Use("asked", {path: Fact(value) for path, value in given.items()}), library)
    keys = [paper.document for paper in papers]
    documents = {
        held.identifier: held for held in TermsDocument.objects.filter(identifier__in=keys).select_related("provider")
    }
    in_force = Version.objects.filter(document__identifier__in=keys, in_force__contains=on).defer("text")
    versions = {version.document_id: version for version in in_force}
    found = []
    for paper in papers:
        held = documents.get(paper.document)
        version = versions.get(held.pk) if held else None
        found.append(GoverningPaper(paper.document, ROLES.get(paper.role, paper.role), paper.why, held, version))
    return tuple(found)
