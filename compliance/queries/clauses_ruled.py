"""Whether each labelled clause of the held texts that bears on building models has a rule, or a recorded reason why not."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from django.db.models import QuerySet

from compliance.engine.reasons import Reason
from compliance.models import ClauseText, RuleRevision, Suggestion, TermsDocument, Version
from compliance.sources.cited import PassageSearch
from compliance.text.clauses import find_clauses
from compliance.text.normalise import clause_hash, normalise_clause

CORE: Final = frozenset(
    {
        "train_competing", "train_any", "distill_explicit", "explicit_permission", "automated_extraction", "reverse_engineer",
        "benchmark_restriction", "scale_threshold", "attribution_naming",
    }
)  # fmt: skip
"""Labels of clauses that bear on building models from output; the others concern dealing with a service in general."""
_WORD: Final = re.compile(r"\w+")
_SHOWN: Final = 90
_NUMBER: Final = re.compile(
    r"\s*(?:[*•+-]\s+)?(?:\*\*)?(?:\(?[a-z]{1,4}\)|[ivx]+\.|[a-z]\.|\d+(?:\.\d+)+\.?|\d+\.)(?:\*\*)?\s+", re.IGNORECASE
)


@dataclass(frozen=True)
class Found:
    """One clause as it stands in one version."""

    document: str
    version: str
    sha256: str
    labels: tuple[str, ...]
    words: str

    @property
    def excerpt(self) -> str:
        """Its first words, to find it by."""
        return self.words if len(self.words) <= _SHOWN else self.words[: _SHOWN - 1].rstrip() + "…"


@dataclass
class Standing:
    """Clauses looked at, how many a rule reads, how many a reason explains, and those that have neither."""

    clauses: int
    ruled: int
    explained: int
    bare: list[Found]


def standing_of_clauses(reasons: Sequence[Reason], search: PassageSearch) -> Standing:
    """Look at every core-labelled clause of every held text. `search` has been asked for the cited passages already."""
    explained = {(reason.document, digest) for reason in reasons for digest in reason.clauses} | _rejected()
    extracts = _extracts()
    standing = Standing(0, 0, 0, [])
    passages = _passages(search)
    for version in (
        Version.objects.exclude(text="").select_related("document").order_by("document__identifier", "label")
    ):
        document = version.document.identifier
        papers = (document, *extracts.get(document, ()))
        read = [passage for paper in papers for passage in passages[paper, version.label]]
        for found in _found(version):
            standing.clauses += 1
            if any(same_passage(normalise_clause(found.words), passage) for passage in read):
                standing.ruled += 1
            elif any((paper, found.sha256) in explained for paper in papers):
                standing.explained += 1
            else:
                standing.bare.append(found)
    return standing


def same_passage(clause: str, passage: str) -> bool:
    """Whether a cited passage and a found clause are of one provision: one holds the other, or half of the shorter in a row."""
    if clause in passage or passage in clause:
        return True
    one, other = _WORD.findall(clause), _WORD.findall(passage)
    shared = SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
    return 2 * shared >= min(len(one), len(other)) > 0


def unnumbered_hash(text: str) -> str:
    """SHA-256 by which reasons name a clause: of its normalised text without the number of its item, which moves."""
    return clause_hash(_NUMBER.sub("", text, count=1) if _NUMBER.match(text) else text)


def _found(version: Version) -> Iterator[Found]:
    """The clauses as they were suggested from this very text; read anew where they were not."""
    document = version.document.identifier
    suggested = list(version.suggestions.exclude(state=Suggestion.State.SUPERSEDED))
    if suggested and all(clause_hash(version.text[one.start : one.end]) == one.sha256 for one in suggested):
        spans = [(one.start, one.end, tuple(one.labels)) for one in suggested]
    else:
        spans = [(one.start, one.end, one.labels) for one in find_clauses(version.text)]
    for start, end, labels in spans:
        if CORE & set(labels):
            text = version.text[start:end]
            yield Found(document, version.label, unnumbered_hash(text), labels, " ".join(text.split()))


def _passages(search: PassageSearch) -> defaultdict[tuple[str, str], list[str]]:
    """Normalised texts of what published rules cite, by (document, version label)."""
    published: QuerySet[RuleRevision] = RuleRevision.objects.filter(status=RuleRevision.Status.PUBLISHED)
    places = ClauseText.objects.filter(clause__rule_revisions__in=published).exclude(sha256="").distinct()
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for place in places.select_related("version__document").defer("version__text"):
        words = search.wording(place.sha256)
        if words:
            found[place.version.document.identifier, place.version.label].append(words)
    return found


def _rejected() -> set[tuple[str, str]]:
    """Clauses that a person rejected, with a reason: (document, hash)."""
    rejected = Suggestion.objects.filter(state=Suggestion.State.REJECTED).exclude(reason="")
    return {
        (one.version.document.identifier, unnumbered_hash(one.version.text[one.start : one.end]))
        for one in rejected.select_related("version__document")
    }


def _extracts() -> dict[str, tuple[str, ...]]:
    """Documents that are a part of another one, and that other one: its rules read the part as well."""
    whole: Iterable[TermsDocument] = TermsDocument.objects.exclude(definition__extract_of="").order_by("identifier")
    return {one.identifier: (one.definition["extract_of"],) for one in whole if one.definition.get("extract_of")}
