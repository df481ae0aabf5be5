"""A whole Word file from the report's markup: contents, head and foot, sections, pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audits.reporting.forms.about import marking, title
from audits.reporting.forms.word.fields import bookmark_name, contents, field, section, text_width, word_run
from audits.reporting.forms.word.flow import Flow
from audits.reporting.forms.word.markup import Node, read_markup
from audits.reporting.forms.word.package import HEAD, NAMESPACES, Properties, packed
from audits.reporting.forms.word.runs import Look, runs
from audits.reporting.forms.word.styles import font_table, numbering, settings, styles
from audits.reporting.pdf import render_html

CONTENTS = {"de": "Inhalt"}
ATTACHED = {
    "en": "For editing and comments. What the text calls attached is attached to the report’s PDF; the same data can be had "
    "beside it as JSON, spreadsheet and CSV files.",
    "de": "Zum Bearbeiten und Kommentieren. Was der Text als angehängt bezeichnet, hängt an der PDF-Fassung des Berichts; "
    "dieselben Daten gibt es daneben als JSON, Tabellenmappe und CSV-Dateien.",
}
"""Said on the cover: the templates speak of the paper."""
PAGE_OF = {"de": ("Seite ", " von ")}


@dataclass(frozen=True)
class Running:
    """What stands on every page: at the head left and right, at the foot left."""

    left: str
    right: str
    foot: str


def word_file(context: Mapping[str, Any], context_sha256: str) -> bytes:
    """The report of a frozen context as a Word file."""
    root = read_markup(render_html(context, context_sha256))
    body = next(one for one in root.every() if one.tag == "body")
    language = str(context["report"].get("language") or "en")
    for cover in body.elements():
        if "cover" in cover.classes:
            cover.inside.append(Node("p", {"class": "note"}, [ATTACHED.get(language, ATTACHED["en"])]))
    running = Running(
        body.attrs.get("data-title") or title(context),
        body.attrs.get("data-marking") or marking(context),
        body.attrs.get("data-context") or f"context {context_sha256[:12]}",
    )
    report = context["report"]
    properties = Properties(
        title(context), str(report["case"]), f"Frozen context {context_sha256}", language, report["made_at"],
    )  # fmt: skip
    return word_of_markup(body, running, properties, paper=str(report.get("paper") or "A4"))


def word_of_markup(body: Node, running: Running, properties: Properties, *, paper: str = "A4") -> bytes:
    """A Word file of what stands in `body`: its cover first, then the contents, then the rest. `paper`: A4 or letter."""
    targets = frozenset(one.attrs["id"] for one in body.every() if one.attrs.get("id"))
    flow = Flow(targets, paper)
    cover = next((one for one in body.elements() if "cover" in one.classes), None)
    if cover is not None:
        flow.block(cover, "cover")
    begun = len(flow.out)
    for one in body.elements():
        if one is not cover:
            flow.block(one)
    told = contents(_once(flow.headings), CONTENTS.get(properties.language, "Contents")) if cover is not None else ""
    document = "".join(flow.out[:begun]) + told + "".join(flow.out[begun:])
    document += section(paper, wide=False, first=flow.sections == 0 and cover is not None)
    parts = {
        "styles.xml": styles(), "settings.xml": settings(), "numbering.xml": numbering(), "fontTable.xml": font_table(),
        "header1.xml": _header(running, paper), "footer1.xml": _footer(running, paper, properties.language),
    }  # fmt: skip
    return packed(document, parts, flow.pictures.made, properties)


def _once(headings: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """Each heading under a bookmark of its own."""
    found = {bookmark_name(identifier): (level, identifier, words) for level, identifier, words in reversed(headings)}
    return list(reversed(found.values()))


def _header(running: Running, paper: str) -> str:
    content = f"{runs(running.left, Look())}<w:r><w:tab/></w:r>{runs(running.right, Look(bold=True))}"
    return f"{HEAD}<w:hdr {NAMESPACES}>{_line('Header', content, paper)}</w:hdr>"


def _footer(running: Running, paper: str, language: str) -> str:
    page, of = PAGE_OF.get(language, ("Page ", " of "))
    pages = word_run(page) + field("PAGE", word_run("1")) + word_run(of) + field("NUMPAGES", word_run("1"))
    content = f"{runs(running.foot, Look(style='Code'))}<w:r><w:tab/></w:r>{pages}"
    return f"{HEAD}<w:ftr {NAMESPACES}>{_line('Footer', content, paper)}</w:ftr>"


def _line(style: str, content: str, paper: str) -> str:
    tabs = f'<w:tabs><w:tab w:val="right" w:pos="{text_width(paper, wide=False)}"/></w:tabs>'
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{tabs}</w:pPr>{content}</w:p>'
