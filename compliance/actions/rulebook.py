"""Loading the shipped rulebook into the database: what is new is added, what changed is superseded, people's work stays."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from psycopg.types.range import DateRange

from compliance.engine.constraints import constraint_tree
from compliance.engine.library import Binding, Document, Library, ModelFamily, Version
from compliance.engine.library import Provider as ShippedProvider
from compliance.engine.rules import Rule as ShippedRule
from compliance.engine.rules import rule_to_dict
from compliance.models import (
    CatalogueEntry,
    Clause,
    ClauseText,
    Governance,
    Provider,
    Rule,
    RuleRevision,
    TermsDocument,
)
from compliance.models import Version as StoredVersion


@dataclass
class Loaded:
    """What loading did, counted; `kept` names rules that people have superseded and that were left alone."""

    providers: int = 0
    documents: int = 0
    versions: int = 0
    rules_added: int = 0
    rules_superseded: int = 0
    rules_unchanged: int = 0
    kept: list[str] = field(default_factory=list)


@transaction.atomic
def load_rulebook(library: Library) -> Loaded:
    """Bring the database to what the shipped rulebook says. Doing it twice changes nothing."""
    loaded = Loaded()
    providers = {provider.slug: _provider(provider) for provider in library.providers.values()}
    loaded.providers = len(providers)
    documents = {}
    for document in library.documents.values():
        owner = providers.get(document.provider) or _unlisted_provider(document.provider, providers)
        documents[document.id] = _document(document, owner)
        loaded.documents += 1
        loaded.versions += _versions(documents[document.id], document.versions)
    _governance(library.bindings)
    _catalogue(library.families, providers)
    for rule in library.rules:
        _rule(rule, documents[rule.document], library, loaded)
    return loaded


def _provider(provider: ShippedProvider) -> Provider:
    definition = {
        "hosts": [
            {"pattern": host.pattern, "served_by": host.served_by, "developer": host.developer}
            for host in provider.hosts
        ],
        "secrets": list(provider.secrets),
        "develops": provider.develops,
        "serves": provider.serves,
    }
    values = {"name": provider.name, "website": provider.website, "definition": definition, "notes": provider.note}
    return Provider.objects.update_or_create(slug=provider.slug, defaults=values)[0]


def _unlisted_provider(slug: str, providers: dict[str, Provider]) -> Provider:
    """A document's provider that the directory does not list: its terms are held, its hosts are not known."""
    defaults = {"name": slug, "definition": {"hosts": [], "secrets": [], "develops": True, "serves": True}}
    providers[slug] = Provider.objects.get_or_create(slug=slug, defaults=defaults)[0]
    return providers[slug]


def _document(document: Document, provider: Provider) -> TermsDocument:
    values = {
        "provider": provider,
        "title": document.title,
        "kind": document.kind,
        "audience": document.audience,
        "region": document.region,
        "shipped": True,
        "definition": {
            "incorporates": list(document.incorporates),
            "note": document.note,
            "extract_of": document.extract_of,
        },
    }
    return TermsDocument.objects.update_or_create(identifier=document.id, defaults=values)[0]


def _versions(document: TermsDocument, versions: Iterable[Version]) -> int:
    """Store the versions. Ranges are first emptied, so that a boundary that moves never overlaps on the way."""
    document.versions.filter(shipped=True).update(in_force=DateRange(empty=True))
    count = 0
    for version in versions:
        values = {
            "in_force": DateRange(version.since, version.until) if version.since else DateRange(empty=True),
            "basis": version.basis,
            "text_sha256": version.text_sha256,
            "shipped": True,
        }
        StoredVersion.objects.update_or_create(document=document, label=version.label, defaults=values)
        count += 1
    return count


def _governance(bindings: Iterable[Binding]) -> None:
    keys = []
    for position, binding in enumerate(bindings):
        key = f"{position:04d} {binding.document}"
        keys.append(key)
        Governance.objects.update_or_create(key=key, defaults={"definition": _binding(binding), "shipped": True})
    Governance.objects.filter(shipped=True).exclude(key__in=keys).delete()


def _binding(binding: Binding) -> dict[str, object]:
    return {
        "document": binding.document,
        "role": binding.role,
        "why": binding.why,
        "developers": list(binding.developers),
        "access": list(binding.access),
        "served_by": list(binding.served_by),
        "families": list(binding.families),
        "since": binding.since.isoformat() if binding.since else None,
        "until": binding.until.isoformat() if binding.until else None,
        "when": constraint_tree(binding.when) if binding.when else None,
        "by_default": binding.by_default,
    }


def _catalogue(families: Iterable[ModelFamily], providers: dict[str, Provider]) -> None:
    names = []
    for position, family in enumerate(families):
        provider = providers.get(family.developer) or _unlisted_provider(family.developer, providers)
        definition = {
            "developer": family.developer,
            "match": list(family.patterns),
            "title": family.title,
            "within": list(family.within),
            "licences": list(family.licences),
            "base": family.base,
            "open_weights": family.open_weights,
        }
        names.append(family.id)
        CatalogueEntry.objects.update_or_create(
            provider=provider,
            pattern=family.id,
            defaults={"position": position, "definition": definition, "shipped": True},
        )
    CatalogueEntry.objects.filter(shipped=True).exclude(pattern__in=names).delete()


def _rule(rule: ShippedRule, document: TermsDocument, library: Library, loaded: Loaded) -> None:
    stored, _ = Rule.objects.get_or_create(identifier=rule.id, defaults={"document": document})
    current = stored.revisions.filter(status=RuleRevision.Status.PUBLISHED).first()
    if current and current.content_sha256 == rule.content_sha256:
        loaded.rules_unchanged += 1
        return
    if current and not current.shipped:
        loaded.kept.append(rule.id)
        return
    now = timezone.now()
    if current:
        current.status, current.superseded_at = RuleRevision.Status.SUPERSEDED, now
        current.save(update_fields=["status", "superseded_at"])
        loaded.rules_superseded += 1
    last = stored.revisions.order_by("-number").values_list("number", flat=True).first() or 0
    revision = RuleRevision.objects.create(
        rule=stored,
        number=last + 1,
        status=RuleRevision.Status.PUBLISHED,
        effect=rule.effect,
        title=rule.title,
        statement=rule.statement,
        guidance=rule.guidance,
        remedy=rule.remedy,
        severity=rule.severity,
        section=rule.citations[-1].section[:200],
        in_force=_span(rule, library),
        definition=rule_to_dict(rule),
        content_sha256=rule.content_sha256,
        shipped=True,
        published_at=now,
    )
    revision.clauses.add(_clause(rule, document))
    loaded.rules_added += 1


def _span(rule: ShippedRule, library: Library) -> DateRange:
    """From the first day to the last on which a cited version is in force."""
    cited = set(rule.by_version)
    versions = [v for v in library.documents[rule.document].versions if v.label in cited and v.since]
    if not versions:
        return DateRange(empty=True)
    ends: list[dt.date] = [version.until for version in versions if version.until]
    last = max(ends) if len(ends) == len(versions) else None
    return DateRange(min(version.since for version in versions if version.since), last)


def _clause(rule: ShippedRule, document: TermsDocument) -> Clause:
    values = {"labels": list(rule.labels), "summary": rule.statement}
    clause, _ = Clause.objects.update_or_create(document=document, key=rule.id.partition(":")[2][:80], defaults=values)
    versions = {version.label: version for version in document.versions.all()}
    for citation in rule.citations:
        ClauseText.objects.update_or_create(
            clause=clause,
            version=versions[citation.version],
            defaults={"section": citation.section[:200], "sha256": citation.sha256},
        )
    return clause
