"""The text of a PDF, read with pypdf: pages joined, running heads left out, wrapped lines made paragraphs again."""

import io
import re
from collections import Counter
from typing import Final

import pypdf
from pypdf.errors import PdfReadError, PyPdfError

MOST_PAGES: Final = 600
RUNNING: Final = 0.6
"""Share of the pages on which a line must stand at the top or the foot to count as running."""
LARGEST_TEXT: Final = 8 * 1024 * 1024
_ENDS = re.compile(r"[.!?:;。；！？]['\"”’)\]]*\s*\Z")
_BEGINS = re.compile(
    r"\s*(?:[-•●▪◦*–—]\s|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s|\d+(?:\.\d+)+\.?\s|(?:ARTICLE|SECTION|EXHIBIT|ANNEX|SCHEDULE)\b)"
)
_DIGITS = re.compile(r"\d+")
_CONTROLS: Final = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


def text_of_pdf(content: bytes) -> str:
    """The text of a PDF. Raises ValueError: not a PDF, locked, endless, or without text (a picture of terms)."""
    pages = [page.splitlines() for page in _pages(content)]
    running = _running(pages)
    text = "\n\n".join(
        filter(None, (_paragraphs([line for line in page if _key(line) not in running]) for page in pages))
    )
    if not text.strip():
        raise ValueError("no text in it: a PDF of pictures; have its text recognised, or paste the text")
    return text + "\n"


def _pages(content: bytes) -> list[str]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ValueError("locked with a password; save it without one")
        if len(reader.pages) > MOST_PAGES:
            raise ValueError(f"{len(reader.pages)} pages: no terms are longer than {MOST_PAGES}")
        found: list[str] = []
        for page in reader.pages:
            found.append(page.extract_text().translate(_CONTROLS))
            if sum(map(len, found)) > LARGEST_TEXT:
                raise ValueError(f"its text is larger than {LARGEST_TEXT // 1024**2} MB, no terms are")
        return found
    except (MemoryError, RecursionError):
        raise
    except (PdfReadError, PyPdfError) as problem:
        raise ValueError(f"not a PDF that can be read: {_said(problem)}") from problem
    except ValueError:
        raise
    except Exception as problem:  # pypdf meets broken files with whatever Python raises on the way
        raise ValueError(f"a damaged PDF: {type(problem).__name__}: {_said(problem)}") from problem


def _said(problem: Exception) -> str:
    words = "".join(letter if letter.isprintable() else " " for letter in str(problem))
    return words[:160] or type(problem).__name__


def _key(line: str) -> str:
    return _DIGITS.sub("#", " ".join(line.split())).casefold()


def _running(pages: list[list[str]]) -> set[str]:
    """Lines that stand at the top or the foot of most pages, whatever their page number."""
    counted: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in page if line.strip()]
        counted.update({_key(line) for line in (*lines[:2], *lines[-2:])})
    fewest = max(3, RUNNING * len(pages))
    return {line for line, times in counted.items() if times >= fewest}


def _paragraphs(lines: list[str]) -> str:
    """Join what the page's width cut: a line goes on with the next unless it ends a sentence or the next begins an item."""
    joined: list[str] = []
    goes_on = False
    widest = max((len(line.strip()) for line in lines), default=0)
    for line in lines:
        words = " ".join(line.split())
        if not words:
            goes_on = False
            continue
        if goes_on and not _BEGINS.match(words):
            before = joined[-1]
            whole = (
                before[:-1] + words if re.search(r"[a-z]-\Z", before) and words[0].islower() else f"{before} {words}"
            )
            joined[-1] = whole
        else:
            joined.append(words)
        goes_on = not _ENDS.search(words) and len(words) > 0.6 * widest
    return "\n\n".join(joined)
