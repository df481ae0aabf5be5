"""Access to pipelines, runs, findings and reports: what one may see follows from the project (see compliance.access)."""

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404

from audits.matching.questions import JUDGEMENTS
from audits.models import (
    Approval,
    Enclosure,
    Exchange,
    FactRequest,
    Finding,
    Import,
    Pipeline,
    Remark,
    Remedy,
    Report,
    Run,
    Webhook,
)
from compliance.access import (
    deeds_in,
    may,
    may_answer_for_organisation,
    may_decide,
    may_edit_rules,
    may_run_audits,
    projects_for,
    require,
    visible_projects,
)
from compliance.models import Project, User
from compliance.roles import Deed, Deeds


def visible_pipelines(user: User) -> QuerySet[Pipeline]:
    return Pipeline.objects.filter(project__in=visible_projects(user)).select_related("project")


def visible_runs(user: User) -> QuerySet[Run]:
    return Run.objects.filter(pipeline__project__in=visible_projects(user)).select_related("pipeline__project")


def visible_findings(user: User) -> QuerySet[Finding]:
    return Finding.objects.filter(run__pipeline__project__in=visible_projects(user)).select_related(
        "run__pipeline__project"
    )


def visible_reports(user: User) -> QuerySet[Report]:
    """Reports all of whose projects the person sees; privileged ones, and those with words of calls, only to who reads such."""
    reports = Report.objects.filter(_held_in(visible_projects(user)))
    privileged = Q(privileged=False) | _held_in(projects_for(user, Deed.READ_PRIVILEGED))
    contents = Q(with_contents=False) | _held_in(projects_for(user, Deed.READ_CONTENTS))
    return reports.filter(privileged, contents).select_related("run__pipeline__project", "project")


def _held_in(projects: QuerySet[Project]) -> Q:
    """Of a report: that all its material is of these projects."""
    held = Report.projects.through.objects.filter(report=OuterRef("pk"))
    outside = held.exclude(project__in=projects.values("pk"))
    return Q(run__pipeline__project__in=projects) | Q(Exists(held), ~Exists(outside), run=None)


def visible_imports(user: User) -> QuerySet[Import]:
    return Import.objects.filter(pipeline__project__in=visible_projects(user)).select_related(
        "pipeline__project", "run"
    )


def get_pipeline(user: User, pk: int) -> Pipeline:
    return get_object_or_404(visible_pipelines(user), pk=pk)


def get_run(user: User, pk: int) -> Run:
    return get_object_or_404(visible_runs(user), pk=pk)


def get_exchange(user: User, pk: int) -> Exchange:
    exchanges = Exchange.objects.filter(run__in=visible_runs(user)).select_related("run__pipeline__project")
    return get_object_or_404(exchanges, pk=pk)


def get_finding(user: User, pk: int) -> Finding:
    """The finding, also when re-judging no longer finds it: its history and decisions stay readable."""
    found = Finding.every.filter(run__pipeline__project__in=visible_projects(user))
    return get_object_or_404(found.select_related("run__pipeline__project"), pk=pk)


def get_report(user: User, pk: int) -> Report:
    return get_object_or_404(visible_reports(user), pk=pk)


def get_import(user: User, pk: int) -> Import:
    return get_object_or_404(visible_imports(user), pk=pk)


def require_may_import(user: User, project: Project) -> None:
    """For importing usage into a project; raises PermissionDenied."""
    sentence = f"Usage of {project} is imported by its engineers or an administrator."
    require(may_run_audits(user, project), sentence)


def require_may_run(user: User, pipeline: Pipeline) -> None:
    """For starting, cancelling and repeating audits; raises PermissionDenied."""
    require(pipeline.origin != Pipeline.Origin.IMPORT, "A log that was imported can’t be run; import it again instead.")
    sentence = f"Audits of {pipeline.project} are started by its engineers or an administrator."
    require(may_run_audits(user, pipeline.project), sentence)


def require_may_decide(user: User, finding: Finding) -> None:
    """For decisions on findings; raises PermissionDenied."""
    project = finding.run.pipeline.project
    require(may_decide(user, project), f"Findings of {project} are decided by legal.")


ASSIGNERS = frozenset({Deed.DECIDE, Deed.RUN})
"""Either of these lets a person say who sees to findings."""


def may_assign(user: User, project: Project) -> bool:
    """Whoever decides findings or runs audits says who sees to them."""
    return bool(deeds_in(user, project) & ASSIGNERS)


def require_may_assign(user: User, project: Project) -> None:
    """For giving findings to people; raises PermissionDenied."""
    sentence = f"Who sees to findings of {project} is said by its reviewers and engineers."
    require(may_assign(user, project), sentence)


def may_read_privileged(user: User, project: Project) -> bool:
    """Lawyers and auditors read what lawyers keep among themselves; engineers and administrators never do."""
    return may(user, Deed.READ_PRIVILEGED, project)


def require_may_remark(user: User, project: Project, *, privileged: bool) -> None:
    """For taking part in the discussion of a finding; raises PermissionDenied."""
    if privileged:
        sentence = f"Notes among lawyers of {project} are written by its reviewers, approvers and counsel."
        require(may(user, Deed.WRITE_PRIVILEGED, project), sentence)
        return
    require(may(user, Deed.COMMENT, project), f"Findings of {project} are discussed by those who work on it.")


def visible_remarks(user: User, finding: Finding, deeds: Deeds | None = None) -> QuerySet[Remark]:
    """The discussion of the finding in every run of its project, oldest first, without what the person may not read.

    `deeds`: what the person may do in the project, for who has asked that before."""
    project = finding.run.pipeline.project
    deeds = deeds_in(user, project) if deeds is None else deeds
    remarks = Remark.objects.filter(project=project, finding_key=finding.key).select_related("author")
    if Deed.READ_PRIVILEGED not in deeds:
        remarks = remarks.filter(privileged=False)
    return remarks.prefetch_related("enclosures").order_by("id")


def get_enclosure(user: User, pk: int) -> Enclosure:
    """An enclosure of a remark that the person may read; Http404 otherwise."""
    enclosures = Enclosure.objects.filter(remark__project__in=visible_projects(user)).select_related("remark__project")
    found = get_object_or_404(enclosures, pk=pk)
    if found.remark.privileged and not may_read_privileged(user, found.remark.project):
        raise Http404
    return found


def get_approval(user: User, pk: int) -> Approval:
    return get_object_or_404(
        Approval.objects.filter(run__in=visible_runs(user)).select_related("run__pipeline__project", "asked_by"), pk=pk
    )


def may_ask_for_approval(user: User, project: Project) -> bool:
    """Whether the person puts audits of the project forward."""
    return puts_audits_forward(deeds_in(user, project))


def puts_audits_forward(deeds: Deeds) -> bool:
    """Whoever decides findings or runs audits puts an audit forward."""
    return bool(deeds & ASSIGNERS)


def require_may_ask_for_approval(user: User, project: Project) -> None:
    """For putting an audit forward and withdrawing it; raises PermissionDenied."""
    sentence = f"Audits of {project} are put forward by its reviewers and engineers."
    require(may_ask_for_approval(user, project), sentence)


def require_may_approve(user: User, project: Project) -> None:
    """For signing; raises PermissionDenied."""
    sentence = f"Audits of {project} are approved by its approvers, or by legal of the installation."
    require(may(user, Deed.APPROVE, project), sentence)


def may_read_contents(user: User, project: Project) -> bool:
    """Everybody of the project but its viewers reads what was said in calls."""
    return may(user, Deed.READ_CONTENTS, project)


def require_may_read_contents(user: User, run: Run) -> None:
    """For bodies of calls, rows, logs and evidence bundles of a run; raises PermissionDenied."""
    require_may_read_contents_of(user, run.pipeline.project)


def require_may_read_contents_of(user: User, project: Project) -> None:
    """The same for what was imported into a project."""
    sentence = (
        f"What was said in the calls of {project} is not open to its viewers. Ask its administrator for another role."
    )
    require(may_read_contents(user, project), sentence)


def may_keep(user: User, project: Project) -> bool:
    """Whoever sets retention and legal holds, and has contents erased."""
    return may(user, Deed.KEEP, project)


def require_may_keep(user: User, project: Project) -> None:
    """For retention, holds and erasures; raises PermissionDenied."""
    require(may_keep(user, project), f"What is kept of {project} is decided by legal or an administrator.")


def may_report(user: User, project: Project) -> bool:
    """Whoever runs the project's audits, decides its findings or approves them has reports made."""
    return may(user, Deed.REPORT, project)


def reportable_projects(user: User) -> QuerySet[Project]:
    """The projects that the person has reports made of."""
    return projects_for(user, Deed.REPORT)


def require_may_put_in(user: User, projects: Iterable[Project], *, privileged: bool, contents: bool) -> None:
    """For what a report is to hold; raises PermissionDenied. Whoever may not read it has no report made that says it."""
    for project in projects:
        mine = deeds_in(user, project)
        sentence = f"Notes among lawyers of {project} go only into reports of those who read them."
        require(not privileged or Deed.READ_PRIVILEGED in mine, sentence)
        sentence = f"What was said in calls of {project} goes only into reports of those who read it."
        require(not contents or Deed.READ_CONTENTS in mine, sentence)


def require_may_report(user: User, run: Run) -> None:
    """For having reports made; raises PermissionDenied."""
    require_may_report_on(user, run.pipeline.project)


def require_may_report_on(user: User, project: Project) -> None:
    """The same for a whole project."""
    require(may_report(user, project), f"Reports on {project} are made for its engineers, legal or an administrator.")


def may_share(user: User, projects: Iterable[Project]) -> bool:
    """Reviewers share what they may read with people outside: a report, when they review every project that it is about."""
    held = list(projects)
    return bool(held) and all(may(user, Deed.SHARE, project) for project in held)


def require_may_share(user: User, projects: Iterable[Project]) -> None:
    """For links to a report; raises PermissionDenied."""
    require(may_share(user, projects), "Reports are shared with people outside by the reviewers of their projects.")


def require_may_compare(user: User, run: Run) -> None:
    """For holding a student's answers against its teacher's; raises PermissionDenied."""
    project = run.pipeline.project
    require(may_report(user, project), f"Answers of students of {project} are compared by its engineers or legal.")


def may_answer(user: User, project: Project | None, fact: str) -> bool:
    """Legal answers what is a judgement; engineers also what they simply know. The organisation: legal, administrators."""
    if project is None:
        return may_answer_for_organisation(user)
    return may_decide(user, project) or (fact not in JUDGEMENTS and may_run_audits(user, project))


def require_may_answer(user: User, project: Project | None, fact: str) -> None:
    """For answers to questions; raises PermissionDenied."""
    about = (
        f"of {project} is a judgement that legal makes" if project else "about the organisation is answered by legal"
    )
    sentence = (
        f"This question {about}."
        if project is None or fact in JUDGEMENTS
        else (f"Questions about students of {project} are answered by its engineers or legal.")
    )
    require(may_answer(user, project, fact), sentence)


def require_may_keep_webhooks(user: User, project: Project) -> None:
    """For webhooks and the log of what they were told; raises PermissionDenied."""
    require(may(user, Deed.ADMINISTER, project), f"Webhooks of {project} are kept by its administrators.")


def get_webhook(user: User, slug: str, pk: int) -> Webhook:
    """A webhook of a project that the person administers; Http404 where they don't see it, PermissionDenied where they do."""
    mine = Webhook.objects.filter(project__in=visible_projects(user), project__slug=slug)
    found = get_object_or_404(mine.select_related("project", "made_by"), pk=pk)
    require_may_keep_webhooks(user, found.project)
    return found


def require_may_ask(user: User, project: Project) -> None:
    """For asking people for facts; raises PermissionDenied."""
    require(may_decide(user, project), f"Facts about {project} are asked for by its reviewers.")


def visible_requests(user: User) -> QuerySet[FactRequest]:
    """What was asked of people, in projects that the person sees."""
    asked = FactRequest.objects.filter(project__in=visible_projects(user))
    return asked.select_related(
        "project", "finding__run__pipeline__project", "asked_by", "asked_of", "replied_by", "withdrawn_by", "answer"
    )


def get_request(user: User, pk: int) -> FactRequest:
    return get_object_or_404(visible_requests(user), pk=pk)


def require_may_reply(user: User, request: FactRequest) -> None:
    """For replying; raises PermissionDenied."""
    require(request.asked_of_id == user.pk, f"{request.asked_of} is asked this, and replies.")


def require_may_withdraw(user: User, request: FactRequest) -> None:
    """For asking no longer; raises PermissionDenied."""
    mine = request.asked_by_id == user.pk or may_decide(user, request.project)
    require(mine, f"A request is withdrawn by whoever asked, or by the reviewers of {request.project}.")


def visible_remedies(user: User) -> QuerySet[Remedy]:
    """Work in projects that the person sees."""
    mine = Remedy.objects.filter(project__in=visible_projects(user))
    return mine.select_related("finding__run__pipeline__project", "owner", "asked_by", "settled_run", "claimed_run")


def get_remedy(user: User, pk: int) -> Remedy:
    return get_object_or_404(visible_remedies(user), pk=pk)


def require_may_claim(user: User, remedy: Remedy) -> None:
    """For saying that work is done; raises PermissionDenied."""
    require(remedy.owner_id == user.pk, f"{remedy.owner} sees to this, and says when it is changed.")


def require_may_correct(user: User) -> None:
    """For saying what a model's name means; raises PermissionDenied."""
    require(may_edit_rules(user), "What a model's name means is said by legal or an administrator.")
