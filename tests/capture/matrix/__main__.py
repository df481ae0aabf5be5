"""`python -m tests.capture.matrix`: run every client and write the table of docs/capture.md."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.capture.matrix.comparing import rows_of
from tests.capture.matrix.preparing import NotInstalled, prepared_tree
from tests.capture.matrix.running import run_clients
from tests.capture.matrix.table import DOCUMENT, table_of, write_table


def main() -> int:
    """Exit code 1 when a client was not captured; the table then stays as it was."""
    try:
        with prepared_tree() as tree, tempfile.TemporaryDirectory() as name:
            outcome = run_clients(tree, Path(name))
            rows = rows_of(outcome)
    except NotInstalled as problem:
        print(problem, file=sys.stderr)
        return 1
    wrong = [row for row in rows if row.problems]
    for row in wrong:
        print(f"{row.client}, {row.case}: {row.verdict}", file=sys.stderr)
    if wrong or outcome.exit.code != 0:
        print(f"{outcome.exit.reason}; the table was not written", file=sys.stderr)
        return 1
    write_table(table_of(rows))
    print(f"{len(rows)} rows written to {DOCUMENT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
