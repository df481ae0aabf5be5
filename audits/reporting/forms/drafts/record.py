"""What the record says of training data that models wrote: the sentences that several drafts need. PURE."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from audits.reporting.filters import day, value_of
from audits.reporting.forms.drafts.fields import Answer, declared, recorded, unknown
from audits.reporting.wording import listed, numbered

Context = Mapping[str, Any]
Row = Mapping[str, Any]
MODALITIES: Final = {
    "chat": "text",
    "text_completion": "text",
    "completion": "text",
    "completions": "text",
    "messages": "text",
    "responses": "text",
    "generate_content": "text",
    "converse": "text",
    "invoke_agent": "text",
    "embeddings": "numbers (embeddings)",
    "image_generation": "image",
    "images": "image",
    "speech": "audio",
    "audio": "audio",
    "transcription": "text",
    "translation": "text",
    "video_generation": "video",
    "realtime": "text or audio",
    "rerank": "numbers (scores)",
    "moderation": "labels",
}
SELF: Final = "self"


def training(context: Context) -> list[Row]:
    """The data sets that were declared to be for training."""
    return [one for one in context["lineage"]["datasets"] if one["role"] == "training"]


def teachers(context: Context) -> dict[str, int]:
    """Model → rows of training data that hold its answers, as text, label or score; most rows first."""
    rows: dict[str, int] = {}
    for one in training(context):
        for share in [*one["by_model"], *one["labels_by_model"]]:
            rows[share["model"]] = rows.get(share["model"], 0) + share["rows"]
    return dict(sorted(rows.items(), key=lambda pair: (-pair[1], pair[0])))


def provider_of(context: Context, model: str) -> Row | None:
    """The provider whose recorded calls asked for the model; None: none did, or more than one."""
    found = [one for one in context["providers"] if any(held["model"] == model for held in one["models"])]
    return found[0] if len(found) == 1 else None


def is_own(provider: Row | None) -> bool:
    """Whether every call of the provider's models was answered by a server of the pipeline's own."""
    return provider is not None and list(provider.get("served_by") or []) == [SELF]


def student_name(context: Context) -> str:
    """The student's name; what the report is about when it has none, or several."""
    student = context["run"].get("student")
    return str(student["name"]) if student else "the model that was trained"


def stated(context: Context, fact: str) -> Any:
    """What audit.toml declares of the student; None: nothing."""
    student = context["run"].get("student") or {}
    return next((one["value"] for one in student.get("facts", []) if one["fact"] == fact), None)


def told_by_manifest(context: Context, fact: str, words: str, otherwise: str) -> Answer:
    """The declared fact in words (`{}` is the value), or what a person has to say."""
    value = stated(context, fact)
    return unknown(otherwise) if value is None else declared(words.format(value_of(value)), "audit.toml")


def synthetic(context: Context) -> list[Answer]:
    """Whether data that models wrote stands in the training data. What was not recorded is never taken for absent."""
    sets = training(context)
    if not sets:
        return [
            unknown("audit.toml declares no training data; say which there is, and whether models wrote any of it.")
        ]
    found = [_of_dataset(one) for one in sets if one["derived_rows"] or one["label_rows"]]
    answers = [recorded(text, "lineage of the run; shares are lower bounds") for text in found]
    own = sum(one["own_rows"] for one in sets if not one["gap"])
    if own:
        answers.append(
            unknown(
                f"In {numbered(own, 'row')} no recorded answer was found. Say where they come from, and if models wrote them."
            )
        )
    answers += [
        unknown(f"{one['dataset']} could not be traced ({one['gap'].rstrip('.')}). Say what it holds.")
        for one in sets
        if one["gap"]
    ]
    nothing = "Every row was traced, and none holds a recorded answer. Say whether models wrote any of it elsewhere."
    return answers or [unknown(nothing)]


def _of_dataset(one: Row) -> str:
    parts = []
    if one["derived_rows"]:
        parts.append(f"{one['derived_rows']:,} hold text of recorded answers of models")
    if one["label_rows"]:
        parts.append(f"{one['label_rows']:,} took a label or score from one")
    return f"Of {numbered(one['rows'], 'row')} of {one['dataset']}, {listed(parts)}."


def modalities(context: Context) -> list[Answer]:
    """Kinds of data that the teachers wrote, by the operations that were called."""
    asked = set(teachers(context))
    operations = {
        name
        for one in context["providers"]
        for held in one["models"]
        if held["model"] in asked
        for name in held["operations"]
    }
    known = sorted({MODALITIES[name] for name in operations if name in MODALITIES})
    strange = sorted(operations - set(MODALITIES))
    answers = [recorded(listed(known).capitalize() + ".", "operations of the recorded calls")] if known else []
    if strange or not known:
        what = f" What {listed(strange)} gives is not known here." if strange else ""
        answers.append(unknown(f"Name the kinds of data that were generated: text, image, audio, video, other.{what}"))
    return answers


def models_named(context: Context, *, own: bool) -> Iterator[Answer]:
    """The teachers that were called at somebody else's service, or (`own`) on servers of the pipeline's own."""
    for model, rows in teachers(context).items():
        provider = provider_of(context, model)
        if is_own(provider) != own:
            continue
        name = provider["name"] if provider else "a provider that the record does not tell"
        at = f", called at {listed(list(provider['hosts']), most=3)}" if provider and provider["hosts"] else ""
        yield recorded(
            f"{model or 'A model that was not named'} of {name}{at}: {numbered(rows, 'row')} of training data.",
            "calls and lineage of the run",
        )


def behind(context: Context) -> list[str]:
    """Models whose answers stood in the prompts of the teachers."""
    sets = training(context)
    return list(dict.fromkeys(found["model"] for one in sets for found in one.get("behind") or [] if found["model"]))


def period(context: Context) -> Answer:
    """The days on which models were called: what was collected otherwise is not on record."""
    usage = context["usage"]
    if not usage["first_at"]:
        return unknown("No call was recorded; say when the data was made or collected.")
    first, last = day(usage["first_at"]), day(usage["last_at"])
    days = f"on {first}" if first == last else f"from {first} to {last}"
    return recorded(f"Models were called {days}.", "first and last recorded call of a model")


def kept(context: Context) -> list[Answer]:
    """How many answers were given and how many stand in the training data."""
    return [
        recorded(
            f"{one['kept']:,} of {numbered(one['answers'], 'answer')} of {one['model'] or 'a model that was not named'} "
            f"were found in the training data; of the others nothing was found there.",
            "calls and lineage of the run",
        )
        for one in context["lineage"]["kept"]
        if one["answers"]
    ]


def chosen_by_models(context: Context) -> list[Answer]:
    """Calls that chose what went into the training data."""
    return [
        recorded(
            f"{numbered(row['calls'], 'call')} of models of {one['name']} chose what went into the training data.",
            f"purpose of the calls, {row['source'] or 'not told by whom'}",
        )
        for one in context["providers"]
        for row in one["purposes"]
        if row["purpose"] == "filter"
    ]


def warnings(context: Context) -> Sequence[str]:
    """What a reader must know before anything of the draft is used."""
    run = context["run"]
    told = []
    if run.get("simulated"):
        told.append(
            f"Simulated upstream: a local program answered in place of {listed(list(run['simulated']), most=4)}. Nothing of this "
            "draft describes data that a provider’s model wrote."
        )
    if run.get("replay"):
        told.append("The run is a replay of recorded answers; the draft belongs to the run that recorded them.")
    if run.get("isolation") == "proxy_only":
        told.append("Calls could have bypassed the recorder, so what is recorded may not be all.")
    if context.get("gaps") or context.get("unparsed"):
        many = len(context.get("gaps") or []) + len(context.get("unparsed") or [])
        told.append(f"{numbered(many, 'thing')} could not be observed or read; the report’s part on gaps lists them.")
    return told
