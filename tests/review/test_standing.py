"""Which decision counts, for how long, for what; and how a finding is open again."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from audits.actions.decisions import decide, decide_many
from audits.models import Decision, Finding, Pipeline, Run
from audits.queries.standing import STANDINGS, with_standing
from compliance.models import RuleRevision, User
from tests.factories import make_completed_run, make_finding, make_pipeline, make_project, make_rule_revision, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
DAY = dt.timedelta(days=1)


@pytest.fixture
def pipeline() -> Pipeline:
    return make_pipeline(make_project())


@pytest.fixture
def run(pipeline: Pipeline) -> Run:
    return make_completed_run(pipeline)


@pytest.fixture
def lawyer() -> User:
    return make_user("legal")


def standing(finding: Finding, on: dt.date | None = None) -> str:
    return str(with_standing(Finding.objects.filter(pk=finding.pk), on).get().standing)


def again(run: Run, finding: Finding, **fields: object) -> Finding:
    """The same finding in a later run of the pipeline."""
    later = make_completed_run(run.pipeline)
    later.findings.all().delete()
    same = {"key": finding.key, "basis_sha256": finding.basis_sha256, "rule_revision": finding.rule_revision}
    return make_finding(later, **{**same, **fields})


def test_a_waiver_holds_through_its_last_day_and_is_open_the_day_after(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="waive", reason="Renewal is under way.", until=TODAY + 7 * DAY, acting_user=lawyer)
    assert standing(finding, TODAY + 7 * DAY) == "decided"
    assert standing(finding, TODAY + 8 * DAY) == "ended"


@pytest.mark.parametrize(
    ("kind", "until", "complaint"),
    [
        ("waive", None, "say on which day"),
        ("waive", TODAY - DAY, "from today on"),
        ("waive", TODAY + 400 * DAY, "at most 366 days"),
        ("false_positive", TODAY + DAY, "Leave it empty"),
    ],
)
def test_an_end_that_makes_no_sense_is_refused(
    run: Run, lawyer: User, kind: str, until: dt.date | None, complaint: str
):
    with pytest.raises(ValidationError, match=complaint):
        decide(finding=run.findings.get(), kind=kind, reason="Why.", until=until, acting_user=lawyer)


def test_the_database_itself_knows_no_waiver_without_an_end(run: Run, lawyer: User):
    finding = run.findings.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.create(
            project=run.pipeline.project, finding_key=finding.key, finding=finding, kind="waive", reason="x",
            basis_sha256="0" * 64, decided_by=lawyer,
        )  # fmt: skip


def test_a_decision_is_carried_to_the_next_run_while_nothing_it_rests_on_changed(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="confirm", reason="Right.", acting_user=lawyer)
    assert standing(again(run, finding)) == "decided"
    assert standing(again(run, finding, basis_sha256="f" * 64)) == "reopened"


def test_what_is_said_to_be_remediated_is_shown_by_the_next_run_not_by_a_tick(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="remediated", reason="The teacher was replaced.", acting_user=lawyer)
    assert standing(finding) == "to_be_shown"
    assert standing(again(run, finding)) == "found_again"


def test_a_decision_for_the_student_covers_its_other_findings_of_the_rule(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="accept_risk", reason="Board paper 12.", scope="student", acting_user=lawyer)
    assert standing(make_finding(run, rule_revision=finding.rule_revision)) == "decided"
    other_student = make_completed_run(run.pipeline, manifest={"student": {"name": "another"}})
    assert standing(other_student.findings.get()) == "open"


def test_a_decision_for_the_project_covers_every_student_and_no_other_project(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="accept_risk", reason="Board paper 12.", scope="project", acting_user=lawyer)
    other_student = make_completed_run(run.pipeline, manifest={"student": {"name": "another"}})
    assert standing(other_student.findings.get()) == "decided"
    assert standing(make_completed_run(make_pipeline(make_project("Other"))).findings.get()) == "open"


def test_a_wider_decision_ends_with_the_wording_of_its_rule(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="accept_risk", reason="Board paper 12.", scope="project", acting_user=lawyer)
    RuleRevision.objects.update(status=RuleRevision.Status.SUPERSEDED)
    reworded = make_rule_revision(statement="Output may not be used at all.", content_sha256="e" * 64)
    assert standing(make_finding(run, rule_revision=reworded)) == "reopened"


def test_the_newest_of_the_decisions_that_cover_it_counts(run: Run, lawyer: User):
    finding = run.findings.get()
    decide(finding=finding, kind="accept_risk", reason="Board paper 12.", scope="project", acting_user=lawyer)
    decide(finding=finding, kind="needs_facts", reason="Who gets the weights?", acting_user=lawyer)
    assert standing(finding) == "waiting"
    decide(finding=finding, kind="reopen", reason="New counsel.", acting_user=lawyer)
    assert standing(finding) == "open"


def test_a_wider_scope_needs_a_rule_and_a_student(run: Run, lawyer: User):
    bare = make_finding(run, rule_revision=None)
    with pytest.raises(ValidationError, match="rests on no rule"):
        decide(finding=bare, kind="confirm", reason="x", scope="project", acting_user=lawyer)
    nameless = make_completed_run(run.pipeline, manifest={}).findings.get()
    with pytest.raises(ValidationError, match="declares no student"):
        decide(finding=nameless, kind="confirm", reason="x", scope="student", acting_user=lawyer)


def test_several_are_decided_together_or_none_is(run: Run, lawyer: User):
    findings = [run.findings.get(), make_finding(run)]
    with pytest.raises(ValidationError):
        decide_many(findings=findings, kind="waive", reason="x", acting_user=lawyer)
    assert not Decision.objects.exists()
    decide_many(findings=findings, kind="confirm", reason="Both right.", acting_user=lawyer)
    assert [standing(finding) for finding in findings] == ["decided", "decided"]


def test_every_standing_has_words():
    assert {"open", "reopened", "ended", "found_again", "waiting", "to_be_shown", "decided"} == set(STANDINGS)
