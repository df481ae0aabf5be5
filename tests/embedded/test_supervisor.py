import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from compliance.embedded import application, postgres, processes, supervisor
from compliance.embedded.address import database_settings, database_url
from compliance.embedded.locks import exclusive

PROJECT = application.PROJECT
COMMAND = """
import sys
from compliance.embedded import supervisor
supervisor.prepare = lambda *_: None
with supervisor.ensure_services(database=True, broker=True):
    print("in", flush=True)
    sys.stdin.readline()
print("out", flush=True)
"""


@pytest.fixture
def unprepared(monkeypatch):
    """Servers only: the commands of manage.py that prepare a database take seconds and have a test of their own."""
    monkeypatch.setattr(supervisor, "prepare", lambda *_: None)


def names_running(var: Path) -> list[str]:
    return [state.name for state in supervisor.status(var) if state.record]


def start_command() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def reaches(command: subprocess.Popen[str], word: str) -> bool:
    assert command.stdout is not None
    return command.stdout.readline().strip() == word


def finish(command: subprocess.Popen[str]) -> None:
    command.communicate("\n", timeout=60)
    assert command.returncode == 0


@pytest.mark.usefixtures("unprepared")
def test_a_command_starts_what_it_needs_and_leaves_nothing_behind(var):
    with supervisor.ensure_services(database=True):
        assert names_running(var) == ["postgres"]

    assert names_running(var) == []
    assert os.listdir(var / "sockets") == []


@pytest.mark.usefixtures("unprepared")
def test_a_command_that_fails_leaves_nothing_behind_either(var):
    with pytest.raises(ZeroDivisionError), supervisor.ensure_services(database=True, broker=True):
        _ = 1 / (2 - len(names_running(var)))

    assert names_running(var) == []


@pytest.mark.usefixtures("unprepared")
def test_a_command_leaves_running_what_it_found_running(var):
    postgres.start(var, print)

    with supervisor.ensure_services(database=True, broker=True):
        pass

    assert names_running(var) == ["postgres"]


def test_a_command_touches_nothing_when_the_environment_names_the_servers(var, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://u@h/ct")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://h/0")

    with supervisor.ensure_services(database=True, broker=True, worker=True):
        assert names_running(var) == []


def test_two_commands_at_once_share_servers_and_the_last_one_stops_them(var):
    first, second = start_command(), start_command()
    assert reaches(first, "in")
    assert reaches(second, "in")

    finish(first)
    assert names_running(var) == ["postgres", "valkey"]

    finish(second)
    assert names_running(var) == []


def test_a_command_that_was_killed_leaves_servers_that_the_next_one_clears_away(var):
    killed = start_command()
    assert reaches(killed, "in")
    killed.kill()
    killed.communicate()
    assert names_running(var) == ["postgres", "valkey"]

    following = start_command()
    assert reaches(following, "in")
    finish(following)

    assert names_running(var) == []


@pytest.mark.usefixtures("unprepared")
def test_what_a_command_borrowed_stays_once_somebody_asks_for_it_to_run(var, monkeypatch):
    monkeypatch.setattr(supervisor, "_start_application", lambda *_: "http://127.0.0.1:8000/")
    with supervisor.ensure_services(database=True, broker=True):
        supervisor.start(var, print)

    assert names_running(var) == ["postgres", "valkey"]


def start_postgres(var: Path) -> None:
    with exclusive(var):
        postgres.start(var, print)


def test_many_starters_at_once_make_one_server(var):
    starters = [multiprocessing.get_context("fork").Process(target=start_postgres, args=(var,)) for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)

    assert [starter.exitcode for starter in starters] == [0] * 4
    assert len(list((var / "run").glob("postgres.json"))) == 1
    with psycopg.connect(database_url(database_settings(None, var))) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_stop_is_content_when_nothing_was_ever_started(tmp_path):
    assert supervisor.stop(tmp_path / "var", print) == []


def test_everything_starts_answers_and_stops_again_without_a_trace(empty_var, said):
    address = supervisor.start(empty_var, said.append)

    assert names_running(empty_var) == list(supervisor.ALL)
    records = [processes.running(empty_var, name) for name in supervisor.ALL]
    answer = subprocess.run(
        [sys.executable, "-c", f"import urllib.request as u; print(u.urlopen('{address}', timeout=30).status)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert answer.stdout == "200\n"
    worker = processes.running(empty_var, "worker")
    assert worker
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
    assert f"PUBLIC_URL={address.rstrip('/')}".encode() in environment

    assert sorted(supervisor.stop(empty_var, said.append)) == sorted(supervisor.ALL)
    assert not [record for record in records if record and processes.alive(record)]
    assert os.listdir(empty_var / "sockets") == []
    assert supervisor.start(empty_var, said.append) == address  # the same port again, and nothing to prepare
    assert not [line for line in said[said.index("stopped postgres") :] if line.startswith("migrate")]


def test_a_port_that_is_taken_is_named(var, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("WEB_PORT", str(taken.getsockname()[1]))

        with pytest.raises(application.PortError, match="is in use: set WEB_PORT"):
            application.start_web(var)


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused(var, monkeypatch, port):
    monkeypatch.setenv("WEB_PORT", port)

    with pytest.raises(application.PortError, match="number from 1 to 65535"):
        application.start_web(var)
