"""Reading a report back from its PDF."""

import io
import re
from functools import cache

import pypdf

from audits.reporting.pdf import Paper


def reader(paper: Paper) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(paper.pdf))


@cache
def page_texts(paper: Paper) -> list[str]:
    """The text of each page, with any white space as one space."""
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader(paper).pages]


def headings(paper: Paper) -> list[str]:
    """The titles of all bookmarks, in order."""

    def walk(items: list[object]) -> list[str]:
        found = []
        for item in items:
            found += walk(item) if isinstance(item, list) else [re.sub(r"\s+", " ", str(item["/Title"])).strip()]  # type: ignore[index]
        return found

    return walk(list(reader(paper).outline))
