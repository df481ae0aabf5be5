"""The process that reads one file: `python -m compliance.sources.reader KIND [CHARSET]`, bytes in, text out.

Started by compliance/sources/extraction.py. It limits itself before it reads a byte. Status 3: it can't be read, and standard
error says why; any other but 0: it was ended by a limit.
"""

import logging
import resource
import sys
from collections.abc import Mapping
from typing import Final

from compliance.sources.captures import HTML, PDF
from compliance.sources.html_text import text_of_html
from compliance.sources.pdf_text import text_of_pdf

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of addresses; a page of 8 MB takes less than a quarter of it."""
SECONDS: Final = 20
"""Of processor time."""
_LIMITS: Final[Mapping[int, int]] = {
    resource.RLIMIT_AS: MEMORY,
    resource.RLIMIT_CPU: SECONDS,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
    resource.RLIMIT_NOFILE: 32,
}


def limit() -> None:
    """Take away what reading does not need. What the system allows less of already stays as it is."""
    for kind, most in _LIMITS.items():
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))


def main(arguments: list[str]) -> int:
    """Read standard input. Returns the exit status."""
    limit()
    logging.disable(logging.CRITICAL)  # pypdf's complaints about a file are no answer
    kind, charset = arguments[0], arguments[1] if len(arguments) > 1 else ""
    content = sys.stdin.buffer.read()
    try:
        text = _text(content, kind, charset)
    except ValueError as problem:
        sys.stderr.write(str(problem))
        return 3
    except (MemoryError, RecursionError):
        sys.stderr.write("it is nested or packed in a way that takes more memory to read than terms need")
        return 3
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.buffer.flush()
    return 0


def _text(content: bytes, kind: str, charset: str) -> str:
    if kind == PDF:
        return text_of_pdf(content)
    if kind == HTML:
        return text_of_html(content, charset)
    raise ValueError(f"{kind} is neither HTML nor PDF")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
