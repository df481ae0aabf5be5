"""A found clause is a suggestion until a person accepts it."""

import hashlib

import pytest
from django.db import IntegrityError, transaction

from compliance.actions.clauses import (
    ClauseRefused,
    accept_suggestion,
    is_read,
    mark_passage,
    read_version,
    reject_suggestion,
)
from compliance.actions.reading import read_document, unread_documents
from compliance.models import Clause, ClauseText, Suggestion, TrailEntry, User, Version
from compliance.text.normalise import clause_hash
from tests.factories import make_user
from tests.reader.conftest import Accepted, ban_in
from tests.reader.texts import BAN, CHANGED, FIRST, make_version, make_versions

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(db: None) -> Version:
    (made,) = make_versions(FIRST)
    return made


def test_each_label_is_explained_by_the_words_that_decided(version: Version) -> None:
    read_version(version)
    found = ban_in(version)
    assert version.text[found.start : found.end].endswith(BAN)
    assert found.section == "2.2"
    assert found.mode == "prohibition"
    assert {reason["label"] for reason in found.because} == set(found.labels)
    assert all(reason["words"].split()[0] in BAN for reason in found.because)
    assert found.modal


def test_reading_a_text_again_changes_nothing(version: Version) -> None:
    assert read_version(version)
    before = list(Suggestion.objects.values())
    assert not read_version(version)
    assert list(Suggestion.objects.values()) == before
    assert is_read(version)
    assert not unread_documents()


def test_nothing_is_a_clause_before_a_person_says_so(version: Version) -> None:
    read_version(version)
    assert Suggestion.objects.count() >= 3
    assert not Clause.objects.exists()


def test_an_accepted_suggestion_is_anchored_by_position_and_hash(accepted: Accepted, version: Version) -> None:
    place = accepted(version)
    assert version.text[place.start : place.end].endswith(BAN)
    assert place.sha256 == clause_hash(version.text[place.start : place.end])
    assert place.section == "2.2"
    found = ban_in(version)
    assert (found.state, found.clause) == ("accepted", place.clause)
    assert TrailEntry.objects.get(action="clause accepted").detail["suggestion"] == found.pk


def test_the_passage_and_its_labels_are_what_the_person_says(lawyer: User, version: Version) -> None:
    read_version(version)
    place = accept_suggestion(
        acting_user=lawyer, suggestion=ban_in(version), key="narrow", labels=["train_any"], section="2.2",
        wording="use output of the  HARP service\nto train a model",
    )  # fmt: skip
    assert version.text[place.start : place.end] == "use output of the harp service to train a model"
    assert place.clause.labels == ["train_any"]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"wording": "words that stand nowhere in it"}, "word for word"),
        ({"wording": " … "}, "empty"),
        ({"labels": []}, "at least one label"),
        ({"labels": ["invented"]}, "Unknown label: invented"),
        ({"key": "taken"}, "a clause “taken” already"),
    ],
)
def test_what_cannot_be_a_clause_is_refused_and_nothing_is_kept(
    lawyer: User, version: Version, said: dict[str, object], complaint: str
) -> None:
    read_version(version)
    Clause.objects.create(document=version.document, key="taken")
    given = {"key": "new", "labels": ["train_any"], "wording": BAN, "section": ""} | said
    with pytest.raises(ClauseRefused, match=complaint):
        accept_suggestion(acting_user=lawyer, suggestion=ban_in(version), **given)  # type: ignore[arg-type]
    assert ban_in(version).state == "suggested"
    assert not ClauseText.objects.exists()


def test_a_rejection_has_a_reason_and_ends_the_matter(lawyer: User, version: Version) -> None:
    read_version(version)
    found = ban_in(version)
    with pytest.raises(ClauseRefused, match="Say why"):
        reject_suggestion(acting_user=lawyer, suggestion=found, reason="  ")
    reject_suggestion(acting_user=lawyer, suggestion=found, reason="an example, not a term")
    with pytest.raises(ClauseRefused, match="has decided on this passage already"):
        reject_suggestion(acting_user=make_user(), suggestion=found, reason="again")


def test_what_was_decided_survives_another_text_and_what_is_gone_is_superseded(lawyer: User, version: Version) -> None:
    read_version(version)
    rejected = version.suggestions.get(labels__contains="automated_extraction")
    reject_suggestion(acting_user=lawyer, suggestion=rejected, reason="covered elsewhere")
    Version.objects.filter(pk=version.pk).update(text=CHANGED)
    version.refresh_from_db()
    assert not is_read(version)
    read_version(version)
    states = set(version.suggestions.values_list("labels__0", "state"))
    assert ("train_competing", "superseded") in states
    assert ("train_competing", "suggested") in states
    rejected.refresh_from_db()
    assert rejected.state == "rejected"


def test_the_database_refuses_an_acceptance_without_a_person(version: Version) -> None:
    read_version(version)
    for wrong in ({"state": "accepted"}, {"state": "rejected"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Suggestion.objects.filter(pk=ban_in(version).pk).update(**wrong)


def test_a_person_can_mark_what_was_not_found(lawyer: User, version: Version) -> None:
    place = mark_passage(
        acting_user=lawyer, version=version, near=0, key="kindness", labels=["pass_through_terms"], section="2.1",
        wording="Be kind to the harp",
    )  # fmt: skip
    assert version.text[place.start : place.end] == "Be kind to the harp"


def test_a_clause_that_the_rulebook_cites_by_hash_is_placed_where_its_words_stand(version: Version) -> None:
    clause = Clause.objects.create(document=version.document, key="cited", labels=["train_competing"])
    part = "use output of the harp service to train a model that competes with our products"
    place = ClauseText.objects.create(clause=clause, version=version, sha256=clause_hash(part))
    elsewhere = ClauseText.objects.create(
        clause=Clause.objects.create(document=version.document, key="lost"), version=version,
        sha256=hashlib.sha256(b"words of another text").hexdigest(),
    )  # fmt: skip
    read_version(version)
    place.refresh_from_db()
    elsewhere.refresh_from_db()
    assert version.text[place.start : place.end] == part
    assert elsewhere.start is None


def test_a_corrected_citation_is_sought_anew(version: Version) -> None:
    clause = Clause.objects.create(document=version.document, key="cited")
    place = ClauseText.objects.create(clause=clause, version=version, sha256=clause_hash("not there"))
    read_document(version.document)
    ClauseText.objects.filter(pk=place.pk).update(sha256=clause_hash(BAN))
    assert not is_read(version)
    assert read_document(version.document).versions == 1
    place.refresh_from_db()
    assert version.text[place.start : place.end] in (BAN, BAN.rstrip("."))


def test_versions_whose_text_is_not_held_are_left_alone(version: Version) -> None:
    empty = make_version(version.document, "", "2010-01-01", "2011-01-01")
    assert not read_version(empty)
    assert read_document(version.document).versions == 1
