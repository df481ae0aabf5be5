"""Who may, must or must not: the modality of a unit of terms. Pure: standard library only.

A small grammar in place of a parser. The nearest modal decides: first in the unit's own wording, then in the stem it
completes, then in the stem above that, at last in the headings. The words of exceptions ("except where this restriction
is prohibited by law") are set aside first: what they permit or prohibit is not what the provision does.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Mode(StrEnum):
    """What a clause does, in the words of the `clauses` command."""

    PROHIBITION = "prohibition"
    PERMISSION = "permission"
    DUTY = "duty"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Stance:
    """`mode` is None where nothing modal was found; `party` is "user", "provider" or "" (nobody named); `words` are the
    modal words themselves, as read."""

    mode: Mode | None
    party: str
    words: str = ""


_USER = (
    r"you|users?|customers?|licensees?|subscribers?|recipients?|developers?|members?|participants?|company|companies"
    r"|organi[sz]ations?|individuals?|persons?|end users?|neither party|no one|nobody|anyone|any (?:person|party)"
    r"|(?:the )?(?:other|receiving) party|third part(?:y|ies)|competitors?|clients?|your [a-z ]{1,30}"
    r"|their [a-z ]{1,20}"
    r"|(?:managed |authorized |authorised )users?|distributions?|copies"
)
_ADVERB = r"(?:[a-z]+ly|also|further|hereby|never|at any time|(?:,|\()[^,()]{1,80}(?:,|\)))"
_NEGATED = (
    rf"(?:may|shall|will|must|can|should|do|does|could|would) ?(?:{_ADVERB} )?(?:not|never|n't)|cannot|can't"
    rf"|won't|don't|mustn't"
    r"|shan't|may in no event"
)
_BOUND = r"(?:must|shall|should|will|need to|have to|has to|are required to|is required to|agrees? to|undertakes? to)"
_MARK = r"(?:[\s*_\-•]|\([a-z0-9]+\)|\d+[.)])*"


def _pattern(*alternatives: str) -> re.Pattern[str]:
    """A literal space matches any white space, for wording may be wrapped anywhere."""
    return re.compile("|".join(alternatives).replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE)


_EXCEPTION = _pattern(
    r"\((?:except|unless|other than|to the extent|excluding|provided)[^()]{0,400}\)",
    r"(?<![a-z])(?:,? ?(?:except|unless|other than|save) (?:as|where|when|to|if|for|in|that|otherwise|expressly"
    r"|explicitly|these|this"
    r"|such|with|the|you|we|permitted|authorized)\b(?:(?!, (?:you|customers?|licensees?|we|users?|the|no|neither"
    r"|to)\b)[^.;:]){0,250})",
    r"\b(?:if|when|where|because|unless) (?:you|customers?|users?|we|licensees?|they) "
    r"(?:do|does|did|have|has|are|is|would|may|can)? ?(?:not|n't)\b"
    r"(?: (?:want|wish|agree|have|accept|comply)\b[^,.;]{0,120})?",
    r"to the (?:maximum )?extent (?:that )?[^.;:,]{0,80}(?:law|regulations?)",
    r"(?:permitted|prohibited|required|allowed) (?:by|under) (?:applicable |any )?(?:law|regulation)s?",
)
_ADDRESSED_PROHIBITION = _pattern(
    rf"\b(?P<party>{_USER})(?:,? [^.;:]{{0,90}}?)? (?P<modal>{_NEGATED})\b(?! (?:be liable|limited to|apply))"
)
_IMPERSONAL_PROHIBITION = _pattern(
    r"(?P<modal>agrees? (?:and \w+ )?(?:that (?:you|it) (?:will|shall) )?not to|agrees? to not|refrain from"
    r"|(?:is|are|be) (?:\w+ )?(?:prohibited|forbidden|barred)|(?:strictly|expressly) (?:prohibited|forbidden)"
    r"|not (?:be )?(?:permitted|allowed|authori[sz]ed|licensed|entitled)|no (?:right|licen[sc]e) to|prohibit(?:s"
    r"|ed)? (?:you|use|the)"
    r"|disallowed|\byou may (?:[a-z]+ ){0,4}?only\b(?! if)"
    r"|(?:not|neither) (?:you )?(?:acquire|attempt|engage)|violation of (?:these|this|the) (?:terms"
    r"|agreement) to"
    r"|\b(?:neither|nor) (?:may|shall|will|can)?\b|\byou (?:also )?must not\b)",
)
_IMPERATIVE_PROHIBITION = _pattern(
    rf"^{_MARK}(?:for example,? |please |also,? )?(?P<modal>do not|don't|never|not (?:to )?(?=[a-z]+ ))",
    rf"\b(?P<other>{_NEGATED}) (?:be )?(?:used?|access|attempt|reverse|train|permit|allow|share|sell|resell"
    rf"|transfer|publish|disclose"
    r"|copy|modify|circumvent)\b",
)
_PROVIDER_NEGATED = _pattern(
    r"(?:\b(?:we|us|our affiliates)\b[^.;:]{0,40}? "
    r"|\b(?P<name>(?-i:[A-Z][A-Za-z]*[A-Za-z.&]*(?: [A-Z][A-Za-z]+){0,3})) )"
    rf"(?:{_NEGATED}|disclaims?|claims? no)\b"
)
_PERMISSIONS = (
    _pattern(
        rf"\b(?P<party>you|users?|customers?|licensees?|subscribers?) (?:{_ADVERB} )?(?P<modal>may|can"
        rf"|might)\b(?! ?not\b)(?!'t)"
    ),
    _pattern(
        r"(?P<modal>(?:is|are) (?:\w+ )?(?:permitted|allowed|free|authori[sz]ed|entitled) to|allows? for"
        r"|supports? commercial use"
        r"|grants? (?:to )?(?:the |each )?(?:you|customer|licensee|user|recipient|subscriber|legal entity)s?\b"
        r"|(?:is|are) (?:expressly |explicitly )?(?:permitted|allowed)\b)"
    ),
)
_DUTIES = (
    _pattern(rf"\b(?P<party>{_USER})(?:,? [^.;:]{{0,90}}?)? (?P<modal>{_BOUND})\b(?! ?not\b)"),
    _pattern(
        r"(?P<modal>(?:must|shall) (?:be|include|retain|display|comply|ensure|provide)|(?:is|are) subject to"
        r"|(?:only|solely) (?:for|in"
        r"|within|to)\b|responsible for|subject to (?:the|your|additional|their))"
    ),
    _pattern(rf"^{_MARK}(?P<modal>clearly|prominently|only use|ensure|include|provide|display|comply|add)\b"),
)
_PROVIDER_ACTS = _pattern(
    r"\b(?P<modal>(?:we|(?-i:[A-Z][A-Za-z]+)(?: (?-i:[A-Z][A-Za-z]+)){0,2})(?: and (?:its"
    r"|our) affiliates)? (?:may|can|will|shall"
    r"|reserves?|grants?|assigns?|retains?|claims?|hereby|do|agrees?|has the right|have the right)\b)"
)
_PROHIBITING_HEADING = _pattern(
    r"restrict|prohibit|cannot do|can't do|must not|may not|don't|do not|not allowed|unacceptable|misuse"
    r"|forbidden|abuse|conduct"
)
_NOT_A_PROVIDER = re.compile(
    rf"\b(?:{_USER}|this|these|such|content|outputs?|inputs?|it|agreement|terms|licen[sc]e|section|models?"
    rf"|services?|materials|data)$",
    re.IGNORECASE,
)
_STARTS_WITH_MODAL = re.compile(
    rf"^{_MARK}\s*(?:will|shall|may|must|can|cannot|agrees?|is|are|has|have)\b", re.IGNORECASE
)
_BEGINS_AS_ITEM = re.compile(rf"^{_MARK}\s*(?:to\s+)?(?:[a-z]+ing\b|(?-i:[a-z]))", re.IGNORECASE)
_TAIL = 60  # characters of a stem that can hold the subject of an item that starts with its modal


def without_exceptions(reading: str) -> str:
    """`reading` without exceptions and references to the law, its white space made single."""
    return " ".join(_EXCEPTION.sub(" ", reading).split())


def stance(own: str, leads: tuple[str, ...] = (), headings: tuple[str, ...] = ()) -> Stance:
    """The stance of a unit. `own`, `leads` (outermost first) and `headings` are readings: plain words, ASCII quotes."""
    if leads and _STARTS_WITH_MODAL.match(own):
        found = _stance_of(f"{leads[-1][-_TAIL:]} {re.sub(_MARK, '', own, count=1)}")
    else:
        found = _stance_of(own)
    if found.mode is not None and found.mode is not Mode.DUTY:
        return found
    for lead in reversed(leads):
        above = _stance_of(lead)
        if above.mode is not None:
            return above if found.mode is None or above.mode is Mode.PROHIBITION else found
    if found.mode is not None or not (leads or _BEGINS_AS_ITEM.match(own)):
        return found
    return _stance_of_headings(headings)


def _stance_of_headings(headings: tuple[str, ...]) -> Stance:
    """A title such as "Prohibited uses" forbids what is merely listed under it."""
    for heading in reversed(headings):
        if _PROHIBITING_HEADING.search(heading):
            return Stance(Mode.PROHIBITION, "", heading.strip(" #*=_-"))
    return Stance(None, "")


@lru_cache(maxsize=4096)
def _stance_of(reading: str) -> Stance:
    """The stance of one wording by itself: prohibitions before permissions before duties before the provider's own acts."""
    reading = without_exceptions(reading)
    acts = _provider_acts(reading)
    found = _prohibition(reading, acts)
    if found is not None:
        return found
    for pattern in _PERMISSIONS:
        match = pattern.search(reading)
        if match:
            return Stance(Mode.PERMISSION, "user", _quote(match["modal"]))
    for pattern in _DUTIES:
        match = pattern.search(reading)
        if match and not (acts and acts.start() <= match.start()):
            return Stance(Mode.DUTY, "user" if match.groupdict().get("party") else "", _quote(match["modal"]))
    return Stance(Mode.RIGHT, "provider", _quote(acts["modal"])) if acts else Stance(None, "")


def _prohibition(reading: str, acts: re.Match[str] | None) -> Stance | None:
    """Who must not: the user when one is named before the negation, else the provider, else nobody in particular."""
    refused = _PROVIDER_NEGATED.search(reading)
    if refused and refused["name"] and _NOT_A_PROVIDER.search(refused["name"]):
        refused = None
    for pattern in (_ADDRESSED_PROHIBITION, _IMPERSONAL_PROHIBITION, _IMPERATIVE_PROHIBITION):
        match = pattern.search(reading)
        if match is None or (refused and refused.start() < match.end() and match.start() < refused.end()):
            continue
        named = match.groupdict()
        if pattern is _IMPERATIVE_PROHIBITION and acts and acts.start() < match.start():
            return Stance(Mode.PROHIBITION, "provider", _quote(acts["modal"]))
        return Stance(Mode.PROHIBITION, "user" if named.get("party") else "", _quote(named.get("modal") or match[0]))
    return Stance(Mode.PROHIBITION, "provider", _quote(refused[0])) if refused else None


def _provider_acts(reading: str) -> re.Match[str] | None:
    acts = _PROVIDER_ACTS.search(reading)
    return None if acts is None or _NOT_A_PROVIDER.search(" ".join(acts["modal"].split()[:-1])) else acts


def _quote(words: str) -> str:
    return " ".join(words.split())
