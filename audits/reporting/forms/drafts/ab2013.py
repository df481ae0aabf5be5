"""California's documentation of training data (AB 2013), filled from the record.

Source: California Civil Code, sections 3110 and 3111 (Assembly Bill 2013, chapter 817 of the statutes of 2024, in force from
1 January 2026). The twelve items of section 3111(a) are told in our own words.
"""

from typing import Final

from audits.reporting.filters import day
from audits.reporting.forms.about import subject
from audits.reporting.forms.drafts import record
from audits.reporting.forms.drafts.fields import Answer, Draft, Field, Section, declared, recorded, unknown
from audits.reporting.forms.drafts.record import Context
from audits.reporting.wording import listed, numbered

LAW: Final = (
    "California Civil Code, sections 3110 and 3111 (Assembly Bill 2013, chapter 817 of the statutes of 2024, from 1 January "
    "2026). The items of section 3111(a) are told in our words; the statute’s text decides."
)
NOTES: Final = (
    "The duty is that of developers of generative systems or services, released since 1 January 2022, that are made available to "
    "Californians. It arises anew with each substantial modification, fine-tuning among them, and is met on the developer’s "
    "website before the system is made available. Section 3111(b) excepts security, aircraft and national security.",
    "Only training data that the audited runs declared is here; data of earlier stages is for a person to add.",
)


def ab2013_draft(context: Context) -> Draft:
    """The draft for the student of a report's context."""
    return Draft(
        name="ab2013",
        title="Documentation of training data",
        subject=f"{record.student_name(context)} ({subject(context)})",
        law=LAW,
        notes=(*record.warnings(context), *NOTES),
        sections=(
            Section("Whether it applies", _scope(context)),
            Section("The data sets", (*_what(context), *_rights(context))),
            Section("How they were made and used", _making(context)),
        ),
    )


def _scope(context: Context) -> tuple[Field, ...]:
    return (
        Field(
            "3110",
            "Whether the system is generative, and open to the public of California",
            (
                record.told_by_manifest(context, "kind", "Kind of the student: {}.", "Say whether it is generative."),
                record.told_by_manifest(
                    context,
                    "distributed",
                    "Said to be made available to others: {}.",
                    "Say whether Californians can use it.",
                ),
                unknown("Say since when, and which modification this documentation is for."),
            ),
        ),
    )


def _what(context: Context) -> tuple[Field, ...]:
    sets = record.training(context)
    purpose = context["run"].get("declared_purpose")
    meant = (
        [declared(f"The pipeline’s calls of models were said to be for: {purpose}.", "audit.toml")] if purpose else []
    )
    points = [
        recorded(f"{one['dataset']}: {numbered(one['rows'], 'row')}.", "the file that the run left") for one in sets
    ]
    return (
        Field("3111(a)(1)", "Where the data sets come from, or whose they are", _sources(context)),
        Field(
            "3111(a)(2)",
            "How they serve what the system is meant for",
            (*meant, unknown("Describe the purpose, and what each data set adds.")),
        ),
        Field(
            "3111(a)(3)",
            "How many data points they hold",
            tuple(points) or (unknown("No training data is declared; give ranges."),),
        ),
        Field("3111(a)(4)", "What kinds of data points, or of labels", _kinds(context)),
    )


def _sources(context: Context) -> tuple[Answer, ...]:
    told: list[Answer] = []
    for one in record.training(context):
        models = listed([share["model"] or "a model that was not named" for share in one["by_model"]], most=6)
        if one["by_model"]:
            told.append(
                recorded(
                    f"{one['dataset']}: answers of {models} in {numbered(one['derived_rows'], 'row')}.",
                    "lineage of the run",
                )
            )
        if one["own_rows"] and not one["gap"]:
            told.append(
                unknown(
                    f"{one['dataset']}: where {numbered(one['own_rows'], 'row')} come from in which no recorded answer was found."
                )
            )
        if one["gap"]:
            told.append(unknown(f"{one['dataset']}: it could not be traced; say where it comes from."))
    return (*told, unknown("Whose the data sets are."))


def _kinds(context: Context) -> tuple[Answer, ...]:
    told = []
    for one in record.training(context):
        told.append(recorded(f"{one['dataset']}: {one['format'] or 'format not told'}.", "the file as it was read"))
        if one["label_rows"]:
            models = listed(
                [share["model"] or "a model that was not named" for share in one["labels_by_model"]], most=6
            )
            told.append(
                recorded(
                    f"{one['dataset']}: labels or scores of {models} in {numbered(one['label_rows'], 'row')}.",
                    "lineage of the run",
                )
            )
    return (*told, unknown("The kinds of labels, or the general characteristics of data without labels."))


def _rights(context: Context) -> tuple[Field, ...]:
    agreements = [
        declared(
            f"{one['provider']}: {one['reference']}, from {day(one['from'])}{' to ' + day(one['to']) if one['to'] else ''}.",
            "agreements on record",
        )
        for one in context.get("agreements") or []
    ]
    masked = (context["run"].get("bounds") or {}).get("content") == "masked"
    told = (
        "E-mail and IP addresses, telephone, account and card numbers were replaced by pseudonyms in what was recorded; the data "
        "sets themselves were not changed by that."
    )
    replaced = [recorded(told, "set-up of the run")] if masked else []
    return (
        Field(
            "3111(a)(5)",
            "Whether copyright, trade marks or patents protect any of it, or all is in the public domain",
            (unknown("The record holds texts and hashes, and says nothing of rights in them."),),
        ),
        Field(
            "3111(a)(6)",
            "Whether it was bought or licensed",
            (
                *agreements,
                unknown(
                    "Which data sets were bought or licensed."
                    if agreements
                    else "No agreement is on record, and none is assumed; say which data sets were bought or licensed."
                ),
            ),
        ),
        Field(
            "3111(a)(7)",
            "Whether it holds personal information (section 1798.140(v))",
            (*replaced, unknown("Nobody has said.")),
        ),
        Field(
            "3111(a)(8)",
            "Whether it holds aggregate consumer information (section 1798.140(b))",
            (unknown("Nobody has said."),),
        ),
    )


def _making(context: Context) -> tuple[Field, ...]:
    run = context["run"]
    used = (
        [recorded(f"They were used in the run that began on {day(run['started_at'])}.", "steps of the run")]
        if run.get("started_at")
        else []
    )
    return (
        Field(
            "3111(a)(9)",
            "How the data was cleaned, processed or changed, and to what end",
            (
                *record.kept(context),
                *record.chosen_by_models(context),
                unknown("What else was done to it, and to what end."),
            ),
        ),
        Field(
            "3111(a)(10)",
            "When it was collected, and whether that goes on",
            (
                record.period(context),
                unknown("When rows without a recorded answer were collected, and whether collecting goes on."),
            ),
        ),
        Field(
            "3111(a)(11)",
            "When the data sets were first used in development",
            (*used, unknown("When each was first used: the record does not look beyond its own runs.")),
        ),
        Field(
            "3111(a)(12)",
            "Whether synthetic data is or was generated for it, and what need it serves",
            _generated(context),
        ),
    )


def _generated(context: Context) -> tuple[Answer, ...]:
    models = [*record.models_named(context, own=False), *record.models_named(context, own=True)]
    return (
        *record.synthetic(context),
        *models,
        unknown("What the generated data is needed for, if that is to be said."),
    )
