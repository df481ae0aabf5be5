import os
import signal
import socket

import kombu
import pytest

from compliance.embedded import places, processes, valkey
from compliance.embedded.address import broker_url


def put(empty_var, text):
    with kombu.Connection(broker_url(empty_var)) as connection, connection.SimpleQueue("kept") as queue:
        queue.put(text)


def take(empty_var):
    with kombu.Connection(broker_url(empty_var)) as connection, connection.SimpleQueue("kept") as queue:
        message = queue.get(timeout=5)
        message.ack()
        return message.payload


def test_a_second_start_finds_the_first(empty_var):
    assert valkey.start(empty_var) == valkey.start(empty_var)


def test_nobody_gets_in_without_the_password_or_over_the_network(empty_var):
    valkey.start(empty_var)

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(places.valkey_socket(empty_var)))
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
    assert "port 0\n" in (empty_var / "valkey" / "valkey.conf").read_text()


def test_the_password_is_not_on_the_command_line(empty_var):
    record = valkey.start(empty_var)

    with open(f"/proc/{record.pid}/cmdline") as file:
        assert places.secret(empty_var, "broker") not in file.read()


def test_stop_leaves_no_process_and_no_socket_and_keeps_what_was_queued(empty_var):
    record = valkey.start(empty_var)
    put(empty_var, "kept")

    assert valkey.stop(empty_var)

    assert not processes.alive(record)
    assert os.listdir(empty_var / "sockets") == []
    valkey.start(empty_var)
    assert take(empty_var) == "kept"


def test_a_killed_broker_keeps_what_had_reached_the_disk(empty_var):
    record = valkey.start(empty_var)
    put(empty_var, "kept")
    valkey.stop(empty_var)
    record = valkey.start(empty_var)
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.alive(record), 5)

    valkey.start(empty_var)

    assert take(empty_var) == "kept"


def test_a_path_that_does_not_do_for_sockets_is_no_obstacle(distant_var):
    valkey.start(distant_var)
    put(distant_var, "there")

    assert take(distant_var) == "there"


def test_a_broken_append_only_file_is_shown_by_the_end_of_the_log(empty_var):
    valkey.start(empty_var)
    valkey.stop(empty_var)
    (manifest,) = (empty_var / "valkey" / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")

    with pytest.raises(processes.ProcessError, match="the last lines of"):
        valkey.start(empty_var)
