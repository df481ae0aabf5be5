"""Loading the shipped rulebook into the database: what is new is added, what changed is superseded, people's work stays."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from psycopg.types.range import DateRange

from compliance.actions.library_changes import note_release
from compliance.actions.rulebook_versions import store_versions
from compliance.engine.broken import rule_of_definition
from compliance.engine.constraints import constraint_tree
from compliance.engine.library import Binding, Document, Library, ModelFamily
from compliance.engine.library import Provider as ShippedProvider
from compliance.engine.rules import Rule as ShippedRule
from compliance.engine.rules import RuleError, rule_to_dict
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
    """What loading did, counted.

    `kept` names rules that people have superseded and that were left alone. Dates that people set stand: `fixed` names the
    versions that have them, `shortened` shipped versions that end where those begin, `out_of_force` those that overlap them.
    """

    providers: int = 0
    documents: int = 0
    versions: int = 0
    rules_added: int = 0
    rules_superseded: int = 0
    rules_unchanged: int = 0
    kept: list[str] = field(default_factory=list)
    fixed: list[str] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    out_of_force: list[str] = field(default_factory=list)


@transaction.atomic
def load_rulebook(library: Library) -> Loaded:
    """Bring the database to what the shipped rulebook says. Doing it twice changes nothing."""
    loaded = Loaded(len(library.providers), len(library.documents))
    providers = _providers(library)
    documents = _documents(library, providers)
    stored = store_versions(library, documents)
    loaded.versions, loaded.fixed = stored.versions, stored.fixed
    loaded.shortened, loaded.out_of_force = stored.shortened, stored.out_of_force
    _governance(library.bindings)
    _catalogue(library.families, providers)
    _rules(library, documents, loaded)
    note_release(library, mended=bool(loaded.rules_added or loaded.rules_superseded))
    return loaded


def _providers(library: Library) -> dict[str, Provider]:
    """The directory's providers, and those that only a document or a model family names: their hosts are not known."""
    named = {document.provider for document in library.documents.values()}
    named |= {family.developer for family in library.families}
    unlisted = [ShippedProvider(slug, slug) for slug in sorted(named - set(library.providers))]
    rows = [_provider(provider) for provider in (*library.providers.values(), *unlisted)]
    fields = ["name", "website", "definition", "notes"]
    stored = Provider.objects.bulk_create(rows, update_conflicts=True, unique_fields=["slug"], update_fields=fields)
    return {provider.slug: provider for provider in stored}


def _provider(provider: ShippedProvider) -> Provider:
    hosts = [{"pattern": one.pattern, "served_by": one.served_by, "developer": one.developer} for one in provider.hosts]
    definition = {
        "hosts": hosts,
        "secrets": list(provider.secrets),
        "develops": provider.develops,
        "serves": provider.serves,
    }
    return Provider(
        slug=provider.slug, name=provider.name, website=provider.website, definition=definition, notes=provider.note
    )


def _documents(library: Library, providers: dict[str, Provider]) -> dict[str, TermsDocument]:
    rows = [_document(document, providers[document.provider]) for document in library.documents.values()]
    fields = ["provider", "title", "kind", "audience", "region", "shipped", "definition"]
    stored = TermsDocument.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["identifier"], update_fields=fields
    )
    return {document.identifier: document for document in stored}


def _document(document: Document, provider: Provider) -> TermsDocument:
    return TermsDocument(
        identifier=document.id,
        provider=provider,
        title=document.title,
        kind=document.kind,
        audience=document.audience,
        region=document.region,
        shipped=True,
        definition={
            "incorporates": list(document.incorporates),
            "note": document.note,
            "extract_of": document.extract_of,
        },
    )


def _governance(bindings: Iterable[Binding]) -> None:
    rows = [
        Governance(key=f"{position:04d} {binding.document}", definition=_binding(binding), shipped=True)
        for position, binding in enumerate(bindings)
    ]
    Governance.objects.filter(shipped=True).exclude(key__in=[row.key for row in rows]).delete()
    Governance.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["key"], update_fields=["definition", "shipped"]
    )


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
    rows = [
        CatalogueEntry(
            provider=providers[family.developer],
            pattern=family.id,
            position=position,
            definition=_family(family),
            shipped=True,
        )
        for position, family in enumerate(families)
    ]
    CatalogueEntry.objects.filter(shipped=True).exclude(pattern__in=[row.pattern for row in rows]).delete()
    CatalogueEntry.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["provider", "pattern"],
        update_fields=["position", "definition", "shipped"],
    )


def _family(family: ModelFamily) -> dict[str, object]:
    return {
        "developer": family.developer,
        "match": list(family.patterns),
        "title": family.title,
        "within": list(family.within),
        "licences": list(family.licences),
        "base": family.base,
        "open_weights": family.open_weights,
    }


def _rules(library: Library, documents: dict[str, TermsDocument], loaded: Loaded) -> None:
    """Store what changed; a rule that is shipped no longer is superseded by nothing.

    A rule whose published revision is a person's own is left alone, and named.
    """
    Rule.objects.bulk_create(
        (Rule(identifier=rule.id, document=documents[rule.document]) for rule in library.rules), ignore_conflicts=True
    )
    stored = {rule.identifier: rule for rule in Rule.objects.all()}
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED).select_related("rule")
    current = {revision.rule.identifier: revision for revision in published}
    changed = []
    for rule in library.rules:
        known = current.get(rule.id)
        if known and known.content_sha256 == rule.content_sha256 and _says(known, rule):
            loaded.rules_unchanged += 1
        elif known and not known.shipped:  # a person's own, whether it can be read or not
            loaded.kept.append(rule.id)
        else:
            changed.append(rule)
    shipped = {rule.id for rule in library.rules}
    dropped = [known for name, known in current.items() if known.shipped and name not in shipped]
    _supersede([*dropped, *(current[rule.id] for rule in changed if rule.id in current)], loaded)
    _publish(changed, stored, library, documents)
    loaded.rules_added = len(changed)


def _says(known: RuleRevision, rule: ShippedRule) -> bool:
    """Whether the stored definition still says what its hash stands for: nobody altered it in the database."""
    try:
        read = rule_of_definition(known.definition, rule.id, known.number)
    except RuleError:
        return False
    return replace(read, revision=rule.revision).content_sha256 == rule.content_sha256


def _supersede(revisions: list[RuleRevision], loaded: Loaded) -> None:
    RuleRevision.objects.filter(pk__in=[revision.pk for revision in revisions]).update(
        status=RuleRevision.Status.SUPERSEDED, superseded_at=timezone.now()
    )
    loaded.rules_superseded = len(revisions)


def _publish(
    rules: list[ShippedRule], stored: dict[str, Rule], library: Library, documents: dict[str, TermsDocument]
) -> None:
    last = dict(RuleRevision.objects.values_list("rule_id").annotate(last=Max("number")).order_by())
    now = timezone.now()
    revisions = RuleRevision.objects.bulk_create(
        RuleRevision(
            rule=stored[rule.id],
            number=last.get(stored[rule.id].pk, 0) + 1,
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
        for rule in rules
    )
    clauses = _clauses(rules, documents)
    through = RuleRevision.clauses.through
    through.objects.bulk_create(
        through(rulerevision_id=revision.pk, clause_id=clause.pk)
        for revision, clause in zip(revisions, clauses, strict=True)
    )


def _span(rule: ShippedRule, library: Library) -> DateRange:
    """From the first day to the last on which a cited version is in force."""
    cited = set(rule.by_version)
    versions = [v for v in library.documents[rule.document].versions if v.label in cited and v.since]
    if not versions:
        return DateRange(empty=True)
    ends: list[dt.date] = [version.until for version in versions if version.until]
    last = max(ends) if len(ends) == len(versions) else None
    return DateRange(min(version.since for version in versions if version.since), last)


def _clauses(rules: list[ShippedRule], documents: dict[str, TermsDocument]) -> list[Clause]:
    """One clause for each rule, in our words, and where it stands in each cited version."""
    rows = [
        Clause(
            document=documents[rule.document],
            key=rule.id.partition(":")[2][:80],
            labels=list(rule.labels),
            summary=rule.statement,
        )
        for rule in rules
    ]
    clauses = Clause.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["document", "key"], update_fields=["labels", "summary"]
    )
    versions = {(one.document_id, one.label): one.pk for one in StoredVersion.objects.only("document_id", "label")}
    texts = [
        ClauseText(
            clause=clause,
            version_id=versions[clause.document_id, citation.version],
            section=citation.section[:200],
            sha256=citation.sha256,
        )
        for rule, clause in zip(rules, clauses, strict=True)
        for citation in rule.citations
    ]
    ClauseText.objects.bulk_create(
        texts, update_conflicts=True, unique_fields=["clause", "version"], update_fields=["section", "sha256"]
    )
    return clauses
