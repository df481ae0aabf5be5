import shutil

import psycopg
import pytest

from compliance.embedded.__main__ import main
from compliance.embedded.address import database_settings, database_url
from compliance.embedded.supervisor import borrowed_database


def ask(var, *statements):
    with (
        borrowed_database(var),
        psycopg.connect(database_url(database_settings(None, var)), autocommit=True) as connection,
    ):
        return [connection.execute(statement) for statement in statements][-1]


def read(var, question):
    with borrowed_database(var), psycopg.connect(database_url(database_settings(None, var))) as connection:
        return connection.execute(question).fetchall()


@pytest.fixture
def dumped(var, tmp_path):
    """A dump of a database with one table."""
    ask(var, "create extension btree_gist", "create table kept as select generate_series(1, 1000) as n")
    assert main(["dump", str(tmp_path / "saved.dump")]) == 0
    return tmp_path / "saved.dump"


def test_a_dump_is_readable_by_its_owner_only(dumped):
    assert dumped.stat().st_mode & 0o777 == 0o600


def test_a_dump_comes_back_into_a_new_installation(var, dumped):
    shutil.rmtree(var / "postgres")

    assert main(["restore", str(dumped)]) == 0

    assert read(var, "select count(*) from kept") == [(1000,)]


def test_a_restore_over_existing_tables_changes_nothing(var, dumped, capsys):
    ask(var, "delete from kept")

    assert main(["restore", str(dumped)]) == 2

    assert "already exists" in capsys.readouterr().err
    assert read(var, "select count(*) from kept") == [(0,)]


def test_a_dump_that_can_not_be_written_is_named_and_leaves_nothing(var, dumped, capsys):
    assert main(["dump", str(dumped.parent / "missing" / "saved.dump")]) == 2

    assert "missing/saved.dump can't be written" in capsys.readouterr().err


def test_an_own_server_is_left_to_its_own_tools(var, monkeypatch, capsys):
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/ct")

    assert main(["dump", "saved.dump"]) == 2
    assert "use its own pg_dump" in capsys.readouterr().err
