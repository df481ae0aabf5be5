"""Checks of a PDF against what PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1) ask of files like ours.

Each check gives complaints, so that a test shows all of them. What needs a full validator (colour spaces in images, the insides
of font programs) is left to one: these are the rules that our own binding could break.
"""

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Dictionary, Name

KINDS = {
    "Document", "Part", "Art", "Sect", "Div", "BlockQuote", "Caption", "P", "H1", "H2", "H3", "H4", "L", "LI", "Lbl", "LBody",
    "Table", "TR", "TH", "TD", "THead", "TBody", "TFoot", "Span", "Link", "Form", "Figure", "NonStruct", "Code",
}  # fmt: skip
INSIDE = {
    "TR": {"Table", "THead", "TBody", "TFoot"},
    "TD": {"TR"},
    "TH": {"TR"},
    "LI": {"L"},
    "LBody": {"LI"},
    "Lbl": {"LI"},
}
PAINTING = {"Tj", "TJ", "'", '"', "f", "F", "f*", "S", "s", "B", "B*", "b", "b*", "Do", "sh"}
METADATA = {
    "part of PDF/A": "<pdfaid:part>3<", "conformance": "<pdfaid:conformance>A<", "PDF/UA": "<pdfuaid:part>1<",
    "schema of pdfuaid": "<pdfaSchema:prefix>pdfuaid<",
}  # fmt: skip


def complaints(pdf: bytes) -> list[str]:
    """Everything that is wrong with the file."""
    with pikepdf.open(io.BytesIO(pdf)) as file:
        found = [f"syntax: {one}" for one in file.check_pdf_syntax()]
        for check in (_catalog, _metadata, _pages, _structure, _fonts, _annotations, _attachments):
            found += check(file)
    return found


def _catalog(file: pikepdf.Pdf) -> Iterator[str]:
    root = file.Root
    if not root.get("/MarkInfo", Dictionary()).get("/Marked", False):
        yield "the file does not say that it is tagged"
    if not root.get("/ViewerPreferences", Dictionary()).get("/DisplayDocTitle", False):
        yield "readers are not told to show the title"
    if not str(root.get("/Lang", "")):
        yield "no language"
    intents = [one for one in root.get("/OutputIntents", []) if one.S == "/GTS_PDFA1"]
    if len(intents) != 1 or intents[0].DestOutputProfile.N != 3:
        yield "not one output intent in RGB"
    for key in ("/OpenAction", "/AA", "/JavaScript", "/Encrypt"):
        if key in root or key in file.trailer:
            yield f"{key} is there"
    if "/ID" not in file.trailer:
        yield "no identity in the trailer"


def _metadata(file: pikepdf.Pdf) -> Iterator[str]:
    stream = file.Root.Metadata
    if "/Filter" in stream:
        yield "the metadata are packed"
    words = stream.read_bytes().decode()
    for what, said in METADATA.items():
        if said not in words:
            yield f"metadata: {what} is not told"
    with file.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as held:
        for key, name in {"dc:title": "/Title", "dc:description": "/Subject", "pdf:Keywords": "/Keywords"}.items():
            if held.get(key, "") != str(file.docinfo.get(name, "")):
                yield f"metadata: {key} is not what {name} says"


def _pages(file: pikepdf.Pdf) -> Iterator[str]:
    """All that is drawn is read aloud once, or is an artifact."""
    parents = _parents(file)
    for number, page in enumerate(file.pages, 1):
        if page.obj.get("/Tabs") != "/S":
            yield f"page {number}: no order of tabs"
        owners = list(parents.get(int(page.obj.get("/StructParents", -1)), []))
        marks, loose = _marks(page)
        if loose:
            yield f"page {number}: {loose} is drawn outside marked content"
        if sorted(marks) != list(range(len(owners))):
            yield f"page {number}: contents {len(marks)}, structure {len(owners)}"
        for mark, owner in enumerate(owners):
            if sum(_holds(kid, mark, page.obj) for kid in _list(owner.get("/K"))) != 1:
                yield f"page {number}: content {mark} is not held by its element"


def _marks(page: pikepdf.Page) -> tuple[list[int], str]:
    found, open_, loose = [], [], ""
    for one in pikepdf.parse_content_stream(page):
        operands, name = list(one.operands), str(one.operator)
        if name in ("BDC", "BMC"):
            tag = operands[1] if len(operands) > 1 else Dictionary()
            if isinstance(tag, Dictionary) and "/MCID" in tag:
                found.append(int(tag.MCID))
                open_.append("mark")
            else:
                open_.append("artifact" if operands[0] == "/Artifact" else "")
        elif name == "EMC":
            open_.pop()
        elif name in PAINTING and not any(open_):
            loose = name
    return found, loose


def _holds(kid: Any, mark: int, page: Any) -> bool:
    if isinstance(kid, int):
        return kid == mark
    return (
        isinstance(kid, Dictionary) and kid.get("/Type") == "/MCR" and mark == kid.MCID and kid.Pg.objgen == page.objgen
    )


def _parents(file: pikepdf.Pdf) -> dict[int, Any]:
    def leaves(node: Any) -> Iterator[tuple[int, Any]]:
        nums = list(node.get("/Nums", []))
        yield from zip(map(int, nums[::2]), nums[1::2], strict=True)
        for kid in node.get("/Kids", []):
            yield from leaves(kid)

    return dict(leaves(file.Root.StructTreeRoot.ParentTree))


def _list(kids: Any) -> list[Any]:
    if kids is None:
        return []
    return list(kids) if isinstance(kids, pikepdf.Array) else [kids]


def _structure(file: pikepdf.Pdf) -> Iterator[str]:
    """Kinds, nesting, alternatives of figures, heads of tables, and headings that skip no level."""
    level, seen = 0, set()
    for element, parent in _elements(file.Root.StructTreeRoot.K[0], None):
        kind = str(element.S)[1:]
        if element.objgen != (0, 0) and element.objgen in seen:
            yield f"an element {kind} is met twice"
        seen.add(element.objgen)
        if kind not in KINDS:
            yield f"{kind} is no standard kind"
        if parent is not None and element.P.objgen != parent.objgen:
            yield f"{kind} names another parent than it stands in"
        if parent is not None and str(parent.S)[1:] not in INSIDE.get(kind, {str(parent.S)[1:]}):
            yield f"{kind} stands in {parent.S}"
        if kind == "Figure" and not str(element.get("/Alt", "")).strip():
            yield "a figure without words"
        if kind == "TH" and element.get("/A", Dictionary()).get("/Scope") is None:
            yield "a head without scope"
        if kind == "Table":
            yield from _table(element)
        if re.fullmatch(r"H\d", kind):
            if int(kind[1]) > level + 1:
                yield f"{kind} comes after a heading of level {level}"
            level = int(kind[1])


def _elements(element: Any, parent: Any) -> Iterator[tuple[Any, Any]]:
    yield element, parent
    for kid in _list(element.get("/K")):
        if isinstance(kid, Dictionary) and "/S" in kid:
            yield from _elements(kid, element)


def _table(table: Any) -> Iterator[str]:
    rows = [one for one, _ in _elements(table, None) if one.S == "/TR"]
    widths = Counter(sum(int(cell.get("/A", Dictionary()).get("/ColSpan", 1)) for cell in _list(row.K)) for row in rows)
    if len(widths) > 1:
        yield f"a table whose rows have {sorted(widths)} cells"


def _fonts(file: pikepdf.Pdf) -> Iterator[str]:
    """Every font is embedded and can be read back; no text is set in the glyph for what is missing."""
    for font in [one for one in file.objects if isinstance(one, Dictionary) and one.get("/Type") == "/Font"]:
        if font.Subtype == "/Type0":
            inner = font.DescendantFonts[0]
            if not any(key in inner.FontDescriptor for key in ("/FontFile2", "/FontFile3")):
                yield f"{font.BaseFont} is not embedded"
            if "/ToUnicode" not in font:
                yield f"{font.BaseFont} can't be read back"
            if inner.Subtype == "/CIDFontType2" and "/CIDToGIDMap" not in inner:
                yield f"{font.BaseFont} maps no glyphs"
        elif font.Subtype not in ("/CIDFontType2", "/CIDFontType0", "/Type3"):
            yield f"a font of kind {font.Subtype}"
    for number, page in enumerate(file.pages, 1):
        for one in pikepdf.parse_content_stream(page, "Tj TJ"):
            operands: Any = list(one.operands)
            strings = operands[0] if str(one.operator) == "TJ" else operands
            held = b"".join(bytes(one) for one in strings if isinstance(one, pikepdf.String))
            if any(held[at : at + 2] == b"\0\0" for at in range(0, len(held), 2)):
                yield f"page {number}: a glyph is missing"


def _annotations(file: pikepdf.Pdf) -> Iterator[str]:
    parents, places = _parents(file), set(_places(file))
    for number, page in enumerate(file.pages, 1):
        for note in page.obj.get("/Annots", []):
            where = f"page {number}: {note.Subtype}"
            if int(note.get("/F", 0)) & 0b100110 != 4:
                yield f"{where} is not for print"
            if not str(note.get("/Contents", "")):
                yield f"{where} says nothing"
            if int(note.get("/StructParent", -1)) not in parents:
                yield f"{where} stands outside the structure"
            if note.Subtype == "/Link" and str(note.get("/Dest", "")) not in places:
                yield f"{where} leads nowhere: {note.get('/Dest')}"
            if "/A" in note or "/AA" in note:
                yield f"{where} does something"
            if note.Subtype == "/Widget" and ("/AP" not in note or "/TU" not in note):
                yield f"{where} has no appearance or no name"


def _places(file: pikepdf.Pdf) -> list[str]:
    pages = {page.obj.objgen for page in file.pages}
    tree = pikepdf.NameTree(file.Root.Names.Dests)
    return [str(name) for name, place in tree.items() if place[0].objgen in pages]


def _attachments(file: pikepdf.Pdf) -> Iterator[str]:
    named = {one.objgen for one in file.Root.get("/AF", [])}
    names = list(file.Root.Names.EmbeddedFiles.Names)
    if not names:
        yield "nothing is attached"
    for name, spec in zip(names[::2], names[1::2], strict=True):
        if spec.objgen not in named:
            yield f"{name} is no associated file"
        if spec.get("/AFRelationship") != Name.Data or not str(spec.get("/Desc", "")):
            yield f"{name}: what it is to the report is not told"
        stream = spec.EF.F
        if (
            "/Subtype" not in stream
            or "/ModDate" not in stream.Params
            or int(stream.Params.Size) != len(stream.read_bytes())
        ):
            yield f"{name}: kind, date or size are not right"
