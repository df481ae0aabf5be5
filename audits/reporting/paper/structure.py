"""The tree that says how a report is read aloud, one for all its parts. No Django."""

from collections.abc import Sequence

from audits.reporting.paper.volume import Volume


class Structure:
    """The structure tree while the volume is written: elements go to the volume, this keeps what leads to them."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.root = volume.reserve()
        self.document = volume.reserve()
        self.parents: list[bytes] = []

    def key(self) -> int:
        """A new entry in the tree that leads from contents to elements; `fill` says what it holds."""
        self.parents.append(b"null")
        return len(self.parents) - 1

    def fill(self, key: int, held: bytes) -> None:
        """`held`: an array of references by marked-content number for a page, one reference for an annotation."""
        self.parents[key] = held

    def element(self, kind: bytes, parent: int, kids: bytes, more: bytes = b"", number: int = 0) -> int:
        """Add an element; its number. `kids`: an array's contents, `more`: further entries."""
        return self.volume.put(b"<</S/%s/P %d 0 R/K[%s]%s>>" % (kind, parent, kids, more), number)

    def finish(self, kids: Sequence[int]) -> None:
        """Write the root, the document element over `kids`, and the tree of parents."""
        put = self.volume.put
        listed = b" ".join(b"%d 0 R" % kid for kid in kids)
        put(b"<</Type/StructElem/S/Document/P %d 0 R/K[%s]>>" % (self.root, listed), self.document)
        leaves = []
        for start in range(0, max(1, len(self.parents)), 100):
            held = self.parents[start : start + 100]
            pairs = b" ".join(b"%d %s" % (start + at, one) for at, one in enumerate(held))
            end = start + max(0, len(held) - 1)
            leaves.append(put(b"<</Limits[%d %d]/Nums[%s]>>" % (start, end, pairs)))
        tree = put(b"<</Kids[%s]>>" % b" ".join(b"%d 0 R" % leaf for leaf in leaves))
        put(
            b"<</Type/StructTreeRoot/K[%d 0 R]/ParentTree %d 0 R/ParentTreeNextKey %d>>"
            % (self.document, tree, len(self.parents)),
            self.root,
        )
