"""An evidence bundle made now, to be given out: for people of the project, and for people outside who have a link to it."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from audits.evidence.bundle import IncompleteBundle
from audits.evidence.keys import KeyProblem
from audits.evidence.links import Broken
from audits.evidence.store import Damaged, Missing, StoreProblem
from audits.models import Report, Run, Seal
from audits.procedures.concluding import write_run_bundle


class NoBundle(Exception):
    """No bundle can be made of a run; the message says why."""


@dataclass(frozen=True)
class OpenBundle:
    """A bundle's file, which is gone when it is closed; its SHA-256, and the name to give it."""

    file: IO[bytes]
    sha256: str
    name: str


def is_sealed(run: Run) -> bool:
    """Whether the run's evidence is sealed, so that a bundle can be made of it."""
    return Seal.objects.filter(run=run).exists()


def open_bundle(run: Run, report: Report | None) -> OpenBundle:
    """Make the bundle of a sealed run, with that report in it. Nothing of it is kept. Raises NoBundle."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write_run_bundle(run, Path(folder) / "bundle.zip", report).path
        except (Broken, IncompleteBundle, KeyProblem, Missing, Damaged, StoreProblem) as problem:
            raise NoBundle(f"No bundle was made: {problem}.") from problem
        file = path.open("rb")  # stays readable when the folder is gone
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return OpenBundle(file, sha256, f"{run.pipeline.slug}-run-{run.number}-evidence.zip")
