"""Drawings of the report as pictures in a Word file: PNG at twice the size, with their words for who cannot see them."""

import base64
import re
import struct
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from urllib.parse import unquote_to_bytes

import vl_convert

from audits.reporting.forms.word.package import picture_id
from audits.reporting.forms.word.runs import quoted

EMU: Final = 36_000  # a millimetre
TALLEST: Final = 200.0  # mm
LOGO: Final = (60.0, 18.0)  # mm, at most
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_VIEW: Final = re.compile(r'viewBox="\s*[\d.eE+-]+[\s,]+[\d.eE+-]+[\s,]+([\d.eE+-]+)[\s,]+([\d.eE+-]+)\s*"')
_SIZE: Final = re.compile(r'<svg[^>]*?\s(width|height)="([\d.]+)')


@dataclass
class Pictures:
    """The pictures of one file, in the order in which they come; the same drawing is kept once."""

    made: list[bytes] = field(default_factory=list)
    shown: int = 0

    def drawing(self, svg: str, words: str, widest: float) -> str:
        """A picture in the line. `words`: its alternative text; `widest`: mm."""
        return self._fitted(_png(svg), _size_of(svg), words, widest, TALLEST)

    def logo(self, address: str, words: str) -> str:
        """A logo from a data: address of a PNG; empty for anything else."""
        head, _, body = address.partition(",")
        png = base64.b64decode(body) if head == "data:image/png;base64" else b""
        if not png.startswith(_PNG) or len(png) < 24:
            return ""
        size = struct.unpack(">II", png[16:24])
        return self._fitted(png, (float(max(1, size[0])), float(max(1, size[1]))), words, *LOGO)

    def _fitted(self, png: bytes, size: tuple[float, float], words: str, widest: float, tallest: float) -> str:
        if png not in self.made:
            self.made.append(png)
        scale = min(widest / size[0], tallest / size[1])
        across, down = (round(side * scale * EMU) for side in size)
        return self._placed(self.made.index(png), words, across, down)

    def _placed(self, at: int, words: str, across: int, down: int) -> str:
        self.shown += 1
        name, extent = quoted(f"Figure {self.shown}"), f'cx="{across}" cy="{down}"'
        return (
            f'<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent {extent}/>'
            f'<wp:docPr id="{self.shown}" name={name} descr={quoted(words)}/><a:graphic>'
            '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr>'
            f'<pic:cNvPr id="{self.shown}" name={name} descr={quoted(words)}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
            f'<a:blip r:embed="{picture_id(at)}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>'
            f'<a:off x="0" y="0"/><a:ext {extent}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
            "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        )


def svg_of(address: str) -> str:
    """The drawing in a data: address; empty for anything else, since a file of ours fetches nothing."""
    head, comma, body = address.partition(",")
    if not comma or not head.startswith("data:image/svg+xml"):
        return ""
    content = base64.b64decode(body) if head.endswith(";base64") else unquote_to_bytes(body)
    return content.decode("utf-8", "replace")


@lru_cache(maxsize=32)
def _png(svg: str) -> bytes:
    return vl_convert.svg_to_png(svg, scale=2.0)


def _size_of(svg: str) -> tuple[float, float]:
    """Width and height of a drawing in units of its own."""
    found = _VIEW.search(svg)
    if found:
        return float(found[1]), float(found[2])
    told = {name: float(value) for name, value in _SIZE.findall(svg)}
    return told.get("width", 640.0), told.get("height", 360.0)
