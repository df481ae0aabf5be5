"""Binding: gatherings in their order become one file with one numbering, one set of bookmarks and one structure. No Django."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

from audits.reporting.paper.faces import DISPLAY, MONO, STRONG, TEXT
from audits.reporting.paper.gathering import Bookmark, BoundPage, Gathering
from audits.reporting.paper.lettering import Lettering
from audits.reporting.paper.metadata import Attached, FrontMatter, info, put_attachments, put_output_intent, xmp
from audits.reporting.paper.structure import Structure
from audits.reporting.paper.volume import Volume, number, text

MM = 72 / 25.4
UPRIGHT, WIDE = (25, 22, 24, 22), (22, 18, 20, 18)  # margins in mm as in report.css: top, right, bottom, left
FOOT_SIZE, FOOT_GAP = 7.5, 4 * MM
FIELD_HEIGHT = 32 * MM  # of the box on the signature page, as in report.css
GREY, FAINT = b"0.29 0.318 0.376", b"0.957 0.961 0.969"
LEAF = 200  # names in one leaf of a name tree


def margins_of(size: tuple[float, float]) -> tuple[int, int, int, int]:
    """The margins of a page of that size, in mm."""
    return WIDE if size[0] > size[1] else UPRIGHT


class Binding:
    """One report on its way to one file. Its metadata come first, so that even a file that was cut off tells what it was."""

    def __init__(self, out: BinaryIO, front: FrontMatter) -> None:
        self.volume, self.front = Volume(out), front
        self.metadata = self.volume.stream(xmp(front), b"/Type/Metadata/Subtype/XML", packed=False)
        self.structure = Structure(self.volume)
        faces = {"text": TEXT, "strong": STRONG, "display": DISPLAY, "mono": MONO}
        self.faces = {key: Lettering(face, f"Ct{key}") for key, face in faces.items()}
        self.fonts = {key: self.volume.reserve() for key in faces}
        self.tree = self.volume.reserve()

    @property
    def own_fonts(self) -> bytes:
        """A dictionary of those of our faces that were used so far, for the resources of a page that was set with them."""
        used = (
            (self.faces[key], number) for key, number in self.fonts.items() if self.faces[key].used or key == "text"
        )
        named = (f"/{face.resource} {number} 0 R" for face, number in used)
        return f"<<{''.join(named)}>>".encode()

    def bind(
        self, gatherings: Sequence[Gathering], attached: Sequence[Attached], *,
        foot: str = "Page {page} of {pages}", watermark: str = "", more: bytes = b"",
    ) -> int:  # fmt: skip
        """Write everything; the number of pages. `watermark`: beneath each page; `more`: entries of the catalog."""
        put, front = self.volume.put, self.front
        pages = [page for one in gatherings for page in one.pages]
        before = self.volume.stream(b"q\n")
        under = {size: self._watermark(watermark, size) for size in {page.size for page in pages}} if watermark else {}
        for at, page in enumerate(pages, 1):
            words = foot.format(page=at, pages=len(pages))
            self._page(page, words, under.get(page.size, before))
        kids = b" ".join(b"%d 0 R" % page.object for page in pages)
        put(b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids), self.tree)
        self.structure.finish([kid for one in gatherings for kid in one.kids])
        outlines = self._outlines(_numbered_bookmarks(gatherings), pages)
        files = put_attachments(attached, front.made_at, self.volume)
        names = b"<</Dests %d 0 R/EmbeddedFiles<</Names[%s]>>>>" % (
            self._destinations(_numbered_anchors(gatherings), pages),
            b" ".join(b"%s %d 0 R" % (text(name), file) for name, file in files),
        )
        for key, lettering in self.faces.items():
            lettering.embed(self.volume, self.fonts[key])
        root = put(
            b"<</Type/Catalog/Pages %d 0 R/Outlines %d 0 R/PageMode/UseOutlines/Names %s/AF[%s]/MarkInfo<</Marked true>>"
            b"/Lang %s/ViewerPreferences<</DisplayDocTitle true>>/StructTreeRoot %d 0 R/Metadata %d 0 R/OutputIntents[%d 0 R]%s>>"
            % (
                self.tree, outlines, names, b" ".join(b"%d 0 R" % file for _, file in files), text(front.language),
                self.structure.root, self.metadata, put_output_intent(self.volume), more,
            )
        )  # fmt: skip
        identity = hashlib.sha256(f"{front.identity} {front.made_at.isoformat()}".encode()).digest()[:16]
        self.volume.close(root, put(info(front)), identity)
        return len(pages)

    def signature_field(self, gathering: Gathering, place: tuple[int, float, float]) -> tuple[Gathering, bytes]:
        """The gathering with an empty signature field on one of its pages, and the catalog's entry that names it.

        The field lies over a box that the page shows; its own appearance is blank, so that signing adds nothing to be drawn.
        """
        at, _, y = place
        page = gathering.pages[at]
        _, right, _, left = (one * MM for one in margins_of(page.size))
        low, high = y - FIELD_HEIGHT / 2, y + FIELD_HEIGHT / 2
        box = b" ".join(number(one) for one in (left, low, page.size[0] - right, high))
        key, element, widget = self.structure.key(), self.volume.reserve(), self.volume.reserve()
        blank = self.volume.stream(
            b"q Q", b"/Type/XObject/Subtype/Form/Resources<<>>/BBox[0 0 %s %s]"
            % (number(page.size[0] - left - right), number(FIELD_HEIGHT)), packed=False,
        )  # fmt: skip
        self.structure.fill(key, b"%d 0 R" % element)
        self.volume.put(
            b"<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature)/TU(Electronic signature of this report)"
            b"/Contents(Electronic signature of this report)/Rect[%s]/F 132/P %d 0 R/StructParent %d/AP<</N %d 0 R>>>>"
            % (box, page.object, key, blank),
            widget,
        )
        self.volume.put(
            b"<</S/Form/P %d 0 R/Pg %d 0 R/Alt(Electronic signature of this report)/K[<</Type/OBJR/Obj %d 0 R/Pg %d 0 R>>]>>"
            % (self.structure.document, page.object, widget, page.object),
            element,
        )
        pages = list(gathering.pages)
        pages[at] = replace(page, annotations=[*page.annotations, b"%d 0 R" % widget])
        changed = replace(gathering, pages=pages, kids=[*gathering.kids, element])
        return changed, b"/AcroForm<</Fields[%d 0 R]/SigFlags 3>>" % widget

    def _page(self, page: BoundPage, words: str, before: int) -> None:
        """The page's dictionary, its content between what lies beneath and its foot."""
        contents = [before, *page.contents, self.volume.stream(self._foot(page, words), packed=False)]
        resources = dict(page.resources)
        own = b"/%s %d 0 R" % (self.faces["text"].resource.encode(), self.fonts["text"])
        resources["Font"] = self.own_fonts if page.under else resources["Font"][:-2] + own + b">>"
        if page.under:
            resources["XObject"] = resources.get("XObject", b"<<>>")[:-2] + b"/Under %d 0 R>>" % page.under
        listed = b"".join(b"/%s %s" % (key.encode(), value) for key, value in resources.items())
        notes = b"/Annots[%s]" % b" ".join(page.annotations) if page.annotations else b""
        self.volume.put(
            b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents[%s]/Resources<<%s>>%s/Tabs/S/StructParents %d>>"
            % (
                self.tree, number(page.size[0]), number(page.size[1]), b" ".join(b"%d 0 R" % one for one in contents),
                listed, notes, page.key,
            ),
            page.object,
        )  # fmt: skip

    def _foot(self, page: BoundPage, words: str) -> bytes:
        """The page's number, and head and foot beneath a page that WeasyPrint did not make; no part of what is read aloud."""
        face, (_, right, bottom, _) = self.faces["text"], margins_of(page.size)
        glyphs, width = b"", 0.0
        for word in words.split(" "):
            one, wide = face.set(word)
            space, blank = face.set(" ") if glyphs else (b"", 0.0)
            glyphs, width = glyphs + space + one, width + blank + wide
        x = page.size[0] - right * MM - width * FOOT_SIZE / 1000
        y = bottom * MM - FOOT_GAP - face.ascent * FOOT_SIZE
        under = b"/Under Do " if page.under else b""
        return b"Q\n/Artifact BMC\nq %sBT %s rg /%s %s Tf %s %s Td [%s]TJ ET Q\nEMC\n" % (
            under, GREY, face.resource.encode(), number(FOOT_SIZE), number(x), number(y), glyphs,
        )  # fmt: skip

    def _watermark(self, word: str, size: tuple[float, float]) -> int:
        """A word across the page, beneath everything, faint enough to read over; drawn, so that it is not copied as text."""
        outline, width = self.faces["strong"].outline(word)
        scale = 0.4 * (size[0] ** 2 + size[1] ** 2) ** 0.5 / (width / 1000)
        long = (size[0] ** 2 + size[1] ** 2) ** 0.5
        cos, sin = size[0] / long, size[1] / long
        x = size[0] / 2 - (cos * width / 2000 - sin * 0.36) * scale
        y = size[1] / 2 - (sin * width / 2000 + cos * 0.36) * scale
        return self.volume.stream(
            b"/Artifact BMC\nq %s rg %.4f %.4f %.4f %.4f %s %s cm\n%s f Q\nEMC\nq\n"
            % (FAINT, cos * scale, sin * scale, -sin * scale, cos * scale, number(x), number(y), outline)
        )

    def _destinations(self, anchors: Mapping[str, tuple[int, float, float]], pages: Sequence[BoundPage]) -> int:
        """The tree of named places."""
        named = sorted((name.encode("utf-8"), place) for name, place in anchors.items() if name.isascii())
        leaves = []
        for start in range(0, len(named), LEAF):
            held = named[start : start + LEAF]
            listed = b" ".join(
                text(name.decode()) + b"[%d 0 R/XYZ %s %s 0]" % (pages[at].object, number(x), number(y))
                for name, (at, x, y) in held
            )
            ends = [text(name.decode()) for name, _ in (held[0], held[-1])]
            leaves.append(self.volume.put(b"<</Limits[%s %s]/Names[%s]>>" % (*ends, listed)))
        return self.volume.put(b"<</Kids[%s]>>" % b" ".join(b"%d 0 R" % leaf for leaf in leaves))

    def _outlines(self, bookmarks: Sequence[Bookmark], pages: Sequence[BoundPage]) -> int:
        """Bookmarks in two levels; those of the second are shown when the reader opens the first."""
        root = self.volume.reserve()
        groups: list[list[Bookmark]] = []
        for one in bookmarks:
            if one.level == 1 or not groups:
                groups.append([one])
            else:
                groups[-1].append(one)
        numbers = [[self.volume.reserve() for _ in group] for group in groups]
        for at, (group, own) in enumerate(zip(groups, numbers, strict=True)):
            first = [one[0] for one in numbers]
            inner = b"/First %d 0 R/Last %d 0 R/Count -%d" % (own[1], own[-1], len(own) - 1) if len(own) > 1 else b""
            self._outline(group[0], own[0], root, _neighbours(first, at) + inner, pages)
            for below, one in enumerate(group[1:]):
                self._outline(one, own[below + 1], own[0], _neighbours(own[1:], below), pages)
        ends = b"/First %d 0 R/Last %d 0 R" % (numbers[0][0], numbers[-1][0]) if numbers else b""
        return self.volume.put(b"<</Type/Outlines%s/Count %d>>" % (ends, len(groups)), root)

    def _outline(self, one: Bookmark, own: int, parent: int, more: bytes, pages: Sequence[BoundPage]) -> None:
        place = b"[%d 0 R/XYZ %s %s 0]" % (pages[one.page].object, number(one.x), number(one.y))
        self.volume.put(b"<</Title %s/Parent %d 0 R/Dest%s%s>>" % (text(one.words), parent, place, more), own)


def _neighbours(numbers: Sequence[int], at: int) -> bytes:
    before = b"/Prev %d 0 R" % numbers[at - 1] if at else b""
    return before + (b"/Next %d 0 R" % numbers[at + 1] if at + 1 < len(numbers) else b"")


def _starts(gatherings: Iterable[Gathering]) -> Iterable[tuple[int, Gathering]]:
    start = 0
    for one in gatherings:
        yield start, one
        start += len(one.pages)


def _numbered_anchors(gatherings: Sequence[Gathering]) -> dict[str, tuple[int, float, float]]:
    found: dict[str, tuple[int, float, float]] = {}
    for start, one in _starts(gatherings):
        for name, (page, x, y) in one.anchors.items():
            found.setdefault(name, (start + page, x, y))
    return found


def _numbered_bookmarks(gatherings: Sequence[Gathering]) -> list[Bookmark]:
    return [
        Bookmark(one.level, one.words, start + one.page, one.x, one.y)
        for start, gathering in _starts(gatherings)
        for one in gathering.bookmarks
    ]
