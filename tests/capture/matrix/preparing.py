"""The tree the clients run in: their packages, each set in an environment of its own, made once for each lock.

It lies in var/clients, outside the tree of tests, named by what went into it. As in an audited pipeline the packages lie
in the tree itself, so that what the sandbox does to them there is part of what is proven.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
ENVIRONMENTS = ("current", "gateway", "older")
# Program → the Debian package that brings it; .ci/system.sh installs them.
PROGRAMS = {
    "node": "nodejs",
    "npm": "npm",
    "go": "golang-go",
    "java": "default-jdk-headless",
    "javac": "default-jdk-headless",
    "curl": "curl",
}
LONGEST = 600.0
KEPT = 2


class NotInstalled(Exception):
    """What the clients need cannot be had; the text says what to do."""


@contextmanager
def prepared_tree() -> Iterator[Path]:
    """The tree with every client installed, for this process alone while the block runs. Raises NotInstalled."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        raise NotInstalled(f"the matrix of clients needs, as root: apt-get install {' '.join(missing)}")
    home = PROJECT / "var" / "clients"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tree = home / _digest()
        if not (tree / "ready").exists():
            shutil.rmtree(tree, ignore_errors=True)
            _make(tree)
        os.utime(tree)
        _forget_old(home)
        _copy_clients(tree)
        yield tree


def _digest() -> str:
    """Names what is installed: the locks, the Go program, and the interpreter."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [*sorted((HERE / "environments").iterdir()), HERE / "clients" / "client.go", Path(__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _make(tree: Path) -> None:
    tree.mkdir()
    for name in ENVIRONMENTS:
        _python_environment(tree / name, HERE / "environments" / f"{name}.txt")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "environments" / name, tree)
    _call(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], tree)
    source = HERE / "clients" / "client.go"
    variables = {"GO111MODULE": "off", "CGO_ENABLED": "0", "GOCACHE": str(tree / "go-cache")}
    _call(["go", "build", "-o", str(tree / "client-go"), str(source)], tree, variables)
    shutil.rmtree(tree / "go-cache")
    (tree / "ready").touch()


def _python_environment(home: Path, lock: Path) -> None:
    """By uv where it reaches a registry, else by pip, which knows registries that only its configuration names.

    Files are copied: the sandbox gives the tree to another user, and links into uv's cache would change hands with it.
    """
    base = Path(getattr(sys, "_base_executable", sys.executable))
    _call([str(base), "-m", "venv", "--without-pip", str(home)], home.parent)
    python = home / "bin" / "python"
    certificates = ["--system-certs"] if Path("/etc/ssl/certs/ca-certificates.crt").exists() else []
    uv = [sys.executable, "-m", "uv", "pip", "install", "--python", str(python), "--link-mode", "copy", *certificates]
    try:
        _call([*uv, "--require-hashes", "--requirement", str(lock)], home.parent)
    except NotInstalled:
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--require-hashes"]
        _call([*pip, "--requirement", str(lock)], home.parent)


def _call(command: list[str], folder: Path, variables: dict[str, str] | None = None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SSL_CERT_FILE"}
    done = subprocess.run(
        command, cwd=folder, env={**environment, **(variables or {})}, capture_output=True, text=True, timeout=LONGEST
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-1500:]
        raise NotInstalled(f"`{' '.join(command[:4])} …` ended with {done.returncode}: {said}")


def _copy_clients(tree: Path) -> None:
    for path in (HERE / "clients").iterdir():
        if path.is_file():
            shutil.copy(path, tree)


def _forget_old(home: Path) -> None:
    """Only the trees used last are kept."""
    trees = sorted((each for each in home.iterdir() if each.is_dir()), key=lambda each: each.stat().st_mtime)
    for old in trees[:-KEPT]:
        shutil.rmtree(old)
