"""From the frozen context to paper: Jinja2 templates, WeasyPrint, tagged PDF with the data attached."""

import gc
from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML, URLFetcher
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcherResponse

from audits.reporting.arrangement import arrangement
from audits.reporting.attachments import attachments
from audits.reporting.drawings import drawings
from audits.reporting.filters import FILTERS
from audits.reporting.glyphs import by_number, missing_glyphs

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "reports"
FONT_PACKAGES = {
    "Inter": ("fontpkg_inter", "Inter[opsz,wght].ttf", "Inter-Italic[opsz,wght].ttf"),
    "Source Serif 4": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", "SourceSerif4-Italic[opsz,wght].ttf"),
    "JetBrains Mono": ("fontpkg_jetbrains_mono", "JetBrainsMono[wght].ttf", "JetBrainsMono-Italic[wght].ttf"),
}
PAPERS = ("A4", "letter")  # as CSS calls them


@dataclass(frozen=True)
class Paper:
    """A rendered report: the PDF's bytes and its number of pages."""

    pdf: bytes
    pages: int


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


def render_html(context: Mapping[str, Any], context_sha256: str, missing: Set[str] = frozenset()) -> str:
    """The report as one HTML document. Nothing but the context decides what it says.

    `missing`: characters that no installed font can draw; they are spelled by their numbers.
    """
    template = _environment().get_template("report.html")
    laid = arrangement(context)
    text = template.render(
        **context, context_sha256=context_sha256, drawn=drawings(context, missing), laid=laid, numbered=laid.numbered
    )
    return by_number(text, missing)


def render_pdf(context: Mapping[str, Any], context_sha256: str, *, paper: str = "A4") -> Paper:
    """The report as a tagged PDF/A-3 with its data attached. `paper`: A4 or letter.

    A character for which no font is installed is printed by its number ([U+4E00]): nothing that was recorded is lost.
    """
    with missing_glyphs() as missing, _uncollected():
        made = _paper_of(render_html(context, context_sha256), context, paper)
        if missing:
            made = _paper_of(render_html(context, context_sha256, frozenset(missing)), context, paper)
    return made


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the search for reference cycles: a page's boxes live until the end, and looking for dead ones takes a tenth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _paper_of(text: str, context: Mapping[str, Any], paper: str) -> Paper:
    fonts = FontConfiguration()
    fetcher = OwnFilesOnly()
    sheets = [
        CSS(string=_font_faces(), font_config=fonts, url_fetcher=fetcher),
        CSS(string=_size(paper)),
        CSS(filename=str(TEMPLATES / "report.css"), font_config=fonts),
    ]
    html = HTML(string=text, base_url=str(TEMPLATES), url_fetcher=fetcher)
    document = html.render(stylesheets=sheets, font_config=fonts)
    document.metadata.attachments = attachments(context)
    pdf = document.write_pdf(pdf_variant="pdf/a-3a", pdf_tags=True)
    return Paper(pdf, len(document.pages))


def _size(paper: str) -> str:
    if paper not in PAPERS:
        raise ValueError(f"paper {paper!r} is not one of {', '.join(PAPERS)}")
    return f"@page {{ size: {paper} }} @page wide {{ size: {paper} landscape }}"


class OwnFilesOnly(URLFetcher):
    """Paper is made of our own fonts and drawings; no name in a context can make it fetch anything."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url.startswith("data:") or unquote(url) in _font_urls():
            return super().fetch(url, headers)
        raise FatalURLFetchingError(f"a report fetches nothing from elsewhere: {url[:80]}")


@cache
def _font_urls() -> frozenset[str]:
    return frozenset(unquote(url) for _, upright, italic in _fonts() for url in (upright, italic))


@cache
def _fonts() -> tuple[tuple[str, str, str], ...]:
    """Family, upright file, italic file, as file: addresses inside the installed font packages."""
    found = []
    for family, (package, upright, italic) in FONT_PACKAGES.items():
        folder = Path(str(files(package))) / "files"
        found.append((family, (folder / upright).as_uri(), (folder / italic).as_uri()))
    return tuple(found)


def _font_faces() -> str:
    faces = []
    for family, upright, italic in _fonts():
        for url, style in ((upright, "normal"), (italic, "italic")):
            for weight in (400, 600):
                faces.append(
                    f'@font-face {{ font-family: "{family}"; font-style: {style}; font-weight: {weight}; src: url("{url}") }}'
                )
    return "\n".join(faces)
