"""What is known about terms: providers, documents, dated versions, which paper governs what, rules, models, agreements."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import count
from typing import Any, Final, TypeVar

from compliance.engine.constraints import Constraint, leaves_of
from compliance.engine.rules import Rule

K = TypeVar("K")
V = TypeVar("V")
MEMORY_ENTRIES: Final = 50_000
HEAD: Final = 4
"""So many first characters of a pattern are enough to pass over it."""

_GLOB: Final = re.compile(r"[*?\[]")

ROLES: Final[Mapping[str, str]] = {
    "principal": "the developer's own terms for this kind of access",
    "channel": "the terms of the channel that served the model",
    "usage_policy": "a usage policy",
    "licence": "the licence of the model's weights",
    "inherited_licence": "a licence inherited from the model's base model",
    "incorporated": "a paper incorporated by another",
    "listed": "a further paper, listed only",
}
"""Why a document can govern. The last two cap nothing when their text is missing."""


@dataclass(frozen=True)
class HostEntry:
    """Hosts (globs such as *.openai.azure.com) that answer for one channel. `developer`: whose models, "" when many."""

    pattern: str
    served_by: str
    developer: str = ""


@dataclass(frozen=True)
class Provider:
    """A developer of models, a channel that serves them, or both. `secrets`: names of environment variables with its keys."""

    slug: str
    name: str
    website: str = ""
    hosts: tuple[HostEntry, ...] = ()
    secrets: tuple[str, ...] = ()
    develops: bool = True
    serves: bool = True
    note: str = ""


@dataclass(frozen=True)
class Version:
    """One text of a document. In force from `since` up to, not including, `until` (None: open end).

    `since` None: announced and replaced before it took effect, so never in force.
    """

    document: str
    label: str
    since: date | None
    until: date | None
    basis: str = ""
    text_sha256: str = ""

    def holds(self, on: date) -> bool:
        """Whether this text was in force on that day."""
        return self.since is not None and self.since <= on and (self.until is None or on < self.until)


@dataclass(frozen=True)
class Document:
    """One paper followed through time. Without versions, its text is not held and every answer says so."""

    id: str
    title: str
    kind: str
    versions: tuple[Version, ...] = ()
    incorporates: tuple[str, ...] = ()
    note: str = ""
    extract_of: str = ""
    audience: str = ""
    region: str = ""

    @property
    def provider(self) -> str:
        """The provider's slug."""
        return self.id.partition("/")[0]


@dataclass(frozen=True)
class Binding:
    """Which document governs a developer's models on a channel and kind of access. Empty lists mean any; `until` is exclusive.

    `when` narrows it by facts; when they are unknown it governs only if `by_default`. "developer" in `served_by` stands for
    the model's own developer.
    """

    document: str
    role: str
    why: str
    developers: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    served_by: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    when: Constraint | None = None
    by_default: bool = False


@dataclass(frozen=True)
class ModelFamily:
    """A pattern of model names and what a model so named is. `within`: broader families; `base`: the family it was built on."""

    id: str
    developer: str
    patterns: tuple[str, ...]
    title: str = ""
    within: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    base: str = ""
    open_weights: bool = False


@dataclass(frozen=True)
class Correction:
    """What a person said a model's name means, against or beyond the catalogue; `by`: who."""

    family: ModelFamily
    by: str


@dataclass(frozen=True)
class Agreement:
    """Negotiated terms: what they allow, which provider's or documents' rules they lift, for which uses. `until`: last day."""

    reference: str
    provider: str
    grants: tuple[str, ...]
    documents: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    scope: Constraint | None = None

    def runs(self, on: date) -> bool:
        """Whether it is in force on that day."""
        return (self.since is None or self.since <= on) and (self.until is None or on <= self.until)

    def covers(self, rule: Rule, activity: str, on: date) -> bool:
        """Whether it lifts `rule` for that activity on that day (its `scope` aside)."""
        if activity not in self.grants or not self.runs(on):
            return False
        if self.rules or self.documents:
            return rule.id in self.rules or rule.document in self.documents
        return rule.document.startswith(self.provider + "/")


@dataclass
class Memory:
    """Answers kept per library, each under everything it depends on. Bounded: a hostile log can't fill the memory with names."""

    models: dict[tuple[str, str], Any] = field(default_factory=dict)
    stacks: dict[tuple[str, ...], Any] = field(default_factory=dict)
    papers: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    rulings: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    portfolios: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=count)

    def keep(self, answers: dict[K, V], key: K, answer: V, most: int = MEMORY_ENTRIES) -> V:
        """Remember one answer, beside at most so many, and return it."""
        if len(answers) >= most:
            answers.clear()
        answers[key] = answer
        return answer


@dataclass(frozen=True)
class Library:
    """Everything an assessment may consult, as of one moment; frozen. Build it with `load_directory` or from a database."""

    providers: Mapping[str, Provider] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)
    bindings: tuple[Binding, ...] = ()
    rules: tuple[Rule, ...] = ()
    families: tuple[ModelFamily, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    corrections: Mapping[str, Correction] = field(default_factory=dict)

    @cached_property
    def rules_by_version(self) -> Mapping[tuple[str, str], tuple[Rule, ...]]:
        """The rules that read each (document, version label)."""
        found: dict[tuple[str, str], list[Rule]] = {}
        for rule in self.rules:
            for citation in rule.citations:
                found.setdefault((rule.document, citation.version), []).append(rule)
        return {key: tuple(rules) for key, rules in found.items()}

    @cached_property
    def families_by_id(self) -> Mapping[str, ModelFamily]:
        """The model families by their id."""
        return {family.id: family for family in self.families}

    @cached_property
    def patterns_by_head(self) -> Mapping[str, tuple[tuple[int, ModelFamily, str], ...]]:
        """The patterns of model names by their first literal characters, HEAD at most: (place among them, family, pattern)."""
        found: dict[str, list[tuple[int, ModelFamily, str]]] = {}
        listed = ((family, pattern) for family in self.families for pattern in family.patterns)
        for place, (family, pattern) in enumerate(listed):
            found.setdefault(_GLOB.split(pattern, maxsplit=1)[0][:HEAD], []).append((place, family, pattern))
        return {head: tuple(held) for head, held in found.items()}

    @cached_property
    def publishers(self) -> Mapping[str, str]:
        """Who publishes under which name at hubs and aggregators: the name to the developer."""
        entries = (family for family in self.families if family.id.startswith("publisher:"))
        return {
            pattern.removesuffix("/*"): family.developer
            for family in entries
            for pattern in family.patterns
            if pattern.endswith("/*")
        }

    @cached_property
    def boundaries(self) -> list[date]:
        """Every day on which some text or some binding begins to govern, or ceases to, in order."""
        days = {day for paper in self.documents.values() for one in paper.versions for day in (one.since, one.until)}
        days |= {day for binding in self.bindings for day in (binding.since, binding.until)}
        return sorted(day for day in days if day)

    def epoch(self, on: date | None) -> int | None:
        """A number shared by all days between the same two boundaries: on them, the same papers govern."""
        return None if on is None else bisect_right(self.boundaries, on)

    @cached_property
    def facts_of_bindings(self) -> tuple[str, ...]:
        """The facts by which bindings are narrowed."""
        tests = (test for binding in self.bindings if binding.when for test in leaves_of(binding.when))
        return tuple(sorted({test.fact for test in tests}))

    @cached_property
    def memory(self) -> "Memory":
        """What has been worked out from this library already: it never changes, so neither do these answers."""
        return Memory()

    @cached_property
    def hosts(self) -> tuple[HostEntry, ...]:
        """Every known host pattern, the most specific (longest) first."""
        entries = [entry for provider in self.providers.values() for entry in provider.hosts]
        return tuple(sorted(entries, key=lambda entry: (-len(entry.pattern.replace("*", "")), entry.pattern)))

    def title(self, document: str) -> str:
        """A document's title, or its id when it is not catalogued."""
        known = self.documents.get(document)
        return known.title if known else document


def in_force(library: Library, document: str, on: date) -> Version | None:
    """The version of `document` in force on that day; None when none is held."""
    known = library.documents.get(document)
    return next((version for version in known.versions if version.holds(on)), None) if known else None
