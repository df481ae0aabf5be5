"""What could be erased of runs and imports: which contents, how large, and which of them something else still needs."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import connection, transaction
from django.db.models import QuerySet

from audits.models import ErasedContent, Erasure, EvidenceEntry, Exchange, Import, LegalHold, Pipeline, Retention, Run
from compliance.models import Project

# What entries of the evidence log hold: of persons and of what was said, or of how the calls went. The rest is conclusions,
# names and hashes, which stay: uses, findings, lineage, scan, environment, manifest, the listing of the source tree.
CONTENTS = ("dataset", "student", "log", "torn")
METADATA = ("record",)
FEW = 50  # contents that are looked for one by one; more are compared while all exchanges are read once
_NEEDED = """
    SELECT request_sha256 FROM audits_exchange WHERE request_sha256 = ANY(%(named)s) AND NOT (run_id = ANY(%(runs)s))
    UNION SELECT response_sha256 FROM audits_exchange WHERE response_sha256 = ANY(%(named)s) AND NOT (run_id = ANY(%(runs)s))
    UNION SELECT sha256 FROM audits_evidenceentry WHERE sha256 = ANY(%(named)s) AND NOT (run_id = ANY(%(runs)s))
    UNION SELECT pdf_sha256 FROM audits_report WHERE pdf_sha256 = ANY(%(named)s)
    UNION SELECT context_sha256 FROM audits_report WHERE context_sha256 = ANY(%(named)s)
    UNION SELECT sha256 FROM audits_reportform WHERE sha256 = ANY(%(named)s)
    UNION SELECT archive_sha256 FROM audits_pipeline WHERE archive_sha256 = ANY(%(named)s)
    UNION SELECT part ->> 'sha256' FROM audits_import, jsonb_array_elements(parts) AS part
        WHERE part ->> 'sha256' = ANY(%(named)s) AND NOT (audits_import.id = ANY(%(imports)s))
"""


@dataclass(frozen=True)
class Expired:
    """What has been kept long enough in one project. `sizes`: hash → bytes of what would leave the store."""

    runs: Sequence[Run]
    imports: Sequence[Import]
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes, uncompressed."""
        return sum(self.sizes.values())


def hold_on(project: Project) -> LegalHold | None:
    """The legal hold that stands on a project, the oldest if there are several."""
    return LegalHold.objects.filter(project=project, lifted_at=None).select_related("placed_by").order_by("id").first()


def retention_of(project: Project) -> Retention:
    """The project's retention, or one that keeps everything."""
    return Retention.objects.filter(project=project).first() or Retention(project=project)


def expired_runs(project: Project, cause: str, days: int | None, now: dt.datetime) -> QuerySet[Run]:
    """Ended runs kept longer than `days` from which this was not erased yet."""
    runs = Run.objects.filter(pipeline__project=project, state__in=Run.ENDED).exclude(
        pipeline__origin=Pipeline.Origin.IMPORT
    )
    if days is None:
        return runs.none()
    done = Erasure.objects.filter(project=project, cause=cause, run__isnull=False).values("run")
    return runs.filter(finished_at__lt=now - dt.timedelta(days=days)).exclude(pk__in=done).order_by("pk")


def expired_imports(project: Project, cause: str, days: int | None, now: dt.datetime) -> list[Import]:
    """Imports read longer ago than `days` from which this was not erased yet."""
    if days is None:
        return []
    scopes = Erasure.objects.filter(project=project, cause=cause, run=None).values_list("scope", flat=True)
    done = {scope.get("import") for scope in scopes}
    imports = Import.objects.filter(pipeline__project=project, finished_at__lt=now - dt.timedelta(days=days))
    return [one for one in imports.order_by("pk") if one.pk not in done]


def preview(
    project: Project, content_days: int | None, metadata_days: int | None, now: dt.datetime
) -> tuple[Expired, Expired]:
    """What would be erased today: contents, and metadata. Changes nothing."""
    found = []
    for cause, days in ((Erasure.Cause.CONTENTS, content_days), (Erasure.Cause.METADATA, metadata_days)):
        runs = list(expired_runs(project, cause, days, now).select_related("pipeline"))
        imports = expired_imports(project, cause, days, now)
        found.append(Expired(runs, imports, removable([run.pk for run in runs], imports, cause)))
    return found[0], found[1]


def removable(runs: Collection[int], imports: Collection[Import], cause: str) -> dict[str, int]:
    """Hash → bytes of the contents that only these runs and imports need."""
    sizes = _of_runs(runs, cause)
    if cause != Erasure.Cause.METADATA:
        sizes |= {str(part["sha256"]): int(part["size"]) for one in imports for part in one.parts}
    needed = needed_elsewhere(list(sizes), list(runs), [one.pk for one in imports])
    return {sha256: size for sha256, size in sizes.items() if sha256 not in needed}


def _of_runs(runs: Collection[int], cause: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    if cause != Erasure.Cause.METADATA:
        sizes |= contents_of_exchanges(Exchange.objects.filter(run__in=runs))
    kinds = METADATA if cause == Erasure.Cause.METADATA else CONTENTS
    entries = EvidenceEntry.objects.filter(run__in=runs, kind__in=kinds)
    return sizes | dict(entries.order_by().values_list("sha256", "size"))


def contents_of_exchanges(exchanges: QuerySet[Exchange]) -> dict[str, int]:
    """Hash → bytes of both bodies of some exchanges."""
    asked = exchanges.exclude(request_sha256="").order_by().values_list("request_sha256", "request_size")
    answered = exchanges.exclude(response_sha256="").order_by().values_list("response_sha256", "response_size")
    return {**dict(asked), **dict(answered)}


@transaction.atomic
def needed_elsewhere(named: list[str], runs: list[int], imports: list[int]) -> set[str]:
    """Which of these contents something else than these runs and imports still needs."""
    if not named:
        return set()
    few = len(named) <= FEW
    with connection.cursor() as cursor:
        if few:  # the planner takes the indexes on contents for no help, since they tell where a content can't be
            cursor.execute("SET LOCAL enable_seqscan TO off")
        cursor.execute(_NEEDED, {"named": named, "runs": runs, "imports": imports})
        found = {row[0] for row in cursor.fetchall()}
        if few:
            cursor.execute("SET LOCAL enable_seqscan TO on")
    return found


def erased_words(sha256: str) -> str:
    """When a content was erased and by what cause, as a sentence; empty for one that was not."""
    erased = ErasedContent.objects.filter(sha256=sha256).select_related("erasure").order_by("-id").first()
    if erased is None:
        return ""
    cause = erased.erasure.get_cause_display().lower()
    return f"The body was erased on {erased.erasure.at:%Y-%m-%d} ({cause}). Its hash and its length stay."
