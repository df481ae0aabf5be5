import os
import signal
import socket

import kombu
import pytest

from compliance.embedded import places, processes, valkey
from compliance.embedded.address import broker_url


def put(var, text):
    with kombu.Connection(broker_url(var)) as connection, connection.SimpleQueue("kept") as queue:
        queue.put(text)


def take(var):
    with kombu.Connection(broker_url(var)) as connection, connection.SimpleQueue("kept") as queue:
        message = queue.get(timeout=5)
        message.ack()
        return message.payload


def test_a_second_start_finds_the_first(var):
    assert valkey.start(var) == valkey.start(var)


def test_nobody_gets_in_without_the_password_or_over_the_network(var):
    valkey.start(var)

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(places.valkey_socket(var)))
        connection.sendall(b"PING\r\n")
        assert connection.recv(100).startswith(b"-NOAUTH")
    assert "port 0\n" in (var / "valkey" / "valkey.conf").read_text()


def test_the_password_is_not_on_the_command_line(var):
    record = valkey.start(var)

    with open(f"/proc/{record.pid}/cmdline") as file:
        assert places.secret(var, "broker") not in file.read()


def test_stop_leaves_no_process_and_no_socket_and_keeps_what_was_queued(var):
    record = valkey.start(var)
    put(var, "kept")

    assert valkey.stop(var)

    assert not processes.alive(record)
    assert os.listdir(var / "sockets") == []
    valkey.start(var)
    assert take(var) == "kept"


def test_a_killed_broker_keeps_what_had_reached_the_disk(var):
    record = valkey.start(var)
    put(var, "kept")
    valkey.stop(var)
    record = valkey.start(var)
    os.kill(record.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not processes.alive(record), 5)

    valkey.start(var)

    assert take(var) == "kept"


def test_a_path_that_does_not_do_for_sockets_is_no_obstacle(distant_var):
    valkey.start(distant_var)
    put(distant_var, "there")

    assert take(distant_var) == "there"


def test_a_broken_append_only_file_is_shown_by_the_end_of_the_log(var):
    valkey.start(var)
    valkey.stop(var)
    (manifest,) = (var / "valkey" / "appendonlydir").glob("*.manifest")
    manifest.write_text("nonsense\n")

    with pytest.raises(processes.ProcessError, match="the last lines of"):
        valkey.start(var)
