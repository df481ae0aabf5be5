"""Which calls stand behind which, over any number of steps, and how much of a data set goes back to whom.

A call is its number, later calls have higher ones, and what stands behind a call was made before it: so links can't go round, and
one pass from the first call to the last knows all there is.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

LONGEST_PATH = 16
MOST_PATHS = 64  # per call

Model = tuple[str, str]
Path = tuple[Model, ...]
_NOBODY: frozenset[int] = frozenset()


class Descent:
    """`links`: (later call, earlier call), one way each. `models`: of every call that is asked about, (provider, model)."""

    def __init__(self, links: Iterable[tuple[int, int]], models: Mapping[int, Model]) -> None:
        self._models = models
        self._sources: dict[int, list[int]] = {}
        for later, earlier in links:
            if earlier < later:
                self._sources.setdefault(later, []).append(earlier)
        self._behind: dict[int, frozenset[int]] = {}
        self._paths: dict[int, tuple[Path, ...]] = {}
        for call in sorted(self._sources):
            sources = self._sources[call]
            self._behind[call] = frozenset(sources).union(*(self.behind(source) for source in sources))
            self._paths[call] = self._extended(call, sources)

    def behind(self, call: int) -> frozenset[int]:
        """All calls whose answers stand behind this one's, near and far."""
        return self._behind.get(call, _NOBODY)

    def paths(self, call: int) -> tuple[Path, ...]:
        """The ways from a first teacher to this call, as models, first teacher first; several turns of one model are one."""
        return self._paths.get(call, ((self._models[call],),))

    def further(self, call: int) -> dict[int, Model]:
        """The calls behind this one that say more than its own model does: another model's, or this one's before another."""
        own = self._models[call]
        again = any(own in path[:-1] for path in self.paths(call))
        behind = {source: self._models[source] for source in self.behind(call)}
        return {source: model for source, model in behind.items() if again or model != own}

    def _extended(self, call: int, sources: list[int]) -> tuple[Path, ...]:
        model = self._models[call]
        found = {
            path if path[-1] == model else (*path, model)[-LONGEST_PATH:]
            for source in sources
            for path in self.paths(source)
        }
        return tuple(sorted(found)[:MOST_PATHS])


@dataclass
class ChainCount:
    """What rows of one data set go back to, added row by row.

    `rows`: by model, those behind whose answers an answer of it stands; `only`: of these, rows that hold none of it directly;
    `calls`: its calls that stand there; `paths`: rows by way, of at least two models.
    """

    rows: Counter[Model] = field(default_factory=Counter)
    only: Counter[Model] = field(default_factory=Counter)
    calls: dict[Model, set[int]] = field(default_factory=dict)
    paths: Counter[Path] = field(default_factory=Counter)

    def add(self, descent: Descent, calls: Collection[int], models: Mapping[int, Model]) -> None:
        """Count a row that took text from these calls."""
        behind: dict[int, Model] = {}
        for call in calls:
            behind |= descent.further(call)
        if not behind:
            return
        for call, model in behind.items():
            self.calls.setdefault(model, set()).add(call)
        found = set(behind.values())
        self.rows.update(found)
        self.only.update(found - {models[call] for call in calls})
        self.paths.update({path for call in calls for path in descent.paths(call) if len(path) > 1})
