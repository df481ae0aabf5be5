"""What a greedy or broken pipeline uses up is bounded, and the reason of its end is named."""

from dataclasses import replace
from pathlib import Path

import pytest

from audits.sandbox.limits import Limits
from audits.sandbox.output import OutputGate
from tests.sandbox.conftest import Inside

QUICK = Limits(wall_seconds=30, grace_seconds=0.2)
SLEEP = "import time; time.sleep(30)"


def test_more_memory_than_allowed_ends_the_run(inside: Inside) -> None:
    ran = inside(f"hog = bytearray(400 << 20); {SLEEP}", limits=replace(QUICK, memory_mb=200))
    assert ran.exit.status == "out_of_memory"
    assert "200 are allowed" in ran.exit.reason
    assert ran.exit.max_rss > 200 << 20


def test_memory_is_summed_over_all_processes(inside: Inside) -> None:
    script = f"import os\nfor _ in range(4): os.fork() or os.fork\nhog = bytearray(30 << 20); {SLEEP}"
    assert inside(script, limits=replace(QUICK, memory_mb=200)).exit.status == "out_of_memory"


def test_pages_that_processes_share_are_counted_once(inside: Inside) -> None:
    script = """
import mmap, os
shared = mmap.mmap(-1, 120 << 20)
for start in range(0, len(shared), 4096): shared[start] = 1
children = [os.fork() for _ in range(1)]
for start in range(0, len(shared), 4096): shared[start]
if children[0]: os.wait()
import time; time.sleep(0.5)
"""
    assert inside(script, limits=replace(QUICK, memory_mb=200)).exit.status == "finished"


def test_memory_in_files_without_a_name_counts(inside: Inside) -> None:
    script = f"import os; f = os.memfd_create('hog'); [os.write(f, bytes(1 << 20)) for _ in range(400)]; {SLEEP}"
    assert inside(script, limits=replace(QUICK, memory_mb=200)).exit.status == "out_of_memory"


def test_shared_memory_files_are_bounded(inside: Inside) -> None:
    script = "f = open('/dev/shm/hog', 'wb')\nfor _ in range(400): f.write(bytes(1 << 20))"
    ran = inside(script, limits=replace(QUICK, memory_mb=200))
    assert "No space left on device" in ran.err


def test_a_fork_bomb_is_bounded_and_ended(inside: Inside) -> None:
    script = """
import os, sys
while True:
    try:
        os.fork()
    except OSError as error:
        print(error, flush=True)
        import time; time.sleep(30)
"""
    ran = inside(script, limits=Limits(processes=40, wall_seconds=3, grace_seconds=0.2))
    assert "Resource temporarily unavailable" in ran.out
    assert ran.exit.status == "timed_out"


def test_processes_of_others_do_not_count_against_the_run(inside: Inside) -> None:
    ran = inside(["sh", "-c", "true & wait"], limits=replace(QUICK, processes=5))
    assert ran.exit.code == 0, ran.err


def test_a_disk_filler_is_ended(inside: Inside, tree: Path) -> None:
    script = f"""
for number in range(400):
    open(f"filler-{{number}}", "wb").write(bytes(1 << 20))
{SLEEP}
"""
    ran = inside(script, limits=replace(QUICK, disk_mb=150))
    assert ran.exit.status == "disk_full"
    assert "150 are allowed" in ran.exit.reason
    assert ran.exit.disk_bytes > 150 << 20


def test_a_deleted_file_that_is_still_open_counts(inside: Inside) -> None:
    script = f"import os; f = open('x', 'wb'); os.unlink('x')\nfor _ in range(400): f.write(bytes(1 << 20))\n{SLEEP}"
    assert inside(script, limits=replace(QUICK, disk_mb=150)).exit.status == "disk_full"


def test_files_in_a_folder_closed_to_us_count(inside: Inside) -> None:
    script = f"""
import os
os.mkdir("d"); os.chdir("d")
files = [open(f"filler-{{number}}", "wb") for number in range(8)]
os.chmod(".", 0)
for _ in range(50):
    for f in files: f.write(bytes(1 << 20))
{SLEEP}
"""
    assert inside(script, limits=replace(QUICK, disk_mb=150)).exit.status == "disk_full"


def test_endless_small_files_are_ended(inside: Inside) -> None:
    script = f"for number in range(3000): open(str(number), 'w').close()\n{SLEEP}"
    ran = inside(script, limits=replace(QUICK, entries=1000))
    assert ran.exit.status == "disk_full"
    assert "more than 1000 files" in ran.exit.reason


def test_one_file_and_the_number_of_open_files_are_bounded(inside: Inside) -> None:
    big = inside("open('big', 'wb').write(bytes(3 << 20))", limits=replace(QUICK, file_size_mb=2))
    assert "File too large" in big.err
    many = inside("files = [open('/dev/null') for _ in range(100)]", limits=replace(QUICK, files=50))
    assert "Too many open files" in many.err


def test_processor_time_of_one_process_is_bounded(inside: Inside) -> None:
    ran = inside("while True: pass", limits=replace(QUICK, cpu_seconds=1))
    assert ran.exit.status == "killed"
    assert "signal" in ran.exit.reason


def test_processor_time_is_reported(inside: Inside) -> None:
    ran = inside("import time\nwhile time.process_time() < 0.5: pass\ntime.sleep(0.3)")
    assert ran.exit.cpu_seconds >= 0.5


def test_a_flood_of_output_is_cut_with_a_named_gap(inside: Inside) -> None:
    ran = inside(
        ["sh", "-c", "head -c 30000000 /dev/zero; echo end >&2"], limits=replace(QUICK, output_bytes=1_000_000)
    )
    assert ran.exit.status == "finished"
    assert len(ran.out) + len(ran.err) == 1_000_000
    assert ran.exit.output_dropped == 30_000_004 - 1_000_000
    assert ran.gaps[-1].startswith(f"[{ran.exit.output_dropped} bytes of output were left out here")


def test_output_within_its_rate_is_passed_on_again_after_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("audits.sandbox.output.time.monotonic", lambda: now[0])
    heard: list[tuple[str, bytes]] = []
    gate = OutputGate(Limits(output_bytes_per_second=10), lambda stream, chunk: heard.append((stream, chunk)))
    gate.take("stdout", b"0123456789abc")
    gate.take("stderr", b"lost")
    now[0] += 1
    gate.take("stdout", b"again")
    gate.name_gap()
    assert [chunk for stream, chunk in heard if stream != "gap"] == [b"0123456789", b"again"]
    assert heard[1] == ("gap", b"[7 bytes of output were left out here: more came than the limits allow]")
    assert gate.dropped == 7
