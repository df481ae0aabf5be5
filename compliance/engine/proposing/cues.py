"""What a clause's wording says about the student, its use and its place: cues, each read as a condition. Pure.

None of them decides anything: a person reads every proposed condition beside the clause before a rule is reviewed.
"""

import re
from collections.abc import Iterable
from typing import Final

from compliance.engine.constraints import AllOf, AnyOf, Constraint, FactTest, Not
from compliance.text.provisions import spaced


def pattern(source: str) -> re.Pattern[str]:
    """The compiled pattern; a space stands for any white space, and letter case does not count."""
    return re.compile(spaced(source), re.IGNORECASE)


_GENERAL: Final = pattern(r"\bfoundation(?:al)?(?: \w+){0,2} models?\b|\bfoundation(?:al)?,|\bgeneral[- ]purpose\b")
_LANGUAGE: Final = pattern(
    r"\blarge language\b|\blanguage models?\b|\bLLMs?\b|\bgenerative(?: AI)? models?\b|\blarge language,"
)
_OTHER_SYSTEMS: Final = pattern(
    r"\bor (?:any )?other (?:artificial intelligence|AI|machine[- ]learning) (?:systems?|models?)\b"
)
_IMAGES: Final = pattern(r"\bimage (?:outputs?|generation)\b|\bimage-generation\b|\bgenerated images\b")
_COMMERCIAL: Final = pattern(
    r"(?<!non-)(?<!non\x20)(?<!non)\bcommercial(?:ly)?\b(?! terms| licen[cs]e|ly available)|\bbusiness purposes\b|\bfor profit\b"
)
_NON_COMMERCIAL: Final = pattern(
    r"\bnon[- ]?commercial(?:ly)?\b|\bresearch (?:purposes?|use|results)\b|\bfor (?:[a-z]+,? ){0,4}research\b"
)
_DISTRIBUTED: Final = pattern(
    r"\b(?:re)?distribut\w+|\bpublicly releas\w+|\b(?:made|make|making|makes) (?:[a-z]+ ){0,6}?available\b"
    r"|\bavailable ai models\b|\bpublic statement\b|\bprovide all third[- ]party recipients\b|\bthird[- ]party recipients\b"
)
_NAME: Final = pattern(
    r"\b(?:includ\w+|add|begin\w*|start\w*|prefix\w*|prepend\w*)\b[^.;\"“]{0,60}?[\"“](?P<name>[^\"”]{2,40})[\"”]"
    r"[^.;]{0,60}?\b(?:at the beginning|to the beginning|as (?:a |the )?prefix|at the start)\b"
)
_SORTING: Final = pattern(r"\b(?:classif(?:y|iers?|ication models?)|embeddings?|categori[sz]e|organi[sz]e data)\b")
_SCORING: Final = pattern(r"\b(?:reward models?|rerank\w*)\b")
_IN_HOUSE: Final = pattern(
    r"\binternal (?:business )?(?:use|purposes)\b|\bnot (?:be )?(?:distributed|made (?:commercially )?available)\b"
)
_AT_PROVIDER: Final = pattern(
    r"\bfine[- ]?tun\w+[^.;]{0,60}?\b(?:as part of|within|inside|via|through|provided (?:as|by|through)|offered|in|on)"
    r" (?:the|our|its)?(?: [a-z]+){0,4}? ?(?:services?|platform|products?)\b"
)
_OUTPUT: Final = pattern(r"\b(?:outputs?|results?|responses?|generated (?:content|data)|synthetic)\b")
_DERIVATIVE: Final = pattern(r"\bderivatives?\b|\bmodif(?:y|ied|ications?)\b")
_REGIONS: Final = (
    ("EU_GB_KR", pattern(r"\bEuropean Union\b[^.;]{0,60}\bUnited Kingdom\b[^.;]{0,40}\bSouth Korea\b")),
    ("EEA_CH_GB", pattern(r"\b(?:EEA|European Economic Area)\b[^.;]{0,60}\b(?:UK|United Kingdom|Switzerland)\b")),
    ("EEA", pattern(r"\b(?:EEA|European Economic Area)\b")),
    ("EU", pattern(r"\b(?:EU|European Union)\b")),
    ("CN", pattern(r"\b(?:mainland China|People's Republic of China|PRC)\b")),
)  # fmt: skip


def yes(fact: str, value: bool = True) -> FactTest:
    """The test that a yes-or-no fact is so."""
    return FactTest(fact, "is", value)


def together(parts: Iterable[Constraint | None]) -> Constraint:
    """All of the parts that are there, without a needless level; nothing at all holds always."""
    kept = tuple(dict.fromkeys(part for part in parts if part is not None))
    return kept[0] if len(kept) == 1 else AllOf(kept)


def either(parts: Iterable[Constraint | None]) -> Constraint | None:
    """Any of the parts that are there; None when there are none."""
    kept = tuple(dict.fromkeys(part for part in parts if part is not None))
    return None if not kept else kept[0] if len(kept) == 1 else AnyOf(kept)


def of_the_student(text: str) -> Constraint | None:
    """The kinds of model that a ban on making models is limited to; None when it names any model at all."""
    general, language = _GENERAL.search(text), _LANGUAGE.search(text)
    if _OTHER_SYSTEMS.search(text):
        return None
    generative = FactTest("student.kind", "in", ("generative", "reward"))
    if general and language and not _one_phrase(text):
        return either([yes("student.general_purpose"), generative])
    if general:
        return together([FactTest("student.kind", "eq", "generative") if "generative" in text else None,
                         yes("student.general_purpose")])  # fmt: skip
    return generative if language else None


def _one_phrase(text: str) -> bool:
    """ "foundational generative model" narrows twice; "foundation models, language models" lists alternatives."""
    return re.search(r"foundation(?:al)?\s+(?:[a-z]+\s+)?(?:generative|language)", text) is not None


def of_the_output(text: str) -> Constraint | None:
    """Images alone, where the clause speaks of image output or image generators."""
    if not _IMAGES.search(text):
        return None
    return AllOf((FactTest("output_modality", "eq", "image"), FactTest("student.kind", "eq", "generative")))


def of_commerce(text: str) -> Constraint | None:
    """Commercial use, where the clause speaks of that and does not merely call something non-commercial."""
    return yes("student.commercial") if _COMMERCIAL.search(text) and not is_non_commercial(text) else None


def is_non_commercial(text: str) -> bool:
    """Whether the clause limits use to what is non-commercial or research."""
    return _NON_COMMERCIAL.search(text) is not None


def of_distribution(text: str) -> Constraint | None:
    """Making available to others, where the clause speaks of it."""
    return yes("student.distributed") if _DISTRIBUTED.search(text) else None


def of_descent(text: str, family: str, *, naming: bool = False) -> Constraint | None:
    """A student built on the model itself, where the clause speaks of the model and not of its output.

    `naming`: it asks for a name or a display, which models trained on output carry only where the clause says so.
    """
    if not family or _OUTPUT.search(text):
        return None
    return FactTest("student.base_model", "derived_from", family) if naming or _DERIVATIVE.search(text) else None


def speaks_of_the_model_alone(text: str) -> bool:
    """Whether a grant is about the model, its copies and derivatives, and says nothing of output."""
    return not _OUTPUT.search(text)


def required_name(text: str) -> str:
    """The words with which a model's name has to begin, as the clause quotes them; "" when it asks for none."""
    found = _NAME.search(text)
    return found["name"].strip(" ,.") if found else ""


def sorts_data(text: str) -> Constraint | None:
    """Models that classify or embed, in house where the clause says so; None when it does not speak of them."""
    if not _SORTING.search(text):
        return None
    kinds = ("classifier", "embedding", "reward") if _SCORING.search(text) else ("classifier", "embedding")
    in_house = yes("student.distributed", False) if _IN_HOUSE.search(text) else None
    return together([FactTest("student.kind", "in", kinds), in_house])


def at_provider(text: str) -> Constraint | None:
    """Fine-tuning inside the provider's own services, where the clause speaks of it."""
    return yes("student.trained_at_provider") if _AT_PROVIDER.search(text) else None


def regions(text: str, only_there: bool) -> Constraint | None:
    """Where the organisation is established, for the widest area that the clause names; `only_there` turns it round."""
    area = next((area for area, found in _REGIONS if found.search(text)), None)
    if area is None:
        return None
    inside = FactTest("organisation.region", "within", area)
    return Not(inside) if only_there else inside
