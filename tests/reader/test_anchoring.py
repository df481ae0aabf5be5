"""Accepted clauses are found again in each new version, or a person says what became of them."""

import pytest
from django.db import IntegrityError, transaction

from compliance.actions.anchoring import anchor_clauses, settle
from compliance.actions.clauses import ClauseRefused
from compliance.models import Anchoring, Clause, ClauseText, User, Version
from compliance.text.normalise import clause_hash
from tests.factories import make_rule_revision
from tests.reader.conftest import Accepted
from tests.reader.texts import BAN, CHANGED, FIRST, MOVED, REWORDED, WITHOUT, make_versions

pytestmark = pytest.mark.django_db


def fates(clause: Clause) -> list[tuple[str, str, str]]:
    rows = clause.anchorings.order_by("version__label")
    return [(row.version.label[:4], row.fate, row.state) for row in rows]


def test_the_same_words_are_carried_on_by_themselves_wherever_they_stand(accepted: Accepted) -> None:
    versions = make_versions(FIRST, FIRST + "\nBe well.\n", MOVED)
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    assert fates(place.clause) == [("2021", "unchanged", "settled"), ("2022", "moved", "settled")]
    carried = place.clause.texts.get(version=versions[2])
    assert versions[2].text[carried.start : carried.end].endswith(BAN)
    assert carried.section == "2.5"


def test_reworded_and_vanished_clauses_wait_for_a_person(accepted: Accepted) -> None:
    versions = make_versions(FIRST, CHANGED, WITHOUT)
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    assert fates(place.clause) == [("2021", "reworded", "waiting"), ("2022", "gone", "waiting")]
    assert place.clause.texts.count() == 1
    row = place.clause.anchorings.get(fate="reworded")
    assert versions[1].text[row.start : row.end].endswith(REWORDED)


def test_following_clauses_twice_changes_nothing(accepted: Accepted) -> None:
    place = accepted(make_versions(FIRST, CHANGED, MOVED, WITHOUT)[0])
    anchor_clauses(place.clause.document)
    before = list(Anchoring.objects.values()), list(ClauseText.objects.values())
    anchor_clauses(place.clause.document)
    assert (list(Anchoring.objects.values()), list(ClauseText.objects.values())) == before


@pytest.mark.parametrize("decision", ["kept", "accepted"])
def test_a_settled_clause_goes_on_from_its_new_words(accepted: Accepted, lawyer: User, decision: str) -> None:
    versions = make_versions(FIRST, CHANGED, CHANGED + "\nBe well.\n")
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    assert fates(place.clause)[1] == ("2022", "reworded", "waiting")
    settle(acting_user=lawyer, anchoring=place.clause.anchorings.earliest("version__label"), decision=decision)
    anchor_clauses(place.clause.document)
    assert fates(place.clause) == [("2021", "reworded", decision), ("2022", "unchanged", "settled")]
    assert place.clause.texts.get(version=versions[2]).section == "2.2"


def test_gone_is_gone_until_the_words_return(accepted: Accepted, lawyer: User) -> None:
    versions = make_versions(FIRST, WITHOUT, "", FIRST)
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    gone = place.clause.anchorings.get(fate="gone")
    settle(acting_user=lawyer, anchoring=gone, decision="gone", reason="dropped")
    Version.objects.filter(pk=versions[2].pk).update(text=WITHOUT)
    anchor_clauses(place.clause.document)
    assert [state for _year, _fate, state in fates(place.clause)] == ["gone", "settled"]
    assert place.clause.texts.filter(version=versions[3]).exists()
    with pytest.raises(ClauseRefused, match="settled this clause already"):
        settle(acting_user=lawyer, anchoring=gone, decision="gone")


def test_a_person_may_show_what_a_vanished_clause_became(accepted: Accepted, lawyer: User) -> None:
    versions = make_versions(FIRST, WITHOUT)
    place = accepted(versions[0])
    anchor_clauses(place.clause.document)
    gone = place.clause.anchorings.get()
    with pytest.raises(ClauseRefused, match="Nothing like it was found"):
        settle(acting_user=lawyer, anchoring=gone, decision="accepted")
    settle(acting_user=lawyer, anchoring=gone, decision="accepted", wording="The harp is tuned on Mondays")
    shown = place.clause.texts.get(version=versions[1])
    assert versions[1].text[shown.start : shown.end] == "The harp is tuned on Mondays"


def test_into_earlier_versions_only_the_same_words_are_carried(accepted: Accepted) -> None:
    versions = make_versions(CHANGED, FIRST, FIRST)
    place = accepted(versions[2])
    anchor_clauses(place.clause.document)
    assert fates(place.clause) == [("2021", "unchanged", "settled")]


def test_where_the_rulebook_ended_a_clause_only_its_own_words_bring_it_back() -> None:
    versions = make_versions(FIRST, WITHOUT, CHANGED, FIRST, "")
    Version.objects.filter(pk__in=[version.pk for version in versions[:2]]).update(shipped=True)
    clause = Clause.objects.create(document=versions[0].document, key="cited", labels=["train_competing"])
    start = FIRST.index(BAN)
    ClauseText.objects.create(
        clause=clause, version=versions[0], sha256=clause_hash(BAN), start=start, end=start + len(BAN)
    )
    Version.objects.filter(pk=versions[4].pk).update(label="2025-05-31")
    make_rule_revision("harpco/terms:cited").clauses.add(clause)
    anchor_clauses(clause.document)
    assert fates(clause) == [("2023", "unchanged", "settled")]


def test_the_database_refuses_a_place_for_what_is_gone_and_words_that_settle_themselves(accepted: Accepted) -> None:
    place = accepted(make_versions(FIRST, WITHOUT)[0])
    anchor_clauses(place.clause.document)
    for wrong in ({"start": 1, "end": 2}, {"state": "settled"}, {"state": "gone"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            place.clause.anchorings.update(**wrong)
