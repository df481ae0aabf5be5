"""Pages on their way into the volume, with what leads to them and how they are read aloud. No Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class BoundPage:
    """A page but for its head, foot and number. `contents`, `resources`: PDF references or values; `size`: points.

    `annotations`: references. `key`: its entry in the tree that leads from contents to structure. `under`: an XObject's number
    that is drawn beneath (head and foot of a page that WeasyPrint did not make).
    """

    object: int
    size: tuple[float, float]
    contents: Sequence[int]
    resources: Mapping[str, bytes]
    annotations: Sequence[bytes] = ()
    key: int = -1
    under: int = 0


@dataclass(frozen=True)
class Bookmark:
    """A heading that the bookmarks lead to: level 1 or 2, the page within its gathering, and the place on it in points."""

    level: int
    words: str
    page: int
    x: float
    y: float


@dataclass(frozen=True)
class Gathering:
    """Consecutive pages. `kids`: structure elements right below the document; `anchors`: name → page within it, x, y."""

    pages: Sequence[BoundPage]
    kids: Sequence[int]
    anchors: Mapping[str, tuple[int, float, float]]
    bookmarks: Sequence[Bookmark]
