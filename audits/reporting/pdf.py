"""From the frozen context to paper: Jinja2 templates, WeasyPrint, tagged PDF with the data attached."""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS, HTML, Attachment, URLFetcher
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcherResponse

from audits.reporting.arrangement import arrangement
from audits.reporting.drawings import drawings
from audits.reporting.filters import FILTERS

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "reports"
FONT_PACKAGES = {
    "Inter": ("fontpkg_inter", "Inter[opsz,wght].ttf", "Inter-Italic[opsz,wght].ttf"),
    "Source Serif 4": ("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", "SourceSerif4-Italic[opsz,wght].ttf"),
    "JetBrains Mono": ("fontpkg_jetbrains_mono", "JetBrainsMono[wght].ttf", "JetBrainsMono-Italic[wght].ttf"),
}
# Of each paper: its name in CSS, and the height in millimetres that the cover has between the margins.
PAPERS = {"A4": ("A4", 247), "letter": ("letter", 229)}


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


def render_html(context: Mapping[str, Any], context_sha256: str) -> str:
    """The report as one HTML document. Nothing but the context decides what it says."""
    template = _environment().get_template("report.html")
    laid = arrangement(context)
    return template.render(
        **context, context_sha256=context_sha256, drawn=drawings(context), laid=laid, numbered=laid.numbered
    )


def render_pdf(context: Mapping[str, Any], context_sha256: str, *, paper: str = "A4") -> Paper:
    """The report as a tagged PDF/A-3 with its data attached. `paper`: A4 or letter."""
    fonts = FontConfiguration()
    fetcher = OwnFilesOnly()
    sheets = [
        CSS(string=_font_faces(), font_config=fonts, url_fetcher=fetcher),
        CSS(string=_paper(paper)),
        CSS(filename=str(TEMPLATES / "report.css"), font_config=fonts),
    ]
    html = HTML(string=render_html(context, context_sha256), base_url=str(TEMPLATES), url_fetcher=fetcher)
    document = html.render(stylesheets=sheets, font_config=fonts)
    document.metadata.attachments = _attachments(context)
    pdf = document.write_pdf(pdf_variant="pdf/a-3a", pdf_tags=True)
    return Paper(pdf, len(document.pages))


def _paper(paper: str) -> str:
    size, height = PAPERS[paper]
    return f"@page {{ size: {size} }} @page wide {{ size: {size} landscape }} :root {{ --cover: {height}mm }}"


class OwnFilesOnly(URLFetcher):  # type: ignore[misc]
    """Paper is made of our own fonts and drawings; no name in a context can make it fetch anything."""

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
        if url.startswith("data:") or unquote(url) in _font_urls():
            return super().fetch(url, headers)
        raise FatalURLFetchingError(f"a report fetches nothing from elsewhere: {url[:80]}")


@cache
def _font_urls() -> frozenset[str]:
    return frozenset(unquote(url) for pair in _fonts() for url in pair[1:])


@cache
def _fonts() -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (family, *(Path(str(files(package) / "files" / name)).as_uri() for name in names))
        for family, (package, *names) in FONT_PACKAGES.items()
    )  # type: ignore[return-value]


def _font_faces() -> str:
    faces = []
    for family, upright, italic in _fonts():
        for url, style in ((upright, "normal"), (italic, "italic")):
            for weight in (400, 600):
                faces.append(
                    f'@font-face {{ font-family: "{family}"; font-style: {style}; font-weight: {weight}; src: url("{url}") }}'
                )
    return "\n".join(faces)


def _attachments(context: Mapping[str, Any]) -> list[Attachment]:
    made = datetime.fromisoformat(context["report"]["made_at"])
    files_of = {
        "context.json": (
            json.dumps(context, indent=1, sort_keys=True, ensure_ascii=False),
            "The frozen context of this report",
        ),
        "calls.csv": (_csv(context["calls"]["rows"]), "Calls of models"),
        "evidence.csv": (_csv(context["evidence"]["entries"]), "Evidence entries with their hashes"),
    }
    return [
        Attachment(
            string=text.encode("utf-8", "replace"),
            name=name,
            description=description,
            relationship="Data",
            created=made,
            modified=made,
        )
        for name, (text, description) in files_of.items()
    ]


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as CSV; a cell that a spreadsheet would take for a formula gets a leading apostrophe."""
    rows = list(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _harmless(value) for key, value in row.items()})
    return text.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
