"""What a graph is built from: rows as the database has them, without the database."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RunRecord:
    """A run that left something. `finished`: None while nobody knows."""

    id: int
    number: int
    pipeline: str
    project: str
    started: dt.datetime | None
    finished: dt.datetime | None
    outcome: str = ""
    simulated: bool = False


@dataclass(frozen=True)
class CallsRecord:
    """Calls alike in model, channel and purpose. `catalogued`: the model's name is one that a provider is known for."""

    run: int
    provider: str
    served_by: str
    model: str
    purpose: str
    calls: int
    failed: int
    input_tokens: int
    output_tokens: int
    first_at: dt.datetime
    last_at: dt.datetime
    simulated: bool = False
    catalogued: bool = False

    @property
    def key(self) -> tuple[int, str, str, str, str]:
        """What its calls have in common."""
        return (self.run, self.provider, self.served_by, self.model, self.purpose)


@dataclass(frozen=True)
class DatasetRecord:
    """A data set of a run. `sha256`: "" when its content was not read. `found`: it was there before the run began."""

    id: int
    run: int
    path: str
    role: str
    sha256: str
    rows: int
    size: int
    format: str = ""
    found: bool = False
    malformed: int = 0


@dataclass(frozen=True)
class RowsRecord:
    """Distinct rows of one data set that took something from calls alike; `labels` of them took only a class or score.

    `techniques`: how tracing found the text of the others, with the number of rows. `text_answers`, `label_answers`: (output
    tokens, bytes of the recorded responses) of the calls that they took text, or only a label, from; each call counts whole.
    """

    dataset: int
    run: int
    provider: str
    served_by: str
    model: str
    purpose: str
    rows: int
    labels: int
    techniques: tuple[tuple[str, int], ...] = ()
    text_answers: tuple[int, int] = (0, 0)
    label_answers: tuple[int, int] = (0, 0)

    @property
    def calls_key(self) -> tuple[int, str, str, str, str]:
        """The calls that wrote them (see CallsRecord)."""
        return (self.run, self.provider, self.served_by, self.model, self.purpose)


@dataclass(frozen=True)
class StudentRecord:
    """`sha256`: of the listing of its files, "" when none were read. `base_model`: as declared; "none": from scratch."""

    run: int
    name: str
    path: str
    sha256: str
    kind: str = ""
    base_model: str = ""
    base_catalogued: bool = False
    size: int = 0


@dataclass(frozen=True)
class PublicRecord:
    """A public data set that a run's code brings in, and the models that wrote it, as `source` says. `place`: file and line."""

    run: int
    name: str
    models: tuple[str, ...] = ()
    source: str = ""
    place: str = ""


@dataclass(frozen=True)
class ModelRecord:
    """What the catalogue says of a model's name. `key`: the name under which it is one node; `licences`: of its weights."""

    key: str
    developer: str
    licences: tuple[str, ...] = ()
    open_weights: bool = False


@dataclass(frozen=True)
class Records:
    """Everything. `models`: name as asked for → what the catalogue says; `providers`: slug → name."""

    runs: tuple[RunRecord, ...] = ()
    calls: tuple[CallsRecord, ...] = ()
    datasets: tuple[DatasetRecord, ...] = ()
    rows: tuple[RowsRecord, ...] = ()
    students: tuple[StudentRecord, ...] = ()
    public: tuple[PublicRecord, ...] = ()
    models: Mapping[str, ModelRecord] = field(default_factory=dict)
    providers: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, int] = field(default_factory=dict)
