"""Starting and stopping the local teacher for the examples."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from audits.examples.catalogue import EXAMPLES, TeacherFailed, start_teacher


def test_a_teacher_stops_at_the_end_of_its_block_and_leaves_its_log(log: Path) -> None:
    with start_teacher(log) as teacher:
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{teacher.url}/v1/models")
    assert teacher.process.returncode == 0
    assert [row["status"] for row in teacher.served()] == [401]
    teacher.stop()


def test_a_teacher_ends_when_whoever_started_it_is_gone(log: Path) -> None:
    with start_teacher(log) as teacher:
        assert teacher.process.stdin is not None
        teacher.process.stdin.close()
        assert teacher.process.wait(10) == 0


def test_a_teacher_that_cannot_start_is_an_error(log: Path) -> None:
    with pytest.raises(TeacherFailed):
        start_teacher(log, "--model", "no-such-model")


def test_a_port_that_is_taken_is_an_error(log: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with start_teacher(log) as teacher:
        with pytest.raises(TeacherFailed):
            start_teacher(log, "--port", teacher.url.rpartition(":")[2])
    assert "The teacher could not start" in capfd.readouterr().err


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.slug)
def test_every_example_is_complete_and_its_hosts_are_all_redirected(example) -> None:
    names = {path.name for path in example.path.iterdir()}
    assert {"audit.toml", "requirements.txt", "distill.py", "README.md"} <= names
    assert set(example.upstreams("http://127.0.0.1:1")) == set(example.upstream_hosts)
