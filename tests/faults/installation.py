"""An installation of its own for faulted audits: servers, a worker, a small disk where the kernel allows, a clock that jumps."""

import contextlib
import os
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audits.sandbox.processes import descendants
from compliance.embedded import application, postgres, processes, valkey
from compliance.embedded.places import prepare_directories
from compliance.embedded.preparation import DATABASE, prepare

HERE = Path(__file__).resolve().parent
DISK_MB = 600
_OF_THE_MACHINE = ("DATABASE_URL", "CELERY_BROKER_URL", "SECRET_KEY", "ALLOWED_HOSTS", "CLAUSETRAIL_SERVICES")


class Installation:
    """What runs. `small_disk`: runs and evidence lie on a file system of their own; `clock`: the worker's can jump."""

    def __init__(self, home: Path) -> None:
        self.home, self.var = home, home / "var"
        self.runs, self.clock = self.var / "runs", home / "clock"

    @property
    def shim(self) -> Path | None:
        """The library that makes the worker's clock jump, when it could be built."""
        return self.home / "clock.so" if (self.home / "clock.so").exists() else None

    @property
    def small_disk(self) -> bool:
        return self.runs.is_mount()

    def start(self) -> None:
        self.clock.write_bytes(struct.pack("<q", 0))
        _build_shim(self.home)
        for name in _OF_THE_MACHINE:
            os.environ.pop(name, None)
        prepare_directories(self.var)
        self.runs.mkdir(mode=0o700)
        options = f"size={DISK_MB}m,mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.runs], capture_output=True, check=False)
        evidence = self.runs / "evidence"
        os.environ |= {
            "CLAUSETRAIL_VAR": str(self.var),
            "EVIDENCE_URL": evidence.as_uri(),
            "DJANGO_SETTINGS_MODULE": "compliance.settings",
            "FAULTS_CLOCK": str(self.clock),
        }
        self.start_database()
        self.start_broker()
        prepare(self.var, (DATABASE,), lambda _: None)
        self.start_worker()

    def stop(self) -> None:
        self.release_disk()
        application.stop_application(self.var, [application.AUDITOR.name])
        valkey.stop(self.var)
        postgres.stop(self.var)
        if self.small_disk:
            subprocess.run(["umount", "--lazy", self.runs], check=False)

    def start_database(self) -> None:
        postgres.start(self.var, lambda _: None)

    def start_broker(self) -> None:
        valkey.start(self.var)

    def start_worker(self) -> None:
        preload = {"LD_PRELOAD": str(self.shim)} if self.shim else {}
        with _environment(preload):
            application.start_background(self.var, application.AUDITOR)

    def repair(self) -> None:
        """Start again what a fault has ended; put disk and clock right."""
        self.release_disk()
        self.jump(0)
        self.start_database()
        self.start_broker()
        self.start_worker()

    def kill_server(self, name: str) -> None:
        record = processes.running(self.var, name)
        if record:
            _kill(record.pid)

    def kill_worker(self) -> None:
        """The worker and its processes, but not the recorders and sandboxes below: they must notice by themselves."""
        record = processes.running(self.var, application.AUDITOR.name)
        for pid in [record.pid, *descendants(record.pid)] if record else []:
            if b"celery" in command_line(pid):
                _kill(pid)

    def kill_recorder(self, what: bytes) -> None:
        record = processes.running(self.var, application.AUDITOR.name)
        for pid in descendants(record.pid) if record else []:
            if what in command_line(pid):
                _kill(pid)

    def cut_power(self) -> None:
        """Everything at once, as far as processes go; what the disk had not got is the caller's to take away."""
        record = processes.running(self.var, application.AUDITOR.name)
        family = [record.pid, *descendants(record.pid)] if record else []
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        for pid in family:
            _kill(pid)
        self.kill_server(postgres.NAME)
        self.kill_server(valkey.NAME)

    def fill_disk(self) -> None:
        # Unbuffered: what a buffer still held would be refused once more on closing.
        with (self.runs / "ballast").open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(65536))

    def release_disk(self) -> None:
        (self.runs / "ballast").unlink(missing_ok=True)

    def jump(self, seconds: int) -> None:
        with self.clock.open("r+b") as file:
            file.write(struct.pack("<q", seconds))


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline and os.waitpid(pid, os.WNOHANG) == (0, 0):
            time.sleep(0.01)  # one of our own, which would stay as a zombie
    while time.monotonic() < deadline and command_line(pid):
        time.sleep(0.01)


def _build_shim(home: Path) -> None:
    """The clock that jumps, where a C compiler is at hand."""
    if shutil.which("cc"):
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(home / "clock.so"), str(HERE / "clock.c"), "-ldl"]
        subprocess.run(command, capture_output=True, check=False)


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in more}
    os.environ.update(more)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
