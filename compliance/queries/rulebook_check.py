"""Whether the published rules stand on the texts that the library holds."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import QuerySet

from compliance.models import ClauseText, RuleRevision, TermsDocument, Version
from compliance.sources.captures import text_digests
from compliance.sources.cited import PassageSearch


@dataclass(frozen=True)
class Problem:
    """What is not proved: where (rule and version, or document), and what is missing."""

    where: str
    reason: str


@dataclass
class Check:
    """Rules and citations looked at, how many citations are proved or can't be, and what is wrong."""

    rules: int = 0
    citations: int = 0
    proved: int = 0
    unheld: int = 0
    problems: list[Problem] = field(default_factory=list)


def check_rulebook() -> Check:
    """Look for every cited clause in the held text of its version, and at the days of every document with rules."""
    check = Check()
    revisions = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    check.rules = revisions.count()
    search = PassageSearch()
    for version, texts in _by_version():
        check.citations += len(texts)
        if not version.text:
            check.unheld += len(texts)
            names = ", ".join(sorted(text.clause.key for text in texts))
            reason = f"its text is not held, so {names} can't be checked; import it"
            check.problems.append(Problem(f"{version.document.identifier} {version.label}", reason))
        else:
            _look(check, version, texts, search)
    for document in TermsDocument.objects.filter(rules__revisions__in=revisions).distinct().order_by("identifier"):
        check.problems += _days(document)
    check.problems += list(_uncited(revisions))
    return check


def _by_version() -> Iterator[tuple[Version, list[ClauseText]]]:
    """Every cited version with its clauses. Texts are loaded one version at a time."""
    published = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    cited = ClauseText.objects.filter(clause__rule_revisions__in=published).exclude(sha256="").distinct()
    texts: defaultdict[int, list[ClauseText]] = defaultdict(list)
    for text in cited.select_related("clause"):
        texts[text.version_id].append(text)
    versions = Version.objects.filter(pk__in=texts).select_related("document").order_by("document__identifier", "label")
    for version in versions.iterator(chunk_size=20):
        yield version, texts[version.pk]


def _look(check: Check, version: Version, texts: list[ClauseText], search: PassageSearch) -> None:
    where = f"{version.document.identifier} {version.label}"
    if version.shipped and version.text_sha256 not in text_digests(version.text.encode()):
        check.problems.append(Problem(where, "the text held is another one than the rulebook cites"))
    found = search.find(version.text, {text.sha256 for text in texts})
    for text in texts:
        if text.sha256 in found:
            check.proved += 1
        else:
            reason = f"clause {text.clause.key} (section {text.section or 'not named'}) does not stand in the held text"
            check.problems.append(Problem(where, reason))


def _days(document: TermsDocument) -> Iterator[Problem]:
    """Gaps and overlaps between the ranges of one document. The database refuses overlaps; an import may leave gaps."""
    ranges = [one.in_force for one in document.versions.defer("text") if not one.in_force.isempty]
    if not ranges:
        yield Problem(document.identifier, "has rules, and no version that was ever in force")
    ranges.sort(key=lambda days: days.lower or dt.date.min)
    for earlier, later in itertools.pairwise(ranges):
        if earlier.upper is None or earlier.upper > later.lower:
            yield Problem(document.identifier, f"two versions are in force on {later.lower}")
        elif earlier.upper < later.lower:
            yield Problem(document.identifier, f"no version is in force from {earlier.upper} to {later.lower}")


def _uncited(revisions: QuerySet[RuleRevision]) -> Iterator[Problem]:
    for revision in revisions.filter(clauses__isnull=True).select_related("rule"):
        yield Problem(revision.rule.identifier, "the published revision names no clause")
