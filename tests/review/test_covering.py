"""The database itself keeps, in a finding's row, the newest decision that covers it."""

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from audits.actions.decisions import decide
from audits.models import Decision, Finding, Run
from compliance.models import User
from tests.factories import make_completed_run, make_finding, make_pipeline, make_project, make_rule_revision, make_user

pytestmark = pytest.mark.django_db
RULE = "openai/services-agreement:a-rule"


@pytest.fixture
def run() -> Run:
    return make_completed_run(make_pipeline(make_project()))


@pytest.fixture
def lawyer() -> User:
    return make_user("legal")


def counts_for(finding: Finding) -> int | None:
    return Finding.every.values_list("decision", flat=True).get(pk=finding.pk)


def decided(finding: Finding, lawyer: User, scope: str = "finding") -> int:
    return decide(finding=finding, kind="confirm", reason="Right.", scope=scope, acting_user=lawyer).pk


def test_the_newest_decision_counts_for_findings_of_its_key_in_every_run_of_the_project(run: Run, lawyer: User):
    finding = run.findings.get()
    later = make_completed_run(run.pipeline)
    later.findings.all().delete()
    same = make_finding(later, key=finding.key)
    elsewhere = make_completed_run(make_pipeline(make_project())).findings.get()
    assert elsewhere.key == finding.key
    decided(finding, lawyer)
    newest = decided(same, lawyer)
    assert [counts_for(one) for one in (finding, same, elsewhere)] == [newest, newest, None]


def test_a_decision_counts_for_a_finding_that_comes_later(run: Run, lawyer: User):
    revision = make_rule_revision(RULE)
    of_rule = make_finding(run, rule_revision=revision)
    wide = decided(of_rule, lawyer, scope="project")
    assert counts_for(make_finding(run, rule_revision=revision)) == wide
    narrow = decided(run.findings.earliest("pk"), lawyer)
    assert counts_for(run.findings.earliest("pk")) == narrow
    later = make_completed_run(run.pipeline)
    assert counts_for(make_finding(later, key=of_rule.key)) is None, "the decision was on the rule, not on the key"
    assert counts_for(make_finding(later, rule_revision=revision)) == wide


def test_a_decision_for_a_student_counts_for_findings_about_that_student_alone(run: Run, lawyer: User):
    revision = make_rule_revision(RULE)
    ours, others = make_finding(run, rule_revision=revision), make_completed_run(run.pipeline)
    Run.objects.filter(pk=others.pk).update(manifest={"student": {"name": "another"}})
    theirs = make_finding(others, rule_revision=revision)
    made = decided(ours, lawyer, scope="student")
    assert (counts_for(ours), counts_for(theirs)) == (made, None)
    assert counts_for(make_finding(others, rule_revision=revision)) is None


def test_a_finding_that_rests_on_another_rule_since_is_covered_by_what_was_decided_on_that(run: Run, lawyer: User):
    first, second = make_rule_revision(RULE), make_rule_revision(f"{RULE}-2")
    finding, other = make_finding(run, rule_revision=first), make_finding(run, rule_revision=second)
    on_first = decided(finding, lawyer, scope="project")
    on_second = decided(other, lawyer, scope="project")
    assert counts_for(finding) == on_first
    Finding.objects.filter(pk=finding.pk).update(rule_revision=second)
    assert counts_for(finding) == on_second


def test_decisions_written_in_bulk_count_too(run: Run, lawyer: User):
    finding = run.findings.get()
    shared = {
        "project": run.pipeline.project,
        "finding": finding,
        "kind": "confirm",
        "reason": "Right.",
        "decided_by": lawyer,
    }
    made = Decision.objects.bulk_create(
        Decision(finding_key=key, basis_sha256=finding.basis_sha256, **shared) for key in (finding.key, finding.key, "other")
    )  # fmt: skip
    assert counts_for(finding) == made[1].pk


@pytest.mark.django_db(transaction=True)
def test_a_decision_and_a_finding_written_at_the_same_time_do_not_miss_each_other(run: Run, lawyer: User):
    """The decision waits for whoever writes a finding that it does not see yet."""
    finding = run.findings.get()
    later = make_completed_run(run.pipeline)
    later.findings.all().delete()
    begun, made = Event(), []

    def decide_meanwhile() -> None:
        begun.set()
        made.append(decided(finding, lawyer))
        connection.close()

    deciding = Thread(target=decide_meanwhile)
    with transaction.atomic():
        unseen = make_finding(later, key=finding.key)
        deciding.start()
        assert begun.wait(10)
        deciding.join(0.3)
        assert deciding.is_alive(), "it waits"
    deciding.join(10)
    assert counts_for(unseen) == made[0] == counts_for(finding)
