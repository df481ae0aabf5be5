"""What a process that reads one file does first and last: limits, bytes in, text out, or a sentence that says why not.

compliance/sources/read_html.py and read_pdf.py are such processes, started by extraction.py: each loads only its own library.
Exit status 3: the file can't be read, and standard error says why; any other but 0: the process was ended by a limit.
"""

import logging
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Final

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of addresses; a page of 8 MB takes less than a quarter of it."""
SECONDS: Final = 20
"""Of processor time."""
REFUSED: Final = 3
_LIMITS: Final[Mapping[int, int]] = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: SECONDS,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 32,
}


def answer(read: Callable[[bytes], str]) -> int:
    """Read standard input within limits, taken before a byte is read. Returns the exit status."""
    _limit()
    logging.disable(logging.CRITICAL)  # a library's complaints about a file are no answer
    try:
        text = read(sys.stdin.buffer.read())
    except ValueError as problem:
        sys.stderr.write(str(problem))
        return REFUSED
    except (MemoryError, RecursionError):
        sys.stderr.write("it is nested or packed in a way that takes more memory to read than terms need")
        return REFUSED
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


def _limit() -> None:
    """Take away what reading does not need. What the system allows less of already stays as it is."""
    for kind, most in _LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
