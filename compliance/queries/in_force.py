"""What a provider promised and asked for on a day: documents, the version in force, the rules that read it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Lower

from compliance.access import visible_projects
from compliance.models import Agreement, Provider, RuleRevision, TermsDocument, User, Version
from compliance.queries.library import rule_of

# What engineers and counsel may rely on; drafts are for those who write rules.
READABLE = (RuleRevision.Status.PUBLISHED, RuleRevision.Status.SUPERSEDED)


@dataclass(frozen=True)
class DocumentOnDay:
    """A document, its version in force on the day (None: none is known), and the published rules that then applied."""

    document: TermsDocument
    version: Version | None
    rules: tuple[RuleRevision, ...]


def providers_with_counts() -> QuerySet[Provider]:
    """Every provider with the number of its documents, versions, published rules, and the day of its newest version."""
    published = Q(documents__rules__revisions__status=RuleRevision.Status.PUBLISHED)
    return Provider.objects.annotate(
        document_count=Count("documents", distinct=True),
        version_count=Count("documents__versions", distinct=True),
        rule_count=Count("documents__rules", filter=published, distinct=True),
        newest=Max("documents__versions__in_force__startswith"),
    ).order_by(Lower("name"))


def documents_on(provider: Provider, on: dt.date) -> tuple[DocumentOnDay, ...]:
    """The provider's documents as they stood on that day. Three queries, whatever their number."""
    documents = TermsDocument.objects.filter(provider=provider).order_by("title", "identifier")
    versions = Version.objects.filter(document__provider=provider, in_force__contains=on).defer("text")
    by_document = {version.document_id: version for version in versions}
    rules = _by_document(
        revision
        for revision in RuleRevision.objects.filter(
            rule__document__provider=provider, status=RuleRevision.Status.PUBLISHED
        )
        .select_related("rule")
        .order_by("section", "rule__identifier")
        if _cites(revision, by_document.get(revision.rule.document_id))
    )
    return tuple(
        DocumentOnDay(document, by_document.get(document.pk), tuple(rules[document.pk])) for document in documents
    )


def _cites(revision: RuleRevision, version: Version | None) -> bool:
    """A rule speaks of no text that it does not cite, whatever the day; one that can't be read may speak of each."""
    return version is not None and version.label in rule_of(revision, (version.label,)).by_version


def _by_document(revisions: Iterable[RuleRevision]) -> defaultdict[int, list[RuleRevision]]:
    found: defaultdict[int, list[RuleRevision]] = defaultdict(list)
    for revision in revisions:
        found[revision.rule.document_id].append(revision)
    return found


def visible_agreements(user: User, provider: Provider, on: dt.date) -> QuerySet[Agreement]:
    """Negotiated terms with the provider that run on that day: the organisation's, and those of projects the person sees."""
    running = Q(ends_on__isnull=True) | Q(ends_on__gte=on)
    return Agreement.objects.filter(
        running, readable_agreements(user), provider=provider, starts_on__lte=on
    ).select_related("project")


def readable_agreements(user: User) -> Q:
    """The condition on agreements that a person may know of: the organisation's, and those of projects they see."""
    return Q(project__isnull=True) | Q(project__in=visible_projects(user))


def rules_of_version(version: Version) -> list[RuleRevision]:
    """Published revisions that cite this version, and those of which that can't be told. One query."""
    published = RuleRevision.objects.filter(rule__document=version.document_id, status=RuleRevision.Status.PUBLISHED)
    revisions = published.select_related("rule__document").order_by("section", "rule__identifier")
    return [revision for revision in revisions if _cites(revision, version)]


def readable_revisions() -> QuerySet[RuleRevision]:
    """Revisions that were published at some time, with their rule, document and provider."""
    return RuleRevision.objects.filter(status__in=READABLE).select_related(
        "rule__document__provider", "published_by", "created_by"
    )
