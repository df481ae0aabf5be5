"""Logos that people give: read with suspicion, and made anew as a PNG, so that nothing of the given file is kept. PURE."""

import io
import re
import xml.etree.ElementTree as ET
from typing import Final

import vl_convert
from PIL import Image, UnidentifiedImageError

MOST_BYTES: Final = 1_000_000
MOST_SIDE: Final = 6_000
"""Pixels of a side, as the file's head says before anything is unpacked."""
KEPT: Final = (1_200, 480)
"""Pixels that the kept picture has at most, across and down."""
SVG: Final = "http://www.w3.org/2000/svg"
SHAPES: Final = frozenset({
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs", "title", "desc", "text", "tspan",
    "linearGradient", "radialGradient", "stop", "clipPath",
})  # fmt: skip
ATTRIBUTES: Final = frozenset({
    "id", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "width", "height", "viewBox", "points",
    "transform", "gradientTransform", "gradientUnits", "offset", "stop-color", "stop-opacity", "fill", "fill-rule",
    "fill-opacity", "clip-path", "clip-rule", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size", "font-weight",
    "text-anchor", "letter-spacing", "preserveAspectRatio",
})  # fmt: skip
MOST_SHAPES: Final = 5_000
_OWN_PART: Final = re.compile(r"url\(\s*#[\w.-]+\s*\)")


class LogoError(ValueError):
    """Why a file can't be a logo, as a sentence."""


def clean_logo(given: bytes) -> bytes:
    """A PNG made anew from a PNG, JPEG or SVG of at most 1 MB, at most 1,200 by 480 pixels. Raises LogoError."""
    if len(given) > MOST_BYTES:
        raise LogoError("The logo is larger than 1 MB. Give a smaller file.")
    if given.lstrip()[:5].lower().startswith((b"<?xml", b"<svg", b"<!--", b"<!doc")):
        given = drawn(safe_svg(given))
    try:
        with Image.open(io.BytesIO(given), formats=("PNG", "JPEG")) as picture:
            if max(picture.size) > MOST_SIDE:
                raise LogoError(
                    f"The logo has {picture.width} by {picture.height} pixels; {MOST_SIDE:,} a side are the most."
                )
            shown = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        if isinstance(problem, LogoError):
            raise
        raise LogoError("This file could not be read as a PNG, JPEG or SVG picture.") from problem
    shown.thumbnail(KEPT)
    made = io.BytesIO()
    shown.save(made, "PNG", optimize=True)
    return made.getvalue()


def safe_svg(given: bytes) -> str:
    """The drawing with its shapes alone: no script, no style, no picture, no reference that leaves it. Raises LogoError."""
    try:
        text = given.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise LogoError("The SVG is not written in UTF-8.") from problem
    if "<!DOCTYPE" in text.upper() or "<!ENTITY" in text.upper():
        raise LogoError("The SVG declares a document type or entities. Export it as plain SVG.")
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there are no entities to expand
    except ET.ParseError as problem:
        raise LogoError(f"The SVG could not be read: {problem}.") from problem
    if root.tag != f"{{{SVG}}}svg":
        raise LogoError("This XML file is no SVG drawing.")
    if sum(1 for _ in root.iter()) > MOST_SHAPES:
        raise LogoError(f"The SVG has more than {MOST_SHAPES:,} parts. Give a PNG instead.")
    ET.register_namespace("", SVG)
    return ET.tostring(_kept(root), encoding="unicode")


def _kept(element: ET.Element) -> ET.Element:
    told = {**element.attrib, **_styled(element.get("style", ""))}
    made = ET.Element(element.tag, {name: held for name, held in told.items() if _harmless(name, held)})
    made.text, made.tail = element.text, element.tail
    for child in element:
        if isinstance(child.tag, str) and child.tag.removeprefix(f"{{{SVG}}}") in SHAPES:
            made.append(_kept(child))
    return made


def _styled(style: str) -> dict[str, str]:
    """A style's declarations as attributes, which say the same."""
    pairs = (one.partition(":") for one in style.split(";"))
    return {name.strip(): held.strip() for name, _, held in pairs if held.strip()}


def _harmless(name: str, held: str) -> bool:
    return name in ATTRIBUTES and "url" not in _OWN_PART.sub("", held).lower() and "javascript:" not in held.lower()


def drawn(svg: str) -> bytes:
    """The drawing as PNG, wide enough for paper. Raises LogoError."""
    try:
        return bytes(vl_convert.svg_to_png(svg, scale=_scale(svg)))
    except (ValueError, OSError, RuntimeError) as problem:
        raise LogoError("The SVG could not be drawn. Give a PNG instead.") from problem


def _scale(svg: str) -> float:
    """So much that the picture is about as wide as what is kept, whatever size the drawing says it has."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    sides = [re.match(r"\d+(\.\d+)?", root.get(name, "")) for name in ("width", "height")]
    box = (root.get("viewBox") or "").replace(",", " ").split()
    try:
        across, down = (float(side.group()) if side else float(box[at]) for side, at in zip(sides, (2, 3), strict=True))
    except (IndexError, ValueError) as problem:
        raise LogoError("The SVG says neither its width and height nor its viewBox.") from problem
    if not (0 < across <= MOST_SIDE and 0 < down <= MOST_SIDE):
        raise LogoError(f"The SVG is larger than {MOST_SIDE:,} a side.")
    return min(KEPT[0] / across, KEPT[1] / down)
