"""Rules as immutable, cited, dated readings of clauses, after W3C ODRL."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from compliance.engine.constraints import (
    ALWAYS,
    Constraint,
    ConstraintError,
    constraint_sentence,
    constraint_tree,
    leaves_of,
    parse_constraint,
)
from compliance.engine.vocabulary import ACTIVITIES

EFFECTS: Final = ("prohibition", "permission", "duty")
SEVERITIES: Final = ("critical", "high", "medium", "low")
TARGETS: Final = ("output", "service", "weights", "materials")
LABELS: Final = (
    "train_competing", "train_any", "distill_explicit", "explicit_permission", "automated_extraction", "reverse_engineer",
    "benchmark_restriction", "scale_threshold", "attribution_naming", "output_ownership", "output_sharing_disclosure",
    "rate_limit_circumvention", "resale_transfer", "region_restriction", "noncommercial", "data_use_by_provider",
    "termination_remedy", "pass_through_terms",
)  # fmt: skip
_RULE_KEYS: Final = (
    "id", "revision", "effect", "title", "statement", "actions", "target", "when", "exceptions", "met", "duty", "remedy",
    "severity", "guidance", "labels", "citations",
)  # fmt: skip


class RuleError(ValueError):
    """A rule that can't be read; the message names the rule and the key."""


@dataclass(frozen=True)
class Citation:
    """Where the clause stands in one version, and the SHA-256 of its normalised text there (see compliance.text.normalise)."""

    version: str
    section: str
    sha256: str


@dataclass(frozen=True)
class RuleException:
    """A named way out of a rule. When its facts are unknown, the rule stays uncertain."""

    name: str
    title: str
    when: Constraint


@dataclass(frozen=True)
class Rule:
    """One revision of one rule. `statement` continues "Section 2(e) …": a verb phrase in our own words, without a full stop.

    A rule speaks on the days on which a version that it cites is in force. `met` tests whether a duty is fulfilled; without it
    only a person can say. `broken`: what keeps the stored revision from being read; this then stands in for it (see
    compliance.engine.broken), and what it would say of any use is unknown.
    """

    id: str
    revision: int
    effect: str
    title: str
    statement: str
    actions: tuple[str, ...]
    citations: tuple[Citation, ...]
    target: str = "output"
    when: Constraint = ALWAYS
    exceptions: tuple[RuleException, ...] = ()
    met: Constraint | None = None
    duty: str = ""
    remedy: str = ""
    severity: str = "high"
    guidance: str = ""
    labels: tuple[str, ...] = field(default=())
    broken: str = ""

    @property
    def document(self) -> str:
        """The document it reads: "openai/business-terms"."""
        return self.id.partition(":")[0]

    @cached_property
    def content_sha256(self) -> str:
        """Hash of everything the revision says; two revisions with the same hash are the same."""
        text = json.dumps(rule_to_dict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def by_version(self) -> Mapping[str, Citation]:
        """The citation for each version it reads."""
        return {citation.version: citation for citation in self.citations}

    @cached_property
    def facts(self) -> frozenset[str]:
        """The facts it asks about, exceptions and test of fulfilment included."""
        return frozenset(test.fact for condition in self._conditions() for test in leaves_of(condition))

    @cached_property
    def families(self) -> frozenset[str]:
        """The model families it asks about."""
        tests = [test for condition in self._conditions() for test in leaves_of(condition) if test.op == "derived_from"]
        return frozenset(str(n) for t in tests for n in (t.value if isinstance(t.value, tuple) else (t.value,)))

    def _conditions(self) -> list[Constraint]:
        conditions = [self.when, *(exception.when for exception in self.exceptions)]
        return conditions if self.met is None else [*conditions, self.met]

    @cached_property
    def sentence(self) -> str:
        """The rule's conditions in English, exceptions included."""
        if self.broken:
            return f"This revision can’t be read: {self.broken}."
        doing = " or ".join(ACTIVITIES[action] for action in self.actions)
        text = f"On {doing}" + ("" if self.when == ALWAYS else f", if {constraint_sentence(self.when)}")
        for exception in self.exceptions:
            text += f"; except where {constraint_sentence(exception.when)} ({exception.title})"
        if self.met is not None:
            text += f"; fulfilled when {constraint_sentence(self.met)}"
        return text + "."


def rule_to_dict(rule: Rule) -> dict[str, Any]:
    """The revision as plain data (JSON, TOML); `rule_from_dict` reads it back unchanged. Empty parts are left out.

    What stands in for a broken revision has the further key "broken", so that nothing takes it for a rule.
    """
    data: dict[str, Any] = {
        "id": rule.id,
        "revision": rule.revision,
        "effect": rule.effect,
        "title": rule.title,
        "statement": rule.statement,
        "actions": list(rule.actions),
        "target": rule.target,
        "severity": rule.severity,
        "when": None if rule.when == ALWAYS else constraint_tree(rule.when),
        "exceptions": [{"name": e.name, "title": e.title, "when": constraint_tree(e.when)} for e in rule.exceptions],
        "met": None if rule.met is None else constraint_tree(rule.met),
        "duty": rule.duty,
        "remedy": rule.remedy,
        "guidance": rule.guidance,
        "labels": list(rule.labels),
        "broken": rule.broken,
        "citations": [{"versions": [c.version], "section": c.section, "sha256": c.sha256} for c in rule.citations],
    }
    return {key: value for key, value in data.items() if value not in (None, "", [])}


def rule_from_dict(data: Mapping[str, Any], where: str = "rule") -> Rule:
    """Read a rule from plain data. Raises RuleError naming the rule and the key for anything missing, unknown or misspelt."""
    identifier = data.get("id")
    where = f"{where} {identifier!r}" if isinstance(identifier, str) else where
    for key in data:
        if key not in _RULE_KEYS:
            raise RuleError(f"{where}.{key}: unknown key; allowed: {', '.join(_RULE_KEYS)}")
    try:
        rule = Rule(
            id=_text(data, "id", where, required=True),
            revision=_revision(data.get("revision", 1), where),
            effect=_choice(data, "effect", EFFECTS, where),
            title=_text(data, "title", where, required=True),
            statement=_statement(data, where),
            actions=_words(data, "actions", tuple(ACTIVITIES), where, required=True),
            citations=_citations(data.get("citations"), where),
            target=_choice(data, "target", TARGETS, where, "output"),
            when=parse_constraint(data["when"], f"{where}.when") if data.get("when") else ALWAYS,
            exceptions=_exceptions(data.get("exceptions", []), where),
            met=parse_constraint(data["met"], f"{where}.met") if data.get("met") else None,
            duty=_text(data, "duty", where),
            remedy=_text(data, "remedy", where),
            severity=_choice(data, "severity", SEVERITIES, where, "high"),
            guidance=_text(data, "guidance", where),
            labels=_words(data, "labels", LABELS, where),
        )
    except ConstraintError as error:
        raise RuleError(str(error)) from error
    _check(rule, where)
    return rule


def _check(rule: Rule, where: str) -> None:
    document, _, name = rule.id.partition(":")
    if document.count("/") != 1 or not name:
        raise RuleError(f"{where}.id: expected provider/document:name")
    if rule.effect != "duty" and (rule.met is not None or rule.duty):
        raise RuleError(f"{where}: only a duty has 'met' and 'duty'")
    if rule.effect == "duty" and not rule.duty:
        raise RuleError(f"{where}.duty: say what has to be done")


def _statement(data: Mapping[str, Any], where: str) -> str:
    statement = _text(data, "statement", where, required=True)
    if not statement[0].islower() or statement.endswith("."):
        raise RuleError(f"{where}.statement: begin with a verb in lower case and end without a full stop")
    return statement


def _text(data: Mapping[str, Any], key: str, where: str, required: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str) or (required and not value.strip()):
        raise RuleError(f"{where}.{key}: expected text")
    return value.strip()


def _revision(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RuleError(f"{where}.revision: expected a whole number of at least 1, found {value!r}")
    return value


def _choice(data: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str, default: str = "") -> str:
    value = data.get(key, default)
    if value not in allowed:
        raise RuleError(f"{where}.{key}: {value!r} is none of {', '.join(allowed)}")
    return str(value)


def _words(
    data: Mapping[str, Any], key: str, allowed: tuple[str, ...], where: str, required: bool = False
) -> tuple[str, ...]:
    values = data.get(key, [])
    if not isinstance(values, (list, tuple)) or (required and not values):
        raise RuleError(f"{where}.{key}: expected a list of {', '.join(allowed)}")
    for value in values:
        if value not in allowed:
            raise RuleError(f"{where}.{key}: {value!r} is none of {', '.join(allowed)}")
    return tuple(values)


def _exceptions(raw: Any, where: str) -> tuple[RuleException, ...]:
    if not isinstance(raw, (list, tuple)):
        raise RuleError(f"{where}.exceptions: expected a list")
    return tuple(_exception(item, f"{where}.exceptions[{index}]") for index, item in enumerate(raw))


def _exception(item: Any, where: str) -> RuleException:
    if not isinstance(item, Mapping) or set(item) != {"name", "title", "when"}:
        raise RuleError(f"{where}: an exception has name, title and when")
    when = parse_constraint(item["when"], f"{where}.when")
    return RuleException(_text(item, "name", where, True), _text(item, "title", where, True), when)


def _citations(raw: Any, where: str) -> tuple[Citation, ...]:
    if not isinstance(raw, (list, tuple)) or not raw:
        raise RuleError(f"{where}.citations: a rule cites at least one clause")
    found: dict[str, Citation] = {}
    for index, item in enumerate(raw):
        for citation in _citation(item, f"{where}.citations[{index}]"):
            if citation.version in found:
                raise RuleError(f"{where}.citations[{index}]: version {citation.version} is cited twice")
            found[citation.version] = citation
    return tuple(found.values())


def _citation(item: Any, where: str) -> list[Citation]:
    if not isinstance(item, Mapping) or set(item) != {"versions", "section", "sha256"}:
        raise RuleError(f"{where}: a citation has versions, section and sha256")
    digest, versions = _text(item, "sha256", where, True), item["versions"]
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise RuleError(f"{where}.sha256: expected 64 hexadecimal digits")
    if not isinstance(versions, (list, tuple)) or not versions or not all(isinstance(v, str) for v in versions):
        raise RuleError(f"{where}.versions: expected a list of version labels")
    return [Citation(version, _text(item, "section", where), digest) for version in versions]
