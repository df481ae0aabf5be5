"""What must have been done before the application works: migrations, the rulebook, static files.

Each group is done again only when what it is made from has changed, so that starting takes seconds.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from compliance.embedded.application import PROJECT, child_environment
from compliance.embedded.places import run_directory, write_atomically

Say = Callable[[str], None]


class PreparationError(RuntimeError):
    """A command that prepares the installation failed; the message carries its last lines."""


@dataclass(frozen=True)
class Group:
    """Commands of manage.py, and the files (globs below the project) whose change calls for them again."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    made_from: tuple[str, ...]


DATABASE = Group(
    "database",
    (("migrate", "--no-input", "--skip-checks", "--verbosity=0"), ("load_rulebook", "--skip-checks")),
    ("compliance/migrations/*.py", "audits/migrations/*.py", "compliance/rulebook/**/*.toml", "requirements.txt"),
)
STATIC = Group(
    "static files",
    (("collectstatic", "--no-input", "--skip-checks", "--verbosity=0"),),
    ("static/**/*", "requirements.txt", "compliance/settings.py"),
)


def prepare(var: Path, groups: Iterable[Group], say: Say) -> None:
    """Run the commands of each group that is out of date. Raises PreparationError."""
    done_before = _read(var)
    for group in groups:
        key = _key(var, group)
        if done_before.get(group.name) == key:
            continue
        for command in group.commands:
            manage(var, *command, say=say)
        done_before[group.name] = key
        write_atomically(_record(var), json.dumps(done_before, indent=1))


def manage(var: Path, *command: str, say: Say) -> str:
    """Run `manage.py COMMAND` and return what it printed; says how long it took. Raises PreparationError."""
    began = time.monotonic()
    # The servers run already: the command must not wait for the lock that we hold to start them.
    environment = child_environment(var) | {"CLAUSETRAIL_SERVICES": "started"}
    done = subprocess.run(
        [sys.executable, PROJECT / "manage.py", *command],
        env=environment, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        lines = "\n".join(f"  {line}" for line in (done.stdout + done.stderr).splitlines()[-20:])
        raise PreparationError(f"`python manage.py {' '.join(command)}` failed:\n{lines}")
    say(f"{command[0]} ({time.monotonic() - began:.1f} s)")
    return done.stdout


def _key(var: Path, group: Group) -> str:
    """A digest of what the group is made from and where its result goes."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in group.made_from for path in PROJECT.glob(pattern) if path.is_file()}):
        digest.update(f"{path.relative_to(PROJECT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    digest.update(_target(var, group).encode())
    return digest.hexdigest()


def _target(var: Path, group: Group) -> str:
    if group is not DATABASE:
        return str(var.absolute())
    given = os.environ.get("DATABASE_URL")
    if given:
        return hashlib.sha256(given.encode()).hexdigest()
    made = (var.absolute() / "postgres" / "data" / "PG_VERSION").stat()
    return f"{made.st_ino} {made.st_mtime_ns}"  # another cluster has another file


def _record(var: Path) -> Path:
    return run_directory(var) / "prepared.json"


def _read(var: Path) -> dict[str, str]:
    try:
        found = json.loads(_record(var).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
