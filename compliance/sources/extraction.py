"""The text of a file: Markdown and plain text as they are, HTML and PDF read by a process of their own.

Pages and papers come from anywhere, and the libraries that read them are large. So each is read by a child process that may
use so much memory and time and no more, writes no file, and hands back a text or one sentence that says why not.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from compliance.sources.apart import REFUSED
from compliance.sources.captures import HTML, LARGEST_FILE, LARGEST_PAGE, PDF, TEXTS, readable_text

READER: Final = 1
"""Number of the way in which pages are read. A page read by another number is read anew: that is no change of the page."""
PATIENCE: Final = 60
"""Seconds by the clock; a busy machine may give the child its processor time late."""
_PROJECT: Final = Path(__file__).resolve().parent.parent.parent
_READERS: Final = {HTML: "compliance.sources.read_html", PDF: "compliance.sources.read_pdf"}
_BEGINS_AS_PAGE = re.compile(
    rb"\s*(?:<!--.{0,4000}?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)


def is_text(media_type: str) -> bool:
    """Whether bytes of this kind are the text itself."""
    return media_type.partition(";")[0].strip().casefold() in TEXTS


def kind_of(content: bytes, media_type: str = "") -> str:
    """What bytes are, by what they begin with, else by what they were called: a media type of captures.KINDS."""
    called = media_type.partition(";")[0].strip().casefold()
    if content[:1024].lstrip().startswith(b"%PDF-"):
        return PDF
    if _BEGINS_AS_PAGE.match(content[:8192].removeprefix(b"\xef\xbb\xbf")) or called in (HTML, "application/xhtml+xml"):
        return HTML
    return called if called in (*TEXTS, PDF) else "text/plain"


def page_text(content: bytes, media_type: str) -> str:
    """The text of a file's bytes. `media_type` may name a charset, as HTTP does.

    Raises ValueError with a sentence: too large, no text in it, not what it says it is, or too much work to read.
    """
    kind = media_type.partition(";")[0].strip().casefold()
    if kind in TEXTS:
        return readable_text(content)
    if kind not in (HTML, PDF):
        raise ValueError(f"{kind or 'no kind'} is nothing that terms are read from; give Markdown, text, HTML or PDF")
    largest = LARGEST_FILE if kind == PDF else LARGEST_PAGE
    if len(content) > largest:
        raise ValueError(f"{len(content)} bytes: larger than {largest // 1024**2} MB, no terms are")
    return _read_apart(content, kind, _charset(media_type))


def _charset(media_type: str) -> str:
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", media_type, re.IGNORECASE)
    return found.group(1) if found else ""


def _read_apart(content: bytes, kind: str, charset: str) -> str:
    """Have a child read the bytes. It gets them on standard input and answers with text, or with status 3 and a reason."""
    command = [sys.executable, "-m", _READERS[kind], charset]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(_PROJECT), "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command, input=content, capture_output=True, timeout=PATIENCE, env=environment, cwd="/", check=False
        )
    except subprocess.TimeoutExpired as problem:
        raise ValueError(f"reading it took more than {PATIENCE} s, and was given up") from problem
    if done.returncode == REFUSED:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip()[:300] or "it can't be read")
    if done.returncode:
        raise ValueError("reading it took more memory or time than terms need, and was given up")
    text = done.stdout.decode("utf-8", "replace")
    if len(done.stdout) > LARGEST_PAGE:
        raise ValueError(f"its text is larger than {LARGEST_PAGE // 1024**2} MB, no terms are")
    return text
