"""A verdict in one sentence, written from the trace of its evaluation."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from compliance.engine.broken import MEND
from compliance.engine.constraints import (
    Because,
    constraint_sentence,
    unique,
    unknown_sentence,
)
from compliance.engine.facts import Use
from compliance.engine.library import Library, Version
from compliance.engine.phrases import day, fact_phrase
from compliance.engine.rules import Citation, Rule
from compliance.engine.vocabulary import ACTIVITIES

if TYPE_CHECKING:
    from compliance.engine.evaluation import ExceptionFinding, Verdict

_NUMBERED: Final = re.compile(r"(?:[IVX]+|[A-Z]|\d+)(?:[.(\d].*)?$")
_APOSTROPHE: Final = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_DATED: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))(.*)$")
_WHAT: Final = {"prohibition": "the prohibition", "permission": "the permission", "duty": "the duty"}


def explain(
    rule: Rule,
    version: Version,
    citation: Citation,
    verdict: "Verdict",
    exceptions: Sequence["ExceptionFinding"],
    use: Use,
    library: Library,
) -> str:
    """By which document and section, what, and the condition that met it, failed it, or is unknown; the day comes before it."""
    sentence = (
        f"{source(rule, version, citation, library)} {rule.statement}: {_outcome(rule, verdict, exceptions, use)}."
    )
    return _APOSTROPHE.sub("’", sentence)


def explain_broken(rule: Rule, version: Version, citation: Citation, library: Library) -> str:
    """Which rule of which clause is broken, how, and what to do: nobody can tell what it would say."""
    return (
        f"{source(rule, version, citation, library)} {rule.statement}: whether it forbids, allows or asks for something here "
        f"can’t be told, since revision {rule.revision} of “{rule.id}” can’t be read ({rule.broken}). {MEND}."
    )


def source(rule: Rule, version: Version, citation: Citation, library: Library) -> str:
    """ "section 2(e) of the OpenAI Business Terms (version of 14 November 2023)"."""
    section = citation.section
    where = "" if not section else f"section {section} of " if _NUMBERED.match(section) else f"“{section}” in "
    title = library.title(rule.document).removeprefix("The ").removeprefix("the ")
    return f"{where}the {title} ({version_words(version.label)})"


def version_words(label: str) -> str:
    """A version as people name it: "version of 14 November 2023", or "version 2.0" for one that bears no date."""
    dated = _DATED.match(label)
    try:
        return f"version of {day(date.fromisoformat(dated.group(1)))}{dated.group(2)}" if dated else f"version {label}"
    except ValueError:  # the thirtieth of February
        return f"version {label}"


def _outcome(rule: Rule, verdict: "Verdict", exceptions: Sequence["ExceptionFinding"], use: Use) -> str:
    what = _WHAT[rule.effect]
    if verdict.lifted_by:
        return f"its conditions are met, or may be, but “{verdict.lifted_by}” lifts it"
    if verdict.applies is None:
        unknown = unknown_sentence(verdict.missing) + _open(exceptions)
        return f"whether {what} applies can't be told, since it is not known {unknown}"
    if verdict.applies is False:
        return _why_not(what, verdict, exceptions)
    reason = f"{what} applies because {_met(verdict.because, use)}{_failed(exceptions)}"
    return reason + (_duty(rule, verdict) if rule.effect == "duty" else "")


def _open(exceptions: Sequence["ExceptionFinding"]) -> str:
    names = [item.exception.title for item in exceptions if item.finding.held is None]
    return f" (the exception for {' or '.join(names)} may hold)" if names else ""


def _why_not(what: str, verdict: "Verdict", exceptions: Sequence["ExceptionFinding"]) -> str:
    held = next((item for item in exceptions if item.finding.held is True), None)
    failed = [e for e in verdict.because if e.held is False and e.part in ("activity", "condition")]
    if held is not None and not failed:
        return f"{what} does not apply, by the exception for {held.exception.title}: {constraint_sentence(held.exception.when)}"
    told = [e for e in failed if e.part == "activity"] or [e for e in failed if e.fact != "activity"] or failed
    reasons = unique(_reason(e) for e in told) or ("its condition is not met",)
    return f"{what} does not apply, because {_joined(reasons)}"


def _joined(parts: Iterable[str]) -> str:
    words = list(parts)
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def _reason(entry: Because) -> str:
    if entry.fact == "activity":
        return f"it does not speak of {ACTIVITIES[str(entry.value)]}"
    if entry.fact == "authorisation":
        return "no written authorisation covers it" if entry.value is None else fact_phrase(entry.fact, entry.value)
    return fact_phrase(entry.fact, entry.value)


def _met(because: Sequence[Because], use: Use) -> str:
    told = [e for e in because if e.part == "condition" and e.fact != "activity" and e.value is not None]
    facts = unique(_sourced(e) for e in [e for e in told if e.held is True] or told)
    activity = use.text("activity")
    return _joined(facts) if facts else f"the use was {ACTIVITIES[activity]}" if activity else "it has no condition"


def _sourced(entry: Because) -> str:
    phrase = fact_phrase(entry.fact, entry.value)
    return f"{phrase} ({entry.source}{f' by {entry.by}' if entry.by else ''})"


def _failed(exceptions: Sequence["ExceptionFinding"]) -> str:
    parts = []
    for item in exceptions:
        reasons = unique(_reason(e) for e in item.finding.because if e.held is not True)
        parts.append(f"the exception for {item.exception.title} does not hold ({_joined(reasons)})")
    return "; " + "; ".join(parts) if parts else ""


def _duty(rule: Rule, verdict: "Verdict") -> str:
    if verdict.met is True:
        return f"; it is fulfilled, as {_shown(verdict)}"
    if verdict.met is False:
        return f"; it is not fulfilled, as {_shown(verdict)}"
    unknown = [entry.fact for entry in verdict.because if entry.part == "duty" and entry.held is None]
    return (
        f"; whether it is fulfilled is not known: {unknown_sentence(unique(unknown)) or 'a person has to confirm it'}"
    )


def _shown(verdict: "Verdict") -> str:
    entries = [e for e in verdict.because if e.part == "duty" and e.held is verdict.met]
    return _joined(unique(fact_phrase(e.fact, e.value) for e in entries) or ("its test says so",))
