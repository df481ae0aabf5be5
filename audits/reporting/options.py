"""What a person asks of a report: about what, which parts, how deep, for whom, in which language, on which paper. PURE."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

SCOPES: Final = {
    "run": "One run",
    "project": "A project",
    "student": "A student",
    "provider": "A provider",
    "period": "A period",
    "organisation": "The whole organisation",
}
PARTS: Final = {
    "summary": "What was asked, and what was found",
    "changes": "What changed since the earlier report",
    "worklist": "What to change, and where",
    "method": "Method and limits",
    "pipeline": "The pipeline and its student",
    "usage": "Use of each provider",
    "lineage": "From teacher to student",
    "graph": "How models, data and students hang together",
    "findings": "Findings",
    "decisions": "Decisions and their history",
    "terms": "Terms in force",
    "clauses": "Clauses in full",
    "questionnaire": "Answers to the questionnaire",
    "reconciliation": "Recorded, logged and billed",
    "patterns": "Indicators of extraction",
    "traffic": "Traffic beside the calls",
    "gaps": "Gaps and refused connections",
    "approvals": "Approvals",
    "remarks": "Counsel’s remarks",
    "evidence": "Evidence",
    "annex-calls": "Annex: calls",
    "annex-rows": "Annex: training rows",
    "annex-facts": "Annex: facts of each use",
    "annex-manifest": "Annex: the manifest as read",
    "annex-scan": "Annex: static scan",
    "glossary": "Annex: glossary",
}
"""Every part in the order in which it comes when nobody says otherwise, with the words of its heading."""
ANNEXES: Final = frozenset({"annex-calls", "annex-rows", "annex-facts", "annex-manifest", "annex-scan", "glossary"})
"""Parts that are counted with letters, at the end and in this order; the others are numbered."""
OF_ONE_RUN: Final = frozenset({"pipeline", "annex-manifest", "annex-scan"})
"""Parts that speak of one run alone."""
PRIVILEGED: Final = frozenset({"remarks"})
"""Parts that hold what lawyers keep among themselves."""

_SUMMARY = ("summary", "usage", "lineage", "findings", "gaps", "glossary")
_STANDARD = (
    "summary", "method", "pipeline", "usage", "lineage", "findings", "terms", "gaps", "evidence", "annex-calls",
    "annex-facts", "annex-manifest", "annex-scan", "glossary",
)  # fmt: skip
STANDARD: Final = _STANDARD
"""The parts of a report that was made before there was a choice."""
_FULL = tuple(name for name in PARTS if name not in {"changes", "worklist", "remarks"})
_WORK = ("summary", "changes", "worklist", "pipeline", "usage", "lineage", "gaps", "annex-scan", "glossary")
_OUTSIDE = ("summary", "method", "usage", "lineage", "findings", "terms", "gaps", "evidence", "annex-calls", "glossary")
DEPTHS: Final = {
    "summary": "Summary: the outcome, the use and the findings that matter",
    "standard": "Standard: every finding with its facts and evidence",
    "full": "Full: with clauses, rows, decisions, answers and reconciliation as exhibits",
}
PROFILES: Final = {
    "counsel": "Counsel: everything that is on record",
    "engineering": "Engineering: what to change, in which file and line, and how",
    "outside": "Outside party: prompts and answers by hash, no names of persons, no internal notes",
}
BARRED: Final[Mapping[str, frozenset[str]]] = {
    "counsel": frozenset(),
    "engineering": frozenset({"remarks", "approvals", "clauses", "decisions"}),
    "outside": frozenset({"remarks", "worklist", "questionnaire", "reconciliation", "patterns", "annex-rows",
                          "annex-manifest", "annex-scan", "annex-facts", "traffic"}),
}  # fmt: skip
"""Parts that an audience never gets, whoever asks."""
LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
PAPERS: Final = ("A4", "letter")
KEYS: Final = ("scope", "parts", "depth", "profile", "language", "paper", "brand", "since")
SCOPE_KEYS, BRAND_KEYS = ("kind", "ids", "from", "to"), ("name", "colour", "logo_sha256")
MOST_IDS, LONGEST_NAME = 50, 80
WHITE: Final = 1.05
ENOUGH_CONTRAST: Final = 4.5
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class OptionsError(ValueError):
    """What is wrong with what was asked. `field` names where, as in scope.from."""

    def __init__(self, where: str, sentence: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.field, self.sentence = where, sentence


@dataclass(frozen=True)
class Scope:
    """What a report is about. `ids`: of the run, the project, the provider (slugs) or the student (project's slug/name).

    `first` and `last`: days, both included; a period needs both, elsewhere they narrow.
    """

    kind: str = "run"
    ids: tuple[str, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None

    def as_json(self) -> dict[str, Any]:
        """{kind, ids, from, to}; days are ISO dates or null."""
        return {"kind": self.kind, "ids": list(self.ids), "from": _iso(self.first), "to": _iso(self.last)}


@dataclass(frozen=True)
class Brand:
    """Whose report it looks like. `colour`: #RRGGBB, dark enough to be read on white; `logo_sha256`: in the evidence store."""

    name: str = ""
    colour: str = ""
    logo_sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        """{name, colour, logo_sha256}; empty strings where nothing was chosen."""
        return {"name": self.name, "colour": self.colour, "logo_sha256": self.logo_sha256}


@dataclass(frozen=True)
class ReportOptions:
    """Everything that is chosen for a report. `since`: the id of the report that it is held against, or None."""

    scope: Scope
    parts: tuple[str, ...] = _STANDARD
    depth: str = "standard"
    profile: str = "counsel"
    language: str = "en"
    paper: str = "A4"
    brand: Brand = field(default_factory=Brand)
    since: int | None = None

    def as_json(self) -> dict[str, Any]:
        """As Report.options keeps it; `read_options` reads it back."""
        return {
            "scope": self.scope.as_json(),
            "parts": list(self.parts),
            "depth": self.depth,
            "profile": self.profile,
            "language": self.language,
            "paper": self.paper,
            "brand": self.brand.as_json(),
            "since": self.since,
        }

    @property
    def privileged(self) -> bool:
        """Whether it holds what lawyers keep among themselves."""
        return bool(PRIVILEGED & frozenset(self.parts))

    @property
    def with_contents(self) -> bool:
        """Whether it holds words that were said in calls, or rows of data."""
        return "annex-rows" in self.parts and self.profile != "outside"


def of_run(run_id: int) -> ReportOptions:
    """The report that a run makes of itself: standard, for counsel."""
    return ReportOptions(Scope("run", (str(run_id),)))


def parts_for(depth: str, profile: str, scope: str, *, since: bool = False) -> tuple[str, ...]:
    """The parts that one gets who chooses none, in order."""
    wanted: Sequence[str] = {"summary": _SUMMARY, "full": _FULL}.get(depth, _STANDARD)
    if profile == "engineering":
        wanted = [name for name in _WORK if depth != "summary" or name not in ("annex-scan", "usage", "lineage")]
    elif profile == "outside":
        wanted = [name for name in _OUTSIDE if name in wanted or depth == "full"]
    names = [name for name in wanted if scope == "run" or name not in OF_ONE_RUN]
    names = [name for name in names if name not in BARRED[profile] and (since or name != "changes")]
    return tuple([names[0], "changes", *names[1:]] if since and "changes" not in names else names)


def places_of(parts: Sequence[str]) -> dict[str, str]:
    """The number or letter of each part: 1, 2, 3 and so on, annexes A, B, C."""
    body, annexes = ([name for name in parts if (name in ANNEXES) is held] for held in (False, True))
    numbers = {name: str(at) for at, name in enumerate(body, 1)}
    return numbers | {name: chr(ord("A") + at) for at, name in enumerate(annexes)}


def read_options(data: Mapping[str, Any]) -> ReportOptions:
    """Options from JSON. What is left out is chosen by what is there; raises OptionsError, which names the field."""
    if not isinstance(data, Mapping):
        raise OptionsError("options", "expected an object with scope, parts, depth, profile, language, paper, brand")
    _known(data, KEYS, "options")
    scope = _scope(data.get("scope"))
    depth = _one_of(data, "depth", DEPTHS, "standard")
    profile = _one_of(data, "profile", PROFILES, "counsel")
    since = _since(data.get("since"))
    options = ReportOptions(
        scope=scope,
        parts=parts_for(depth, profile, scope.kind, since=since is not None),
        depth=depth,
        profile=profile,
        language=_one_of(data, "language", LANGUAGES, "en"),
        paper=_one_of(data, "paper", PAPERS, "A4"),
        brand=_brand(data.get("brand")),
        since=since,
    )
    return options if data.get("parts") is None else replace(options, parts=_parts(data["parts"], options))


def contrast_on_white(colour: str) -> float:
    """The contrast of #RRGGBB on white, 1 to 21, as WCAG 2.2 counts it (relative luminance)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in shares)
    return WHITE / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _scope(data: Any) -> Scope:
    if not isinstance(data, Mapping):
        raise OptionsError("scope", "expected an object with kind, ids, from and to")
    _known(data, SCOPE_KEYS, "scope")
    kind = _one_of(data, "kind", SCOPES, "", "scope.kind")
    ids = _ids(data.get("ids") or [], kind)
    first, last = _day(data.get("from"), "scope.from"), _day(data.get("to"), "scope.to")
    if kind == "period" and (first is None or last is None):
        raise OptionsError("scope.from" if first is None else "scope.to", "a period needs its first and its last day")
    if first and last and first > last:
        raise OptionsError("scope.to", f"{last.isoformat()} is before the first day, {first.isoformat()}")
    if kind == "run" and (first or last):
        raise OptionsError("scope.from", "a run is reported whole; leave the days out")
    return Scope(kind, ids, first, last)


def _ids(data: Any, kind: str) -> tuple[str, ...]:
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise OptionsError("scope.ids", "expected a list")
    ids = tuple(dict.fromkeys(str(one) for one in data))
    if kind in ("run", "project", "student", "provider") and not ids:
        raise OptionsError("scope.ids", f"say which {kind} the report is about")
    if kind == "run" and (len(ids) > 1 or not ids[0].isdigit()):
        raise OptionsError("scope.ids", "a report on a run names one run by its number in the address of its page")
    if kind == "student" and any(not one.partition("/")[2] for one in ids):
        raise OptionsError("scope.ids", "a student is named as PROJECT/NAME, by the project’s short name")
    if kind == "organisation" and ids:
        raise OptionsError("scope.ids", "the whole organisation needs no ids")
    if len(ids) > MOST_IDS:
        raise OptionsError("scope.ids", f"at most {MOST_IDS} at a time")
    return ids


def _parts(data: Any, options: ReportOptions) -> tuple[str, ...]:
    if isinstance(data, str) or not isinstance(data, Iterable):
        raise OptionsError("parts", "expected a list of names")
    names = [str(one) for one in data]
    if not names:
        raise OptionsError("parts", "choose at least one part")
    for name in names:
        _allowed(name, options)
    if len(set(names)) < len(names):
        raise OptionsError("parts", f"{next(one for one in names if names.count(one) > 1)} is named twice")
    order = list(PARTS)
    annexes = [name for name in order if name in ANNEXES and name in names]
    return (*(name for name in names if name not in ANNEXES), *annexes)  # annexes last, in their own order


def _allowed(name: str, options: ReportOptions) -> None:
    if name not in PARTS:
        raise OptionsError("parts", f"{name!r} is no part; there are {', '.join(PARTS)}")
    if name in BARRED[options.profile]:
        raise OptionsError("parts", f"{name} never goes to this audience ({options.profile})")
    if name in OF_ONE_RUN and options.scope.kind != "run":
        raise OptionsError("parts", f"{name} speaks of one run; this report is about more")
    if name == "changes" and options.since is None:
        raise OptionsError("since", "say which earlier report to compare with, or leave the part “changes” out")


def _brand(data: Any) -> Brand:
    if data is None:
        return Brand()
    if not isinstance(data, Mapping):
        raise OptionsError("brand", "expected an object with name, colour and logo_sha256")
    _known(data, BRAND_KEYS, "brand")
    brand = Brand(*(str(data.get(key) or "").strip() for key in BRAND_KEYS))
    if len(brand.name) > LONGEST_NAME:
        raise OptionsError("brand.name", f"at most {LONGEST_NAME} characters")
    if brand.colour:
        check_colour(brand.colour)
    if brand.logo_sha256 and not _SHA256.fullmatch(brand.logo_sha256):
        raise OptionsError("brand.logo_sha256", "expected the SHA-256 of a logo that was uploaded, 64 digits of 0-9a-f")
    return brand


def check_colour(colour: str) -> None:
    """Raises OptionsError unless it is #RRGGBB and can be read on white paper (4.5:1, WCAG 2.2 AA)."""
    if not _COLOUR.fullmatch(colour):
        raise OptionsError("brand.colour", "expected # and six digits of 0-9a-f, as in #1F4FD8")
    contrast = contrast_on_white(colour)
    if contrast < ENOUGH_CONTRAST:
        sentence = f"{colour} has a contrast of {contrast:.1f}:1 on white paper; choose a darker one, of 4.5:1 or more"
        raise OptionsError("brand.colour", sentence)


def _since(value: Any) -> int | None:
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not str(value).isdigit():
        raise OptionsError("since", "expected the id of an earlier report")
    return int(value)


def _day(value: Any, where: str) -> dt.date | None:
    if value in (None, ""):
        return None
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise OptionsError(where, f"{str(value)[:40]!r} is no day; write it as 2026-07-08") from None


def _one_of(data: Mapping[str, Any], key: str, allowed: Iterable[str], otherwise: str, where: str = "") -> str:
    value = data.get(key) or otherwise
    if value not in tuple(allowed):
        raise OptionsError(where or key, f"{str(value)[:40]!r} is not one of {', '.join(allowed)}")
    return str(value)


def _known(data: Mapping[str, Any], keys: Sequence[str], where: str) -> None:
    unknown = [str(key) for key in data if key not in keys]
    if unknown:
        raise OptionsError(where, f"{unknown[0]!r} is not known here; there are {', '.join(keys)}")


def _iso(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
