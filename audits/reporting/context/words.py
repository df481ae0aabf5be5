"""The report's own sentences: the summary, and counsel's seven questions answered from the context alone."""

from typing import Any

from compliance.engine.vocabulary import FACTS

OUTCOME_WORDS = {
    "prohibited": "Prohibited",
    "needs_facts": "Needs facts",
    "permitted_with_duties": "Permitted, with duties",
    "permitted": "Permitted",
    "not_addressed": "Terms are silent",
    "": "No use to judge",
}
Context = dict[str, Any]


def summary(context: Context) -> dict[str, Any]:
    """The outcome in a word and a sentence, and counts of findings by outcome."""
    counts = {outcome: 0 for outcome in OUTCOME_WORDS if outcome}
    for finding in context["findings"]:
        counts[finding["outcome"]] += 1
    outcome = context["run"]["outcome"]
    return {
        "outcome": outcome,
        "word": OUTCOME_WORDS.get(outcome, outcome),
        "sentence": _outcome_sentence(context, counts),
        "counts": counts,
        "key_findings": [
            one["number"] for one in context["findings"] if one["outcome"] in ("prohibited", "needs_facts")
        ][:6],
    }


def _outcome_sentence(context: Context, counts: dict[str, int]) -> str:
    run, outcome = context["run"], context["run"]["outcome"]
    if run["record_only"]:
        return "This run was recorded and traced only; no use was held against the terms."
    if not outcome:
        return "No call of a model was recorded, so there is no use to hold against terms."
    if outcome == "prohibited":
        return (
            f"At least one recorded use is barred by terms that governed it that day: {_number(counts['prohibited'], 'finding')} "
            f"of prohibited use, {_number(counts['needs_facts'], 'finding')} that more facts would settle."
        )
    if outcome == "needs_facts":
        return (
            "No recorded use is certainly barred, and at least one might be: facts that nobody has stated, or terms whose text "
            f"is not held, decide it ({_number(counts['needs_facts'], 'finding')})."
        )
    if outcome == "permitted_with_duties":
        return "The governing terms allow the recorded uses, on conditions that have to be met."
    if outcome == "permitted":
        return "The governing terms name and allow the recorded uses."
    return "Nothing in the governing terms speaks to the recorded uses. Silence is not permission."


def answers(context: Context) -> list[dict[str, str]]:
    """Counsel's questions with answers that follow from the record, each naming what it rests on."""
    return [
        {"question": question, "answer": answer}
        for question, answer in (
            ("How much of the training data came from which teacher?", _teachers(context)),
            ("Was the use broad, or aimed at some capabilities?", _breadth(context)),
            ("What share of the answers was kept by filtering?", _kept(context)),
            ("Were answers used to train, or only to judge?", _purposes(context)),
            ("At what scale, and how automated?", _scale(context)),
            ("Which permissions existed?", _permissions(context)),
            ("What did the terms in force say that day?", _terms(context)),
        )
    ]


def _teachers(context: Context) -> str:
    sentences = []
    for dataset in context["lineage"]["datasets"]:
        if dataset["role"] != "training":
            continue
        if dataset["gap"]:
            sentences.append(f"{dataset['dataset']} could not be traced: {dataset['gap']}.")
            continue
        parts = [f"{rows:,} from {model or 'an unnamed model'}" for model, rows in dataset["by_model"].items()]
        labels = [f"{rows:,} from {model or 'an unnamed model'}" for model, rows in dataset["labels_by_model"].items()]
        text = f"Of {dataset['rows']:,} rows of {dataset['dataset']}, {dataset['derived_rows']:,} hold text of recorded answers"
        text += f" ({', '.join(parts)})" if parts else ""
        text += f"; {dataset['label_rows']:,} took a label or score ({', '.join(labels)})" if labels else ""
        sentences.append(text + ".")
    return " ".join(sentences) or "No training data was declared."


def _breadth(context: Context) -> str:
    sentences = []
    for provider in context["providers"]:
        for host, prompts in provider["prompts"].items():
            share = f"{prompts['covered_by_topics']:,} of {prompts['distinct']:,}"
            topics = ", ".join(list(prompts["topics"])[:6])
            sentences.append(
                f"{host} was asked {_number(prompts['prompts'], 'prompt')}, {prompts['distinct']:,} of them distinct; "
                + (
                    f"the topic words that recur most ({topics}, …) stand in {share} distinct prompts."
                    if topics
                    else "no topic recurs."
                )
            )
    method = " This is an indicator from word counts; what capability a prompt aims at is for a person to say."
    return " ".join(sentences) + method if sentences else "No prompts were recorded."


def _kept(context: Context) -> str:
    kept = [one for one in context["lineage"]["kept"] if one["answers"]]
    parts = [
        f"{one['kept']:,} of {one['answers']:,} answers of {one['model']} ({one['kept'] / one['answers']:.0%})"
        for one in kept
    ]
    return f"Found in the training data: {'; '.join(parts)}." if parts else "No answers were recorded."


PURPOSE_WORDS = {
    "train": "went into training data",
    "filter": "chose training data",
    "evaluate": "were for evaluation",
    "unused": "were not kept for training",
    "": "had a purpose that nothing tells",
}


def _purposes(context: Context) -> str:
    sentences = []
    for provider in context["providers"]:
        parts = [
            f"{one['calls']:,} {PURPOSE_WORDS[one['purpose']]}" + (f" ({one['source']})" if one["source"] else "")
            for one in provider["purposes"]
        ]
        sentences.append(
            f"{provider['provider']}: of {_number(provider['calls'] - provider['failed'], 'answered call')}, {', '.join(parts)}."
        )
    declared = [one["sentence"] for one in context["findings"] if one["kind"] == "contradiction"]
    return " ".join([*sentences, *declared]) or "No calls were recorded."


def _scale(context: Context) -> str:
    usage = context["usage"]
    if not usage["calls"]:
        return "No calls were recorded."
    return (
        f"{_number(usage['calls'], 'call')} on {_number(usage['days'], 'day')} ({usage['failed']:,} failed), "
        f"{usage['input_tokens']:,} tokens in and {usage['output_tokens']:,} tokens out; at most {usage['peak_per_minute']:,} "
        "calls in one minute, all made by the program without a person in between."
    )


def _permissions(context: Context) -> str:
    if not context["agreements"]:
        return "No agreement or written permission is on record for the providers used; none is assumed."
    parts = [
        f"{one['provider']}, {one['reference']}: {', '.join(one['grants']) or 'grants not stated'}, from {one['from']} to "
        f"{one['to'] or 'further notice'}, for {one['scope']}"
        for one in context["agreements"]
    ]
    return f"On record: {'; '.join(parts)}."


def _terms(context: Context) -> str:
    deciding = [
        one
        for one in context["findings"]
        if one["kind"] in ("rule", "duty", "terms_missing") and one["outcome"] != "permitted"
    ]
    return " ".join(dict.fromkeys(one["sentence"] for one in deciding[:3])) or "No rule of the governing terms applies."


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def fact_label(path: str) -> str:
    """A fact's path as people call it."""
    return FACTS[path].label if path in FACTS else path
