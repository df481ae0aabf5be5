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
    r"you|users?|customers?|licensees?|subscribers?|recipients?|developers?|members?|participants?|company|companies|organi[sz]ations?"
    r"|individuals?|persons?|end users?|neither party|no one|nobody|anyone|any (?:person|party)|(?:the )?(?:other|receiving) party|third part(?:y|ies)"
    r"|competitors?|clients?|your [a-z ]{1,30}|their [a-z ]{1,20}|(?:managed |authorized |authorised )users?|distributions?|copies"
)
_ADVERB = r"(?:[a-z]+ly|also|further|hereby|never|at any time|(?:,|\()[^,()]{1,80}(?:,|\)))"
_NEGATED = (
    r"(?:may|shall|will|must|can|should|do|does|could|would) ?(?:"
    + _ADVERB
    + r" )?(?:not|never|n't)|cannot|can't|won't|don't|mustn't|shan't|may in no event"
)
_AFFIRMED = r"(?:may|can|might)"
_BOUND = r"(?:must|shall|should|will|need to|have to|has to|are required to|is required to|agrees? to|undertakes? to)"


def _pattern(source: str) -> re.Pattern[str]:
    """A literal space matches any white space, for wording may be wrapped anywhere."""
    return re.compile(source.replace(" ?", r"\s*").replace(" ", r"\s+"), re.IGNORECASE)


_EXCEPTION = _pattern(
    r"\((?:except|unless|other than|to the extent|excluding|provided)[^()]{0,400}\)"
    r"|(?<![a-z])(?:,? ?(?:except|unless|other than|save) (?:as|where|when|to|if|for|in|that|otherwise|expressly|explicitly|these|this|such|with|the|you|we|permitted|authorized)\b[^.;:]{0,250})"
    r"|\b(?:if|when|where|because|unless) (?:you|customers?|users?|we|licensees?|they) (?:do|does|did|have|has|are|is|would|may|can)? ?(?:not|n't)\b(?: (?:want|wish|agree|have|accept|comply)\b[^,.;]{0,120})?"
    r"|to the (?:maximum )?extent (?:that )?[^.;:,]{0,80}(?:law|regulations?)"
    r"|(?:permitted|prohibited|required|allowed) (?:by|under) (?:applicable |any )?(?:law|regulation)s?"
)
_PROHIBITIONS = (
    _pattern(rf"\b(?P<party>{_USER})(?:,? [^.;:]{{0,90}}?)? (?P<modal>{_NEGATED})\b(?! (?:be liable|limited to|apply))"),
    _pattern(r"(?P<modal>agrees? (?:and \w+ )?(?:that (?:you|it) (?:will|shall) )?not to|agrees? to not|refrain from|(?:is|are|be) (?:\w+ )?(?:prohibited|forbidden|barred)|(?:strictly|expressly) (?:prohibited|forbidden)"
             r"|not (?:be )?(?:permitted|allowed|authori[sz]ed|licensed|entitled)|no (?:right|licen[sc]e) to|prohibit(?:s|ed)? (?:you|use|the)|disallowed|(?:not|neither) (?:you )?(?:acquire|attempt|use|engage))"),
    _pattern(r"^(?:[\s*_\-•]|\([a-z0-9]+\)|\d+[.)])*(?:for example,? |please |also,? )?(?P<modal>do not|don't|never|not (?:to )?(?=[a-z]+ ))"),
    _pattern(r"(?P<modal>\b(?:neither|nor) (?:may|shall|will|can)?\b|\byou (?:also )?must not\b)"),
    _pattern(rf"\b(?P<modal>{_NEGATED}) (?:be )?(?:used?|access|attempt|reverse|train|permit|allow|share|sell|resell|transfer|publish|disclose|copy|modify|circumvent)\b"),
)  # fmt: skip
_PROVIDER_NEGATED = _pattern(
    rf"(?:\b(?:we|us|our affiliates)\b[^.;:]{{0,40}}? |\b(?P<name>(?-i:[A-Z][A-Za-z]*[A-Za-z.&]*(?: [A-Z][A-Za-z]+){{0,3}})) )(?:{_NEGATED}|disclaims?|claims? no)\b"
)
_PERMISSIONS = (
    _pattern(rf"\b(?P<party>you|users?|customers?|licensees?|subscribers?) (?:{_ADVERB} )?(?P<modal>{_AFFIRMED})\b(?! ?not\b)(?!'t)"),
    _pattern(r"(?P<modal>(?:is|are) (?:\w+ )?(?:permitted|allowed|free|authori[sz]ed|entitled) to|grants? (?:to )?(?:the |each )?(?:you|customer|licensee|user|recipient|subscriber|legal entity)s?\b|allows? for|supports? commercial use|(?:is|are) (?:expressly |explicitly )?(?:permitted|allowed)\b)"),
)  # fmt: skip
_DUTIES = (
    _pattern(rf"\b(?P<party>{_USER})(?:,? [^.;:]{{0,90}}?)? (?P<modal>{_BOUND})\b(?! ?not\b)"),
    _pattern(r"(?P<modal>(?:must|shall) (?:be|include|retain|display|comply|ensure|provide)|(?:is|are) subject to|(?:only|solely) (?:for|in|within|to)\b|responsible for|subject to (?:the|your|additional|their))"),
    _pattern(r"^(?:[\s*_\-•]|\([a-z0-9]+\)|\d+[.)])*(?P<modal>clearly|only use|ensure|include|provide|display|comply)\b"),
)  # fmt: skip
_PROVIDER_ACTS = _pattern(
    r"\b(?P<modal>(?:we|(?-i:[A-Z][A-Za-z]+)(?: (?-i:[A-Z][A-Za-z]+)){0,2})(?: and (?:its|our) affiliates)? (?:may|can|will|shall|reserves?|grants?|assigns?|retains?|claims?|hereby|do|agrees?|has the right|have the right)\b)"
)
_PROHIBITING_HEADING = _pattern(
    r"restrict|prohibit|cannot do|can't do|must not|may not|don't|do not|not allowed|unacceptable|misuse|forbidden|abuse|conduct"
)
_NOT_A_PROVIDER = re.compile(
    rf"\b(?:{_USER}|this|these|such|content|outputs?|inputs?|it|agreement|terms|licen[sc]e|section|models?|services?|materials|data)$",
    re.IGNORECASE,
)


def without_exceptions(reading: str) -> str:
    """`reading` with exceptions and references to the law blanked, of equal length."""
    return _EXCEPTION.sub(lambda match: " " * len(match[0]), reading)


def stance(own: str, leads: tuple[str, ...] = (), headings: tuple[str, ...] = ()) -> Stance:
    """The stance of a unit. `own`, `leads` (outermost first) and `headings` are readings: plain words, ASCII quotes."""
    found = _stance_of(own)
    if found.mode is not None and found.mode is not Mode.DUTY:
        return found
    for lead in reversed(leads):
        above = _stance_of(lead)
        if above.mode is not None:
            return above if found.mode is None or above.mode is Mode.PROHIBITION else found
    if found.mode is not None:
        return found
    for heading in reversed(headings):
        forbidding = _PROHIBITING_HEADING.search(heading)
        if forbidding:
            return Stance(Mode.PROHIBITION, "", heading.strip(" #*=_-"))
    return found


@lru_cache(maxsize=4096)
def _stance_of(reading: str) -> Stance:
    """The stance of one wording by itself: prohibitions before permissions before duties before the provider's own acts."""
    reading = without_exceptions(reading)
    refused = _PROVIDER_NEGATED.search(reading)
    by_provider = refused is not None and not (refused["name"] and _NOT_A_PROVIDER.search(refused["name"]))
    for pattern in _PROHIBITIONS:
        match = pattern.search(reading)
        if match and not (refused and by_provider and _overlaps(refused, match)):
            return Stance(Mode.PROHIBITION, "user" if match.groupdict().get("party") else "", _quote(match))
    if refused and by_provider:
        return Stance(Mode.PROHIBITION, "provider", _quote(refused, 0))
    acts = _PROVIDER_ACTS.search(reading)
    for pattern in _PERMISSIONS:
        match = pattern.search(reading)
        if match:
            return Stance(Mode.PERMISSION, "user", _quote(match))
    provider = acts is not None and not _NOT_A_PROVIDER.search(" ".join(acts["modal"].split()[:-1]))
    for pattern in _DUTIES:
        match = pattern.search(reading)
        if match and not (acts and provider and acts.start() <= match.start()):
            return Stance(Mode.DUTY, "user" if match.groupdict().get("party") else "", _quote(match))
    if acts and provider:
        return Stance(Mode.RIGHT, "provider", _quote(acts))
    return Stance(None, "")


def _overlaps(one: re.Match[str], other: re.Match[str]) -> bool:
    return one.start() < other.end() and other.start() < one.end()


def _quote(match: re.Match[str], group: int | str = "modal") -> str:
    return " ".join(match[group].split())
