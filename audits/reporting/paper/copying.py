"""Taking pages out of a file that WeasyPrint wrote, and putting them, renumbered, into the volume. No Django."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

from audits.reporting.paper.chapters import INTERNAL
from audits.reporting.paper.gathering import Bookmark, BoundPage, Gathering
from audits.reporting.paper.structure import Structure
from audits.reporting.paper.volume import Volume, text

COLUMN = b"<</O/Table/Scope/Column>>"
DROPPED = {"/Parent", "/StructParents", "/Contents", "/Resources", "/Annots", "/BleedBox", "/TrimBox"}


class Copying:
    """Copies objects of one file into the volume, each once, with all that they lead to."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.numbers: dict[tuple[int, int], int] = {}
        self.waiting: list[tuple[int, Object]] = []

    def stand_for(self, old: Object, number: int) -> None:
        """Let references to `old` lead to an object of the volume that somebody else writes."""
        self.numbers[old.objgen] = number

    def reference(self, value: Object) -> bytes:
        """A reference to the copy of an indirect object."""
        number = self.numbers.get(value.objgen)
        if number is None:
            number = self.numbers[value.objgen] = self.volume.reserve()
            self.waiting.append((number, value))
        return b"%d 0 R" % number

    def value(self, value: Any) -> bytes:
        """Anything in PDF's syntax, its references renumbered."""
        if isinstance(value, Object):
            if value.is_indirect:
                return self.reference(value)
            if isinstance(value, Dictionary):
                return self.dictionary(value)
            if isinstance(value, Array):
                return b"[%s]" % b" ".join(self.value(one) for one in value)
            return bytes(value.unparse())
        if isinstance(value, bool):
            return b"true" if value else b"false"
        return b"null" if value is None else str(value).encode()

    def dictionary(self, value: Any, leave: frozenset[str] = frozenset()) -> bytes:
        """A dictionary but for the keys to leave out; elements of the structure lose what only made sense in their file."""
        kind = value.get(Name.S)
        if kind is not None and Name.P in value and isinstance(kind, Name):
            return self._element(value, str(kind))
        return b"<<%s>>" % self._entries(value, leave)

    def _entries(self, value: Any, leave: frozenset[str]) -> bytes:
        return b"".join(
            Name(key).unparse() + b" " + self.value(held) for key, held in value.items() if key not in leave
        )

    def _element(self, value: Any, kind: str) -> bytes:
        """A structure element: column heads say so, instead of by ids that other files use too."""
        leave = frozenset({"/ID", "/A", "/Type", "/S"} if kind in ("/TH", "/TD") else {"/Type", "/S"})
        kind = _in_list(value, kind)
        more = b"/A" + COLUMN if kind == "/TH" else b""
        if kind == "/TD" and Name.A in value:
            spans = {key: value.A[key] for key in ("/ColSpan", "/RowSpan") if key in value.A}
            spanned = b"".join(key.encode() + b" %d" % int(held) for key, held in spans.items())
            more = b"/A<</O/Table%s>>" % spanned if spans else b""
        return b"<</S%s%s%s>>" % (kind.encode(), self._entries(value, leave), more)

    def finish(self) -> None:
        """Copy everything that was referred to, and what that refers to."""
        while self.waiting:
            number, value = self.waiting.pop()
            if isinstance(value, Stream):
                entries = self.dictionary(
                    value.stream_dict if hasattr(value, "stream_dict") else value, frozenset({"/Length"})
                )
                self.volume.raw(value.read_raw_bytes(), entries[2:-2], number)
            elif isinstance(value, Dictionary):
                self.volume.put(self.dictionary(value), number)
            elif isinstance(value, Array):
                self.volume.put(b"[%s]" % b" ".join(self.value(one) for one in value), number)
            else:
                self.volume.put(bytes(value.unparse(resolved=True)), number)


def _in_list(value: Any, kind: str) -> str:
    """The kind of an element, put right where a list of terms groups each with what is said of it (dl > div > dt, dd).

    WeasyPrint has L > Div > LI > LBody for these; a list holds nothing but items, and an item a label and a body.
    """
    above = _kinds_above(value)
    if kind == "/Div" and above[:1] == ["/L"]:
        return "/LI"
    if kind == "/LI" and above[:2] == ["/Div", "/L"]:
        return "/Lbl" if value.P.K[0].objgen == value.objgen else "/LBody"
    if kind == "/LBody" and above[:3] == ["/LI", "/Div", "/L"]:
        return "/NonStruct" if value.P.P.K[0].objgen == value.P.objgen else "/Div"
    return kind


def _kinds_above(value: Any) -> list[str]:
    found: list[str] = []
    at = value
    while len(found) < 3 and Name.P in at and Name.S in at.P:
        at = at.P
        found.append(str(at.S))
    return found


def copied_pages(path: Path, told: Mapping[str, Any], volume: Volume, structure: Structure) -> Gathering:
    """All pages of a tagged file, with their part of the structure. `told`: what the press said of it."""
    with pikepdf.open(path) as source:
        copying = Copying(volume)
        root = source.Root.StructTreeRoot
        document = root.K[0]
        copying.stand_for(document, structure.document)
        objects = [volume.reserve() for _ in source.pages]
        for page, object_number in zip(source.pages, objects, strict=True):
            copying.stand_for(page.obj, object_number)
        owners = _owners(root)
        pages = [
            _page(page.obj, object_number, copying, structure, owners)
            for page, object_number in zip(source.pages, objects, strict=True)
        ]
        kids = [int(copying.reference(kid).split()[0]) for kid in document.K]
        copying.finish()
    anchors = {name: (place[0], place[1], place[2]) for name, place in told["anchors"].items()}
    return Gathering(pages, kids, anchors, [Bookmark(*one) for one in told["bookmarks"]])


def copied_forms(path: Path, volume: Volume, numbers: Sequence[int]) -> None:
    """Each page of a file as an XObject of the given number, to be drawn on other pages."""
    with pikepdf.open(path) as source:
        copying = Copying(volume)
        for page, number in zip(source.pages, numbers, strict=True):
            form = source.make_indirect(page.as_form_xobject())
            copying.stand_for(form, number)
            copying.waiting.append((number, form))
        copying.finish()


def _owners(root: Any) -> dict[int, Object]:
    nums = root.ParentTree.Nums
    return {int(nums[at]): nums[at + 1] for at in range(0, len(nums), 2)}


def _page(
    page: Any, object_number: int, copying: Copying, structure: Structure, owners: Mapping[int, Object]
) -> BoundPage:
    key = structure.key()
    held = owners[int(page.StructParents)]
    structure.fill(key, b"[%s]" % b" ".join(copying.reference(one) for one in held))
    contents = page.Contents
    streams: Sequence[Any] = list(contents) if isinstance(contents, Array) else [contents]
    box = [float(one) for one in page.MediaBox]
    resources = {key.lstrip("/"): copying.value(value) for key, value in page.Resources.items()}
    resources["Font"] = copying.dictionary(page.Resources.get(Name.Font, Dictionary()))
    return BoundPage(
        object_number,
        (box[2] - box[0], box[3] - box[1]),
        [int(copying.reference(one).split()[0]) for one in streams],
        resources,
        [_annotation(one, copying, structure, owners) for one in page.get(Name.Annots, [])],
        key,
    )


def _annotation(note: Any, copying: Copying, structure: Structure, owners: Mapping[int, Object]) -> bytes:
    """A link, led to its place by name when it leads inside the report."""
    leave = {"/StructParent"}
    more = b""
    if Name.StructParent in note:
        key = structure.key()
        structure.fill(key, copying.reference(owners[int(note.StructParent)]))
        more = b"/StructParent %d" % key
    address = str(note.A.URI) if Name.A in note and Name.URI in note.A else ""
    if address.startswith(INTERNAL):
        target = address.removeprefix(INTERNAL)
        leave |= {"/A", "/Contents"}
        more += b"/Dest %s/Contents %s" % (text(target), text(f"To {target.replace('-', ' ')}"))
    number = int(copying.reference(note).split()[0])
    copying.waiting = [one for one in copying.waiting if one[0] != number]
    entries = copying.dictionary(note, frozenset(leave))
    copying.volume.put(entries[:-2] + more + b">>", number)
    return b"%d 0 R" % number
