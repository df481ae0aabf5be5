"""Two versions compared for a reader: what changed, passage by passage, with what did not folded between."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from compliance.models import Version
from compliance.queries.reader import Highlight, highlights
from compliance.queries.siblings import Reappearance, reappearances
from compliance.text.contents import Sections, lay_out
from compliance.text.diff import Change, Kind, Mark, compare, marked
from compliance.text.typography import words_of


@dataclass
class Row:
    """One changed passage: its words before and after without mark-up, which changed, what either version marks it as.

    `elsewhere`: where a passage that is gone stands now in another document, or one that is new stood before."""

    kind: str
    old: str
    new: str
    marks: tuple[Mark, ...]
    moved: bool
    section: str
    old_at: int | None
    new_at: int | None
    labels: tuple[str, ...] = ()
    bears: bool = False
    elsewhere: Reappearance | None = None


@dataclass(frozen=True)
class Unchanged:
    """Passages in a row that did not change, to be folded: how many, and their wording in the new version."""

    count: int
    text: str


@dataclass
class Comparison:
    """Both versions' differences in the order of the new one. `counts` by kind; `bearing` those about building models."""

    rows: list[Row | Unchanged]
    counts: Counter[str] = field(default_factory=Counter)
    bearing: Counter[str] = field(default_factory=Counter)

    @property
    def tally(self) -> list[tuple[str, int, int]]:
        """Kinds of change with how many passages, and how many of them bear on building models."""
        kinds = ("reworded", "added", "gone", "moved")
        return [(kind, self.counts[kind], self.bearing[kind]) for kind in kinds]

    @property
    def changes(self) -> list[Row]:
        """The changed passages alone."""
        return [row for row in self.rows if isinstance(row, Row)]


def compare_versions(old: Version, new: Version, only_building: bool = False) -> Comparison:
    """Compare two held texts. With `only_building`: what does not bear on building models counts as not shown."""
    marked_old, marked_new = highlights(old), highlights(new)
    sections_old, sections_new = _sections(old), _sections(new)
    found = Comparison([])
    for change in compare(old.text, new.text):
        if change.kind is Kind.SAME:
            _fold(found.rows, words_of(new.text[slice(*_span(change.new))]))
            continue
        row = _row(change, old, new, marked_old, marked_new)
        row.section = (sections_new if change.new else sections_old).at(_first_word(change, old, new))
        found.counts[row.kind] += 1
        found.bearing[row.kind] += row.bears
        if row.bears or not only_building:
            found.rows.append(row)
    _look_elsewhere(found.changes, old, new)
    return found


def _sections(version: Version) -> Sections:
    return Sections(version.text, lay_out(version.text))


def _span(span: tuple[int, int] | None) -> tuple[int, int]:
    return span or (0, 0)


def _first_word(change: Change, old: Version, new: Version) -> int:
    """The offset of the passage's first letter, in the new text where it stands there."""
    text, (start, end) = (new.text, change.new) if change.new else (old.text, _span(change.old))
    return start + len(text[start:end]) - len(text[start:end].lstrip())


def _fold(rows: list[Row | Unchanged], wording: str) -> None:
    if rows and isinstance(rows[-1], Unchanged):
        rows[-1] = Unchanged(rows[-1].count + 1, rows[-1].text + wording)
    else:
        rows.append(Unchanged(1, wording))


def _row(change: Change, old: Version, new: Version, marked_old: list[Highlight], marked_new: list[Highlight]) -> Row:
    before, after = (
        words_of(side.text[slice(*_span(span))]).strip() for side, span in ((old, change.old), (new, change.new))
    )
    over = [*_over(marked_old, change.old), *_over(marked_new, change.new)]
    return Row(
        kind=change.kind.value,
        old=before,
        new=after,
        marks=marked(before, after) if change.kind is Kind.REWORDED else (),
        moved=change.moved,
        section="",
        old_at=change.old[0] if change.old else None,
        new_at=change.new[0] if change.new else None,
        labels=tuple(dict.fromkeys(label for one in over for label in one.labels)),
        bears=any(one.bears for one in over),
    )


def _over(marked: Iterable[Highlight], span: tuple[int, int] | None) -> Iterator[Highlight]:
    if span:
        yield from (one for one in marked if one.state != "rejected" and one.start < span[1] and span[0] < one.end)


def _look_elsewhere(rows: Sequence[Row], old: Version, new: Version) -> None:
    """Where a passage about building models is gone or new: does it stand in another document of the provider?"""
    if old.document_id != new.document_id:
        return
    gone = [row for row in rows if row.kind == "gone" and row.bears]
    added = [row for row in rows if row.kind == "added" and row.bears]
    for asked, wordings, later in ((gone, [row.old for row in gone], True), (added, [row.new for row in added], False)):
        for found in reappearances(new, wordings, later=later) if asked else ():
            asked[found.index].elsewhere = found
