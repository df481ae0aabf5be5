"""How facts, tests and days read in a sentence."""

from datetime import date
from functools import lru_cache
from typing import Final

from compliance.engine.facts import FactValue
from compliance.engine.vocabulary import ACCESS_KINDS, ACTIVITIES, FACTS, MODALITIES, REGIONS, STUDENT_KINDS

_ORDER: Final = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "fewer than"}
_DAYS: Final = {"gte": "on or after", "gt": "after", "lte": "on or before", "lt": "before"}
_MONTHS: Final = (
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
)  # fmt: skip


@lru_cache(maxsize=4096)
def day(value: date) -> str:
    """15 August 2024."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def listed(words: list[str], last: str) -> str:
    """a, b or c."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" {last} " + words[-1]


@lru_cache(maxsize=4096)
def condition_phrase(fact: str, op: str, value: FactValue | tuple[FactValue, ...], holds: bool = True) -> str:
    """A test as a clause: "the student is a classifier", or its denial."""
    definition = FACTS[fact]
    if op == "is":
        return definition.true if bool(value) is holds else definition.false
    if op == "grants":
        what = "the activity" if value == "*" else ACTIVITIES[str(value)]
        return f"a written authorisation {'covers' if holds else 'does not cover'} {what}"
    values = [_worded(fact, item) for item in (value if isinstance(value, tuple) else (value,))]
    return _sentence(fact, op, values, value, holds)


def _sentence(fact: str, op: str, values: list[str], value: object, holds: bool) -> str:
    verb = "is" if holds else "is not"
    choice = listed(values, "or")
    if op == "derived_from":
        who = "the student" if fact == "student.base_model" else "the model"
        return f"{who} {verb} built on {listed([_family(item) for item in values], 'or')}"
    if op == "within":
        return f"the organisation {verb} established in {REGIONS[str(value)][0]}"
    if op == "starts_with":
        quoted = [f"“{item}”" for item in values]
        return f"the student’s name {'begins' if holds else 'does not begin'} with {listed(quoted, 'or')}"
    if op in _ORDER:
        return _comparison(fact, op, values[0], holds)
    return f"{_subject(fact)} {verb} {choice}"


def _family(slug: str) -> str:
    return " ".join(word.capitalize() for word in slug.split("-"))


def _comparison(fact: str, op: str, value: str, holds: bool) -> str:
    if fact == "on":
        return f"the day of use {'lies' if holds else 'does not lie'} {_DAYS[op]} {value}"
    if fact == "organisation.monthly_active_users":
        return f"the organisation {'has' if holds else 'does not have'} {_ORDER[op]} {value} monthly active users"
    return (
        f"the organisation’s annual revenue {'is' if holds else 'is not'} {_ORDER[op].replace('fewer', 'less')} {value}"
    )


def _subject(fact: str) -> str:
    if fact == "student.kind":
        return "the student"
    if fact == "output_modality":
        return "the output"
    return FACTS[fact].label


def _worded(fact: str, value: FactValue) -> str:
    tables = {
        "student.kind": STUDENT_KINDS,
        "output_modality": MODALITIES,
        "activity": ACTIVITIES,
        "access.kind": ACCESS_KINDS,
    }
    if fact in tables:
        return tables[fact][str(value)]
    if isinstance(value, date):
        return day(value)
    if fact == "organisation.annual_revenue_usd":
        return f"USD {value:,}"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)


def fact_phrase(fact: str, value: FactValue | None) -> str:
    """What is known about a fact: "the student is a generative model"; with None, what is not."""
    if value is None:
        return f"it is unknown {unknown_phrase(fact)}"
    if fact == "authorisation":
        return f"the authorisation on record is “{value}”"
    if isinstance(value, bool):
        return FACTS[fact].true if value else FACTS[fact].false
    if fact == "student.base_model":
        return "the student was trained from scratch" if value == "none" else f"the student’s base model is {value}"
    if fact == "student.name":
        return f"the student’s name is “{value}”"
    if fact == "organisation.monthly_active_users":
        return f"the organisation has {_worded(fact, value)} monthly active users"
    return f"{_subject(fact)} is {_worded(fact, value)}"


def unknown_phrase(fact: str) -> str:
    """What is unknown, as an indirect question: "whether the student is a general-purpose model"."""
    label = FACTS[fact].label if fact in FACTS else fact
    return label if label.startswith(("whether", "who")) else f"what {label} is"
