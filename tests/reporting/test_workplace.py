"""What a report leaves behind: nothing, when it is made, when it fails, and when its worker is killed."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audits.reporting.paper.pressroom import PressProblem, Pressroom
from audits.reporting.paper.workplace import OF_PRESSES, workplace
from audits.reporting.pdf import render_pdf
from compliance.held_folders import HELD
from tests.reporting import contexts
from tests.reporting.conftest import SHA

KILLED = """
import signal, sys
from audits.reporting.paper.workplace import workplace
with workplace() as folder:
    (folder / "part-0.pdf").write_bytes(b"half")
    print(folder, flush=True)
    signal.pause()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary directory of the test's own, as this process and its children have it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def test_a_report_leaves_nothing_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    close = Pressroom.close

    def look(room: Pressroom) -> None:
        seen.extend(one.name for one in (room.folder / OF_PRESSES).iterdir())
        close(room)

    monkeypatch.setattr(Pressroom, "close", look)
    render_pdf(contexts.plain(), SHA)
    assert seen, "the presses put something down for themselves, in the folder of their report"
    assert list(place.iterdir()) == []


def test_a_report_that_fails_leaves_nothing_behind(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = Pressroom.number

    def kill_one(room: Pressroom, names: Any, pages: Mapping[str, int]) -> None:
        for press in room.presses:
            press.process.kill()
        number(room, names, pages)

    monkeypatch.setattr(Pressroom, "number", kill_one)
    with pytest.raises(PressProblem):
        render_pdf(contexts.plain(), SHA)
    assert list(place.iterdir()) == []


def test_what_a_killed_worker_left_goes_with_the_next_report_and_what_another_works_in_stays(place: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        folder = Path(worker.stdout.readline().strip())
        with workplace() as ours:
            assert {folder, ours} == set(place.iterdir()), "it still works there"
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert (folder / HELD).exists()
    with workplace() as ours:
        assert list(place.iterdir()) == [ours]
