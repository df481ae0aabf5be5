"""Schedules that a person sees, and what a report by schedule would rest on."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from audits.access import reportable_projects
from audits.models import Approval, Decision, FactAnswer, Finding, ReportSchedule, ScheduledReport
from audits.queries.report_scope import Reach
from compliance.models import Project, User
from compliance.queries.names import provider_names
from compliance.roles import EVERYWHERE, Deed


def visible_schedules(user: User) -> QuerySet[ReportSchedule]:
    """One's own, and those about projects of all of which one has reports made."""
    held = ReportSchedule.projects.through.objects.filter(reportschedule=OuterRef("pk"))
    outside = held.exclude(project__in=reportable_projects(user).values("pk"))
    seen = Q(owner=user) | (Q(Exists(held)) & ~Q(Exists(outside)))
    return ReportSchedule.objects.filter(seen).select_related("owner").prefetch_related("recipients", "projects")


def about(scope: Mapping[str, Any]) -> list[str]:
    """What a scope's ids are called: projects, providers and students by their names; none: the whole organisation."""
    kind, ids = scope["kind"], [str(one) for one in scope.get("ids") or ()]
    if kind == "provider":
        named = provider_names()
        return [named.get(one, one) for one in ids]
    slugs = [one.partition("/")[0] for one in ids]
    projects = dict(Project.objects.filter(slug__in=slugs).values_list("slug", "name"))
    told = [(projects.get(slug, slug), one.partition("/")[2]) for slug, one in zip(slugs, ids, strict=True)]
    return [f"{student} of {project}" if student else project for project, student in told]


def readers_of(projects: QuerySet[Project]) -> QuerySet[User]:
    """People with an open account who belong to one of the projects, or see all of them: who may be told of a report."""
    now = timezone.now()
    open_membership = Q(memberships__ends_at__isnull=True) | Q(memberships__ends_at__gt=now)
    members = Q(memberships__project__in=projects) & open_membership
    everywhere = Q(role__in=[role for role, deeds in EVERYWHERE.items() if Deed.SEE in deeds])
    return User.objects.filter(members | everywhere, is_active=True).distinct().order_by("username")


def times_of(schedule: ReportSchedule) -> QuerySet[ScheduledReport]:
    """Each time it was due, newest first."""
    return schedule.times.select_related("report__run__pipeline", "by_hand")


def material_sha256(found: Reach, options: Mapping[str, Any]) -> str:
    """Hash of what a report would rest on: its runs, their findings, what people decided, answered and signed. Six queries.

    The days it covers are left out: a month in which nothing happened is like the one before.
    """
    runs = found.runs.order_by("pk")
    ids = list(runs.values_list("pk", flat=True))
    findings = Finding.objects.filter(run__in=ids).order_by("run_id", "key", "pk")
    projects = [one.pk for one in found.projects]
    newest = {
        model.__name__: model.objects.filter(**{f"{where}__in": projects}).aggregate(last=Max("pk"), count=Count("pk"))
        for model, where in (
            (Decision, "project"), (Approval, "run__pipeline__project"),
        )
    }  # fmt: skip
    answers = FactAnswer.objects.filter(Q(project__in=projects) | Q(project=None))
    newest["FactAnswer"] = answers.aggregate(last=Max("pk"), count=Count("pk"))
    asked = {key: value for key, value in options.items() if key not in ("since", "scope")}
    content = [
        list(runs.values_list("pk", "state", "outcome", "evidence_root")),
        list(findings.values_list("run_id", "key", "outcome", "calls", "rows")),
        newest,
        asked,
    ]
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()
