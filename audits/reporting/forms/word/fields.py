"""Fields, bookmarks, links and sections of WordprocessingML. PURE."""

import hashlib
import re
from collections.abc import Collection
from typing import Final

from audits.reporting.forms.word.package import FOOTER, HEADER
from audits.reporting.forms.word.runs import Look, quoted, runs, written

_NAME: Final = re.compile(r"\W+")
LONGEST_NAME: Final = 40  # of a bookmark, as Word has it
A4: Final = {"portrait": (11906, 16838), "landscape": (16838, 11906)}  # twentieths of a point
LETTER: Final = {"portrait": (12240, 15840), "landscape": (15840, 12240)}
SIDE: Final = 1247  # 22 mm


def bookmark_name(identifier: str) -> str:
    """A bookmark's name from an HTML id: letters, digits and low lines, at most 40."""
    name = "ct_" + _NAME.sub("_", identifier)
    if len(name) <= LONGEST_NAME:
        return name
    return name[:27] + "_" + hashlib.sha256(identifier.encode("utf-8", "replace")).hexdigest()[:12]


def bookmark(number: int, identifier: str, content: str) -> str:
    """Content under a bookmark. `number`: of its own in the document."""
    name = quoted(bookmark_name(identifier))
    return f'<w:bookmarkStart w:id="{number}" w:name={name}/>{content}<w:bookmarkEnd w:id="{number}"/>'


def field(code: str, cached: str, *, dirty: bool = False) -> str:
    """A field with what it shows until Word works it out. `cached`: runs."""
    begin = f'<w:r><w:fldChar w:fldCharType="begin"{" w:dirty=" + quoted("true") if dirty else ""}/></w:r>'
    return (
        f'{begin}<w:r><w:instrText xml:space="preserve"> {written(code)} </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{cached}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def word_run(text: str) -> str:
    """Our own plain words as a run."""
    return f'<w:r><w:t xml:space="preserve">{written(text)}</w:t></w:r>'


def page_of(identifier: str) -> str:
    """The number of the page on which a bookmark stands."""
    return field(f"PAGEREF {bookmark_name(identifier)} \\h", word_run("–"))


def link_to(identifier: str, content: str) -> str:
    """A link to a bookmark in the same file."""
    return f'<w:hyperlink w:anchor={quoted(bookmark_name(identifier))} w:history="1">{content}</w:hyperlink>'


def text_width(paper: str, *, wide: bool) -> int:
    """The width between the margins, in twentieths of a point."""
    return _sizes(paper)["landscape" if wide else "portrait"][0] - 2 * SIDE


def _sizes(paper: str) -> dict[str, tuple[int, int]]:
    return LETTER if paper == "letter" else A4


def section(paper: str, *, wide: bool, first: bool) -> str:
    """Properties of a section. `first`: its first page, the cover, has neither head nor foot."""
    width, height = _sizes(paper)["landscape" if wide else "portrait"]
    turned = ' w:orient="landscape"' if wide else ""
    return (
        f'<w:sectPr><w:headerReference w:type="default" r:id="{HEADER}"/>'
        f'<w:footerReference w:type="default" r:id="{FOOTER}"/><w:type w:val="nextPage"/>'
        f'<w:pgSz w:w="{width}" w:h="{height}"{turned}/><w:pgMar w:top="1417" w:right="{SIDE}" w:bottom="1361" '
        f'w:left="{SIDE}" w:header="624" w:footer="624" w:gutter="0"/>{"<w:titlePg/>" if first else ""}</w:sectPr>'
    )


def contents(entries: Collection[tuple[int, str, str]], heading: str) -> str:
    """The contents as a field over headings 1 to 3. `entries`: level, bookmark's id and words, shown until Word fills it."""
    begin = '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
    code = '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
    separate = '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    lines = []
    for at, (level, identifier, words) in enumerate(entries):
        shown = link_to(identifier, f"{runs(words, Look())}<w:r><w:tab/></w:r>{page_of(identifier)}")
        start = f"{begin}{code}{separate}" if at == 0 else ""
        ended = end if at == len(entries) - 1 else ""  # a paragraph of its own could spill onto an empty page
        lines.append(f'<w:p><w:pPr><w:pStyle w:val="TOC{level}"/></w:pPr>{start}{shown}{ended}</w:p>')
    head = f'<w:p><w:pPr><w:pStyle w:val="ContentsHeading"/></w:pPr>{word_run(heading)}</w:p>'
    return head + "".join(lines) if lines else ""
