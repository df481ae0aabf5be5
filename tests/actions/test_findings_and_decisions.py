"""Findings are computed and stored; what people decide on them is kept for ever."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from audits.actions.decisions import decide
from audits.actions.findings import facts_as_json, store_findings
from audits.actions.pipelines import add_pipeline
from audits.actions.reports import begin_report, fail_report, finish_report, request_report
from audits.matching.facts import RecordedUse
from audits.matching.verdicts import FindingDraft, JudgedUse
from audits.models import Decision, Finding, Report
from compliance.engine.facts import Fact
from compliance.models import RuleRevision, TrailEntry
from tests.factories import NOON, make_finding, make_project, make_rule_revision, make_run, make_user

pytestmark = pytest.mark.django_db


def judged_use(**fields: Any) -> JudgedUse:
    facts = {"on": Fact(NOON.date(), "observed"), "student.kind": Fact("classifier", "declared", "audit.toml")}
    use = RecordedUse("openai", "openai", "gpt-4", "train_on_output", NOON.date(), 3, 2, True, facts)
    answer: dict[str, Any] = {"outcome": "needs_facts", "verdicts": [], "missing_facts": [], "governing_documents": []}
    return JudgedUse(use, NOON.date() + dt.timedelta(days=2), answer)


def draft(**fields: Any) -> FindingDraft:
    made: dict[str, Any] = {
        "key": "rule|student|openai", "kind": "rule", "outcome": "needs_facts", "provider": "openai", "title": "T",
        "sentence": "S", "calls": 3, "rows": 2, "uses": (0,), "level": "warning", "detail": {"models": ["gpt-4"]},
    }  # fmt: skip
    return FindingDraft(**{**made, **fields})


def test_findings_are_numbered_in_the_order_given_and_point_at_their_uses_and_the_revision_in_force():
    run, revision = make_run(), make_rule_revision()
    found = store_findings(
        run=run,
        judged=[judged_use()],
        drafts=[draft(rule=revision.rule.identifier), draft(key="another", title="x" * 400, uses=())],
    )
    assert [finding.number for finding in found] == [1, 2]
    use = run.uses.get()
    assert (use.first_on, use.last_on, use.simulated) == (NOON.date(), NOON.date() + dt.timedelta(days=2), True)
    assert use.facts["student.kind"] == {"value": "classifier", "source": "declared", "by": "audit.toml", "note": ""}
    first, second = Finding.objects.order_by("number")
    assert (first.use, first.rule_revision, first.detail["uses"]) == (use, revision, [use.pk])
    assert (second.use, second.rule_revision, len(second.title)) == (None, None, 300)


def test_a_finding_keeps_the_revision_it_used_when_the_rule_is_superseded():
    run, revision = make_run(), make_rule_revision()
    store_findings(run=run, judged=[judged_use()], drafts=[draft(rule=revision.rule.identifier)])
    RuleRevision.objects.filter(pk=revision.pk).update(status="superseded", superseded_at=NOON)
    newer = make_rule_revision(number=2)
    again = make_run(run.pipeline)
    store_findings(run=again, judged=[judged_use()], drafts=[draft(rule=revision.rule.identifier)])
    assert [run.findings.get().rule_revision, again.findings.get().rule_revision] == [revision, newer]


def test_facts_are_stored_with_their_source_and_days_as_text():
    stored = facts_as_json(
        {"on": Fact(NOON.date(), "observed", note="n"), "student.commercial": Fact(False, "declared")}
    )
    assert stored["on"] == {"value": "2026-11-20", "source": "observed", "by": "", "note": "n"}
    assert stored["student.commercial"]["value"] is False


def test_a_decision_adds_to_the_history_and_stands_in_the_trail():
    finding, counsel = make_finding(make_run()), make_user("legal")
    decide(finding=finding, kind="needs_facts", reason=" Ask product. ", acting_user=counsel)
    last = decide(finding=finding, kind="accept_risk", reason="Stays inside.", acting_user=counsel)
    assert list(finding.decisions.values_list("kind", flat=True)) == ["accept_risk", "needs_facts"]
    assert finding.decisions.earliest("pk").reason == "Ask product."
    assert (last.finding_key, last.basis_sha256) == (finding.key, finding.basis_sha256)
    assert TrailEntry.objects.filter(action="finding decided").count() == 2


@pytest.mark.parametrize(("kind", "reason", "field"), [("accept_risk", "  ", "reason"), ("ignore", "because", "kind")])
def test_a_decision_needs_a_known_kind_and_a_reason(kind: str, reason: str, field: str):
    with pytest.raises(ValidationError) as refused:
        decide(finding=make_finding(make_run()), kind=kind, reason=reason, acting_user=make_user("legal"))
    assert field in refused.value.message_dict
    assert not Decision.objects.exists()


@pytest.mark.parametrize("change", ["update", "delete"])
def test_the_database_itself_refuses_to_change_a_decision(change: str):
    finding = make_finding(make_run())
    decide(finding=finding, kind="confirm", reason="So it is.", acting_user=make_user("legal"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Decision.objects.all().update(reason="x") if change == "update" else Decision.objects.all().delete()
    assert Decision.objects.get().reason == "So it is."


def test_a_report_is_rendered_once_and_taken_up_again_when_its_worker_died():
    run = make_run()
    report = request_report(run=run, acting_user=None)
    assert begin_report(report.pk)
    assert begin_report(report.pk), "delivered again: the first worker died over it"
    finish_report(report.pk, pages=10)
    assert not begin_report(report.pk)
    second = request_report(run=run, acting_user=None)
    assert second.number == 2
    fail_report(second.pk, "broken")
    assert not begin_report(second.pk)
    assert list(Report.objects.order_by("number").values_list("state", flat=True)) == ["ready", "errored"]


def test_a_pipeline_has_one_source_and_a_slug_of_its_own():
    project = make_project()
    made = [add_pipeline(project=project, name="Été & <b>", acting_user=None, path=Path("/srv/a")) for _ in range(3)]
    assert [pipeline.slug for pipeline in made] == ["ete-b", "ete-b-2", "ete-b-3"]
    both: dict[str, Any] = {"path": Path("/srv/a"), "archive_sha256": "0" * 64}
    nothing: dict[str, Any] = {}
    for sources in (nothing, both):
        with pytest.raises(ValueError, match="exactly one"):
            add_pipeline(project=project, name="x", acting_user=None, **sources)
