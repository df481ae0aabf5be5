"""The teacher → dataset → student picture: three columns of boxes, with bands as thick as their share of a dataset's rows.

Hand-drawn SVG for page and paper alike; every name in it is data of others and is escaped. The colours are those of the
charts (audits.charts), so a page's theme reaches them the same way. Each teacher has a letter too: every band is named by
it where it ends, so nothing is lost in black and white.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_markup

from audits.charts import EDGE, INK, LINE, SERIES, SOFT, TINT, Chart
from compliance.templatetags.unseen import with_names

WIDTH, TOP, GAP = 880, 30, 14
LEFT, MIDDLE, RIGHT = (0, 238), (356, 290), (716, 164)  # of each column: x and width
FULL, SLOT, LEAST = 64.0, 16.0, 1.5  # a dataset's whole rows, the pitch of its labels, the thinnest band
GUTTER = 78  # the labels of the bands, inside the dataset's box
MOST = 6
NAME_WIDTH = 25
OWN = "No recorded answer"


def escape(text: str) -> str:
    """Text for SVG: markup escaped, and control and directional characters shown by name."""
    return escape_markup(with_names(text), quote=True)


@dataclass(frozen=True)
class DatasetPart:
    """A dataset, its rows, those that derive from no recorded answer, and the rows that derive from each model."""

    path: str
    role: str
    rows: int
    undetermined: int
    shares: Mapping[str, int]


@dataclass(frozen=True)
class _Flow:
    """The rows that one dataset took from one source; its share decides how thick the band is."""

    source: int
    target: int
    rows: int
    share: float

    @property
    def thick(self) -> float:
        return max(LEAST, FULL * self.share)

    @property
    def slot(self) -> float:
        return max(SLOT, self.thick)


@dataclass(frozen=True)
class _Source:
    name: str
    rows: int
    colour: str
    letter: str
    models: frozenset[str]


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def picture_of_lineage(datasets: Sequence[DatasetPart], student: str) -> Chart | None:
    """The picture; None when there is no dataset to draw. `student` may be empty: none was declared.

    At most six teachers and six datasets are drawn (those with most rows); teachers beyond that are drawn as one.
    """
    if not datasets:
        return None
    parts = sorted(datasets, key=lambda part: (part.role.lower() != "training", -part.rows, part.path))[:MOST]
    sources = _sources(parts)
    flows = _flows(sources, parts)
    left = _column(LEFT, [_height(flows, source=at) for at in range(len(sources))])
    middle = _column(MIDDLE, [_height(flows, target=at) for at in range(len(parts))])
    bottom = max(box.y + box.height for box in (*left, *middle))
    left, middle = _centred(left, bottom), _centred(middle, bottom)
    right = _Box(RIGHT[0], TOP + (bottom - TOP - 64) / 2, RIGHT[1], 64)
    drawn = _bands(flows, sources, left, middle) + (_links(parts, middle, right) if student else [])
    drawn += [_teacher(source, box) for source, box in zip(sources, left, strict=True)]
    drawn += [
        _dataset(part, box, [flow for flow in flows if flow.target == at], sources)
        for at, (part, box) in enumerate(zip(parts, middle, strict=True))
    ]
    drawn += [_student(student, right)] if student else []
    more = len(datasets) - len(parts)
    drawn += _heads(bool(student)) + _key(bottom, bool(student), more)
    title = "Which answers became which data, and which student learnt from it?"
    words = _words(datasets, student)
    return Chart(svg=_svg(bottom + 32, drawn, words), title=title, words=with_names(words))


def _sources(parts: Sequence[DatasetPart]) -> list[_Source]:
    """Models by rows, most first, each with letter and colour; rows of no recorded answer come last, in grey."""
    totals: dict[str, int] = {}
    for part in parts:
        for name, rows in part.shares.items():
            totals[name] = totals.get(name, 0) + rows
    known = sorted(totals, key=lambda name: (-totals[name], name))
    shown = known if len(known) <= MOST else known[: MOST - 1]
    groups = [(name, [name]) for name in shown]
    if len(shown) < len(known):
        groups.append((f"{len(known) - len(shown)} other models", known[len(shown) :]))
    found = [
        _Source(name or "model not named", sum(totals[one] for one in held), SERIES[at], "ABCDEF"[at], frozenset(held))
        for at, (name, held) in enumerate(groups)
    ]
    own = sum(max(0, part.undetermined) for part in parts)
    return [*found, _Source(OWN, own, EDGE, "–", frozenset())] if own or not found else found


def _flows(sources: Sequence[_Source], parts: Sequence[DatasetPart]) -> list[_Flow]:
    found = []
    for target, part in enumerate(parts):
        for at, source in enumerate(sources):
            rows = sum(part.shares.get(name, 0) for name in source.models) if source.models else part.undetermined
            if rows > 0 and part.rows > 0:
                found.append(_Flow(at, target, rows, min(1.0, rows / part.rows)))
    return found


def _height(flows: Sequence[_Flow], *, source: int | None = None, target: int | None = None) -> float:
    """A box is as high as the bands at its side, and never lower than its own text."""
    if source is not None:
        return max(56.0, sum(flow.thick for flow in flows if flow.source == source) + 8)
    return max(66.0, sum(flow.slot for flow in flows if flow.target == target) + 12)


def _column(place: tuple[int, int], heights: Sequence[float]) -> list[_Box]:
    boxes: list[_Box] = []
    for height in heights:
        y = boxes[-1].y + boxes[-1].height + GAP if boxes else float(TOP)
        boxes.append(_Box(place[0], y, place[1], height))
    return boxes


def _centred(boxes: Sequence[_Box], bottom: float) -> list[_Box]:
    shift = (bottom - (boxes[-1].y + boxes[-1].height)) / 2
    return [_Box(box.x, box.y + shift, box.width, box.height) for box in boxes]


def _bands(
    flows: Sequence[_Flow], sources: Sequence[_Source], left: Sequence[_Box], middle: Sequence[_Box]
) -> list[str]:
    """One band for each model and dataset, equally thick from end to end, beside each other at both ends."""
    leaves = [box.middle - sum(flow.thick for flow in flows if flow.source == at) / 2 for at, box in enumerate(left)]
    found = []
    for flow, y2 in zip(flows, _arrivals(flows, middle), strict=True):
        box, target = left[flow.source], middle[flow.target]
        y1 = leaves[flow.source]
        leaves[flow.source] += flow.thick
        found.append(
            _band(box.x + box.width, y1, target.x, y2 - flow.thick / 2, flow.thick, sources[flow.source].colour)
        )
    return found


def _arrivals(flows: Sequence[_Flow], middle: Sequence[_Box]) -> list[float]:
    """Where each band's middle meets its dataset: one slot for each, so that the labels never touch."""
    at = [box.middle - sum(flow.slot for flow in flows if flow.target == to) / 2 for to, box in enumerate(middle)]
    found = []
    for flow in flows:
        found.append(at[flow.target] + flow.slot / 2)
        at[flow.target] += flow.slot
    return found


def _band(x1: float, y1: float, x2: float, y2: float, thick: float, colour: str) -> str:
    bend = (x1 + x2) / 2
    path = (
        f"M{x1:.1f},{y1:.1f}C{bend:.1f},{y1:.1f} {bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}V{y2 + thick:.1f}"
        f"C{bend:.1f},{y2 + thick:.1f} {bend:.1f},{y1 + thick:.1f} {x1:.1f},{y1 + thick:.1f}Z"
    )
    return f'<path d="{path}" fill="{colour}" fill-opacity="0.32" stroke="{colour}" stroke-width="0.75"/>'


def _links(parts: Sequence[DatasetPart], middle: Sequence[_Box], right: _Box) -> list[str]:
    """Training data leads to the student; what was only used to evaluate it is drawn with a dashed line."""
    found = []
    for part, box in zip(parts, middle, strict=True):
        role = part.role.lower()
        if role not in ("training", "evaluation"):
            continue
        x1, x2, dash = box.x + box.width, right.x, "" if role == "training" else ' stroke-dasharray="4 4"'
        bend = (x1 + x2) / 2
        path = f"M{x1},{box.middle:.1f}C{bend},{box.middle:.1f} {bend},{right.middle:.1f} {x2},{right.middle:.1f}"
        found.append(f'<path d="{path}" fill="none" stroke="{SOFT}" stroke-width="1.5"{dash}/>')
    return found


def _frame(box: _Box, title: str, fill: str = TINT) -> str:
    return (
        f'<title>{escape(title)}</title><rect x="{box.x + 0.5}" y="{box.y + 0.5:.1f}" width="{box.width - 1}" '
        f'height="{box.height - 1:.1f}" rx="4" fill="{fill}" stroke="{LINE}"/>'
    )


def _teacher(source: _Source, box: _Box) -> str:
    own = not source.models
    edge = f'<rect x="{box.x + box.width - 3}" y="{box.y:.1f}" width="3" height="{box.height:.1f}" fill="{source.colour}"/>'
    letter = (
        f'<text x="{box.x + 12}" y="{box.middle + 5:.1f}" font-size="15" font-weight="600" '
        f'fill="{SOFT}">{source.letter}</text>'
    )
    text = _text(box.x + 34, box.middle, source.name, _rows(source.rows))
    return f"<g>{_frame(box, source.name, '#FFFFFF' if own else TINT)}{edge}{letter}{text}</g>"


def _dataset(part: DatasetPart, box: _Box, flows: Sequence[_Flow], sources: Sequence[_Source]) -> str:
    labels = []
    y = box.middle - sum(flow.slot for flow in flows) / 2
    for flow in flows:
        label = f"{sources[flow.source].letter}  {_percent(flow.rows, part.rows)}"
        labels.append(
            f'<text x="{box.x + 10}" y="{y + flow.slot / 2 + 4:.1f}" font-size="12" fill="{INK}">{label}</text>'
        )
        y += flow.slot
    text = _text(box.x + GUTTER, box.middle, part.path, f"{part.role.lower()}, {_rows(part.rows)}")
    return f"<g>{_frame(box, part.path)}{''.join(labels)}{text}</g>"


def _student(name: str, box: _Box) -> str:
    return f"<g>{_frame(box, name)}{_text(box.x + 14, box.middle, name, 'student', NAME_WIDTH - 9)}</g>"


def _text(x: float, middle: float, name: str, detail: str, width: int = NAME_WIDTH) -> str:
    """A name in one line or two, and a detail under it."""
    lines = _lines(with_names(name), width)
    y = middle - 4 - (8 if len(lines) > 1 else 0)
    found = [
        f'<text x="{x}" y="{y + 16 * at:.1f}" font-size="13" font-weight="600" fill="{INK}">{escape(line)}</text>'
        for at, line in enumerate(lines)
    ]
    told = escape(_lines(with_names(detail), width + 4)[0])
    below = y + 16 * len(lines) + 2
    found.append(f'<text x="{x}" y="{below:.1f}" font-size="12" fill="{SOFT}">{told}</text>')
    return "".join(found)


def _lines(name: str, width: int) -> list[str]:
    """A name of any length in one line or two of `width` letters; what is too long loses its middle."""
    if _measure(name) <= width:
        return [name]
    head = _cut(name, width)
    rest = name[len(head) :]
    if _measure(rest) <= width:
        return [head, rest]
    return [head, "…" + _cut(rest[::-1], width - 1)[::-1]]


def _measure(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cut(text: str, width: int) -> str:
    held = 0
    for at, letter in enumerate(text):
        held += _measure(letter)
        if held > width:
            return text[:at]
    return text


def _rows(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _heads(student: bool) -> list[str]:
    places = [(LEFT[0], "Teachers"), (MIDDLE[0], "Datasets"), *([(RIGHT[0], "Student")] if student else [])]
    return [f'<text x="{x}" y="14" font-size="12" fill="{SOFT}">{head}</text>' for x, head in places]


def _key(bottom: float, student: bool, more: int) -> list[str]:
    told = "Percentages are of a dataset’s rows; a row may hold text of several models."
    if student:
        told += " Solid line: learnt from. Dashed: evaluated on."
    if more > 0:
        told += f" {more} more dataset{'' if more == 1 else 's'} not drawn."
    return [f'<text x="0" y="{bottom + 24:.1f}" font-size="12" fill="{SOFT}">{told}</text>']


def _words(datasets: Sequence[DatasetPart], student: str) -> str:
    told = []
    for part in datasets:
        known = sorted(part.shares.items(), key=lambda share: (-share[1], share[0]))
        shares = [f"{rows:,} of {part.rows:,} rows derive from {name}" for name, rows in known]
        told.append(
            f"{part.path} ({part.role.lower()}): {'; '.join(shares) or 'no row derives from a recorded answer'}"
        )
    return ". ".join(told) + (f". Student: {student}." if student else ".")


def _svg(height: float, parts: Sequence[str], words: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" font-family="Inter" role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )
