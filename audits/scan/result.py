"""What a scan answers."""

from dataclasses import dataclass, field
from typing import Literal

Purpose = Literal["generate", "judge", "filter", "evaluate", "embed", "student_base", "unknown"]
Status = Literal["used", "configurable"]


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """A place in the tree: file relative to its root, line from 1, and the line itself, shortened."""

    file: str
    line: int
    snippet: str


@dataclass(frozen=True, slots=True)
class Use:
    """A use of models: who developed them, who answers, for what; `reasoning` are the steps that led here, in order."""

    provider: str
    served_by: str
    models: tuple[str, ...]
    host: str
    sdk: str
    external: bool
    status: Status
    purpose: Purpose
    confidence: float
    evidence: tuple[Evidence, ...]
    reasoning: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "provider": self.provider,
            "served_by": self.served_by,
            "models": list(self.models),
            "host": self.host,
            "sdk": self.sdk,
            "external": self.external,
            "status": self.status,
            "purpose": self.purpose,
            "confidence": self.confidence,
            "evidence": [_place(place) for place in self.evidence],
            "reasoning": list(self.reasoning),
        }


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A public data set that comes in. `models`: who wrote it, as `source` says; neither is known of most."""

    id: str
    models: tuple[str, ...]
    source: str
    evidence: tuple[Evidence, ...]

    def as_json(self) -> dict[str, object]:
        places = [_place(place) for place in self.evidence]
        return {"id": self.id, "models": list(self.models), "source": self.source, "evidence": places}


@dataclass(frozen=True, slots=True)
class Unresolved:
    """What a person must look at."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class ScanResult:
    """All that was found in one tree. `students`: base models trained further; the uses of purpose student_base say where."""

    uses: tuple[Use, ...] = ()
    students: tuple[str, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    files: int = 0
    providers: tuple[str, ...] = field(default=())
    datasets: tuple[DatasetUse, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The answer of the `scan` command."""
        return {
            "uses": [use.as_json() for use in self.uses],
            "providers": list(self.providers),
            "students": list(self.students),
            "datasets": [dataset.as_json() for dataset in self.datasets],
            "unresolved": [{"file": u.file, "line": u.line, "reason": u.reason} for u in self.unresolved],
            "files": self.files,
        }


def _place(place: Evidence) -> dict[str, object]:
    return {"file": place.file, "line": place.line, "snippet": place.snippet}
