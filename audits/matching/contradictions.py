"""Where what people declared and what the run showed part ways; each is a finding of its own."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q

from audits.manifest import declared_purpose
from audits.matching.facts import training_rows
from audits.matching.verdicts import FindingDraft
from audits.models import Finding, ModelCall, Outcome, Run

WORDS = {"evaluate": "evaluation", "filter": "choosing training data", "train": "training"}


def contradictions(run: Run, student: str) -> list[FindingDraft]:
    """Declared purposes against observed ones, per host."""
    return list(_declared_against_lineage(run, student or "no student"))


def _declared_against_lineage(run: Run, student: str) -> Iterator[FindingDraft]:
    hosts = (
        ModelCall.objects.filter(run=run, failed=False)
        .values("host", "provider")
        .annotate(
            calls=Count("id", distinct=True),
            taught=Count("id", distinct=True, filter=Q(purpose=ModelCall.Purpose.TRAIN)),
            chose=Count("id", distinct=True, filter=Q(purpose=ModelCall.Purpose.FILTER, purpose_source="inferred")),
            rows=training_rows(),
        )
        .order_by("host")
    )
    for host in hosts:
        declared = declared_purpose(run.manifest, host["host"])
        if declared in ("evaluate", "filter") and host["taught"]:
            yield _taught_all_the_same(run, host, declared, student)
        if declared == "evaluate" and host["chose"]:
            yield _chose_all_the_same(host, student)


def _taught_all_the_same(run: Run, host: dict[str, Any], declared: str, student: str) -> FindingDraft:
    total = sum(run.datasets.filter(role="training").values_list("rows", flat=True))
    return FindingDraft(
        key=f"contradiction:purpose|{student}|{host['host']}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=host["provider"],
        title=f"Declared {WORDS[declared]}, but answers of {host['host']} stand in the training data",
        sentence=f"audit.toml declares calls to {host['host']} as {WORDS[declared]}; {host['rows']:,} of {total:,} training rows "
        f"derive from {host['taught']:,} of its answers.",
        calls=host["taught"],
        rows=host["rows"],
        level=Finding.Level.WARNING,
        because=[
            _entry("declared purpose", declared, "declared"),
            _entry("observed purpose", "train", "observed"),
        ],
        detail={"host": host["host"], "declared": declared, "observed": "train"},
    )


def _chose_all_the_same(host: dict[str, Any], student: str) -> FindingDraft:
    return FindingDraft(
        key=f"contradiction:choosing|{student}|{host['host']}",
        kind=Finding.Kind.CONTRADICTION,
        outcome=Outcome.NEEDS_FACTS,
        provider=host["provider"],
        title=f"Declared evaluation, but {host['host']} was asked about candidates for the training data",
        sentence=f"audit.toml declares calls to {host['host']} as evaluation; the prompts of {host['chose']:,} of its "
        f"{host['calls']:,} calls held answers that were candidates for the training data.",
        calls=host["chose"],
        rows=0,
        level=Finding.Level.NOTE,
        because=[
            _entry("declared purpose", "evaluate", "declared"),
            _entry("observed purpose", "filter", "inferred"),
        ],
        detail={"host": host["host"], "declared": "evaluate", "observed": "filter"},
    )


def _entry(constraint: str, value: str, source: str) -> dict[str, Any]:
    return {"constraint": constraint, "held": True, "fact": "activity", "value": value, "source": source}
