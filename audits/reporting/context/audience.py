"""What an audience gets of a context: the rest is taken out before it is frozen, not hidden when printed. PURE."""

from typing import Any, Final

from audits.reporting.options import ReportOptions

Context = dict[str, Any]
NAMED: Final = frozenset({"by", "asked_by", "owner", "seen_to_by"})
"""Keys under which a context names persons."""
NO_PERSON: Final = frozenset({"", "audit.toml"})
"""What else stands under such a key."""
SOMEBODY: Final = "a person on record"


def for_audience(context: Context, options: ReportOptions) -> Context:
    """The context with only the chosen parts' material, and only what the audience may have.

    To be called before the summary and the answers are worded, which quote what is left.
    """
    kept = _only_parts(context, frozenset(options.parts))
    if options.profile == "engineering":
        return _without_guidance({**kept, "findings": [_without_reasons(one) for one in kept["findings"]]})
    return _for_outside(kept) if options.profile == "outside" else kept


def _only_parts(context: Context, parts: frozenset[str]) -> Context:
    """Long material whose part was not chosen is left out; totals that other parts speak of stay."""
    told = dict(context)
    run = dict(told["run"])
    if "annex-manifest" not in parts:
        run["manifest_text"] = ""
    if "annex-scan" not in parts:
        run["scan"] = {**run["scan"], "uses": [], "unresolved": []}
    if "pipeline" not in parts:
        run |= {"command": [], "setup": [], "secrets": []}
    told["run"] = run
    if "annex-calls" not in parts:
        told["calls"] = {**told["calls"], "rows": []}
    if "evidence" not in parts:
        told["evidence"] = {**told["evidence"], "entries": []}
    if "terms" not in parts:
        told["terms"] = []
    if "annex-facts" not in parts and "findings" not in parts:
        told["findings"] = [{**one, "facts": []} for one in told["findings"]]
    return told


def _without_guidance(context: Context) -> Context:
    """Findings without what their rules advise counsel to do."""
    held = [{**one, "rule": one["rule"] and {**one["rule"], "guidance": ""}} for one in context["findings"]]
    return {**context, "findings": held}


def _without_reasons(one: dict[str, Any]) -> dict[str, Any]:
    """A finding with what was decided on it and until when, and not why or by whom."""
    return {**one, "decisions": [{**held, "by": "", "reason": ""} for held in one["decisions"]]}


def _for_outside(context: Context) -> Context:
    """No names of persons, no notes of the house, no words of prompts or answers; what is left is told by hash and number."""
    told = _without_guidance(context)
    told["findings"] = [_without_reasons(one) for one in told["findings"]]
    told["decisions"] = [{**one, "by": "", "reason": ""} for one in told.get("decisions", [])]
    told["approvals"] = [_bare_approval(one) for one in told.get("approvals", [])]
    told["providers"] = [
        {**one, "prompts": [_counted_only(held) for held in one["prompts"]]} for one in told["providers"]
    ]
    told["unparsed"] = [{**one, "target": one["target"].partition("?")[0]} for one in told["unparsed"]]
    told["report"] = {**told["report"], "requested_by": ""}
    told["run"] = {**told["run"], "requested_by": ""}
    return dict(_nameless(told))


def _bare_approval(one: dict[str, Any]) -> dict[str, Any]:
    signatures = [{**held, "reason": ""} for held in one["signatures"]]
    return {**one, "withdrawal_reason": "", "warnings": [], "signatures": signatures}


def _counted_only(prompts: dict[str, Any]) -> dict[str, Any]:
    """How many prompts there were, and none of their words."""
    return {**prompts, "topics": [], "covered_by_topics": 0, "withheld": True}


def _nameless(value: Any) -> Any:
    """The value with nobody's name; what a named person noted beside a fact goes with the name."""
    if isinstance(value, list):
        return [_nameless(one) for one in value]
    if not isinstance(value, dict):
        return value
    person = any(value.get(key) not in (*NO_PERSON, None, []) for key in NAMED if key in value)
    kept = {key: held for key, held in value.items() if not (person and key == "note")}
    told = {key: _nobody(held) if key in NAMED else _nameless(held) for key, held in kept.items()}
    return told | ({"note": ""} if person and "note" in value else {})


def _nobody(value: Any) -> Any:
    if isinstance(value, list):
        return [SOMEBODY for _ in value]
    return value if value is None or value in NO_PERSON else SOMEBODY
