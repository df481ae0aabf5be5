"""The engine's library, as the database has it: published rules, dated versions, governance, catalogue, agreements."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from compliance.engine.broken import read_or_stand_in
from compliance.engine.constraints import parse_constraint
from compliance.engine.library import (
    Agreement,
    Binding,
    Correction,
    Document,
    HostEntry,
    Library,
    ModelFamily,
    Provider,
    Version,
)
from compliance.engine.rules import Rule
from compliance.models import Agreement as StoredAgreement
from compliance.models import CatalogueEntry, Governance, ModelCorrection, RuleRevision, TermsDocument
from compliance.models import Provider as StoredProvider
from compliance.models import Version as StoredVersion


def library_from_database(project_id: int | None = None) -> Library:
    """Everything that matching may consult, in a dozen queries. With a project: its own agreements beside the general ones."""
    families = tuple(_family(entry) for entry in CatalogueEntry.objects.order_by("position"))
    documents = _documents()
    return Library(
        providers={provider.slug: _provider(provider) for provider in StoredProvider.objects.all()},
        documents=documents,
        bindings=tuple(_binding(row.definition) for row in Governance.objects.order_by("key")),
        rules=_published_rules(documents),
        families=families,
        corrections=corrections(families),
        agreements=agreements_of(None) + (agreements_of(project_id) if project_id is not None else ()),
    )


def papers_from_database() -> Library:
    """The part of the library that tells which papers govern a use: no rules, no agreements. Five queries."""
    families = tuple(_family(entry) for entry in CatalogueEntry.objects.order_by("position"))
    return Library(
        documents=_documents(),
        bindings=tuple(_binding(row.definition) for row in Governance.objects.order_by("key")),
        families=families,
        corrections=corrections(families),
    )


def catalogue_from_database() -> Library:
    """The part of the library that tells what a model's name means. Two queries."""
    families = tuple(_family(entry) for entry in CatalogueEntry.objects.order_by("position"))
    return Library(families=families, corrections=corrections(families))


def _published_rules(documents: Mapping[str, Document]) -> tuple[Rule, ...]:
    """The published revision of each rule; a stand-in where it can't be read, which leaves open what it would say."""
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    held = {key: tuple(version.label for version in document.versions) for key, document in documents.items()}
    revisions = published.select_related("rule").order_by("rule__identifier")
    return tuple(rule_of(revision, held.get(revision.rule.identifier.partition(":")[0], ())) for revision in revisions)


def rule_of(revision: RuleRevision, versions: Iterable[str] = ()) -> Rule:
    """The revision as the engine reads it; when it can't, a stand-in whose `broken` says why. No query with the rule loaded.

    `versions`: labels of its document's versions, which a stand-in cites when the definition does not tell which.
    """
    return read_or_stand_in(
        revision.definition,
        identifier=revision.rule.identifier,
        revision=revision.number,
        versions=versions,
        title=revision.title,
        effect=revision.effect,
        section=revision.section,
    )


def _provider(stored: StoredProvider) -> Provider:
    definition = stored.definition
    hosts = (HostEntry(row["pattern"], row["served_by"], row["developer"]) for row in definition.get("hosts", ()))
    return Provider(
        slug=stored.slug,
        name=stored.name,
        website=stored.website,
        hosts=tuple(hosts),
        secrets=tuple(definition.get("secrets", ())),
        develops=definition.get("develops", True),
        serves=definition.get("serves", True),
        note=stored.notes,
    )


def _documents() -> dict[str, Document]:
    versions: defaultdict[int, list[StoredVersion]] = defaultdict(list)
    for version in StoredVersion.objects.defer("text").order_by("document_id", "label"):
        versions[version.document_id].append(version)
    return {document.identifier: _document(document, versions[document.pk]) for document in TermsDocument.objects.all()}


def _document(stored: TermsDocument, versions: list[StoredVersion]) -> Document:
    return Document(
        id=stored.identifier,
        title=stored.title,
        kind=stored.kind,
        versions=tuple(_version(stored.identifier, version) for version in versions),
        incorporates=tuple(stored.definition.get("incorporates", ())),
        note=stored.definition.get("note", ""),
        extract_of=stored.definition.get("extract_of", ""),
        audience=stored.audience,
        region=stored.region,
    )


def _version(document: str, stored: StoredVersion) -> Version:
    days = stored.in_force
    since, until = (None, None) if days.isempty else (days.lower, days.upper)
    return Version(document, stored.label, since, until, stored.basis, stored.text_sha256)


def _binding(row: Mapping[str, Any]) -> Binding:
    return Binding(
        document=row["document"],
        role=row["role"],
        why=row["why"],
        developers=tuple(row.get("developers", ())),
        access=tuple(row.get("access", ())),
        served_by=tuple(row.get("served_by", ())),
        families=tuple(row.get("families", ())),
        since=_day(row.get("since")),
        until=_day(row.get("until")),
        when=parse_constraint(row["when"], f"governance of {row['document']}") if row.get("when") else None,
        by_default=row.get("by_default", False),
    )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _family(entry: CatalogueEntry) -> ModelFamily:
    row = entry.definition
    return ModelFamily(
        id=entry.pattern,
        developer=row["developer"],
        patterns=tuple(row["match"]),
        title=row.get("title", ""),
        within=tuple(row.get("within", ())),
        licences=tuple(row.get("licences", ())),
        base=row.get("base", ""),
        open_weights=row.get("open_weights", False),
    )


def corrections(families: Iterable[ModelFamily]) -> dict[str, Correction]:
    """The newest word of a person on each name, as the catalogue's entry it points at, or as an entry of its own. One query."""
    known = {family.id: family for family in families}
    words = ModelCorrection.objects.select_related("corrected_by").order_by("name", "-id").distinct("name")
    return {word.name: Correction(_corrected(word, known), str(word.corrected_by)) for word in words if word.developer}


def _corrected(word: ModelCorrection, known: Mapping[str, ModelFamily]) -> ModelFamily:
    if word.family in known:
        return known[word.family]
    base = word.base if word.base in known else ""
    return ModelFamily(
        word.name, word.developer, (word.name,), word.name, licences=tuple(word.licences), base=base,
        open_weights=word.open_weights,
    )  # fmt: skip


def agreements_of(project_id: int | None) -> tuple[Agreement, ...]:
    """The project's own agreements; with None, those for the whole organisation."""
    stored = StoredAgreement.objects.filter(project=project_id).select_related("provider")
    return tuple(_agreement(row) for row in stored.prefetch_related("documents"))


def agreements_by_project() -> dict[int, tuple[Agreement, ...]]:
    """Every project's own agreements, for judging many projects against one library. Two queries."""
    found: defaultdict[int, list[Agreement]] = defaultdict(list)
    stored = StoredAgreement.objects.exclude(project=None).select_related("provider").prefetch_related("documents")
    for row in stored:
        if row.project_id is not None:
            found[row.project_id].append(_agreement(row))
    return {project: tuple(agreements) for project, agreements in found.items()}


def _agreement(row: StoredAgreement) -> Agreement:
    return Agreement(
        reference=row.reference,
        provider=row.provider.slug,
        grants=tuple(row.grants),
        documents=tuple(document.identifier for document in row.documents.all()),
        since=row.starts_on,
        until=row.ends_on,
    )
