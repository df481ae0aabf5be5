"""Where in a pipeline's code a finding comes from: the lines that name the model or whoever answers, as the scan saw them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from audits.models import Finding
from audits.scan.comparison import plain_name

SHOWN: Final = 4


@dataclass(frozen=True)
class Place:
    """A line of the tree; `file` relative to its root, `line` from 1, `snippet` as the scan shortened it."""

    file: str
    line: int
    snippet: str
    exact: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


def places_of(finding: Finding, scan: Mapping[str, Any] | None) -> tuple[Place, ...]:
    """The lines that name what the finding is about, those that name its model first; none where the scan saw none.

    A line that names only whoever answers, not the model, is not `exact`: settings may choose another model there.
    """
    models = {plain_name(str(one)) for one in finding.detail.get("models", []) if one}
    served = finding.detail.get("served_by", "")
    found: dict[tuple[str, int], Place] = {}
    for use in (scan or {}).get("uses", []):
        exact = bool(models & {plain_name(str(one)) for one in use.get("models", [])})
        if exact or _same_channel(use, finding.provider, served):
            for place in _places(use.get("evidence", []), exact):
                known = found.get((place.file, place.line))
                if known is None or (exact and not known.exact):
                    found[place.file, place.line] = place
    return tuple(sorted(found.values(), key=lambda one: (not one.exact, one.file, one.line))[:SHOWN])


def _same_channel(use: Mapping[str, Any], provider: str, served_by: str) -> bool:
    """Whoever answers is the same, and the line does not name a model of somebody else's."""
    return use.get("served_by") == served_by and (use.get("provider") in ("", None, provider) or not use.get("models"))


def _places(evidence: Iterable[Mapping[str, Any]], exact: bool) -> Iterable[Place]:
    for one in evidence:
        yield Place(str(one.get("file", "")), int(one.get("line") or 0), str(one.get("snippet", "")), exact)
