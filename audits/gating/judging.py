"""The verdicts on a tree: what the terms in force bar or may bar, where in the code, and how to mend it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from audits.gating.datasets import FIX, TRAVELS, WHOSE, WrittenBy, dataset_uses
from audits.gating.uses import STUDENT_KEYS, FoundUse, found_uses
from audits.gating.waivers import Waiver
from audits.manifest import Manifest
from audits.scan.result import Evidence, ScanResult, Unresolved
from compliance.engine.assessment import OUTCOMES, Assessment, assess
from compliance.engine.broken import MEND
from compliance.engine.evaluation import Verdict
from compliance.engine.facts import Fact, Use
from compliance.engine.library import Library
from compliance.engine.phrases import day as in_words
from compliance.engine.vocabulary import ACTIVITIES, FACTS, MENDED_RULE, is_fact

SETTLED_IN = {
    "activity": 'Declare it in audit.toml: [purpose] declared = "train", "evaluate" or "filter".',
    "access.kind": "Declare it in audit.toml: [access].",
    "access.served_by": "Declare it in audit.toml: [access].",
    "model": "Name the model in the code.",
    "student.competes_with_provider": "Declare it in audit.toml: [student] competes_with.",
}
SUPPOSED = ("train_on_output", "filter_training_data", "evaluate")  # when nobody has said what the output is for


@dataclass(frozen=True)
class GateFinding:
    """Something that bars a use or might. `id`: what a waiver names; it does not change with lines, files or versions."""

    id: str
    outcome: str
    provider: str
    served_by: str
    title: str
    sentence: str
    fix: str
    rule: str = ""
    document: str = ""
    version: str = ""
    section: str = ""
    models: tuple[str, ...] = ()
    missing_facts: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    dataset: str = ""
    waiver: Waiver | None = None
    known: bool = False

    @property
    def counts(self) -> bool:
        """Whether it can fail a check: nobody has waived it, and it was not there before."""
        return self.waiver is None and not self.known

    def as_json(self) -> dict[str, object]:
        waived = self.waiver
        return {
            "id": self.id, "outcome": self.outcome, "provider": self.provider, "served_by": self.served_by,
            "dataset": self.dataset or None, "models": list(self.models),
            "title": self.title, "explanation": self.sentence, "fix": self.fix,
            "rule": self.rule or None, "document": self.document or None, "version": self.version or None,
            "section": self.section or None, "missing_facts": list(self.missing_facts),
            "evidence": [{"file": e.file, "line": e.line, "snippet": e.snippet} for e in self.evidence],
            "waived": waived and {"reason": waived.reason, "by": waived.by, "until": waived.until.isoformat()},
            "known": self.known,
        }  # fmt: skip


@dataclass(frozen=True)
class GateResult:
    """The verdicts on one tree, strictest first.

    `uses`: each found use with its outcome, the harmless ones too. `datasets`: public data sets, the model that wrote each, the
    outcome of training on them as if that model were asked today.
    """

    on: dt.date
    files: int
    uses: tuple[tuple[FoundUse, str], ...]
    findings: tuple[GateFinding, ...]
    unresolved: tuple[Unresolved, ...]
    datasets: tuple[tuple[WrittenBy, str], ...] = field(default=())
    ended: tuple[Waiver, ...] = field(default=())
    idle: tuple[Waiver, ...] = field(default=())

    @property
    def outcome(self) -> str | None:
        """The strictest outcome of all uses, waived or not; None: nothing is used and nothing is left open."""
        outcomes = [outcome for _, outcome in (*self.uses, *self.datasets)] + (
            ["needs_facts"] if self.unresolved else []
        )
        return min(outcomes, key=OUTCOMES.index, default=None)

    def fails(self, threshold: str) -> bool:
        """Whether something that counts is at least as strict as `threshold` (prohibited or needs_facts)."""
        strict = OUTCOMES[: OUTCOMES.index(threshold) + 1]
        open_places = threshold == "needs_facts" and bool(self.unresolved)
        return open_places or any(finding.counts and finding.outcome in strict for finding in self.findings)

    def as_json(self) -> dict[str, object]:
        return {
            "on": self.on.isoformat(), "outcome": self.outcome, "files": self.files,
            "findings": [finding.as_json() for finding in self.findings],
            "uses": [_use_json(found, outcome) for found, outcome in self.uses],
            "datasets": [
                {"id": one.dataset.id, "model": one.spelled, "source": one.dataset.source, "outcome": outcome}
                for one, outcome in self.datasets
            ],
            "unresolved": [{"file": u.file, "line": u.line, "reason": u.reason} for u in self.unresolved],
            "waivers": {"ended": [w.id for w in self.ended], "idle": [w.id for w in self.idle]},
        }  # fmt: skip


def _use_json(found: FoundUse, outcome: str) -> dict[str, object]:
    scanned = found.scanned
    return {
        "provider": scanned.provider, "served_by": scanned.served_by, "model": found.model or None,
        "activity": found.activity or None, "status": scanned.status, "outcome": outcome,
    }  # fmt: skip


def judge_tree(
    result: ScanResult,
    manifest: Manifest | None,
    library: Library,
    on: dt.date,
    waivers: Sequence[Waiver] = (),
    known: frozenset[str] = frozenset(),
) -> GateResult:
    """Judge what a scan found by the terms in force on a day. `known`: ids of findings that were there before."""
    found = found_uses(result, manifest, on)
    judged = [(one, assess(one.use, library)) for one in found]
    merged: dict[str, GateFinding] = {}
    for one, answer in judged:
        for finding in _findings(one, answer, library, on):
            merged[finding.id] = _joined(merged[finding.id], finding) if finding.id in merged else finding
    written = [(one, assess(one.found.use, library)) for one in dataset_uses(result, manifest, library, on)]
    for one_set, answer in written:
        for finding in _of_dataset(one_set, answer, library, on):
            merged[finding.id] = _joined(merged[finding.id], finding) if finding.id in merged else finding
    findings = [_settled(finding, waivers, known, on) for finding in merged.values()]
    findings.sort(key=lambda finding: (OUTCOMES.index(finding.outcome), not finding.counts, finding.id))
    return GateResult(
        on,
        result.files,
        tuple((one, answer.outcome) for one, answer in judged),
        tuple(findings),
        result.unresolved,
        tuple((one_set, answer.outcome) for one_set, answer in written),
        tuple(waiver for waiver in waivers if waiver.until < on),
        tuple(waiver for waiver in waivers if waiver.until >= on and waiver.id not in merged),
    )


def _settled(finding: GateFinding, waivers: Iterable[Waiver], known: frozenset[str], on: dt.date) -> GateFinding:
    waiver = next((waiver for waiver in waivers if waiver.covers(finding.id, on)), None)
    return replace(finding, waiver=waiver, known=finding.id in known)


def _joined(one: GateFinding, other: GateFinding) -> GateFinding:
    """Two models or places, one rule: the stricter reading speaks."""
    first, second = sorted([one, other], key=lambda finding: OUTCOMES.index(finding.outcome))
    return replace(
        first,
        models=tuple(dict.fromkeys([*one.models, *other.models])),
        evidence=tuple(dict.fromkeys([*one.evidence, *other.evidence])),
        missing_facts=tuple(dict.fromkeys([*first.missing_facts, *second.missing_facts])),
    )


def _findings(found: FoundUse, answer: Assessment, library: Library, on: dt.date) -> Iterator[GateFinding]:
    if answer.outcome not in ("prohibited", "needs_facts"):
        return
    for verdict in answer.verdicts:
        barring = verdict.rule.broken or verdict.rule.effect == "prohibition"
        if barring and verdict.applies is not False and _bears_on(found, verdict):
            yield _of_rule(found, verdict, library, on)
    for fact in answer.missing_facts:
        if fact.startswith("terms:"):
            yield _of_missing_text(found, fact, library, on)
    if not answer.governing:
        yield _of_unknown_terms(found, answer, library)


def _of_dataset(written: WrittenBy, answer: Assessment, library: Library, on: dt.date) -> Iterator[GateFinding]:
    """What bars training on a data set, had its rows been asked for by the same people: by rule, each with the model named."""
    for finding in _findings(written.found, answer, library, on):
        if not finding.rule:
            continue
        whose = WHOSE if written.found.scanned.external else TRAVELS
        yield replace(
            finding,
            id=f"{finding.rule}@dataset:{written.dataset.id}",
            title=f"{written.dataset.id}: {finding.title}",
            sentence=f"{written.spelled} wrote {written.dataset.id} ({written.dataset.source}). {finding.sentence} {whose}",
            fix=f"{FIX} {finding.fix}" if finding.outcome == "prohibited" else finding.fix,
            dataset=written.dataset.id,
        )


def _bears_on(found: FoundUse, verdict: Verdict) -> bool:
    """Not when a permission lifts it; and while the purpose is open, only what some purpose of a pipeline's calls can meet."""
    open_purpose = not found.activity and not set(verdict.rule.actions) & {*SUPPOSED, "use_output"}
    return not verdict.lifted_by and not open_purpose


def _open(found: FoundUse, subject: str) -> GateFinding:
    """A finding about this use that still has to say what is wrong."""
    scanned = found.scanned
    return GateFinding(
        id=f"{subject}@{scanned.served_by if scanned.external else 'self'}",
        outcome="needs_facts",
        provider=scanned.provider,
        served_by=scanned.served_by,
        title="",
        sentence="",
        fix="",
        models=(found.model,) if found.model else (),
        evidence=scanned.evidence,
    )


def _of_rule(found: FoundUse, verdict: Verdict, library: Library, on: dt.date) -> GateFinding:
    rule = verdict.rule
    fixes = [_settling(fact) for fact in verdict.missing] if verdict.applies is None else [_mending(rule.remedy)]
    supposed = _supposed(found, library, rule.id) if "activity" in verdict.missing else ""
    return replace(
        _open(found, rule.id),
        outcome="prohibited" if verdict.applies else "needs_facts",
        title=rule.title,
        sentence=" ".join(part for part in (verdict.explanation, supposed) if part),
        fix=" ".join(fixes),
        rule=rule.id,
        document=rule.document,
        version=verdict.version.label,
        section=verdict.citation.section,
        missing_facts=tuple(verdict.missing) if verdict.applies is None else (),
    )


def _of_missing_text(found: FoundUse, fact: str, library: Library, on: dt.date) -> GateFinding:
    document = fact.removeprefix("terms:")
    title = library.title(document)
    return replace(
        _open(found, fact),
        title=f"{title}: text not held",
        sentence=f"{title} governs this use, and its text of {in_words(on)} is not held.",
        fix="Import that text (manage.py import_terms) and have its rules published.",
        document=document,
        missing_facts=(fact,),
    )


def _of_unknown_terms(found: FoundUse, answer: Assessment, library: Library) -> GateFinding:
    scanned = found.scanned
    provider = library.providers.get(scanned.provider)
    name = provider.name if provider else scanned.provider
    missing = [fact for fact in answer.missing_facts if is_fact(fact)]
    return replace(
        _open(found, f"terms:{scanned.provider}"),
        title=f"Which terms of {name} govern is not known",
        sentence=f"Which terms govern the use of {found.model or 'models'} of {name} can't be told.",
        fix=" ".join(_settling(fact) for fact in missing) or "Catalogue the terms of this provider.",
        missing_facts=answer.missing_facts,
    )


def _supposed(found: FoundUse, library: Library, rule: str) -> str:
    """What that rule would say for each purpose that the output may have."""
    told: dict[bool | None, list[str]] = {}
    for activity in SUPPOSED:
        use = Use(found.use.id, {**found.use.facts, "activity": Fact(activity, "inferred")}, found.use.authorisation)
        applies = {verdict.rule.id: verdict.applies for verdict in assess(use, library).verdicts}.get(rule, False)
        told.setdefault(applies, []).append(ACTIVITIES[activity])
    if True not in told:
        return ""
    return f"For {' or '.join(told[True])} it would apply."


def _mending(remedy: str) -> str:
    what = "Ask a model whose terms allow this, keep these answers out of training data, or put a written permission on record."
    return f"{what} {remedy}".strip()


def _settling(fact: str) -> str:
    """The question that a missing fact is, and where it is answered."""
    if fact.startswith(MENDED_RULE):
        return f"{MEND}."
    definition = FACTS.get(fact)
    if definition is None:
        return f"Settle {fact}."
    group, _, key = fact.partition(".")
    place = "Answer it on the page of questions of the student or the organisation."
    if group == "student" and key in STUDENT_KEYS:
        place = f"Declare it in audit.toml: [student] {key}."
    return f"{definition.question} {SETTLED_IN.get(fact, place)}"
