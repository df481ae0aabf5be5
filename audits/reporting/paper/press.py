"""A process of its own that lays out pieces of a report with WeasyPrint. No Django.

Started as `python -m audits.reporting.paper.press FOLDER`. Each line on its standard input is a job as JSON, each line on its
standard output the answer. It ends with its input, so that nobody has to look for it when its parent is gone.

{"do": "lay", "name", "refers"}       FOLDER/name.html is laid out; FOLDER/name.pdf is written unless it refers to pages elsewhere
{"do": "number", "name", "pages"}     a piece that waited gets its page numbers (anchor → page), and is written
"""

import gc
import json
import logging
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from weasyprint import CSS, HTML, Document, URLFetcher
from weasyprint.formatting_structure.boxes import TextBox
from weasyprint.text.fonts import FontConfiguration
from weasyprint.text.line_break import line_size
from weasyprint.urls import FatalURLFetchingError, URLFetcherResponse

from audits.reporting.glyphs import missing_glyphs
from audits.reporting.paper.chapters import INTERNAL
from audits.reporting.paper.faces import FACES, faces_as_css

MEMORY = 1536 * 1024 * 1024
TO_POINTS = 0.75


class OwnFilesOnly(URLFetcher):
    """Paper is made of our own faces and drawings; no name in a context can make it fetch anything."""

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.own = frozenset(unquote((folder / face.file).as_uri()) for face in FACES) if folder else frozenset()

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url.startswith("data:") or unquote(url) in self.own:
            return super().fetch(url, headers)
        raise FatalURLFetchingError(f"a report fetches nothing from elsewhere: {url[:80]}")


class Press:
    """Lays out pieces, and keeps those that wait for page numbers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fonts = FontConfiguration()
        self.fetcher = OwnFilesOnly(folder)
        css = f"{faces_as_css(folder)}\n{(folder / 'report.css').read_text('utf-8')}"
        self.sheet = CSS(string=css, font_config=self.fonts, url_fetcher=self.fetcher, base_url=str(folder))
        self.waiting: dict[str, Document] = {}

    def answer(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """Do one job."""
        name = job["name"]
        if job["do"] == "number":
            number_pages(self.waiting[name], job["pages"])
            with missing_glyphs():
                self._write(self.waiting.pop(name), name, tagged=True)
            return {"name": name}
        with missing_glyphs() as missing:
            document = self._laid(name)
            if job["refers"]:
                self.waiting[name] = document
            else:
                self._write(document, name, tagged=job["tagged"])
        told = described(document)
        del document
        gc.collect()
        return {"name": name, "missing": "".join(sorted(missing)), **told}

    def _laid(self, name: str) -> Document:
        html = HTML(
            string=(self.folder / f"{name}.html").read_text("utf-8"),
            base_url=str(self.folder),
            url_fetcher=self.fetcher,
        )
        return html.render(stylesheets=[self.sheet], font_config=self.fonts)

    def _write(self, document: Document, name: str, *, tagged: bool) -> None:
        document.write_pdf(
            str(self.folder / f"{name}.pdf"), pdf_variant="pdf/a-3a" if tagged else "pdf/a-3u", pdf_tags=tagged
        )


def described(document: Document) -> dict[str, Any]:
    """Sizes of pages, anchors and bookmarks, in points from the bottom left of their page."""
    anchors: dict[str, tuple[int, float, float]] = {}
    bookmarks: list[tuple[int, str, int, float, float]] = []
    for at, page in enumerate(document.pages):
        for name, box in page.anchors.items():
            anchors.setdefault(name, (at, box[0] * TO_POINTS, (page.height - box[1]) * TO_POINTS))
        for level, label, (x, y), _ in page.bookmarks:
            bookmarks.append((level, label, at, x * TO_POINTS, (page.height - y) * TO_POINTS))
    sizes = [(page.width * TO_POINTS, page.height * TO_POINTS) for page in document.pages]
    return {"sizes": sizes, "anchors": anchors, "bookmarks": bookmarks}


def number_pages(document: Document, pages: Mapping[str, int]) -> None:
    """Put page numbers where the style sheet left room (000), right-aligned as that room was.

    Rewrites text that is laid out already: WeasyPrint draws it from its Pango layout when the page is written.
    """
    for page in document.pages:
        for box in page._page_box.descendants():
            if isinstance(box, TextBox) and box.element_tag == "a::after" and box.text.strip("0") == "":
                target = box.element.get("href", "").removeprefix(INTERNAL)
                _replace(box, str(pages.get(target, "–")))


def _replace(box: TextBox, text: str) -> None:
    layout = box.pango_layout
    layout.reactivate(box.style)
    room = line_size(layout.get_first_line()[0], box.style)[0]
    layout.set_text(text)
    box.position_x += room - line_size(layout.get_first_line()[0], box.style)[0]
    box.text = text
    layout.deactivate()


def main(folder: Path) -> None:
    """Answer jobs until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.getLogger("weasyprint").addHandler(logging.StreamHandler(sys.stderr))
    press = Press(folder)
    gc.collect()
    gc.freeze()
    gc.disable()  # a page's boxes live until it is written; looking for dead ones before takes a tenth of the time
    for line in sys.stdin:
        print(json.dumps(press.answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
