"""Invented terms for tests: nobody's wording."""

import datetime as dt
import os
import subprocess
from pathlib import Path

CLAUSES = (
    "The lighthouse service lends its lamps to every registered keeper for as long as the keeper tends them.",
    "A keeper must not teach another lamp to shine with the light that a lent lamp gives.",
    "Keepers pay seven shells a month, and nine shells in months with storms, before the new moon.",
    "We may take a lamp back after fourteen days of darkness, having written to the keeper twice.",
    "Disputes about lamps are heard by the harbour court, whose ruling binds keeper and lender alike.",
    "The keeper tells the lender within three days when a lamp is lost, stolen or struck by lightning.",
)


def terms(*clauses: str, title: str = "Lamp terms", head: str = "") -> str:
    """A page of invented terms in Markdown."""
    return "\n\n".join([f"# {title}", *([head] if head else []), *(clauses or CLAUSES)]) + "\n"


def day(text: str) -> dt.datetime:
    """Noon of a day in UTC."""
    return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(12), dt.UTC)


def write(root: Path, name: str, text: str) -> Path:
    """A file below `root`."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


class Repository:
    """A git repository as an archive keeps one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, at: str = "2024-01-01") -> None:
        stamp = f"{at}T12:00:00+0000"
        who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": stamp}
        who |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": stamp}
        subprocess.run(
            ["git", "-C", str(self.root), *arguments], check=True, capture_output=True, env={**os.environ, **who}
        )

    def record(self, name: str, text: str, at: str, subject: str = "Record new changes") -> None:
        """One commit with one file."""
        write(self.root, name, text)
        self.git("add", "-A", at=at)
        self.git("commit", "-q", "--allow-empty", "-m", f"{subject} of {name}", at=at)
