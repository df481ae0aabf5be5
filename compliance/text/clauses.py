"""Find and label the clauses of published terms that bear on models built from output. Pure: standard library only.

Segment, read, judge the stance, look for provisions: no learned model, no list of any provider's phrases. Each label says
which cue fired and on which words, so that a person can agree or disagree with it.
"""

import re
from dataclasses import dataclass, replace

from compliance.text.provisions import Provision, cue
from compliance.text.provisions_of_building import PROVISIONS_OF_BUILDING
from compliance.text.provisions_of_dealing import PROVISIONS_OF_DEALING
from compliance.text.provisions_of_use import PROVISIONS_OF_USE
from compliance.text.reading import reading
from compliance.text.segment import Unit, units
from compliance.text.stance import Mode, Stance, stance

PROVISIONS: tuple[Provision, ...] = (*PROVISIONS_OF_BUILDING, *PROVISIONS_OF_USE, *PROVISIONS_OF_DEALING)
LABELS: tuple[str, ...] = tuple(dict.fromkeys(provision.label for provision in PROVISIONS))

_EMPHASISED = re.compile(r"\W*(?:[a-z]{1,4}|\d{1,3})?[.)\\]*\s*(?:\*\*|__)[^*_]{1,80}(?:\*\*|__)\W*", re.IGNORECASE)
_SHORTENED = re.compile(r"\b(?:etc|e\.g|i\.e)\.", re.IGNORECASE)
_RUN = re.compile(r"\S+")
_LONGEST = 600  # characters: what is longer is quoted around the words that matter
_ANY_CUE = cue(
    r"\b(?:train|model|machine|bot|robot|script|mirror|database|mine|mining|compet|distil|output|scrap|crawl"
    r"|automat|programm|extract)",
    r"\b(?:reverse|decompil|disassembl|assembl|source|weights|benchmark|users|revenue|built|name|display|notice"
    r"|limit|account|circumvent)",
    r"\b(?:bypass|sell|resell|transfer|share|region|countr|geograph|commercial|research|own|assign|content"
    r"|terminat|suspend|restrict)",
    r"\b(?:terms|human|generated|clon|duplicat|attribut|spider|harvest|evaluat|performance)",
)
_HELPING_OTHERS = cue(
    r"\b(?:support|assist|help|enabl|encourag|permit|allow|facilitat|induc|caus)\w*\b[^.;]{0,60}?"
    r"\b(?:third part\w+|any ?one|others?|any person)\b[^.;]{0,80}?"
    r"\b(?:(?:any|all) of the (?:foregoing|above|conduct|preceding)|the foregoing|conduct (?:restricted"
    r"|prohibited)|restricted (?:in|by) this)\b"
)
_PASSED_TO_HELPERS = frozenset({"train_competing", "train_any", "reverse_engineer", "automated_extraction"})
_UNSTATED = {"distill_explicit": Mode.DUTY, "pass_through_terms": Mode.DUTY, "attribution_naming": Mode.DUTY}
_SETTLED = {"scale_threshold": Mode.DUTY, "output_ownership": Mode.RIGHT, "termination_remedy": Mode.RIGHT}
_OF_DATA = {Mode.RIGHT: Mode.PERMISSION, Mode.PERMISSION: Mode.RIGHT}  # what "we may" and "you can opt out" amount to


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a clause carries a label: the cue in our words, the words of the clause it fired on, how sure (0 to 1)."""

    label: str
    cue: str
    words: str
    score: float


@dataclass(frozen=True, slots=True)
class Clause:
    """`text` is `source[start:end]`; `labels` are sorted; `modal` holds the words that decided the mode, if any."""

    start: int
    end: int
    text: str
    labels: tuple[str, ...]
    mode: Mode
    score: float
    because: tuple[Reason, ...]
    modal: str = ""


def find_clauses(text: str) -> list[Clause]:
    """The labelled clauses of `text`, in order, without overlap. Never fails: a text without clauses has none."""
    plain = reading(text)
    found: list[Clause] = []
    groups: list[int] = []
    for unit in units(text):
        own = _single_spaced(plain[unit.start : unit.end])
        clause = _judge(text, unit, own)
        if clause is None and _HELPING_OTHERS(own) and unit.listed:
            clause = _as_helper(
                text, unit, own, [c for c, group in zip(found, groups, strict=True) if group == unit.group]
            )
        if clause is not None:
            found.append(clause)
            groups.append(unit.group)
    return found


def _judge(text: str, unit: Unit, own: str) -> Clause | None:
    """The unit as a clause, when at least one provision speaks in it."""
    if _ANY_CUE(own) is None or _is_title(text[unit.start : unit.end], own, unit):
        return None
    leads = tuple(_single_spaced(reading(lead)) for lead in unit.leads)
    position = stance(own, leads, tuple(reading(heading) for heading in unit.headings))
    context = " ".join((*leads, own))
    reasons: dict[str, tuple[Reason, int, int]] = {}
    for provision in PROVISIONS:
        match = provision.match(own, context, position)
        if match is not None and (
            provision.label not in reasons or reasons[provision.label][0].score < provision.score
        ):
            words = " ".join(match[0].split())
            reasons[provision.label] = (
                Reason(provision.label, provision.because, words, provision.score),
                match.start(),
                match.end(),
            )
    if not reasons:
        return None
    first = min(start for _reason, start, _end in reasons.values())
    last = max(end for _reason, _start, end in reasons.values())
    start, end = _narrowed(text[unit.start : unit.end], own, first, last)
    return _clause(text, unit.start + start, unit.start + end, [reason for reason, *_ in reasons.values()], position)


def _is_title(wording: str, own: str, unit: Unit) -> bool:
    """A run-in title ("Reverse engineering.") names a provision without making one."""
    if _EMPHASISED.fullmatch(wording):
        return True
    return not unit.leads and len(own) < 60 and len(own.split()) <= 5 and stance(own).mode is None


def _clause(text: str, start: int, end: int, because: list[Reason], position: Stance) -> Clause:
    labels = tuple(sorted(reason.label for reason in because))
    mode = _mode(labels, position.mode)
    score = max(reason.score for reason in because)
    return Clause(
        start, end, text[start:end], labels, mode, score, tuple(sorted(because, key=lambda r: r.label)), position.words
    )


def _mode(labels: tuple[str, ...], stated: Mode | None) -> Mode:
    """The stated mood, except where the only label settles what the clause does, however it is put."""
    if len(labels) == 1 and labels[0] in _SETTLED:
        return _SETTLED[labels[0]]
    if stated is None:
        return _SETTLED.get(labels[0]) or _UNSTATED.get(labels[0], Mode.PROHIBITION)
    return _OF_DATA.get(stated, stated) if labels == ("data_use_by_provider",) else stated


def _single_spaced(plain: str) -> str:
    """Of single spaces, and without the full stops of abbreviations, which the cues would take for a sentence's end."""
    return _SHORTENED.sub(lambda match: match[0].replace(".", " "), " ".join(plain.split()))


def _narrowed(wording: str, own: str, first: int, last: int) -> tuple[int, int]:
    """A quotable part of a long unit, cut at commas: its beginning when the cues stand there, else what surrounds them.

    `first` and `last` are offsets in `own`, the answer's in `wording`."""
    if len(wording) <= _LONGEST:
        return 0, len(wording)
    start = (
        0 if last <= _LONGEST else max((own.rfind(mark, 0, first) + 2 for mark in (", ", "; ", ": ")), default=1) - 1
    )
    furthest = max(last, min(len(own), start + _LONGEST))
    end = max(own.rfind(mark, last, furthest) + 1 for mark in (",", ";", "."))
    end = end if end > last else furthest
    places = [place for match in _RUN.finditer(reading(wording)) for place in (*range(*match.span()), match.end())]
    start, end = places[start], places[end - 1] + 1
    start += len(wording[start:end]) - len(wording[start:end].lstrip())
    return start, start + len(wording[start:end].rstrip())


def _as_helper(text: str, unit: Unit, own: str, siblings: list[Clause]) -> Clause | None:
    """An item that forbids helping others with what its siblings forbid carries the labels of those siblings."""
    match = _HELPING_OTHERS(own)
    inherited = {
        reason.label: reason for sibling in siblings for reason in sibling.because if reason.label in _PASSED_TO_HELPERS
    }
    if match is None or not inherited:
        return None
    words = " ".join(match[0].split())
    because = [
        replace(reason, cue="helping others with what is forbidden beside it", words=words, score=0.6)
        for reason in inherited.values()
    ]
    return _clause(text, unit.start, unit.end, because, Stance(Mode.PROHIBITION, "user"))
