"""What every test may ask for. The servers come up with `tests.settings`, before Django reads any of it."""

import os
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from compliance.actions.house import KNOWN
from tests.kept_schema import keep, kept_schema, name_of_the_test_database, put_in_place

# The same examples on every machine, and none judged by how busy it is.
settings.register_profile("clausetrail", deadline=None, derandomize=True)
settings.load_profile("clausetrail")


@pytest.fixture(scope="session")
def project_directory() -> Path:
    """The root of the checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> bool:
    """The database is there already when an earlier session kept its schema; its server goes with the session."""
    if "TEST_DATABASE_URL" in os.environ:
        return False
    with django_db_blocker.unblock():
        if kept_schema().is_file():
            put_in_place(kept_schema(), name_of_the_test_database())
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_keepdb: bool, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests that commit clean up by TRUNCATE, which a database with sealed evidence refuses. The tests own theirs."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        if django_db_keepdb and not kept_schema().is_file():
            keep(kept_schema(), connection.settings_dict["NAME"])
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'no_truncate'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER no_truncate")


@pytest.fixture(autouse=True, scope="session")
def no_second_factor_is_asked_for() -> None:
    """As where nobody set house rules; tests of them read them anew."""
    KNOWN.who, KNOWN.until = "nobody", float("inf")
