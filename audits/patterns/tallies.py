"""What is counted of a group of calls while they stream by: of a sender, of prompts that share their words, of all. PURE."""

from array import array
from datetime import UTC, datetime

from audits.patterns.calls import Call, Sample
from audits.patterns.sketches import Frequent
from audits.patterns.wording import GRADING, KINDS, Read

HOUR, DAY = 3600, 86400
SAMPLES = 6
MOST_MODEL_DAYS = 600
# Of how many prompts of a wording all words are counted; of the others, those of one in sixteen.
_ALL_FILLED, _SOME = 2000, 16


class Tally:
    """Counts of one group; some 1 kB, however many calls it has (a month of several models: up to 60 kB)."""

    __slots__ = (
        "active", "base", "calls", "elicited", "failed", "first", "hours", "kinds", "last", "last_status", "model_days",
        "refused", "regions",
        "repeated", "samples", "words",
    )  # fmt: skip

    def __init__(self, start: float) -> None:
        self.calls = self.failed = self.refused = self.elicited = self.repeated = self.words = 0
        self.first = self.last = start
        self.base = int(start) // DAY * 24
        self.active = 0  # a bit for each hour in which there was a call, from `base` (hours since 1970) on
        self.hours = array("I", [0] * 24)
        self.kinds = array("I", [0] * len(KINDS))
        self.model_days: dict[tuple[str, int], int] = {}
        self.regions: dict[str, int] = {}
        self.samples: list[Sample] = []
        self.last_status: int | None = None

    def add(self, call: Call, read: Read | None, repeated: bool) -> None:
        """Count a call; `read`: its words, None when none are kept."""
        self.calls += 1
        self.failed += call.failed
        self.refused += call.status == 429
        self.first, self.last = min(self.first, call.at), max(self.last, call.at)
        self.last_status = call.status
        hour = int(call.at) // HOUR
        self.hours[hour % 24] += 1
        place = hour - self.base
        if 0 <= place < 24 * 400:
            self.active |= 1 << place
        day = (call.model, hour // 24)
        if day in self.model_days or len(self.model_days) < MOST_MODEL_DAYS:
            self.model_days[day] = self.model_days.get(day, 0) + 1
        if call.region and (call.region in self.regions or len(self.regions) < 40):
            self.regions[call.region] = self.regions.get(call.region, 0) + 1
        if read is not None:
            self._note_words(call, read, repeated)

    def _note_words(self, call: Call, read: Read, repeated: bool) -> None:
        self.words += 1
        self.kinds[read.kind] += 1
        self.elicited += read.elicits
        self.repeated += repeated
        # Every call has the same chance to be a sample, and the same calls give the same samples.
        place = int.from_bytes(read.digest[:6], "little") % self.words
        if len(self.samples) < SAMPLES:
            self.samples.append(_sample(call))
        elif place < SAMPLES:
            self.samples[place] = _sample(call)

    @property
    def days(self) -> float:
        """Length of the time between first and last call, at least a day."""
        return max(1.0, (self.last - self.first) / DAY)

    @property
    def novelty(self) -> float:
        """Which share of the prompts nobody had asked before."""
        return 1 - self.repeated / self.words if self.words else 0.0

    @property
    def graded(self) -> int:
        """Prompts that ask for grades."""
        return self.kinds[GRADING]

    @property
    def hours_covered(self) -> float:
        """In which share of the hours between first and last call there was one."""
        span = max(24, int(self.last) // HOUR - int(self.first) // HOUR + 1)
        return min(1.0, self.active.bit_count() / span)

    @property
    def unevenness_of_hours(self) -> float:
        """The busiest hour of the day against the mean of all: 1 is the same by day and by night."""
        return max(self.hours) * 24 / self.calls if self.calls else 0.0

    def as_period(self) -> dict[str, str]:
        """When the group's calls were."""
        return {"from": _iso(self.first), "to": _iso(self.last)}


def _sample(call: Call) -> Sample:
    return Sample(call.reference, call.at, call.sender, call.model, call.prompt)


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes")


class Template(Tally):
    """Prompts that begin (or end) with the same words: also who sent them, and what stands where they differ."""

    __slots__ = ("filled", "fillings", "senders", "wording")

    def __init__(self, start: float, wording: str) -> None:
        super().__init__(start)
        self.wording = wording
        self.senders: Frequent[str] = Frequent(60_000)
        self.filled = 0  # prompts whose words were counted
        self.fillings: Frequent[str] = Frequent(512)

    def add(self, call: Call, read: Read | None, repeated: bool) -> None:
        """Count a call of this wording."""
        super().add(call, read, repeated)
        if call.sender:
            self.senders.add(call.sender)
        if read is not None and not repeated and (self.filled < _ALL_FILLED or read.digest[0] < _SOME):
            self.filled += 1
            for word in set(read.words):
                self.fillings.add(word)
