"""Counsel's seven questions, answered from the context alone."""

from typing import Any

from audits.reporting.alike import spans
from audits.reporting.context.words import Context
from audits.reporting.wording import OUTCOME_WORDS, listed, numbered, percent

SENTENCES_QUOTED = 6
TOPICS_NAMED = 6


def answers(context: Context) -> list[dict[str, str]]:
    """Questions with answers that follow from the record, each naming what it rests on."""
    asked = (
        ("How much of the training data came from which teacher?", _teachers(context)),
        ("Was the use broad, or aimed at some capabilities?", _breadth(context)),
        ("What share of the answers was kept by filtering?", _kept(context)),
        ("Were answers used to train, or only to judge?", _purposes(context)),
        ("At what scale, and how automated?", _scale(context)),
        ("Which permissions existed?", _permissions(context)),
        ("What did the terms in force say that day?", _terms(context)),
    )
    return [{"question": question, "answer": answer} for question, answer in asked]


def _teachers(context: Context) -> str:
    training = [one for one in context["lineage"]["datasets"] if one["role"] == "training"]
    if not training:
        return "No training data was declared, so none could be traced."
    told = [_dataset(one) for one in training]
    limit = " The shares are lower bounds: text that was translated or rewritten throughout is not recognised."
    return " ".join(told) + (limit if any(not one["gap"] for one in training) else "")


def _dataset(one: dict[str, Any]) -> str:
    if one["gap"]:
        return f"{one['dataset']} could not be traced: {one['gap'].rstrip('.')}."
    rows, derived = one["rows"], one["derived_rows"]
    text = f"Of {numbered(rows, 'row')} of {one['dataset']}, {derived:,} hold{_s(derived)} text of recorded answers"
    if one["by_model"]:
        text += ": " + listed([_share(share, rows) for share in one["by_model"]])
    if one["labels_by_model"]:
        took = listed([f"{share['rows']:,} from {_model(share['model'])}" for share in one["labels_by_model"]])
        text += f". A label or score was taken by {numbered(one['label_rows'], 'row')}: {took}"
    if one["own_rows"]:
        text += (
            f". In {numbered(one['own_rows'], 'row')} ({percent(one['own_rows'], rows)}) no recorded answer was found"
        )
    if one["malformed"]:
        text += f". {numbered(one['malformed'], 'row').capitalize()} could not be read"
    if sum(share["rows"] for share in one["by_model"]) > derived:
        text += ". A row may hold text of several models and then counts under each"
    return text + "."


def _share(share: dict[str, Any], rows: int) -> str:
    return f"{share['rows']:,} from {_model(share['model'])} ({percent(share['rows'], rows)})"


def _model(name: str) -> str:
    return name or "a model that is not named"


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def _breadth(context: Context) -> str:
    told = [_asked(one, prompts) for one in context["providers"] for prompts in one["prompts"]]
    if not told:
        return "No prompts were recorded."
    return " ".join([*told, "This counts words; what capability the prompts aim at is for a person to say."])


def _asked(provider: dict[str, Any], prompts: dict[str, Any]) -> str:
    distinct, many = prompts["distinct"], len(prompts["topics"])
    asked = f"{provider['name']} ({prompts['host']}) was asked {numbered(prompts['prompts'], 'prompt')}"
    text = f"{asked}, {distinct:,} of them distinct"
    if prompts.get("withheld"):
        return f"{text}; what they said is not told here."
    if not many:
        return f"{text}; no word recurs enough to name a topic."
    words = listed([f"“{topic['word']}”" for topic in prompts["topics"]][:TOPICS_NAMED])
    covered = f"{prompts['covered_by_topics']:,} of the distinct prompts"
    share = percent(prompts["covered_by_topics"], distinct)
    if many <= TOPICS_NAMED:
        return f"{text}. What recurs is {words}, in {covered} ({share})."
    return f"{text}. The {many} words that recur most, {words} among them, stand in {covered} ({share})."


def _kept(context: Context) -> str:
    kept = [one for one in context["lineage"]["kept"] if one["answers"]]
    if not kept:
        return "No answers were recorded."
    parts = [
        f"{one['kept']:,} of {one['answers']:,} of {_model(one['model'])} ({percent(one['kept'], one['answers'])})"
        for one in kept
    ]
    return f"Answers that stand in the training data, as text or as a label or score: {listed(parts)}."


PURPOSES = {
    "train": ("gave text or labels to the training data", "gave text or labels to the training data"),
    "filter": ("chose what went into the training data", "chose what went into the training data"),
    "evaluate": ("was for evaluation", "were for evaluation"),
    "unused": ("was not kept for training", "were not kept for training"),
    "": ("had a purpose that nothing tells", "had a purpose that nothing tells"),
}


def _purposes(context: Context) -> str:
    if not context["providers"]:
        return "No calls were recorded."
    told = [_of_provider(one) for one in context["providers"]]
    return " ".join(told + [one["sentence"] for one in context["findings"] if one["kind"] == "contradiction"])


def _of_provider(provider: dict[str, Any]) -> str:
    answered = provider["calls"] - provider["failed"]
    if not answered:
        return f"{provider['name']}: no call was answered."
    parts = [
        f"{one['calls']:,} {PURPOSES[one['purpose']][one['calls'] != 1]}"
        + (f" ({one['source']})" if one["source"] else "")
        for one in provider["purposes"]
    ]
    return f"{provider['name']}: of {numbered(answered, 'answered call')}, {listed(parts)}."


def _scale(context: Context) -> str:
    usage = context["usage"]
    if not usage["calls"]:
        return "No calls were recorded."
    return (
        f"{numbered(usage['calls'], 'call')} on {numbered(usage['days'], 'day')}, {usage['failed']:,} of them failed; "
        f"{usage['input_tokens']:,} tokens in and {usage['output_tokens']:,} tokens out; at most "
        f"{usage['peak_per_minute']:,} in one minute. The audited program made them while it ran unattended."
    )


def _permissions(context: Context) -> str:
    parts = [
        f"{one['provider']}, {one['reference']}: {', '.join(one['grants']) or 'grants not stated'}, from {one['from']} "
        f"{'to ' + one['to'] if one['to'] else 'without end'}, for {one['scope']}"
        for one in context["agreements"]
    ]
    record = (
        f"On record: {'; '.join(parts)}."
        if parts
        else "No agreement or written permission is on record for the providers used, and none is assumed."
    )
    return f"{record} {_permitting(context)}"


def _permitting(context: Context) -> str:
    """Permissions that the terms themselves give."""
    found = [
        f"{one['document_title']}{', ' + one['section'] if one['section'] else ''}"
        for one in context["findings"]
        if one["rule"] and one["rule"]["effect"] == "permission" and one["outcome"].startswith("permitted")
    ]
    if not found:
        return "No governing document was found to permit the uses by itself."
    return f"The terms themselves permit uses that were recorded: {listed(list(dict.fromkeys(found)))}."


def _terms(context: Context) -> str:
    if not context["terms"]:
        return "No use was judged, so no terms were held against one."
    said: dict[str, list[dict[str, Any]]] = {}
    for one in context["findings"]:
        if one["kind"] != "contradiction":
            said.setdefault(_said(one), []).append(one)
    if not said:
        return "No rule of the governing terms bears on the recorded uses."
    told = [f"{text} ({_outcomes(found)})." for text, found in said.items()]
    more = len(told) - SENTENCES_QUOTED
    rest = [f"{numbered(more, 'further reading')} of the terms stand{_s(more)} among the findings."] if more > 0 else []
    return " ".join([*told[:SENTENCES_QUOTED], *rest])


def _said(finding: dict[str, Any]) -> str:
    """What a document says, in our words; of a silence or a missing text, the finding's own sentence."""
    if finding["rule"] is None:
        return str(finding["sentence"]).rstrip(".")
    section = f", {finding['section']}" if finding["section"] else ""
    since = (finding["version"] or {}).get("since")
    dated = f", in force since {since}" if since else ""
    return f"The {finding['document_title']}{section}{dated}, {finding['rule']['statement'].rstrip('.')}"


def _outcomes(findings: list[dict[str, Any]]) -> str:
    """Prohibited: F-1 and F-2; permitted: F-7."""
    by_outcome: dict[str, list[int]] = {}
    for one in findings:
        by_outcome.setdefault(one["outcome"], []).append(one["number"])
    return "; ".join(f"{OUTCOME_WORDS[name].lower()}: {_numbers(found)}" for name, found in by_outcome.items())


def _numbers(found: list[int]) -> str:
    """F-1 and F-2; of more, neighbours are joined: F-1 to F-9, F-12."""
    return spans(found, "F-") if len(found) > 3 else listed([f"F-{number}" for number in found])
