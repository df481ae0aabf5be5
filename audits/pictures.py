"""The teacher → dataset → student picture: three columns, with bands as thick as their share of the rows.

Hand-drawn SVG for page and paper alike; every name in it is data of others and is escaped. The colours are those of the
charts (audits.charts), so a page's theme reaches them the same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape as escape_markup

from audits.charts import EDGE, INK, LINE, SERIES, SOFT, TINT, Chart
from compliance.templatetags.unseen import with_names

WIDTH, BOX, GAP, TOP = 880, 220, 26, 30
COLUMNS = (0, (WIDTH - BOX) // 2, WIDTH - BOX)
BAND, LEAST = 64, 2
NAME_LENGTH = 30
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
class _Box:
    name: str
    detail: str
    x: int
    y: int
    height: int
    colour: str

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def picture_of_lineage(datasets: Sequence[DatasetPart], student: str) -> Chart | None:
    """The picture; None when there is no dataset to draw. `student` may be empty: none was declared."""
    if not datasets:
        return None
    teachers = _teachers(datasets)
    left = _column(0, [(name, f"{rows:,} row{'' if rows == 1 else 's'}", colour) for name, rows, colour in teachers])
    middle = _column(1, [(part.path, _detail(part), INK) for part in datasets])
    right = _column(2, [(student, "student", INK)] if student else [])
    height = max([box.y + box.height for column in (left, middle, right) for box in column])
    right = [_centred(box, height) for box in right]
    left = left if len(left) > 1 else [_centred(box, height) for box in left]
    parts = [*_bands(datasets, left, middle), *_to_student(datasets, middle, right)]
    parts += [_drawn(box) for box in (*left, *middle, *right)] + _heads(bool(student))
    title = "Which answers became which data, and which student learnt from it?"
    words = with_names(_words(datasets, student))
    return Chart(svg=_svg(height + 8, parts, words), title=title, words=words)


def _teachers(datasets: Sequence[DatasetPart]) -> list[tuple[str, int, str]]:
    """Models by rows, most first, each with its colour; rows of no recorded answer come last, in grey."""
    totals: dict[str, int] = {}
    for part in datasets:
        for name, rows in part.shares.items():
            totals[name] = totals.get(name, 0) + rows
    known = sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    found = [(name, rows, SERIES[min(at, len(SERIES) - 1)]) for at, (name, rows) in enumerate(known)]
    own = sum(part.undetermined for part in datasets)
    return [*found, (OWN, own, EDGE)] if own else found


def _detail(part: DatasetPart) -> str:
    return f"{part.role}, {part.rows:,} row{'' if part.rows == 1 else 's'}"


def _column(at: int, entries: Sequence[tuple[str, str, str]]) -> list[_Box]:
    return [
        _Box(name, detail, COLUMNS[at], TOP + row * (BAND + GAP), BAND, colour)
        for row, (name, detail, colour) in enumerate(entries)
    ]


def _centred(box: _Box, height: int) -> _Box:
    return _Box(box.name, box.detail, box.x, TOP + (height - TOP - box.height) // 2, box.height, box.colour)


def _bands(datasets: Sequence[DatasetPart], left: Sequence[_Box], middle: Sequence[_Box]) -> list[str]:
    """One band for each model and dataset, as thick as the model's share of that dataset's rows."""
    found = []
    for part, target in zip(datasets, middle, strict=True):
        at = float(target.y)
        for source in left:
            rows = part.undetermined if source.name == OWN else part.shares.get(source.name, 0)
            if not rows or not part.rows:
                continue
            thick = min(max(LEAST, BAND * rows / part.rows), target.y + BAND - at) or LEAST
            found.append(_band(source, target, at + thick / 2, thick, f"{100 * rows / part.rows:.1f} %"))
            at += thick
    return found


def _band(source: _Box, target: _Box, y: float, thick: float, label: str) -> str:
    x1, x2 = source.x + BOX, target.x
    bend = (x1 + x2) / 2
    path = f"M{x1},{source.middle:.1f}C{bend},{source.middle:.1f} {bend},{y:.1f} {x2},{y:.1f}"
    return (
        f'<path d="{path}" fill="none" stroke="{source.colour}" stroke-width="{thick:.1f}" stroke-opacity="0.35"/>'
        f'<text x="{x2 - 8}" y="{y + 4:.1f}" text-anchor="end" font-size="12" fill="{INK}">{escape(label)}</text>'
    )


def _to_student(datasets: Sequence[DatasetPart], middle: Sequence[_Box], right: Sequence[_Box]) -> list[str]:
    """Training data leads to the student; what was only used to evaluate it is drawn with a dashed line."""
    found = []
    for part, source in zip(datasets, middle, strict=True):
        for target in right:
            x1, x2 = source.x + BOX, target.x
            bend = (x1 + x2) / 2
            path = f"M{x1},{source.middle:.1f}C{bend},{source.middle:.1f} {bend},{target.middle:.1f} {x2},{target.middle:.1f}"
            dash = "" if part.role.lower() == "training" else ' stroke-dasharray="4 4"'
            found.append(f'<path d="{path}" fill="none" stroke="{EDGE}" stroke-width="1.5"{dash}/>')
    return found


def _drawn(box: _Box) -> str:
    name = box.name if len(box.name) <= NAME_LENGTH else box.name[: NAME_LENGTH - 1] + "…"
    fill = TINT if box.colour != EDGE else "#FFFFFF"
    return (
        f'<g><title>{escape(box.name)}</title><rect x="{box.x + 0.5}" y="{box.y + 0.5}" width="{BOX - 1}" '
        f'height="{box.height - 1}" rx="4" fill="{fill}" stroke="{LINE}"/>'
        f'<rect x="{box.x}" y="{box.y}" width="3" height="{box.height}" fill="{box.colour}"/>'
        f'<text x="{box.x + 14}" y="{box.middle - 4:.1f}" font-size="13" font-weight="600" fill="{INK}">{escape(name)}</text>'
        f'<text x="{box.x + 14}" y="{box.middle + 15:.1f}" font-size="12" fill="{SOFT}">{escape(box.detail)}</text></g>'
    )


def _heads(student: bool) -> list[str]:
    heads = ["Teachers", "Datasets", *(["Student"] if student else [])]
    return [
        f'<text x="{x}" y="14" font-size="12" fill="{SOFT}">{head}</text>'
        for x, head in zip(COLUMNS, heads, strict=False)
    ]


def _words(datasets: Sequence[DatasetPart], student: str) -> str:
    told = []
    for part in datasets:
        shares = [f"{rows:,} of {part.rows:,} rows derive from {name}" for name, rows in part.shares.items()]
        told.append(
            f"{part.path} ({part.role.lower()}): {'; '.join(shares) or 'no row derives from a recorded answer'}"
        )
    return ". ".join(told) + (f". Student: {student}." if student else ".")


def _svg(height: int, parts: Sequence[str], words: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="Inter" role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )
