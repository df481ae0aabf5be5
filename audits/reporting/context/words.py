"""The report's outcome in a word and a sentence, with the counts behind it."""

from typing import Any

from audits.reporting.alike import gathered
from audits.reporting.wording import NOTHING_TO_JUDGE, OUTCOME_WORDS, listed, numbered

KEY_FINDINGS = 6

Context = dict[str, Any]


def summary(context: Context) -> dict[str, Any]:
    """The outcome, counts of findings by outcome (strictest first), those to read first (of those alike one), and the scope."""
    numbers = dict.fromkeys(OUTCOME_WORDS, 0)
    for finding in context["findings"]:
        numbers[finding["outcome"]] += 1
    outcome = context["run"]["outcome"]
    return {
        "outcome": outcome,
        "word": OUTCOME_WORDS.get(outcome, outcome or NOTHING_TO_JUDGE),
        "sentence": _sentence(context, numbers),
        "counts": [{"outcome": name, "findings": number} for name, number in numbers.items()],
        "key_findings": [
            group.first["number"]
            for group in gathered(context["findings"])
            if group.first["outcome"] in ("prohibited", "needs_facts")
        ][:KEY_FINDINGS],
        "scope": _scope(context),
    }


def _sentence(context: Context, numbers: dict[str, int]) -> str:
    run, outcome = context["run"], context["run"]["outcome"]
    if run.get("replay"):
        return f"This is a replay of {run['replay']['name']}: recorded answers, no network, and no use to hold against terms."
    if run["record_only"]:
        return "This run was recorded and traced only; no use was held against the terms."
    if not outcome and context["usage"]["calls"]:
        return f"The run ended as {run['state']} before its calls were held against the terms, so nothing is said about them."
    if not outcome:
        return "No call of a model was recorded, so there is no use to hold against terms."
    barred, open_ = numbered(numbers["prohibited"], "finding"), numbered(numbers["needs_facts"], "finding")
    if outcome == "prohibited":
        rest = f"; {open_} would be settled by further facts" if numbers["needs_facts"] else ""
        return (
            "At least one recorded use is barred by terms that were in force on its day, on the facts that are known: "
            f"{barred} of prohibited use{rest}."
        )
    if outcome == "needs_facts":
        return (
            "No recorded use is certainly barred, but at least one may be. What decides it are facts that nobody has stated, or "
            f"terms whose text is not held: {open_} name{'s' if numbers['needs_facts'] == 1 else ''} them."
        )
    return {
        "permitted_with_duties": "The governing terms allow the recorded uses, on conditions that have to be met.",
        "permitted": "The governing terms name the recorded uses and allow them.",
    }.get(outcome, "Nothing in the governing terms speaks to the recorded uses. Silence is not permission.")


def _scope(context: Context) -> str:
    """What the outcome is about: calls, datasets and student, in one sentence."""
    usage, student = context["usage"], context["run"]["student"]
    if not usage["calls"]:
        calls = "No calls of models"
    else:
        names = listed([one["name"] for one in usage["by_provider"]], most=4)
        calls = f"{numbered(usage['calls'], 'call')} of models of {names}"
    training = [one for one in context["lineage"]["datasets"] if one["role"] == "training"]
    rows = f"; {numbered(sum(one['rows'] for one in training), 'row')} of training data" if training else ""
    return calls + rows + (f"; the student {student['name']}" if student else "; no student is declared")
