"""One rule, one use: does it apply, does it not, or can nobody tell; with the trace that says why."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from compliance.engine.constraints import (
    Because,
    Context,
    FactTest,
    Finding,
    Held,
    authorised,
    conjunction,
    disjunction,
    evaluate,
    unique,
)
from compliance.engine.explanation import explain, explain_broken
from compliance.engine.library import Agreement, Library, Version
from compliance.engine.phrases import day
from compliance.engine.rules import Citation, Rule, RuleException
from compliance.engine.vocabulary import MENDED_RULE


@dataclass(frozen=True)
class ExceptionFinding:
    """How one exception of a rule came out."""

    exception: RuleException
    finding: Finding


@dataclass(frozen=True)
class Verdict:
    """One rule's answer to one use. `applies` and (for duties) `met`: True, False, or None when facts are missing.

    `lifted_by` names the authorisation or agreement that overrides a prohibition whose conditions are met.
    """

    rule: Rule
    version: Version
    citation: Citation
    applies: Held
    met: Held
    because: tuple[Because, ...]
    missing: tuple[str, ...]
    reason: str
    on: date | None = None
    lifted_by: str = ""
    memory: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def explanation(self) -> str:
        """One sentence: the day, the document and section, what it says, and why that applies, does not, or can't be told."""
        return f"On {day(self.on)}, {self.reason}" if self.on else self.reason

    def on_day(self, on: date | None) -> "Verdict":
        """The same verdict for another day on which the same version is in force."""
        moved = object.__new__(Verdict)
        moved.__dict__.update(
            self.__dict__, on=on
        )  # several times as fast as dataclasses.replace, for thousands of uses
        return moved

    def as_json(self) -> dict[str, Any]:
        """The verdict as the `assess` interface prints it."""
        return {**self._body(), "explanation": self.explanation}

    def json_text(self) -> str:
        """`as_json` as text; what verdicts of several days share is written once."""
        if "text" not in self.memory:
            self.memory["text"] = json.dumps(self._body(), ensure_ascii=False)[:-1]
        return f'{self.memory["text"]}, "explanation": {json.dumps(self.explanation, ensure_ascii=False)}}}'

    def _body(self) -> dict[str, Any]:
        rule = self.rule
        return {
            "rule": rule.id,
            "revision": rule.revision,
            "document": rule.document,
            "version": self.version.label,
            "section": self.citation.section,
            "effect": rule.effect,
            "applies": self.applies,
            "met": self.met,
            "because": [_because_json(entry) for entry in self.because],
            "missing_facts": list(self.missing),
            "title": rule.title,
            "statement": rule.statement,
            "sentence": rule.sentence,
            "severity": rule.severity,
            "guidance": rule.guidance,
            "remedy": rule.remedy,
            "duty": rule.duty,
            "labels": list(rule.labels),
            "clause_sha256": self.citation.sha256,
            "rule_sha256": rule.content_sha256,
            "lifted_by": self.lifted_by or None,
            **({"broken": rule.broken} if rule.broken else {}),
        }


def _because_json(entry: Because) -> dict[str, Any]:
    value = entry.value.isoformat() if isinstance(entry.value, date) else entry.value
    data = {
        "constraint": entry.constraint,
        "held": entry.held,
        "fact": entry.fact,
        "value": value,
        "source": entry.source,
    }
    extra = {
        "by": entry.by,
        "note": entry.note,
        "part": entry.part if entry.part not in ("activity", "condition") else "",
    }
    return data | {key: text for key, text in extra.items() if text}


def evaluate_rule(
    rule: Rule, version: Version, context: Context, library: Library, agreements: Iterable[Agreement]
) -> Verdict:
    """The rule's verdict on a use while `version`, which it cites, is in force."""
    if rule.broken:
        return _unread(rule, version, context.use.on, library)
    context = replace(context, assigner=rule.document.partition("/")[0])
    activity = evaluate(FactTest("activity", "in", rule.actions), context)
    condition = evaluate(rule.when, context)
    conditions = conjunction((activity.held, condition.held))
    exceptions = [ExceptionFinding(e, evaluate(e.when, context)) for e in rule.exceptions]
    excepted = disjunction(item.finding.held for item in exceptions)
    applies = conjunction((conditions, None if excepted is None else not excepted))
    lifted_by = (
        _lifted_by(rule, context, agreements) if rule.effect == "prohibition" and conditions is not False else ""
    )
    met = evaluate(rule.met, context) if rule.met is not None and applies is not False else Finding(None, (), ())
    missing = _missing(applies, (activity, condition), exceptions, met)
    because = _trace((activity, condition), exceptions, met)
    citation = rule.by_version[version.label]
    missing = () if lifted_by else missing
    held = False if lifted_by else applies
    verdict = Verdict(rule, version, citation, held, met.held, because, missing, "", context.use.on, lifted_by)
    return replace(verdict, reason=explain(rule, version, citation, verdict, exceptions, context.use, library))


def _unread(rule: Rule, version: Version, on: date | None, library: Library) -> Verdict:
    """What a broken rule says: nobody can tell, whatever the facts; no agreement lifts what nobody can read."""
    wanted = f"{MENDED_RULE}{rule.id}"
    because = Because("its rule can be read", None, wanted, None, None, note=rule.broken)
    citation = rule.by_version[version.label]
    reason = explain_broken(rule, version, citation, library)
    return Verdict(rule, version, citation, None, None, (because,), (wanted,), reason, on)


def _lifted_by(rule: Rule, context: Context, agreements: Iterable[Agreement]) -> str:
    use = context.use
    activity, on = use.text("activity"), use.on
    if activity is None or on is None:
        return ""
    if use.authorisation and authorised(use, context.assigner, activity):
        return use.authorisation.reference or "the authorisation on record"
    for agreement in agreements:
        scope = agreement.scope is None or evaluate(agreement.scope, context).held is True
        if scope and agreement.covers(rule, activity, on):
            return agreement.reference
    return ""


def _missing(
    applies: Held, parts: tuple[Finding, ...], exceptions: list[ExceptionFinding], met: Finding
) -> tuple[str, ...]:
    if applies is False:
        return ()
    needed = [fact for part in parts for fact in part.missing]
    needed += [fact for item in exceptions if applies is None for fact in item.finding.missing]
    return unique(needed + list(met.missing))


def _trace(parts: tuple[Finding, Finding], exceptions: list[ExceptionFinding], met: Finding) -> tuple[Because, ...]:
    activity, condition = parts
    trace = [*(replace(entry, part="activity") for entry in activity.because), *condition.because]
    for item in exceptions:
        trace += [replace(entry, part=f"exception: {item.exception.name}") for entry in item.finding.because]
    return tuple(trace + [replace(entry, part="duty") for entry in met.because])
