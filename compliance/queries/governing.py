"""Which papers govern a developer's models on a chosen day, by kind of access and by who serves them, and why."""

import datetime as dt
from dataclasses import dataclass, replace

from django.db.models import Q

from compliance.engine.facts import Fact, FactValue, Use
from compliance.engine.governing import governing_documents
from compliance.engine.library import ROLES, Library
from compliance.models import Provider, TermsDocument, Version
from compliance.queries.library import papers_from_database

DEVELOPER_ITSELF = "developer"
"""In a binding: the model's own developer serves it."""


@dataclass(frozen=True)
class GoverningPaper:
    """A paper that governs: the part it plays, why, and its version of that day (None: no text of that day is known).

    `caps`: a use can't be judged clean as long as this paper's text is missing."""

    identifier: str
    role: str
    why: str
    document: TermsDocument | None
    version: Version | None
    caps: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether no version of that day is known, so that nobody can say what this paper asks."""
        return self.version is None

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


@dataclass(frozen=True)
class Asked:
    """A kind of use: whose models, on which day, through which kind of access of the engine's vocabulary, served by whom.

    An empty `model` or `region` (of the organisation: ISO 3166, or EU, EEA) is unknown."""

    provider: str
    on: dt.date
    access: str
    served_by: str
    model: str = ""
    region: str = ""

    @property
    def use(self) -> Use:
        """The use as the engine takes it."""
        given: dict[str, FactValue] = {
            "provider": self.provider,
            "access.kind": self.access,
            "access.served_by": self.served_by,
            "on": self.on,
        }
        named = {"model": self.model, "organisation.region": self.region}
        given |= {path: value for path, value in named.items() if value}
        return Use("asked", {path: Fact(value) for path, value in given.items()})


def governing_on(library: Library, asked: Asked) -> tuple[GoverningPaper, ...]:
    """The papers that govern such a use on that day, as the engine tells it. Two queries."""
    papers = governing_documents(asked.use, library)
    keys = [paper.document for paper in papers]
    documents = {
        held.identifier: held for held in TermsDocument.objects.filter(identifier__in=keys).select_related("provider")
    }
    in_force = Version.objects.filter(document__identifier__in=keys, in_force__contains=asked.on).annotate(
        held=~Q(text="")
    )
    in_force = in_force.defer("text")
    versions = {version.document_id: version for version in in_force}
    found = []
    for paper in papers:
        held = documents.get(paper.document)
        version = versions.get(held.pk) if held else None
        role = ROLES.get(paper.role, paper.role)
        found.append(GoverningPaper(paper.document, role, paper.why, held, version, paper.caps))
    return tuple(found)


def depends_on_region(library: Library, asked: Asked) -> bool:
    """Whether the region, which is not given, would change which papers govern. No query."""
    if asked.region:
        return False
    stacks = {
        tuple(paper.document for paper in governing_documents(replace(asked, region=region).use, library))
        for region in ("US", "DE", "GB")
    }
    return len(stacks) > 1
