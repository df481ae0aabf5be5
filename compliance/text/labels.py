"""What the labels of clauses are called, and which of them bear on building models. Pure: standard library only."""

from collections.abc import Iterable
from typing import Final

LABEL_WORDS: Final[dict[str, str]] = {
    "train_competing": "Competing models",
    "train_any": "Any model",
    "distill_explicit": "Distillation",
    "explicit_permission": "Training allowed",
    "automated_extraction": "Automated extraction",
    "reverse_engineer": "Reverse engineering",
    "benchmark_restriction": "Benchmarks",
    "scale_threshold": "Scale thresholds",
    "attribution_naming": "Naming and attribution",
    "output_ownership": "Ownership of output",
    "output_sharing_disclosure": "Sharing and disclosure",
    "rate_limit_circumvention": "Limits and accounts",
    "resale_transfer": "Resale and transfer",
    "region_restriction": "Regions",
    "noncommercial": "Non-commercial use",
    "data_use_by_provider": "Provider’s use of data",
    "termination_remedy": "Ending and remedies",
    "pass_through_terms": "Terms passed on",
}
BUILDING: Final = frozenset(
    {
        "train_competing", "train_any", "distill_explicit", "explicit_permission", "automated_extraction",
        "reverse_engineer", "benchmark_restriction", "scale_threshold", "attribution_naming",
    }
)  # fmt: skip
"""Labels that decide whether and how models may be built from output; the others say what comes with it."""
_KEYS: Final[dict[str, str]] = {
    "train_competing": "competing-models",
    "train_any": "any-model",
    "distill_explicit": "distillation",
    "explicit_permission": "training-allowed",
    "automated_extraction": "extraction",
    "reverse_engineer": "reverse-engineering",
    "benchmark_restriction": "benchmarks",
    "scale_threshold": "scale",
    "attribution_naming": "naming",
    "output_ownership": "ownership",
    "output_sharing_disclosure": "sharing",
    "rate_limit_circumvention": "limits",
    "resale_transfer": "resale",
    "region_restriction": "regions",
    "noncommercial": "non-commercial",
    "data_use_by_provider": "provider-data-use",
    "termination_remedy": "ending",
    "pass_through_terms": "terms-passed-on",
}


def label_words(label: str) -> str:
    """A label as people read it; an unknown one as it is."""
    return LABEL_WORDS.get(label, label)


def bears_on_building(labels: Iterable[str]) -> bool:
    """Whether any of the labels decides about models made from output."""
    return not BUILDING.isdisjoint(labels)


def clause_key(labels: Iterable[str], section: str) -> str:
    """A readable key for a clause, at most 80 characters: its weightiest label and its section, "competing-models-2-d"."""
    order = list(_KEYS)
    known = sorted((label for label in labels if label in _KEYS), key=order.index)
    stem = _KEYS[known[0]] if known else "clause"
    numbered = section[:1].isdigit() and len(section) <= 16
    marks = (
        "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in section.casefold()) if numbered else ""
    )
    return "-".join(part for part in (stem, *marks.split("-")) if part)[:80]
