"""From the frozen context to paper: Jinja2 templates, parts laid out in processes of their own, one tagged PDF/A-3."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from jinja2 import Environment, StrictUndefined

from audits.reporting.arrangement import arrangement
from audits.reporting.attachments import attachments
from audits.reporting.drawings import drawings
from audits.reporting.filters import FILTERS
from audits.reporting.glyphs import by_number
from audits.reporting.language import TranslatedLoader, localised, say
from audits.reporting.paper.binding import MM, Binding, margins_of
from audits.reporting.paper.chapters import Cut, Piece, cut
from audits.reporting.paper.copying import copied_forms, copied_pages
from audits.reporting.paper.exhibits import long_table
from audits.reporting.paper.faces import write_faces
from audits.reporting.paper.gathering import Gathering
from audits.reporting.paper.long_tables import LongSetter, LongTable, Sheet
from audits.reporting.paper.metadata import front_matter
from audits.reporting.paper.opening import opening_of
from audits.reporting.paper.pressroom import Pressroom
from audits.reporting.paper.slips import Slips
from audits.reporting.paper.workplace import workplace

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "reports"
PAPERS = {"A4": (210 * MM, 297 * MM), "letter": (612.0, 792.0)}  # as CSS calls them; width and height in points
FIELD_ANCHOR = "signature-field"
PIECES = 8  # into how many pieces a small report is cut; four for each press
WEIGHT = 1500  # elements in one piece of a large report, some 15 pages

_FOOT = re.compile(r'<body data-foot="([^"]*)"')
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Paper:
    """A rendered report: the PDF's bytes and its number of pages."""

    pdf: bytes
    pages: int


@cache
def _environment(language: str = "en") -> Environment:
    environment = Environment(
        loader=TranslatedLoader(TEMPLATES, language),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(localised(FILTERS))
    return environment


def render_html(
    context: Mapping[str, Any], context_sha256: str, missing: Set[str] = frozenset(), *, on_paper: bool = False
) -> str:
    """The report as one HTML document. Nothing but the context decides what it says.

    `missing`: characters that no installed font can draw; they are spelled by their numbers. `on_paper`: without the rows of
    long tables, which are set apart; else with the first of them.
    """
    template = _environment(context["report"]["language"]).get_template("report.html")
    laid = arrangement(context, on_paper=on_paper)
    text = template.render(
        **context,
        context_sha256=context_sha256,
        drawn=drawings(context, missing),
        laid=laid,
        numbered=laid.numbered,
        qr=verify_code(context["report"].get("verify_at", ""), context_sha256),
    )
    return by_number(text, missing)


def verify_code(verify_at: str, context_sha256: str) -> str:
    """A QR code (a data: address) that leads to the page where the report can be checked; empty where there is no page."""
    if not verify_at:
        return ""
    return str(segno.make(f"{verify_at}?sha256={context_sha256}", error="m").svg_data_uri(border=0, dark="#1b1f27"))


def render_pdf(
    context: Mapping[str, Any], context_sha256: str, *, paper: str = "A4", progress: Progress | None = None
) -> Paper:
    """The report as a tagged PDF/A-3a with its data attached. `paper`: A4 or letter.

    A character for which no font is installed is printed by its number ([U+4E00]): nothing that was recorded is lost.
    `progress` is told how many parts of how many are laid out. Raises PressProblem when a part can't be.
    """
    if paper not in PAPERS:
        raise ValueError(f"paper {paper!r} is not one of {', '.join(PAPERS)}")
    with workplace() as folder:
        write_faces(folder)
        (folder / "report.css").write_text(f"{_size(paper)}\n{(TEMPLATES / 'report.css').read_text('utf-8')}", "utf-8")
        with Pressroom(folder) as room:
            printing = _Printing(context, context_sha256, PAPERS[paper], folder, room, progress or _untold)
            missing = printing.lay(frozenset())
            if missing:
                printing = _Printing(context, context_sha256, PAPERS[paper], folder, room, progress or _untold)
                printing.lay(missing)
            return printing.bound()


def _foot_of(head: str) -> str:
    """What the template has at the foot of each page, with places for the page and the number of pages."""
    found = _FOOT.search(head)
    return found[1] if found else "{page} / {pages}"


def _untold(_done: int, _parts: int) -> None:
    """Nobody asked how far it is."""


def _size(paper: str) -> str:
    return f"@page {{ size: {paper} }} @page wide {{ size: {paper} landscape }}"


@dataclass
class _Printing:
    """One report between its words and its file."""

    context: Mapping[str, Any]
    context_sha256: str
    size: tuple[float, float]
    folder: Path
    room: Pressroom
    progress: Progress
    done: int = 0
    unders: dict[bool, int] = field(default_factory=dict)
    long: dict[str, Gathering] = field(default_factory=dict)

    def lay(self, missing: Set[str]) -> Set[str]:
        """Lay everything out; the characters that turned out to have no glyph."""
        html = render_html(self.context, self.context_sha256, missing, on_paper=True)
        self.cut = self._cut(html)
        self.names = [f"part-{at}" for at in range(len(self.cut.pieces))]
        self.file = (self.folder / "bound.pdf").open("w+b")
        self.binding = Binding(self.file, front_matter(self.cut.head, f"urn:clausetrail:{self.context_sha256}"))
        tables = {
            name: long_table(piece.long, self.context)
            for name, piece in zip(self.names, self.cut.pieces, strict=True)
            if piece.long
        }
        slips = Slips(
            tables, {name: self._sheet(table).width for name, table in tables.items()}, self.binding, self.folder
        )
        found = slips.lay(self.room, missing)
        with ThreadPoolExecutor(1) as beside:
            laying = beside.submit(self.room.lay, self._jobs(tables), self._tell)
            for name in tables:
                self.long[name] = self._set(name, slips)
            self.answers = laying.result()
        return (
            found | {one for answer in self.answers.values() for one in answer["missing"]}
            if not missing
            else frozenset()
        )

    def _cut(self, html: str) -> Cut:
        whole = html.count("</")
        return cut(html, max(PIECES, whole // WEIGHT))

    def _jobs(self, tables: Mapping[str, LongTable]) -> Sequence[Mapping[str, Any]]:
        """A job for each piece, the heaviest first; and a page without words in each of the sizes that long tables need."""
        pieces = sorted(zip(self.names, self.cut.pieces, strict=True), key=lambda one: -one[1].weight)
        jobs = []
        for name, piece in pieces:
            if not piece.long:
                self._put(name, self.cut.whole(piece))
                jobs.append({"name": name, "refers": piece.refers, "tagged": True})
        for wide in {table.wide for table in tables.values()}:
            name, kind = f"under-{wide}", "annex-wide" if wide else "chapter"
            self._put(name, self.cut.whole(Piece(f'<section class="{kind}"><p>&nbsp;</p></section>', 1)))
            self.unders[wide] = self.binding.volume.reserve()
            jobs.append({"name": name, "refers": False, "tagged": False})
        return jobs

    def _put(self, name: str, html: str) -> None:
        (self.folder / f"{name}.html").write_text(html, "utf-8", "replace")

    def _tell(self) -> None:
        self.done += 1
        self.progress(self.done, len(self.names))

    def _sheet(self, table: LongTable) -> Sheet:
        width, height = self.size
        size = (height, width) if table.wide else (width, height)
        top, right, bottom, left = (one * MM for one in margins_of(size))
        return Sheet(size, (top, right, bottom, left), self.unders.get(table.wide, 0))

    def _set(self, name: str, slips: Slips) -> Gathering:
        binding, table = self.binding, slips.settled(name)
        setter = LongSetter(
            binding.volume, binding.structure, binding.faces, binding.own_fonts, self._sheet(table), slips.of(name)
        )
        return setter.set(opening_of(self.cut.pieces[self.names.index(name)].html), table)

    def bound(self) -> Paper:
        """Number the pages of what refers to them, and bind everything."""
        starts, at = {}, 1
        for name in self.names:
            starts[name] = at
            at += len(self.long[name].pages) if name in self.long else len(self.answers[name]["sizes"])
        self.room.number(
            [name for name, piece in zip(self.names, self.cut.pieces, strict=True) if piece.refers], self._pages(starts)
        )
        self.room.close()  # the memory of the presses is free before that of binding is needed
        for wide, number in self.unders.items():
            copied_forms(self.folder / f"under-{wide}.pdf", self.binding.volume, [number])
        gatherings = [self.long.get(name) or self._copied(name) for name in self.names]
        report = self.context["report"]
        pages = self.binding.bind(
            gatherings,
            attachments(self.context),
            foot=say(_foot_of(self.cut.head), report["language"]),
            watermark=say("Draft", report["language"]) if report["marking"] == "draft" else "",
            more=self._field(gatherings),
        )
        self.file.seek(0)
        with self.file:
            return Paper(self.file.read(), pages)

    def _field(self, gatherings: list[Gathering]) -> bytes:
        """An empty signature field over the box on the signature page, if there is one; the catalog's entry for it."""
        for at, one in enumerate(gatherings):
            if FIELD_ANCHOR in one.anchors:
                gatherings[at], entry = self.binding.signature_field(one, one.anchors[FIELD_ANCHOR])
                return entry
        return b""

    def _pages(self, starts: Mapping[str, int]) -> dict[str, int]:
        """Anchor → number of its page, of all the report."""
        pages: dict[str, int] = {}
        for name, start in starts.items():
            anchors = self.long[name].anchors if name in self.long else self.answers[name]["anchors"]
            for anchor, place in anchors.items():
                pages.setdefault(anchor, start + place[0])
        return pages

    def _copied(self, name: str) -> Gathering:
        binding = self.binding
        return copied_pages(self.folder / f"{name}.pdf", self.answers[name], binding.volume, binding.structure)
