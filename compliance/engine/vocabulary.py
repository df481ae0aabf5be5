"""Every fact a rule may ask about: its path, what it may hold, and how it reads in a sentence.

The paths and values are those of the published `assess` interface. A fact that is not listed here does not exist: neither a use
nor a rule can name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ACTIVITIES: Final[Mapping[str, str]] = {
    "train_on_output": "training a model on output",
    "evaluate": "evaluating models with output",
    "filter_training_data": "choosing training data with output",
    "fine_tune_weights": "fine-tuning the model’s weights",
    "reverse_engineer": "reverse engineering or extracting the model",
    "publish_benchmark": "publishing benchmark results",
    "extract_systematically": "extracting output systematically",
    "use_output": "using output",
}
ACCESS_KINDS: Final[Mapping[str, str]] = {
    "api": "an API",
    "consumer_app": "a consumer app",
    "weights": "the model’s weights",
}
MODALITIES: Final[Mapping[str, str]] = {
    "text": "text",
    "code": "code",
    "image": "images",
    "audio": "audio",
    "embedding": "embeddings",
}
STUDENT_KINDS: Final[Mapping[str, str]] = {
    "generative": "a generative model",
    "classifier": "a classifier",
    "embedding": "an embedding model",
    "reward": "a reward model",
}
SOURCES: Final[Mapping[str, str]] = {
    "observed": "observed in a run",
    "inferred": "inferred",
    "declared": "declared",
}


@dataclass(frozen=True)
class FactDefinition:
    """One fact: `kind` is bool, choice, count, amount, date, region, model, slug or text.

    `label` names it in a list ("monthly active users"), `question` asks a person for it, `true` and `false` state it (bool only).
    """

    path: str
    kind: str
    label: str
    question: str
    allowed: Mapping[str, str] | None = None
    true: str = ""
    false: str = ""


def _definitions() -> tuple[FactDefinition, ...]:
    return (
        FactDefinition("provider", "slug", "the model’s developer", "Who developed the model that was queried?"),
        FactDefinition("model", "model", "the model", "Which model was queried?"),
        FactDefinition("access.kind", "choice", "the kind of access", "How was the model reached?", ACCESS_KINDS),
        FactDefinition("access.served_by", "slug", "who served the model", "Who served the model?"),
        FactDefinition("access.account", "text", "the account", "Which account was used?"),
        FactDefinition("on", "date", "the day of use", "On which day was the model used?"),
        FactDefinition("activity", "choice", "the activity", "What was the output or the model used for?", ACTIVITIES),
        FactDefinition("output_modality", "choice", "the kind of output", "What kind of output was it?", MODALITIES),
        FactDefinition("student.kind", "choice", "the kind of student", "What kind of model is the student?", STUDENT_KINDS),
        FactDefinition(
            "student.general_purpose", "bool", "whether the student is a general-purpose model",
            "Is the student a foundation or general-purpose model?",
            true="the student is a general-purpose model", false="the student is not a general-purpose model",
        ),
        FactDefinition("student.base_model", "model", "the student’s base model", "Which model was the student started from?"),
        FactDefinition(
            "student.competes_with_provider", "bool", "whether the student competes with the provider",
            "Does the student compete with the provider’s models, products or services?",
            true="the student competes with the provider", false="the student does not compete with the provider",
        ),
        FactDefinition(
            "student.distributed", "bool", "whether the student is made available to third parties",
            "Are the student’s weights, or a service built on it, made available to third parties?",
            true="the student is made available to third parties",
            false="the student is not made available to third parties",
        ),
        FactDefinition(
            "student.commercial", "bool", "whether the student is used commercially", "Is the student used commercially?",
            true="the student is used commercially", false="the student is not used commercially",
        ),
        FactDefinition("student.name", "text", "the student’s name", "What is the student called?"),
        FactDefinition(
            "student.trained_at_provider", "bool", "whether the student was trained in the provider’s own fine-tuning service",
            "Was the student trained inside the provider’s own fine-tuning service?",
            true="the student was trained in the provider’s own fine-tuning service",
            false="the student was not trained in the provider’s own fine-tuning service",
        ),
        FactDefinition(
            "organisation.monthly_active_users", "count", "the organisation’s monthly active users",
            "How many monthly active users do the organisation’s products have?",
        ),
        FactDefinition(
            "organisation.annual_revenue_usd", "amount", "the organisation’s annual revenue in US dollars",
            "What is the organisation’s annual revenue in US dollars?",
        ),
        FactDefinition("organisation.region", "region", "the organisation’s region", "Where is the organisation established?"),
        FactDefinition("authorisation", "authorisation", "a written authorisation", "Is a written authorisation on record?"),
    )  # fmt: skip


FACTS: Final[Mapping[str, FactDefinition]] = {fact.path: fact for fact in _definitions()}

EEA: Final[frozenset[str]] = frozenset(
    {
        "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT",
        "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO",
    }
)  # fmt: skip
REGIONS: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    "EU": ("the European Union", EEA - {"IS", "LI", "NO"}),
    "EEA": ("the European Economic Area", EEA),
    "EEA_CH_GB": ("the EEA, Switzerland or the United Kingdom", EEA | {"CH", "GB", "UK", "EEA", "EU"}),
    "CN": ("mainland China", frozenset({"CN"})),
    "US": ("the United States", frozenset({"US"})),
    "KR": ("South Korea", frozenset({"KR"})),
    "EU_GB_KR": ("the European Union, the United Kingdom or South Korea", EEA - {"IS", "LI", "NO"} | {"GB", "UK", "KR", "EU"}),
}  # fmt: skip


MISSING_TEXT: Final = "terms:"
MENDED_RULE: Final = "rule:"
"""What an answer may wait for beside facts: a text that is not held, a published rule that can't be read; a key follows."""


def is_fact(missing: str) -> bool:
    """Whether what an answer waits for is a fact that somebody can tell, rather than a text to obtain or a rule to mend."""
    return not missing.startswith((MISSING_TEXT, MENDED_RULE))


def missing_label(missing: str) -> str:
    """What an answer waits for, as people call it: "the student's base model", "the text of openai/business-terms"."""
    if missing.startswith(MISSING_TEXT):
        return f"the text of {missing.removeprefix(MISSING_TEXT)}"
    if missing.startswith(MENDED_RULE):
        return f"the broken rule {missing.removeprefix(MENDED_RULE)}"
    return FACTS[missing].label if missing in FACTS else missing


def lies_within(region: str, area: str) -> bool | None:
    """Whether a region code (ISO 3166, "EU", "US-CA") lies within an area of REGIONS; None when the code says too little."""
    code = region.strip().upper()
    code = code.partition("-")[0]
    members = REGIONS[area][1]
    if code in members or code == area:
        return True
    if code in ("EU", "EEA"):
        return True if area in ("EEA", "EEA_CH_GB", "EU") and code == "EU" else None if members & EEA else False
    return False if len(code) == 2 and code.isalpha() else None
