"""The exceptions that a clause's wording names: consent, the API, the service, classifiers, own models. Pure."""

import re
from dataclasses import dataclass
from typing import Final

from compliance.engine.constraints import AllOf, Constraint, FactTest
from compliance.engine.proposing.cues import at_provider, pattern, sorts_data, yes
from compliance.engine.rules import RuleException

_EXCEPT: Final = r"(?:except|exclud|unless|other than|apart from|does not apply|without|save (?:as|where|for)|however)"
_CONSENT: Final = pattern(
    r"(?:unless|except|without|absent|request|obtain)\b[^.;]{0,100}?\b"
    r"(?:consent|authori[sz]ation|permission|approv\w+|approved by|agree(?:ment|d)? in writing|in writing"
    r"|order form|expressly permitted by(?! (?:applicable |any )?(?:law|legislation))"
    r"|licen[cs]e from)\b|\bun(?:authori[sz]ed|approved|permitted)\b|^unless (?:explicitly|expressly) permitted"
)
_BY_API: Final = pattern(
    rf"{_EXCEPT}[^.;]{{0,100}}?\b(?:through|via|by|using|with|an?) (?:(?:the|our|its|an?) )?(?:[a-z]+ ){{0,2}}?APIs?\b"
)
_BY_SERVICE: Final = pattern(
    rf"{_EXCEPT}[^.;]{{0,40}}?\b(?:permitted|allowed)\b[^.;]{{0,30}}?\b(?:through|within|by|via) (?:the|our|an?)"
    r"(?: [a-z]+){0,3}? (?:services?|products?|platform|features?|functionality)\b(?! terms)"
)
_EVALUATION: Final = pattern(rf"{_EXCEPT}[^.;]{{0,80}}?\b(?:evaluat|benchmark|test|assess)\w*")
_INTERNAL: Final = pattern(rf"{_EXCEPT}[^.;]{{0,80}}?\binternal\b")
_NAMED: Final = pattern(r"(?:exclud\w+|except(?:ing)?(?: for)?|other than|apart from) (?P<what>[^.;)]{2,160})")
_OTHER_MODELS: Final = pattern(r"\bany other (?:[a-z]+,? ){0,5}models?\b|\bother (?:[a-z]+ ){0,2}models\b")
_OWN: Final = pattern(r"\bderivatives?\b|\bderivative works?\b|\bthe models?\b|\bmodifications?\b|\bfine-tuning of\b")


@dataclass(frozen=True, slots=True)
class Family:
    """A model family as a clause may name it: its id in the catalogue, and its names."""

    id: str
    names: tuple[str, ...]


def exceptions(text: str, provider: str, families: tuple[Family, ...], licensed: str) -> tuple[RuleException, ...]:
    """The ways out that the wording names. `licensed`: the family whose licence it is, "" when it is none."""
    found = (
        _sorting(text),
        _fine_tuning(text, provider),
        _way_out(_BY_API, text, "through-the-api", "use through the API", FactTest("access.kind", "eq", "api")),
        _way_out(_BY_SERVICE, text, "permitted-by-the-service", "what the service itself offers",
                 yes("student.trained_at_provider")),
        _own_models(text, provider, families, licensed),
        _internal(text),
        _way_out(_CONSENT, text, "authorised", f"written permission by {provider}",
                 FactTest("authorisation", "grants", "*")),
    )  # fmt: skip
    return tuple(exception for exception in found if exception is not None)


def spares_evaluation(text: str) -> bool:
    """Whether evaluation stands among the exceptions."""
    return _EVALUATION.search(text) is not None


def _sorting(text: str) -> RuleException | None:
    condition = sorts_data(text)
    if condition is None:
        return None
    if isinstance(condition, AllOf):
        return RuleException("undistributed-classifiers", "classifiers and embeddings that stay in house", condition)
    return RuleException("classifiers", "classifiers and embeddings", condition)


def _fine_tuning(text: str, provider: str) -> RuleException | None:
    condition = at_provider(text)
    if condition is None:
        return None
    return RuleException("fine-tuning-in-the-services", f"fine-tuning inside {provider}’s own services", condition)


def _internal(text: str) -> RuleException | None:
    if not _INTERNAL.search(text) or sorts_data(text):
        return None
    return RuleException("internal-use", "the organisation’s own internal use", yes("student.distributed", False))


def _own_models(text: str, provider: str, families: tuple[Family, ...], licensed: str) -> RuleException | None:
    """Models of the family that the exception names, or of the one that the licence is about."""
    said = _NAMED.search(text)
    named = said["what"].casefold() if said else ""
    fits = [(name, family.id) for family in families for name in family.names if name.casefold() in named]
    if fits and named:
        name, family = max(fits, key=lambda fit: len(fit[0]))
    elif licensed and ((named and _OWN.search(named)) or _OTHER_MODELS.search(text)):
        name, family = f"{provider}’s own model", licensed
    else:
        return None
    return RuleException(
        "own-derivatives", f"{name} and its derivatives", FactTest("student.base_model", "derived_from", family)
    )


def _way_out(cue: re.Pattern[str], text: str, name: str, title: str, condition: Constraint) -> RuleException | None:
    return RuleException(name, title, condition) if cue.search(text) else None
