"""Whether the published rules stand on the texts that the library holds, and leave none of their clauses without an answer."""

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from compliance.engine.reasons import Reason
from compliance.models import ClauseText, RuleRevision, TermsDocument, Version
from compliance.queries.broken_rules import broken_rules
from compliance.queries.clauses_ruled import standing_of_clauses
from compliance.sources.captures import text_digests
from compliance.sources.cited import PassageSearch


@dataclass(frozen=True)
class Problem:
    """What is not proved: where (rule and version, or document), and what is missing."""

    where: str
    reason: str


@dataclass
class Check:
    """Rules and citations looked at, how many citations are proved or can't be; clauses of the texts; and what is wrong.

    `clauses`: those found in the held texts that bear on building models; `ruled`: a rule reads them; `explained`: a recorded
    reason says why none does; `excused`: citations and days without a text that a recorded reason explains.
    """

    rules: int = 0
    citations: int = 0
    proved: int = 0
    unheld: int = 0
    clauses: int = 0
    ruled: int = 0
    explained: int = 0
    excused: int = 0
    problems: list[Problem] = field(default_factory=list)


def check_rulebook(reasons: Sequence[Reason] = ()) -> Check:
    """Look for every cited clause in the held text of its version, for a rule or a reason for every clause of the held texts,
    and at the days of every document with rules. `reasons`: those that the rulebook records."""
    check = Check()
    revisions = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    check.rules = revisions.count()
    search = PassageSearch()
    for version, texts in _by_version():
        check.citations += len(texts)
        if not version.text:
            _without_text(check, version, texts, reasons)
        else:
            _look(check, version, texts, search)
    for document in TermsDocument.objects.filter(rules__revisions__in=revisions).distinct().order_by("identifier"):
        check.problems += _days(document, reasons, check)
    check.problems += list(_uncited(revisions))
    check.problems += [Problem(one.place, f"can't be read: {one.wrong}. {one.mend}") for one in broken_rules()]
    _clauses(check, reasons, search)
    return check


def _without_text(check: Check, version: Version, texts: list[ClauseText], reasons: Sequence[Reason]) -> None:
    check.unheld += len(texts)
    document = version.document.identifier
    if any(reason.document == document and version.label in reason.unheld for reason in reasons):
        check.excused += len(texts)
        return
    names = ", ".join(sorted(text.clause.key for text in texts))
    reason = f"its text is not held, so {names} can't be checked; import it"
    check.problems.append(Problem(f"{document} {version.label}", reason))


def _clauses(check: Check, reasons: Sequence[Reason], search: PassageSearch) -> None:
    standing = standing_of_clauses(reasons, search)
    check.clauses, check.ruled, check.explained = standing.clauses, standing.ruled, standing.explained
    for bare in standing.bare:
        what = f"no rule and no reason for the clause {bare.sha256} ({', '.join(bare.labels)}): “{bare.excerpt}”"
        check.problems.append(Problem(f"{bare.document} {bare.version}", what))


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


def _days(document: TermsDocument, reasons: Sequence[Reason], check: Check) -> Iterator[Problem]:
    """Gaps and overlaps between the ranges of one document. The database refuses overlaps; an import may leave gaps."""
    ranges = [one.in_force for one in document.versions.defer("text") if not one.in_force.isempty]
    if not ranges:
        yield Problem(document.identifier, "has rules, and no version that was ever in force")
    ranges.sort(key=lambda days: days.lower or dt.date.min)
    for earlier, later in itertools.pairwise(ranges):
        if earlier.upper is None or earlier.upper > later.lower:
            yield Problem(document.identifier, f"two versions are in force on {later.lower}")
        elif earlier.upper < later.lower and any(
            reason.document == document.identifier and reason.covers_days(earlier.upper, later.lower)
            for reason in reasons
        ):
            check.excused += 1
        elif earlier.upper < later.lower:
            yield Problem(document.identifier, f"no version is in force from {earlier.upper} to {later.lower}")


def _uncited(revisions: QuerySet[RuleRevision]) -> Iterator[Problem]:
    for revision in revisions.filter(clauses__isnull=True).select_related("rule"):
        yield Problem(revision.rule.identifier, "the published revision names no clause")
