"""From an accepted clause to a draft: linked, cited where it stands unchanged, and marked as a proposal."""

import pytest

from compliance.actions.drafting import MARK, PROPOSED, draft_from_clause
from compliance.actions.rules import RuleRefused
from compliance.models import Clause, ClauseText, RuleRevision, TrailEntry
from compliance.text.normalise import clause_hash
from tests.admin.conftest import Desk

CLAUSE = "Do not use answers to train a system that competes with ours, unless we gave our prior written consent."
TEXT = f"Welcome.\n\nWhat you must not do:\n\n- {CLAUSE}\n- Break the law.\n"


def accepted(desk: Desk, text: str = TEXT, labels: tuple[str, ...] = ("train_competing",)) -> ClauseText:
    """An accepted clause that stands in both versions with the same words."""
    clause = Clause.objects.create(document=desk.document, key="rivals", labels=list(labels))
    places = []
    for version in desk.document.versions.order_by("label"):
        version.text = text
        version.save(update_fields=["text"])
        start = text.index(CLAUSE) if text else None
        end = start + len(CLAUSE) if start is not None else None
        places.append(
            ClauseText.objects.create(
                clause=clause, version=version, section="2", sha256=clause_hash(CLAUSE), start=start, end=end
            )
        )
    return places[0]


def test_a_draft_reads_the_clause_and_cites_every_version_in_which_it_stands_unchanged(desk: Desk) -> None:
    draft = draft_from_clause(accepted(desk), acting_user=desk.writer)
    assert draft.status == RuleRevision.Status.DRAFT
    assert draft.effect == "prohibition"
    assert draft.definition["when"] == {"fact": "student.competes_with_provider", "op": "is", "value": True}
    assert [way["name"] for way in draft.definition["exceptions"]] == ["authorised"]
    assert sorted(label for one in draft.definition["citations"] for label in one["versions"]) == [
        "2025-05-31",
        "2026-01-01",
    ]
    assert draft.section == "2"
    assert str(draft.in_force.lower) == "2025-05-31"
    assert draft.in_force.upper is None
    assert draft.clauses.get().key == "rivals"


def test_a_draft_says_that_it_is_a_proposal_and_the_trail_keeps_what_to_check(desk: Desk) -> None:
    draft = draft_from_clause(accepted(desk), acting_user=desk.writer)
    assert draft.guidance.startswith(MARK)
    entry = TrailEntry.objects.get(action=PROPOSED)
    assert entry.user == desk.writer
    assert "judgement of fact" in entry.detail["notes"][0]


def test_asking_twice_gives_the_same_draft_until_somebody_changes_it(desk: Desk) -> None:
    place = accepted(desk)
    first = draft_from_clause(place, acting_user=desk.writer)
    assert draft_from_clause(place, acting_user=desk.second) == first
    RuleRevision.objects.filter(pk=first.pk).update(definition={**first.definition, "guidance": "Weighed."})
    second = draft_from_clause(place, acting_user=desk.writer)
    assert second.rule.identifier.endswith("-3")


def test_a_name_that_a_rule_has_already_is_numbered(desk: Desk) -> None:
    draft = draft_from_clause(accepted(desk), acting_user=desk.writer)
    assert desk.published.rule.identifier == "openai/services-agreement:competing-models"
    assert draft.rule.identifier == "openai/services-agreement:competing-models-2"


def test_a_clause_whose_words_are_not_held_makes_no_draft(desk: Desk) -> None:
    place = accepted(desk)
    place.version.text = ""
    with pytest.raises(RuleRefused, match="are not held"):
        draft_from_clause(place, acting_user=desk.writer)


def test_a_clause_placed_by_its_hash_alone_is_found_in_the_text(desk: Desk) -> None:
    place = accepted(desk)
    place.start = place.end = None
    assert draft_from_clause(place, acting_user=desk.writer).effect == "prohibition"


def test_a_clause_about_the_provider_alone_is_refused_in_words(desk: Desk) -> None:
    with pytest.raises(RuleRefused, match="not what a user may do"):
        draft_from_clause(accepted(desk, labels=("data_use_by_provider",)), acting_user=desk.writer)
