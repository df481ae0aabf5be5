"""Where one report is laid out: a folder that goes with it, whatever happens to the processes that work there. No Django.

The presses are killed when their report is finished or has failed, so that they clear away nothing of what they put down for
themselves (WeasyPrint keeps the fonts of a document in a folder of its own): their temporary directory lies in here. A worker
that is killed can't clear this folder either; the next report does, once nobody holds it (compliance.held_folders).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from compliance.held_folders import held_folder

PREFIX: Final = "clausetrail-paper-"
OF_PRESSES: Final = "tmp"


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for one report, with a temporary directory for its presses; both are gone afterwards."""
    with held_folder(PREFIX) as folder:
        (folder / OF_PRESSES).mkdir()
        yield folder
