"""The synthetic-data part of the public summary of training content under the EU AI Act, filled from the record.

Source: Regulation (EU) 2024/1689, Article 53(1)(d) and recital 107; the AI Office's template with explanatory notice, published
on 24 July 2025 and adopted as C(2025) 8311 of 5 December 2025, sections 1 and 2.5. What it asks is told in our own words.
"""

from typing import Final

from audits.reporting.forms.about import subject
from audits.reporting.forms.drafts import record
from audits.reporting.forms.drafts.fields import Answer, Draft, Field, Section, declared, recorded, unknown
from audits.reporting.forms.drafts.record import Context
from audits.reporting.wording import listed, numbered

LAW: Final = (
    "Regulation (EU) 2024/1689 (AI Act), Article 53(1)(d); the AI Office’s template for the public summary of training content "
    "of 24 July 2025 with its explanatory notice (C(2025) 8311 of 5 December 2025), sections 1 and 2.5. Questions are told in "
    "our words; the template’s own text decides."
)
NOTES: Final = (
    "Of the sources of data only that which models wrote is here, and of section 1 what the record touches. The rest (public, "
    "licensed, crawled and user data; respect of reservations of rights; removal of illegal content) is not drawn from it.",
    "Whoever modifies somebody else’s model answers for the content of the modification alone, and names the model that was "
    "modified.",
)


def ai_act_draft(context: Context) -> Draft:
    """The draft for the student of a report's context."""
    return Draft(
        name="ai-act",
        title="Public summary of training content: data that models wrote",
        subject=f"{record.student_name(context)} ({subject(context)})",
        law=LAW,
        notes=(*record.warnings(context), *NOTES),
        sections=(
            Section("The model and its provider", _general(context)),
            Section("Synthetic data", _synthetic(context)),
        ),
    )


def _general(context: Context) -> tuple[Field, ...]:
    student = context["run"].get("student")
    name = [declared(f"{student['name']}.", "audit.toml")] if student else []
    if student and student.get("sha256"):
        name.append(recorded(f"Its files have the SHA-256 {student['sha256']}.", "files that the run left"))
    return (
        Field(
            "1.1",
            "Who provides the model, and how to reach them",
            (unknown("Name, address, and the authorised representative if there is one."),),
        ),
        Field(
            "1.2",
            "Which model and which versions this is about",
            (*name, unknown("The name and version under which it is published.")),
        ),
        Field("1.2", "Which model it was made from", (_base(context),)),
        Field(
            "1.2",
            "Since when it is on the Union market",
            (unknown("The day, and whether it is placed on the Union market at all."),),
        ),
        Field(
            "Article 3(63)",
            "Whether it is a general-purpose model, so that the duty applies",
            (
                record.told_by_manifest(
                    context, "general_purpose", "Said to be a general-purpose model: {}.", "Say whether it is one."
                ),
                record.told_by_manifest(
                    context, "distributed", "Said to be made available to others: {}.", "Say whether others can use it."
                ),
            ),
        ),
        Field("1.3", "How much data of each kind it was trained on, in the template’s ranges", _sizes(context)),
        Field(
            "1.3",
            "Up to when data was acquired, and whether that goes on",
            (
                record.period(context),
                unknown("The latest month in which any training data was acquired, and whether it goes on."),
            ),
        ),
    )


def _sizes(context: Context) -> tuple[Answer, ...]:
    """Rows and words of this training run alone; the template asks for the whole, earlier stages included."""
    told = [
        recorded(
            f"{one['dataset']}: {numbered(one['rows'], 'row')}"
            + (f", {numbered(one['words'], 'word')}." if one.get("words") else "."),
            "the file that the run left",
        )
        for one in record.training(context)
        if not one["gap"]
    ]
    return (*told, unknown("The kinds and ranges over all stages of training, those before these runs among them."))


def _base(context: Context) -> Answer:
    value = record.stated(context, "base_model")
    if value == "none":
        return declared("None: said to be trained from scratch.", "audit.toml")
    otherwise = "Say whether it modifies another model, which, and where that model’s own summary is."
    return unknown(otherwise) if value is None else declared(f"{value}.", "audit.toml")


def _synthetic(context: Context) -> tuple[Field, ...]:
    return (
        Field(
            "2.5",
            "Whether data that models wrote was made for training, by the provider or for it",
            tuple(record.synthetic(context)),
        ),
        Field("2.5", "Which kinds of data that was", tuple(record.modalities(context))),
        Field(
            "2.5",
            "Which general-purpose models on the market wrote it, each with a link to its own summary",
            _on_market(context),
        ),
        Field(
            "2.5", "Which other models wrote it, the provider’s own and unpublished ones among them", _others(context)
        ),
        Field(
            "2.5",
            "What those other models were trained on, as far as that is known and needed",
            (unknown("Describe it in general terms for each model that has no summary of its own."),),
        ),
        Field("2.5", "How it was made and used", _use(context)),
    )


def _on_market(context: Context) -> tuple[Answer, ...]:
    named = list(record.models_named(context, own=False))
    if not named:
        return (
            unknown(
                "No model of another’s service is on record as a source of training data; name those used elsewhere."
            ),
        )
    return (
        *named,
        unknown("Say for each whether it is a general-purpose model on the Union market; add the link to its summary."),
    )


def _others(context: Context) -> tuple[Answer, ...]:
    found = list(record.models_named(context, own=True))
    behind = record.behind(context)
    if behind:
        found.append(
            recorded(
                f"Answers of {listed(behind)} stood in the prompts of the models above.", "chains of answers in the run"
            )
        )
    return (
        *found,
        unknown("Name the models of one’s own and the unpublished ones that wrote training data and are not listed."),
    )


def _use(context: Context) -> tuple[Answer, ...]:
    told = [*record.kept(context), *record.chosen_by_models(context)]
    told.append(
        unknown(
            "Say in general terms how: as answers to learn from (distillation), as labels or scores, as feedback for alignment. "
            "Using models only to clean or enrich data is not counted here by the explanatory notice."
        )
    )
    return tuple(told)
