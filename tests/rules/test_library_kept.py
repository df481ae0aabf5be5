"""The library that pages keep between requests is never older than the database: whoever wrote there, and by what way."""

import re

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from compliance.models import (
    Agreement,
    CatalogueEntry,
    Governance,
    ModelCorrection,
    Provider,
    Rule,
    RuleRevision,
    TermsDocument,
    User,
    Version,
)
from compliance.queries import library_kept
from compliance.queries.library import agreements_of, library_from_database
from compliance.queries.library_kept import kept_library
from tests.factories import make_project, make_user
from tests.rules.conftest import Recorded

pytestmark = pytest.mark.django_db
READ = {
    model._meta.db_table
    for model in (Provider, TermsDocument, Version, Governance, CatalogueEntry, ModelCorrection, RuleRevision, Agreement)
}  # fmt: skip


def touch(table: str) -> int:
    """Write every row of a table as it is, as another program would: no model, no trigger of ours knows of it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET id = id")
        return int(cursor.rowcount)


def signed_agreement() -> Agreement:
    agreement = Agreement.objects.create(
        provider=Provider.objects.get(slug="openai"), reference="Order 7", grants=["train_on_output"],
        starts_on="2024-01-01",
    )  # fmt: skip
    agreement.documents.add(TermsDocument.objects.earliest("pk"))
    return agreement


def test_it_is_read_once_and_asked_for_in_one_query(recorded: Recorded) -> None:
    first = kept_library()
    with CaptureQueriesContext(connection) as asked:
        assert kept_library() is first
    assert len(asked) == 1
    assert first == library_from_database()


@pytest.mark.parametrize("table", sorted({*READ, Agreement.documents.through._meta.db_table, Rule._meta.db_table}))
def test_a_row_written_by_anybody_has_it_read_anew(recorded: Recorded, table: str) -> None:
    signed_agreement()
    ModelCorrection.objects.create(name="a-model", developer="openai", corrected_by=make_user(), reason="Told")
    CatalogueEntry.objects.create(
        provider=Provider.objects.get(slug="openai"), position=900, pattern="a-model",
        definition={"developer": "openai", "match": ["a-model"]},
    )  # fmt: skip
    before = kept_library()
    assert touch(table), "there is a row to write"
    assert kept_library() is not before


def test_it_holds_what_this_transaction_wrote_and_no_longer_what_it_took_back(recorded: Recorded) -> None:
    provider = Provider.objects.get(slug="openai")
    for name in ("Once", "Twice"):  # one row, written twice in one transaction
        provider.name = name
        provider.save()
        assert kept_library().providers["openai"].name == name
    with transaction.atomic():
        Provider.objects.filter(pk=provider.pk).update(name="Taken back")
        assert kept_library().providers["openai"].name == "Taken back"
        transaction.set_rollback(True)
    assert kept_library().providers["openai"].name == "Twice"


def test_a_row_that_goes_is_gone_from_it(recorded: Recorded) -> None:
    agreement = signed_agreement()
    assert [one.reference for one in kept_library().agreements] == ["Order 7"]
    agreement.delete()
    assert kept_library().agreements == ()


def test_who_corrected_a_models_name_is_told_by_the_present_name(recorded: Recorded) -> None:
    person = make_user(username="before")
    ModelCorrection.objects.create(name="a-model", developer="openai", corrected_by=person, reason="Told")
    assert kept_library().corrections["a-model"].by == str(person)
    User.objects.filter(pk=person.pk).update(username="after", first_name="", last_name="")
    assert kept_library().corrections["a-model"].by == str(User.objects.get(pk=person.pk)) != str(person)


def test_a_projects_agreements_are_seen_by_that_project_alone(recorded: Recorded) -> None:
    mine, other = make_project(), make_project()
    Agreement.objects.filter(pk=signed_agreement().pk).update(project=mine)
    assert kept_library(mine.pk).agreements == agreements_of(mine.pk) != ()
    assert kept_library(other.pk).agreements == kept_library().agreements == ()


def test_every_table_that_the_library_is_read_from_is_watched(recorded: Recorded) -> None:
    ModelCorrection.objects.create(name="a-model", developer="openai", corrected_by=make_user(), reason="Told")
    signed_agreement()
    with CaptureQueriesContext(connection) as asked:
        library_from_database()
    tables = {name for query in asked for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
    assert tables >= READ, "the pattern finds the tables"
    assert [name for name in tables if name not in library_kept._QUERY] == []


def test_rulings_kept_with_it_are_bounded(recorded: Recorded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_kept, "MOST_RULINGS", 1)
    before = kept_library()
    before.memory.rulings.update({(number,): None for number in range(3)})
    after = kept_library()
    assert after == before
    assert not after.memory.rulings
