"""What changed between two versions of a text of terms, clause by clause. Pure: standard library only.

Two passages are the same when their normalised texts are: a page laid out anew has not changed. A passage that stands
elsewhere has moved; one that is still recognisable has been reworded, with the words marked; the rest is added or gone.
"""

import re
from collections import defaultdict, deque
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from compliance.text.likeness import Lookalikes, aligned, likeness, words
from compliance.text.normalise import normalise_clause
from compliance.text.segment import units

ALIKE = 0.5  # from this likeness on, a passage is a rewording of another
_TOKEN = re.compile(r"\s+|[^\W_]+|[^\w\s]|_")
_FINE = 300  # tokens: up to this length words are compared by the finer, costlier method


class Kind(StrEnum):
    SAME = "same"
    MOVED = "moved"
    REWORDED = "reworded"
    ADDED = "added"
    GONE = "gone"


class Touch(StrEnum):
    """What became of a run of words inside a reworded passage."""

    KEPT = "kept"
    ADDED = "added"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Mark:
    """A run of characters; those kept and gone spell the old passage, those kept and added the new one."""

    touch: Touch
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """`old` and `new` are (start, end) offsets in characters of the two texts, None where the passage does not stand.

    `likeness` is 1 for the same words; `moved` is true where the passage also stands in another order; `marks` are filled
    for reworded passages."""

    kind: Kind
    old: tuple[int, int] | None
    new: tuple[int, int] | None
    likeness: float = 1.0
    moved: bool = False
    marks: tuple[Mark, ...] = ()


def passages(text: str) -> list[tuple[int, int]]:
    """`text` cut into passages that cover it without gap or overlap: each a unit with the white space after it, or what
    stands between units (headings, rules)."""
    found: list[tuple[int, int]] = []
    position = 0
    for unit in units(text):
        if text[position : unit.start].strip():
            found.append((position, unit.start))
        elif found and position < unit.start:
            found[-1] = (found[-1][0], unit.start)
        start = unit.start if found else 0
        found.append((found[-1][1] if found else start, unit.end))
        position = unit.end
    if position < len(text):
        if found and not text[position:].strip():
            found[-1] = (found[-1][0], len(text))
        else:
            found.append((position, len(text)))
    return found


def compare(old: str, new: str) -> list[Change]:
    """The changes from `old` to `new`, in the order of `new`, what is gone standing where it was.

    The old spans, sorted, cover `old` exactly; the new spans cover `new`.
    """
    before, after = passages(old), passages(new)
    old_keys = [normalise_clause(old[start:end]) for start, end in before]
    new_keys = [normalise_clause(new[start:end]) for start, end in after]
    partner = {
        new_at: (old_at, Change(Kind.SAME, before[old_at], after[new_at]))
        for old_at, new_at in aligned(old_keys, new_keys)
    }
    _match_moved(old_keys, new_keys, before, after, partner)
    _match_reworded(old, new, before, after, partner)
    return _in_reading_order(before, after, partner)


_Partners = dict[int, tuple[int, Change]]
_Spans = list[tuple[int, int]]


def _match_moved(old_keys: list[str], new_keys: list[str], before: _Spans, after: _Spans, partner: _Partners) -> None:
    """Equal passages left over on both sides stand in another order."""
    taken = {old_at for old_at, _change in partner.values()}
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for old_at, key in enumerate(old_keys):
        if old_at not in taken:
            waiting[key].append(old_at)
    for new_at, key in enumerate(new_keys):
        if new_at not in partner and waiting.get(key):
            old_at = waiting[key].popleft()
            partner[new_at] = (old_at, Change(Kind.MOVED, before[old_at], after[new_at], moved=True))


def _match_reworded(old: str, new: str, before: _Spans, after: _Spans, partner: _Partners) -> None:
    """Pair what is left by likeness, the most alike first."""
    taken = {old_at for old_at, _change in partner.values()}
    left = [(index, words(old[slice(*before[index])])) for index in range(len(before)) if index not in taken]
    index_of = Lookalikes([wording for _index, wording in left])
    pairs: list[tuple[float, int, int]] = []
    for new_at in range(len(after)):
        if new_at in partner:
            continue
        wording = words(new[slice(*after[new_at])])
        pairs.extend((likeness(left[k][1], wording), left[k][0], new_at) for k in index_of.candidates(wording))
    order = {old_at: new_at for new_at, (old_at, _change) in partner.items()}
    for alike, old_at, new_at in sorted(pairs, key=lambda pair: (-pair[0], abs(pair[1] - pair[2]), pair)):
        if alike < ALIKE or old_at in taken or new_at in partner:
            continue
        taken.add(old_at)
        marks = marked(old[slice(*before[old_at])], new[slice(*after[new_at])])
        moved = _out_of_order(order, old_at, new_at)
        partner[new_at] = (old_at, Change(Kind.REWORDED, before[old_at], after[new_at], round(alike, 3), moved, marks))


def _out_of_order(order: dict[int, int], old_at: int, new_at: int) -> bool:
    """Does the nearest neighbour before it, among those that stayed, now stand after it?"""
    for step in range(1, 6):
        if old_at - step in order:
            return order[old_at - step] > new_at
    return False


def _in_reading_order(before: _Spans, after: _Spans, partner: _Partners) -> list[Change]:
    """The new text's order, each gone passage after the passage that preceded it in the old text."""
    taken = {old_at for old_at, _change in partner.values()}
    gone_after: dict[int, list[Change]] = defaultdict(list)
    last = -1
    for old_at, span in enumerate(before):
        if old_at in taken:
            last = old_at
        else:
            gone_after[last].append(Change(Kind.GONE, span, None, 0.0))
    changes = list(gone_after[-1])
    for new_at, span in enumerate(after):
        if new_at not in partner:
            changes.append(Change(Kind.ADDED, None, span, 0.0))
            continue
        old_at, change = partner[new_at]
        changes.append(change)
        changes.extend(gone_after[old_at])
    return changes


def marked(old: str, new: str) -> tuple[Mark, ...]:
    """The word-level difference: kept and gone marks spell `old`, kept and added marks spell `new`, exactly."""
    left, right = _TOKEN.findall(old), _TOKEN.findall(new)
    marks: list[Mark] = []
    old_at = new_at = 0
    for pair in [*_token_pairs(left, right), (len(left), len(right))]:
        marks.append(Mark(Touch.GONE, "".join(left[old_at : pair[0]])))
        marks.append(Mark(Touch.ADDED, "".join(right[new_at : pair[1]])))
        marks.append(Mark(Touch.KEPT, "".join(left[pair[0] : pair[0] + 1])))
        old_at, new_at = pair[0] + 1, pair[1] + 1
    return _merged([mark for mark in marks if mark.text])


def _token_pairs(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    if max(len(left), len(right)) > _FINE:
        return aligned(left, right)
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    return [(block.a + step, block.b + step) for block in blocks for step in range(block.size)]


def _merged(marks: list[Mark]) -> tuple[Mark, ...]:
    """Neighbouring marks of one touch as one."""
    merged: list[Mark] = []
    for mark in marks:
        if merged and merged[-1].touch is mark.touch:
            merged[-1] = Mark(mark.touch, merged[-1].text + mark.text)
        else:
            merged.append(mark)
    return tuple(merged)
