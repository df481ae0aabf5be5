"""From a run's usage to uses: every fact with its source; what nobody observed or declared stays unknown."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, Func, IntegerField, Q
from django.db.models.functions import TruncDate

from audits.gap_kinds import BEARS_ON_NOTHING
from audits.matching.answers import Answers, answers_on_record
from audits.models import Dataset, ModelCall, Pipeline, RowMatch, Run
from compliance.engine.facts import Fact, Use

ACTIVITY_OF_PURPOSE = {
    ModelCall.Purpose.TRAIN: "train_on_output",
    ModelCall.Purpose.FILTER: "filter_training_data",
    ModelCall.Purpose.EVALUATE: "evaluate",
    ModelCall.Purpose.UNUSED: "use_output",
    ModelCall.Purpose.UNKNOWN: "use_output",
}
MODALITY_OF_OPERATION = {"embeddings": "embedding", "image_generation": "image", "speech": "audio"}
DECLARED_BY = "audit.toml"
# Operations that ask no model for output: they count as usage, and say nothing that terms on output could bear on.
NO_OUTPUT = frozenset({"count_tokens", "file_upload", "list_models"})


@dataclass(frozen=True)
class RecordedUse:
    """Calls alike in every fact that a rule can ask about, on one day."""

    provider: str
    served_by: str
    model: str
    activity: str
    day: dt.date
    calls: int
    rows: int
    simulated: bool
    facts: Mapping[str, Fact]

    def as_use(self) -> Use:
        return Use(id=f"{self.activity} with {self.model} on {self.day}", facts=self.facts)

    @property
    def lasting(self) -> tuple[tuple[str, Fact], ...]:
        """Its facts without the day: two uses that agree in them differ in when, not in what."""
        return tuple(sorted((path, fact) for path, fact in self.facts.items() if path != "on"))


def training_rows() -> Count:
    """For queries over calls: training rows that took anything from them; row 7 of one dataset is not row 7 of another."""
    row = Func("row_matches__dataset", "row_matches__row", function="ROW", output_field=IntegerField())
    return Count(row, distinct=True, filter=Q(row_matches__dataset__role="training"))


def recorded_uses(run: Run) -> list[RecordedUse]:
    """The distinct uses of a run, ordered by provider, model, activity and day. Failed calls are not uses."""
    groups = (
        ModelCall.objects.filter(run=run, failed=False)
        .exclude(operation__in=NO_OUTPUT)
        .annotate(day=TruncDate("at"))
        .values("provider", "served_by", "request_model", "operation", "purpose", "purpose_source", "day", "simulated")
        .annotate(
            calls=Count("id", distinct=True),
            rows=training_rows(),
        )
        .order_by("provider", "request_model", "purpose", "day")
    )
    place = _training_places(run)
    stated = Stated(run, answers_on_record())
    return _merged(_use(run, group, place(group["provider"]), stated) for group in groups)


def _merged(uses: Iterator[RecordedUse]) -> list[RecordedUse]:
    """Uses whose facts are equal become one (the same activity by two operations, say)."""
    found: dict[tuple[Any, ...], RecordedUse] = {}
    for use in uses:
        key = (use.provider, use.served_by, use.model, use.activity, use.day, use.simulated, tuple(use.facts.items()))
        known = found.get(key)
        found[key] = replace(known, calls=known.calls + use.calls, rows=known.rows + use.rows) if known else use
    return list(found.values())


class Stated:
    """What people said of a run's student and of the organisation: in audit.toml, and as answers, which count for more."""

    def __init__(self, run: Run, answers: Answers) -> None:
        self._run, self._answers = run, answers
        self._project = run.pipeline.project_id
        self._declared = dict(student_facts(run))
        self.student = str(self._declared["student.name"].value) if "student.name" in self._declared else ""

    def facts(self, provider: str, on: dt.date) -> dict[str, Fact]:
        """The facts for a use of that provider's models on that day."""
        return {**self._by_manifest(provider), **self._answers.facts(self._project, self.student, provider, on)}

    def disputed(self, provider: str, on: dt.date) -> list[tuple[str, Fact, Fact]]:
        """Where audit.toml and an answer say different things on that day: (fact, as declared, as answered)."""
        declared = self._by_manifest(provider)
        answered = self._answers.facts(self._project, self.student, provider, on)
        both = [path for path in answered if path in declared and declared[path].value != answered[path].value]
        return [(path, declared[path], answered[path]) for path in both]

    def _by_manifest(self, provider: str) -> dict[str, Fact]:
        return {**self._declared, **_competition(self._run, provider)}


def _use(run: Run, group: Mapping[str, Any], place: Mapping[str, Fact], stated: Stated) -> RecordedUse:
    provider, purpose = group["provider"], group["purpose"]
    activity = "fine_tune_weights" if group["operation"] == "fine_tune" else ACTIVITY_OF_PURPOSE[purpose]
    facts = {
        "on": Fact(group["day"], "observed", note="date of the calls"),
        "activity": Fact(
            activity,
            group["purpose_source"] or "inferred",
            DECLARED_BY if group["purpose_source"] == "declared" else "",
        ),
        "output_modality": Fact(MODALITY_OF_OPERATION.get(group["operation"], "text"), "observed"),
        **_access(run, provider, group["served_by"]),
        **place,
        **stated.facts(provider, group["day"]),
    }
    if provider:
        facts["provider"] = Fact(provider, "observed")
    if group["request_model"]:
        facts["model"] = Fact(group["request_model"], "observed")
    return RecordedUse(
        provider=provider,
        served_by=group["served_by"],
        model=group["request_model"],
        activity=activity,
        day=group["day"],
        calls=group["calls"],
        rows=group["rows"],
        simulated=group["simulated"],
        facts=facts,
    )


def _access(run: Run, provider: str, served_by: str) -> dict[str, Fact]:
    """How the model was reached: declared, where audit.toml says; else as the host tells."""
    declared = (run.manifest.get("access") or {}).get(provider) or {}
    facts = {
        "access.kind": Fact(declared["kind"], "declared", DECLARED_BY)
        if declared.get("kind")
        else Fact("api", "observed")
    }
    if served_by:
        facts["access.served_by"] = Fact(served_by, "observed")
    elif declared.get("served_by"):
        facts["access.served_by"] = Fact(declared["served_by"], "declared", DECLARED_BY)
    if declared.get("account"):
        facts["access.account"] = Fact(declared["account"], "declared", DECLARED_BY)
    return facts


def declared_by(run: Run) -> str:
    """Who speaks for a run's student: its audit.toml, or the person who imported the log."""
    if run.pipeline.origin != Pipeline.Origin.IMPORT:
        return DECLARED_BY
    return str(run.requested_by) if run.requested_by else "import_usage"


def student_facts(run: Run) -> Iterator[tuple[str, Fact]]:
    """What is declared of the student, whichever provider it is about."""
    student = run.manifest.get("student") or {}
    for key in ("kind", "general_purpose", "base_model", "distributed", "commercial", "name"):
        value = student.get(key)
        if value is not None and value != "":
            yield f"student.{key}", Fact(value, "declared", declared_by(run))


def _competition(run: Run, provider: str) -> dict[str, Fact]:
    """competes_with names providers; a list that leaves one out says that the student does not compete with it."""
    rivals = (run.manifest.get("student") or {}).get("competes_with")
    if rivals is None or not provider:
        return {}
    return {"student.competes_with_provider": Fact(provider in rivals, "declared", declared_by(run))}


def _training_places(run: Run) -> Callable[[str], dict[str, Fact]]:
    """Trained at the provider? Seen where a fine-tuning call was made; its absence counts only where nothing could hide it."""
    tuned = frozenset(
        ModelCall.objects.filter(run=run, operation="fine_tune", failed=False).values_list("provider", flat=True)
    )
    blind = run.isolation != Run.Isolation.ENFORCED or something_unseen(run)

    def place(provider: str) -> dict[str, Fact]:
        if provider in tuned:
            fact = Fact(True, "observed", note="a fine-tuning call was recorded")
        else:
            fact = Fact(False, "observed", note="no call of a fine-tuning API was recorded")
        return {} if blind and provider not in tuned else {"student.trained_at_provider": fact}

    return place


def something_unseen(run: Run) -> bool:
    """Whether the recorder met what it could not read: then the absence of a call proves nothing."""
    unread = run.gaps.filter(step="execute").exclude(kind__in=BEARS_ON_NOTHING)
    return unread.exists() or run.exchanges.filter(step="execute").exclude(unparsed="").exists()


def distinct_rows(run: Run, uses: Iterable[tuple[RecordedUse, dt.date]]) -> int:
    """Training rows that took anything from these uses, each given with its last day; a row of several answers counts once."""
    models: dict[tuple[Any, ...], set[str]] = {}
    for use, last_on in uses:
        scope = (use.provider, use.served_by, use.activity, use.simulated, use.day, last_on)
        models.setdefault(scope, set()).add(use.model)
    mine = Q(pk__in=())
    for (provider, served_by, activity, simulated, first_on, last_on), names in models.items():
        mine |= Q(
            call__provider=provider,
            call__served_by=served_by,
            call__simulated=simulated,
            call__at__date__range=(first_on, last_on),
            call__purpose__in=[purpose for purpose, named in ACTIVITY_OF_PURPOSE.items() if named == activity],
            call__request_model__in=names,
        )
    matches = RowMatch.objects.filter(mine, dataset__run=run, dataset__role=Dataset.Role.TRAINING)
    return matches.values("dataset", "row").distinct().count()
