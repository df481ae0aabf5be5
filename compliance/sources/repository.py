"""Reading an Open Terms Archive collection: Service/Document.md, from a repository's history or a plain folder.

The history is read with git's plumbing and never checked out. A repository is hostile input like any other: its own
settings and hooks are not obeyed, nothing is fetched, and names are only names.
"""

import datetime as dt
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from compliance.sources.captures import LARGEST_PAGE, Archive, Capture, Series, UnreadableTerms
from compliance.sources.names import shown, slug

PATIENCE: Final = 600
"""Seconds that git may take for one answer."""
_SETTINGS: Final = (
    "core.fsmonitor=false", "core.hooksPath=/dev/null", "core.quotePath=false", "log.showSignature=false",
    "protocol.allow=never", "diff.external=", "core.attributesFile=/dev/null",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C.UTF-8",
}  # fmt: skip


def is_repository(path: Path) -> bool:
    """Whether a folder is a git checkout or a bare repository."""
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def read_collection(path: Path) -> Archive:
    """A collection with its history, or as a plain folder. Raises UnreadableTerms."""
    if not path.is_dir():
        raise UnreadableTerms(f"{path}: no such folder")
    return read_repository(path) if is_repository(path) else read_snapshot_folder(path)


def read_repository(path: Path) -> Archive:
    """Every text that the history of the newest commit records, with the day on which it was committed."""
    archive = Archive()
    commits = list(_commits(path))
    objects = _Objects(path)
    archive.closing = objects.close
    for commit in commits:
        for name in commit.links:
            archive.reject(f"{shown(name)} at {commit.sha[:12]}", "a link: texts are files of their own")
        for sha, name in commit.files:
            _take(archive, objects, commit, sha, name)
    for series in archive.series.values():
        series.captures.sort(key=lambda capture: capture.at)
    return archive


class _Commit:
    """One commit's day, what it says of itself, and the files it added or changed."""

    def __init__(self, head: str) -> None:
        sha, _, rest = head.partition(" ")
        seconds, _, subject = rest.partition(" ")
        self.sha, self.subject = sha, subject
        self.at = dt.datetime.fromtimestamp(min(max(int(seconds), 0), 32_503_680_000), dt.UTC)
        self.files: list[tuple[str, str]] = []
        self.links: list[str] = []


def _commits(path: Path) -> Iterator[_Commit]:
    revisions = _git(path, "rev-list", "--topo-order", "--reverse", "HEAD", "--")
    form = "--format=%x01%H %ct %s"
    raw = _git(
        path, "diff-tree", "--stdin", "--root", "-r", "-z", "-m", "--no-renames", "--no-ext-diff", form, input=revisions
    )
    fields = iter(raw.decode("utf-8", "surrogateescape").split("\0"))
    commit: _Commit | None = None
    for field in fields:
        field = field.lstrip("\n")
        if field.startswith("\x01"):
            if commit:
                yield commit
            commit = _Commit(field[1:])
        elif field.startswith(":") and commit:
            _, mode, _, sha, status = field.split(" ")
            name = next(fields, "")
            if status != "D" and mode in ("100644", "100755"):
                commit.files.append((sha, name))
            elif status != "D" and name.endswith(".md"):
                commit.links.append(name)
    if commit:
        yield commit


def _take(archive: Archive, objects: "_Objects", commit: _Commit, sha: str, name: str) -> None:
    parts = name.split("/")
    if len(parts) != 2 or not parts[1].endswith(".md") or parts[0].startswith("."):
        return
    where = f"{shown(name)} at {commit.sha[:12]}"
    if not parts[1].removesuffix(".md").strip() or not _is_text(name):
        archive.reject(where, "its name is no service and kind of terms in UTF-8")
        return
    service, terms = parts[0], parts[1].removesuffix(".md")
    series = _series(archive, service, terms)
    technical = "technical" in commit.subject and "upgrade" in commit.subject
    origin = f"{name}@{commit.sha}"
    series.captures.append(
        Capture(where, commit.at, sha, lambda: objects.read(sha), origin=origin, technical=technical)
    )


def _series(archive: Archive, service: str, terms: str) -> Series:
    identifier = f"{slug(service)}/{slug(terms)}"
    return archive.series.setdefault(identifier, Series(identifier, service, terms))


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Objects:
    """Contents of a repository's objects, asked one at a time of one git that keeps running until it is closed."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            _command(path, "cat-file", "--batch"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip

    def read(self, sha: str) -> bytes:
        """The bytes. Raises ValueError for what is missing or too large, UnreadableTerms when git is gone."""
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise UnreadableTerms("git was started without pipes")
        try:
            asked.write(f"{sha}\n".encode())
            asked.flush()
        except (BrokenPipeError, ValueError) as problem:
            raise UnreadableTerms("git ended before everything was read") from problem
        head = answers.readline().split()
        if len(head) != 3 or head[1] != b"blob":
            raise ValueError("the repository lists this text but does not hold it")
        return self._content(answers, int(head[2]))

    def _content(self, answers: IO[bytes], size: int) -> bytes:
        if size <= LARGEST_PAGE:
            return answers.read(size + 1)[:-1]
        for start in range(0, size + 1, LARGEST_PAGE):
            answers.read(min(LARGEST_PAGE, size + 1 - start))
        raise ValueError(f"{size} bytes: larger than {LARGEST_PAGE // 1024**2} MB, no terms are")

    def close(self) -> None:
        """End git."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(PATIENCE)


def _git(path: Path, *arguments: str, input: bytes | None = None) -> bytes:
    """What git answers. Raises UnreadableTerms with its complaint."""
    try:
        done = subprocess.run(
            _command(path, *arguments),
            input=input, capture_output=True, timeout=PATIENCE, env=_environment(), check=False,
        )  # fmt: skip
    except FileNotFoundError as problem:
        raise UnreadableTerms("git is not installed; install it, or give a plain folder") from problem
    except subprocess.TimeoutExpired as problem:
        raise UnreadableTerms(f"{path}: git did not answer within {PATIENCE} s") from problem
    if done.returncode:
        complaint = shown(
            done.stderr.decode("utf-8", "replace").strip().splitlines()[-1] if done.stderr else "no reason given"
        )
        raise UnreadableTerms(f"{path}: git {arguments[0]} failed: {complaint}")
    return done.stdout


def _command(path: Path, *arguments: str) -> list[str]:
    settings = [word for setting in (*_SETTINGS, f"safe.directory={path.resolve()}") for word in ("-c", setting)]
    return ["git", "--no-pager", *settings, "-C", str(path), *arguments]


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), **_ENVIRONMENT}


def read_snapshot_folder(path: Path) -> Archive:
    """A collection without its history: each text counts from the day its file was last changed."""
    archive = Archive()
    for folder in sorted(one for one in path.iterdir() if one.is_dir() and not one.is_symlink()):
        if folder.name.startswith("."):
            continue
        for file in sorted(folder.glob("*.md")):
            _take_file(archive, file)
    return archive


def _take_file(archive: Archive, file: Path) -> None:
    name = f"{file.parent.name}/{file.name}"
    if file.is_symlink() or not file.is_file() or not _is_text(name):
        archive.reject(shown(name), "no file of its own with a name in UTF-8")
        return
    state = file.stat()
    if state.st_size > LARGEST_PAGE:
        archive.reject(shown(name), f"{state.st_size} bytes: larger than {LARGEST_PAGE // 1024**2} MB, no terms are")
        return
    series = _series(archive, file.parent.name, file.stem)
    at = dt.datetime.fromtimestamp(int(state.st_mtime), dt.UTC)
    series.captures.append(Capture(shown(name), at, name, file.read_bytes, origin=name))
