"""What the builder of reports offers, and what the list of reports shows."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from audits.models import Report, ReportBrand, ReportPreset, Run, Student, UsageSignature
from compliance.models import Project, User
from compliance.queries.names import provider_names

MOST_RUNS, MOST_STUDENTS, MOST_EARLIER = 200, 300, 60
_TOLD = ("title", "number", "requested_at", "profile", "run__number", "run__pipeline__name")
Choice = tuple[str, str]


@dataclass(frozen=True)
class Offer:
    """What a report can be about, each as value and words."""

    runs: Sequence[Choice]
    projects: Sequence[Choice]
    students: Sequence[Choice]
    providers: Sequence[Choice]


def offer(projects: QuerySet[Project], also_run: int | None = None) -> Offer:
    """Newest runs that ended, projects, students and providers, of these projects. Five queries."""
    ended = Run.objects.filter(pipeline__project__in=projects, state__in=Run.ENDED)
    runs = ended.values_list("pk", "pipeline__name", "number", "pipeline__project__name")
    newest = list(runs.order_by("-pk")[:MOST_RUNS])
    if also_run and also_run not in {run[0] for run in newest}:
        newest += list(runs.filter(pk=also_run))
    students = Student.objects.filter(run__pipeline__project__in=projects).order_by(
        "run__pipeline__project__name", "name"
    )
    named = students.values_list("run__pipeline__project__slug", "name", "run__pipeline__project__name").distinct()
    used = UsageSignature.objects.filter(run__pipeline__project__in=projects).exclude(provider="").order_by()
    names = provider_names()
    return Offer(
        runs=[(str(pk), f"{pipeline}, run {number} ({project})") for pk, pipeline, number, project in newest],
        projects=list(projects.order_by("name").values_list("slug", "name")),
        students=[(f"{slug}/{name}", f"{name} ({project})") for slug, name, project in named[:MOST_STUDENTS]],
        providers=sorted(
            ((slug, names.get(slug, slug)) for slug in used.values_list("provider", flat=True).distinct()),
            key=lambda one: one[1].casefold(),
        ),
    )


def presets_for(user: User, projects: QuerySet[Project]) -> QuerySet[ReportPreset]:
    """One's own, and those of the projects."""
    return ReportPreset.objects.filter(Q(owner=user) | Q(project__in=projects)).select_related("project")


def brand_of(project: Project | None) -> ReportBrand | None:
    """What reports of the project carry; without one of its own, what the organisation's carry."""
    brands = {brand.project_id: brand for brand in ReportBrand.objects.filter(Q(project=project) | Q(project=None))}
    return brands.get(project.pk if project else None) or brands.get(None)


def earlier_reports(reports: QuerySet[Report]) -> list[Choice]:
    """Finished reports to hold a new one against, newest first."""
    ready = reports.filter(state=Report.State.READY).exclude(context_sha256="").order_by("-pk")
    made = ready.select_related(None).select_related("run__pipeline").only(*_TOLD)
    return [
        (
            str(one.pk),
            f"{one.title or one.run}: report {one.number} of {one.requested_at:%Y-%m-%d}, {one.get_profile_display()}",
        )
        for one in made[:MOST_EARLIER]
    ]
