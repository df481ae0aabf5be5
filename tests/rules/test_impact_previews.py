"""What publishing a revision would change is shown before it is published."""

import pytest
from django.urls import reverse

from audits.models import AssessedUse, Finding
from audits.queries.rule_impact import impact_of_revision
from compliance.actions import rules as actions
from compliance.models import RuleRevision
from compliance.queries.proposed import UnreadableRevision, library_with
from tests.rules.conftest import Recorded


def drafted(recorded: Recorded, **changed: object) -> RuleRevision:
    """A new draft of the published rule, with some of its definition changed."""
    desk = recorded.desk
    rule = RuleRevision.objects.get(status="published").rule
    draft = actions.draft_revision(acting_user=desk.writer, rule=rule)
    definition = {key: value for key, value in {**draft.definition, **changed}.items() if value is not None}
    return actions.change_draft(
        acting_user=desk.writer, revision=draft, definition=definition, clauses=draft.clauses.all(),
        based_on=draft.content_sha256,
    )  # fmt: skip


def test_a_copy_that_says_the_same_changes_nothing(recorded: Recorded) -> None:
    found = impact_of_revision(drafted(recorded, guidance="Ask who it is offered to."))
    assert found.impact.changes == ()
    assert (found.impact.runs, found.impact.calls) == (1, 30)


def test_a_milder_revision_shows_old_and_new_answer_with_calls_and_students(recorded: Recorded) -> None:
    milder = {"fact": "student.kind", "op": "eq", "value": "reward"}
    revision = drafted(
        recorded, when={"all": [{"fact": "student.competes_with_provider", "op": "is", "value": True}, milder]}
    )
    found = impact_of_revision(revision)
    assert [(move.before, move.after, move.calls) for move in found.moves] == [("prohibited", "needs_facts", 30)]
    assert found.impact.findings > 0
    assert [student.partition(": ")[2] for student in found.impact.students] == ["acme-triage"]
    assert [change.stricter for run in found.runs for change in run.changes] == [False] * len(found.impact.changes)


def test_a_revision_that_cites_one_version_only_changes_only_the_days_of_the_others(recorded: Recorded) -> None:
    citations = RuleRevision.objects.get(status="published").definition["citations"]
    later = [one for one in citations if one["versions"] == ["2026-01-01"]]
    found = impact_of_revision(drafted(recorded, citations=later))
    assert [(move.before, move.after, move.calls) for move in found.moves] == [("prohibited", "not_addressed", 10)]
    assert found.runs[0].changes[0].lost == ("openai/services-agreement:competing-models",)


def test_looking_changes_nothing_and_publishing_does_what_was_shown(recorded: Recorded) -> None:
    revision = drafted(recorded, effect="permission")
    before = list(AssessedUse.objects.values_list("pk", "outcome")), Finding.objects.count()
    page = recorded.desk.client(recorded.desk.second).get(reverse("rule-impact", args=[revision.pk]))
    assert page.status_code == 200
    assert (list(AssessedUse.objects.values_list("pk", "outcome")), Finding.objects.count()) == before
    text = page.content.decode()
    assert "30 calls" in text
    assert "acme-triage" in text
    assert "Permitted" in text


def test_the_page_says_honestly_that_nothing_changes(recorded: Recorded) -> None:
    revision = drafted(recorded, remedy="Ask first.")
    text = recorded.desk.client(recorded.desk.writer).get(reverse("rule-impact", args=[revision.pk])).content.decode()
    assert "Nothing changes." in text
    assert "30 calls" in text


def test_a_revision_that_the_engine_cannot_read_is_said_so(recorded: Recorded) -> None:
    revision = drafted(recorded)
    RuleRevision.objects.filter(pk=revision.pk).update(definition={"effect": "prohibition"})
    revision.refresh_from_db()
    with pytest.raises(UnreadableRevision, match=r"\.title: expected text"):
        library_with(revision)
    page = recorded.desk.client(recorded.desk.writer).get(reverse("rule-impact", args=[revision.pk]))
    assert page.status_code == 422
    assert "Nothing can be judged by this revision." in page.content.decode()


def test_engineers_do_not_preview(recorded: Recorded) -> None:
    revision = drafted(recorded)
    assert (
        recorded.desk.client(recorded.desk.engineer).get(reverse("rule-impact", args=[revision.pk])).status_code == 403
    )


def test_the_draft_leads_to_the_preview(recorded: Recorded) -> None:
    revision = drafted(recorded)
    page = recorded.desk.client(recorded.desk.writer).get(
        reverse("admin:compliance_rulerevision_change", args=[revision.pk])
    )
    assert reverse("rule-impact", args=[revision.pk]) in page.content.decode()
