"""Draft, review, publication by a second person, supersession."""

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.urls import reverse
from django.utils import timezone

from compliance.actions import rules as actions
from compliance.actions.rulebook import load_rulebook
from compliance.models import RuleRevision, TrailEntry
from compliance.queries.library import library_from_database
from tests.admin.conftest import Desk, posted, small_library

Status = RuleRevision.Status


def page(revision: RuleRevision) -> str:
    return reverse("admin:compliance_rulerevision_change", args=[revision.pk])


def step(revision: RuleRevision, name: str) -> str:
    return reverse("admin:compliance_rulerevision_step", args=[revision.pk, name])


def edit(revision: RuleRevision) -> str:
    return reverse("admin:compliance_rulerevision_edit", args=[revision.pk])


def drafted(desk: Desk) -> RuleRevision:
    desk.client(desk.writer).post(step(desk.published, "revise"))
    return RuleRevision.objects.get(status=Status.DRAFT)


def narrowed(desk: Desk) -> RuleRevision:
    """A draft that says something else than the published revision."""
    draft = drafted(desk)
    when = {"all": [draft.definition["when"], {"fact": "student.kind", "op": "eq", "value": "generative"}]}
    response = desk.client(desk.writer).post(edit(draft), posted(draft, when=when))
    assert response.status_code == 302, response.context["form"].errors
    draft.refresh_from_db()
    return draft


def test_a_lawyers_path_from_draft_to_supersession(desk: Desk) -> None:
    writer, second = desk.client(desk.writer), desk.client(desk.second)
    draft = narrowed(desk)
    writer.post(step(draft, "submit"))
    refused = writer.post(step(draft, "publish"), follow=True)
    assert "You drafted this revision. A second person has to publish it." in refused.content.decode()
    published = second.post(step(draft, "publish"), follow=True)
    assert "Revision 2 is published." in published.content.decode()
    draft.refresh_from_db()
    desk.published.refresh_from_db()
    assert (draft.status, draft.published_by) == (Status.PUBLISHED, desk.second)
    assert (desk.published.status, desk.published.superseded_at) == (Status.SUPERSEDED, draft.published_at)
    (rule,) = library_from_database().rules
    assert (rule.revision, rule.sentence) == (
        2,
        "On training a model on output, if the student competes with the provider and the student is a generative model.",
    )


def test_each_step_leaves_a_line_in_the_audit_trail_with_its_person(desk: Desk) -> None:
    draft = narrowed(desk)
    desk.client(desk.writer).post(step(draft, "submit"))
    desk.client(desk.second).post(step(draft, "publish"))
    lines = TrailEntry.objects.filter(object_type="compliance.rulerevision").order_by("id")
    assert [(line.action, line.user) for line in lines] == [
        ("rule draft begun", desk.writer),
        ("rule draft changed", desk.writer),
        ("rule submitted for review", desk.writer),
        ("rule superseded", desk.second),
        ("rule published", desk.second),
    ]


def test_whoever_changed_a_draft_is_no_second_person_for_it(desk: Desk) -> None:
    draft = narrowed(desk)
    when = {"fact": "student.kind", "op": "eq", "value": "reward"}
    desk.client(desk.second).post(edit(draft), posted(draft, when=when))
    desk.client(desk.second).post(step(draft, "submit"))
    refused = desk.client(desk.second).post(step(draft, "publish"), follow=True)
    assert "You wrote some of this revision." in refused.content.decode()
    assert "Publish revision" not in refused.content.decode()


def test_the_database_itself_refuses_a_revision_published_by_its_author(desk: Desk) -> None:
    draft = narrowed(desk)
    desk.published.status, desk.published.superseded_at = Status.SUPERSEDED, timezone.now()
    desk.published.save()
    draft.status, draft.published_by, draft.published_at = Status.PUBLISHED, desk.writer, timezone.now()
    with pytest.raises(IntegrityError, match="published_by_a_second_person"), transaction.atomic():
        draft.save()


def test_the_database_itself_refuses_an_edit_of_what_is_published(desk: Desk) -> None:
    desk.published.statement = "bars nothing"
    with pytest.raises(ProgrammingError, match="supersede it with a new revision"), transaction.atomic():
        desk.published.save()


def test_a_published_page_has_no_form_to_write_in(desk: Desk) -> None:
    client = desk.client(desk.administrator)
    content = client.get(page(desk.published)).content.decode()
    assert "bars using output to develop models that compete" in content.lower()
    assert 'name="statement"' not in content
    assert "Draft a new revision" in content
    assert client.get(edit(desk.published), follow=True).redirect_chain[-1][0] == page(desk.published)
    answer = client.post(edit(desk.published), posted(desk.published, title="Changed"), follow=True)
    assert "can&#x27;t be edited" in answer.content.decode()
    desk.published.refresh_from_db()
    assert desk.published.title == "No competing models from output"


def test_removing_a_published_rule_is_refused_in_words(desk: Desk) -> None:
    answer = desk.client(desk.administrator).post(
        reverse("admin:compliance_rulerevision_delete", args=[desk.published.pk]), {"post": "yes"}
    )
    assert answer.status_code == 403
    assert "is kept for ever" in answer.content.decode()
    assert RuleRevision.objects.filter(pk=desk.published.pk).exists()


def test_a_rule_has_one_open_revision_at_a_time(desk: Desk) -> None:
    drafted(desk)
    again = desk.client(desk.second).post(step(desk.published, "revise"), follow=True)
    assert "Revision 2 is draft already" in again.content.decode()
    assert desk.published.rule.revisions.count() == 2


def test_a_draft_that_says_nothing_new_is_not_submitted(desk: Desk) -> None:
    draft = drafted(desk)
    answer = desk.client(desk.writer).post(step(draft, "submit"), follow=True)
    assert "This draft says what revision 1 says already." in answer.content.decode()


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(desk: Desk) -> None:
    draft = drafted(desk)
    mine = posted(draft, title="Mine")
    desk.client(desk.second).post(edit(draft), posted(draft, title="Theirs"))
    answer = desk.client(desk.writer).post(edit(draft), mine)
    assert "Somebody changed this draft while you were writing." in answer.content.decode()
    draft.refresh_from_db()
    assert draft.title == "Theirs"


def test_a_revision_under_review_goes_back_with_what_to_mend(desk: Desk) -> None:
    draft = narrowed(desk)
    desk.client(desk.writer).post(step(draft, "submit"))
    silent = desk.client(desk.second).post(step(draft, "return"), {"reason": " "}, follow=True)
    assert "Say what the writers should mend" in silent.content.decode()
    desk.client(desk.second).post(step(draft, "return"), {"reason": "Cite the version of 2026 alone."})
    draft.refresh_from_db()
    assert draft.status == Status.DRAFT
    assert "Cite the version of 2026 alone." in desk.client(desk.writer).get(page(draft)).content.decode()


def test_a_discarded_draft_is_kept_by_the_trail(desk: Desk) -> None:
    draft = narrowed(desk)
    desk.client(desk.writer).post(step(draft, "discard"))
    assert not RuleRevision.objects.filter(pk=draft.pk).exists()
    line = TrailEntry.objects.get(action="rule draft discarded")
    assert line.detail["definition"]["title"] == draft.title


def test_a_draft_older_than_what_was_published_meanwhile_is_not_published(desk: Desk) -> None:
    draft = narrowed(desk)
    actions.submit(acting_user=desk.writer, revision=draft)
    now = timezone.now()
    actions.supersede(acting_user=None, revision=desk.published, at=now, by_revision=3)
    RuleRevision.objects.create(
        rule=draft.rule, number=3, status=Status.PUBLISHED, effect="prohibition", title="Newer", statement="bars more",
        in_force=draft.in_force, definition=draft.definition, content_sha256="x", shipped=True, published_at=now,
    )  # fmt: skip
    with pytest.raises(actions.RuleRefused, match="Revision 3 was published after this one was drafted"):
        actions.publish(acting_user=desk.second, revision=draft)


def test_loading_the_shipped_rulebook_leaves_what_people_published(desk: Desk) -> None:
    draft = narrowed(desk)
    actions.submit(acting_user=desk.writer, revision=draft)
    actions.publish(acting_user=desk.second, revision=draft)
    assert load_rulebook(small_library()).kept == [draft.rule.identifier]
    assert library_from_database().rules[0].revision == 2
