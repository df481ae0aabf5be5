"""Setting words in one of our faces by hand: widths, glyphs, and the face's subset in the volume. No Django."""

import unicodedata
from collections.abc import Iterable

import uharfbuzz as harfbuzz

from audits.reporting.paper.faces import Face, pinned
from audits.reporting.paper.volume import Volume, name

MOST_WORDS = 60_000  # kept set; a table's hashes and times are never asked for again
WORDS = {"kern": True, "liga": False, "calt": False, "clig": False}
FIGURES = {**WORDS, "tnum": True}
UNNEEDED = (b"GSUB", b"GPOS", b"GDEF", b"STAT", b"DSIG", b"BASE", b"gasp")
READ_OTHERWISE = ("R", "AL", "AN", "RLE", "RLO", "RLI")  # from right to left


class Lettering:
    """One face in one PDF file. Widths are in thousandths of the type size."""

    def __init__(self, face: Face, resource: str) -> None:
        self.face = face
        self.resource = resource
        self.data = pinned(face)
        self.source = harfbuzz.Face(self.data)
        self.font = harfbuzz.Font(self.source)
        self.units = self.source.upem
        extents = self.font.get_font_extents("ltr")
        self.ascent, self.descent = extents.ascender / self.units, extents.descender / self.units
        self.known = frozenset(self.source.unicodes)
        self.used: dict[int, str] = {}
        self.widths: dict[int, float] = {}
        self.words: dict[str, tuple[bytes, float]] = {}
        self.plain: dict[str, bool] = {}

    def can_set(self, words: str) -> bool:
        """Whether all of it is in the face, reads from left to right, and needs no joining of characters."""
        return all(self.plain[one] if one in self.plain else self._is_plain(one) for one in words)

    def _is_plain(self, one: str) -> bool:
        self.plain[one] = (
            ord(one) in self.known
            and not unicodedata.category(one).startswith(("M", "C"))
            and unicodedata.bidirectional(one) not in READ_OTHERWISE
        )
        return self.plain[one]

    def set(self, word: str) -> tuple[bytes, float]:
        """What an array of `TJ` holds for the word, and its width."""
        found = self.words.get(word)
        if found is None:
            if len(self.words) > MOST_WORDS:
                self.words.clear()
            found = self.words[word] = self._shaped(word)
        return found

    def _shaped(self, word: str) -> tuple[bytes, float]:
        buffer = harfbuzz.Buffer()
        buffer.add_str(word)
        buffer.guess_segment_properties()
        harfbuzz.shape(self.font, buffer, WORDS if any(map(str.isalpha, word)) else FIGURES)
        parts, width = [], 0.0
        clusters = [info.cluster for info in buffer.glyph_infos] + [len(word)]
        for at, (info, place) in enumerate(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True)):
            glyph = info.codepoint
            own = self._width(glyph)
            advance = place.x_advance * 1000 / self.units
            self.used.setdefault(glyph, word[clusters[at] : clusters[at + 1]])
            parts.append(b"%04x" % glyph)
            if abs(advance - own) >= 1:
                parts.append(b">%d<" % round(own - advance))
            width += advance
        return b"<" + b"".join(parts) + b">", width

    def outline(self, word: str) -> tuple[bytes, float]:
        """The word as a path for a type size of 1, and its width in thousandths."""
        path, x = _Path(self.units), 0.0
        for one in word:
            glyph = self.font.get_nominal_glyph(ord(one))
            path.x = x
            self.font.draw_glyph_with_pen(glyph, path)
            x += self.font.get_glyph_h_advance(glyph) / self.units
        return b" ".join(path.parts), x * 1000

    def _width(self, glyph: int) -> float:
        width = self.widths.get(glyph)
        if width is None:
            width = self.widths[glyph] = self.font.get_glyph_h_advance(glyph) * 1000 / self.units
        return width

    def embed(self, volume: Volume, number: int) -> None:
        """Write the used part of the face as the font object of that number; a face that was not used is null."""
        if not self.used:
            volume.put(b"null", number)
            return
        named = self._subset_name()
        glyphs = sorted(self.used)
        file = self._subset(glyphs)
        put, full = volume.put, [round(1000 * one) for one in (self.descent, self.ascent)]
        stored = volume.stream(file, b"/Length1 %d" % len(file))
        flags = 4 | (1 if "Mono" in self.face.family else 0)
        descriptor = put(
            b"<</Type/FontDescriptor/FontName%s/Flags %d/FontBBox[-700 %d 2000 %d]/ItalicAngle 0/Ascent %d/Descent %d"
            b"/CapHeight 728/StemV 80/FontFile2 %d 0 R>>" % (named, flags, full[0], full[1], full[1], full[0], stored)
        )
        widths = b" ".join(b"%d[%d]" % (glyph, round(self._width(glyph))) for glyph in glyphs)
        inner = put(
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
            b"/CIDToGIDMap/Identity/FontDescriptor %d 0 R/DW 500/W[%s]>>" % (named, descriptor, widths)
        )
        reading = volume.stream(_to_unicode(self.used.items()))
        put(
            b"<</Type/Font/Subtype/Type0/BaseFont%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>"
            % (named, inner, reading),
            number,
        )

    def _subset(self, glyphs: list[int]) -> bytes:
        wanted = harfbuzz.SubsetInput()
        wanted.glyph_set.update({0, *glyphs})
        wanted.flags = harfbuzz.SubsetFlags.RETAIN_GIDS | harfbuzz.SubsetFlags.NO_LAYOUT_CLOSURE
        wanted.drop_table_tag_set.update({int.from_bytes(tag, "big") for tag in UNNEEDED})
        return bytes(harfbuzz.subset(self.source, wanted).blob.data)

    def _subset_name(self) -> bytes:
        letters = "".join(chr(65 + (sum(self.used) * prime) % 26) for prime in (3, 5, 7, 11, 17, 19))
        weight = "-SemiBold" if self.face.weight == 600 else ""
        return (
            b"/" + letters.encode() + b"+" + name(self.face.family.replace(" ", "") + weight)[1:].replace(b"#2d", b"-")
        )


class _Path:
    """A pen, as fontTools calls it, that writes a PDF path."""

    def __init__(self, units: int) -> None:
        self.units, self.x = units, 0.0
        self.at = (0.0, 0.0)
        self.parts: list[bytes] = []

    def _put(self, operator: bytes, *points: tuple[float, float]) -> None:
        self.at = points[-1]
        told = b" ".join(b"%.4f %.4f" % (x / self.units + self.x, y / self.units) for x, y in points)
        self.parts.append(told + b" " + operator)

    def moveTo(self, point: tuple[float, float]) -> None:
        self._put(b"m", point)

    def lineTo(self, point: tuple[float, float]) -> None:
        self._put(b"l", point)

    def curveTo(self, *points: tuple[float, float]) -> None:
        self._put(b"c", *points)

    def qCurveTo(self, *points: tuple[float, float]) -> None:
        """A quadratic curve as a cubic one, which is all that PDF has."""
        (x0, y0), (x1, y1), (x2, y2) = self.at, *points
        first = (x0 + (x1 - x0) * 2 / 3, y0 + (y1 - y0) * 2 / 3)
        self._put(b"c", first, (x2 + (x1 - x2) * 2 / 3, y2 + (y1 - y2) * 2 / 3), (x2, y2))

    def closePath(self) -> None:
        self.parts.append(b"h")


def _to_unicode(used: Iterable[tuple[int, str]]) -> bytes:
    """The map from glyphs back to characters, a hundred to a section as readers ask."""
    pairs = [
        b"<%04x><%s>" % (glyph, words.encode("utf-16-be").hex().encode()) for glyph, words in sorted(used) if words
    ]
    sections = [
        b"%d beginbfchar\n%s\nendbfchar" % (len(pairs[at : at + 100]), b"\n".join(pairs[at : at + 100]))
        for at in range(0, len(pairs), 100)
    ]
    return (
        b"/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        b"/CIDSystemInfo <</Registry (Adobe)/Ordering (UCS)/Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n"
        b"/CMapType 2 def\n1 begincodespacerange\n<0000><ffff>\nendcodespacerange\n"
        + b"\n".join(sections)
        + b"\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
    )
