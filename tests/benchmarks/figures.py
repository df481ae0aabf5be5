"""What a benchmark reports: figures, with the aim they are held against."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One measured value. Prefer ratios within one run: they hold on any machine."""

    name: str
    value: float
    unit: str = "×"
    at_least: float | None = None
    at_most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim was reached; None when there is none."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.value >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def aim(self) -> str:
        """The aim, as people write it."""
        bounds = [(">=", self.at_least), ("<=", self.at_most)]
        return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)

    def as_json(self) -> dict[str, object]:
        """All of it, for programs."""
        return asdict(self) | {"met": self.met}


def table(figures: Iterable[Figure]) -> str:
    """The figures for people, one a line."""
    verdicts = {True: "met", False: "MISSED", None: ""}
    rows = [(f.name, f"{f.value:,.3g} {f.unit}", f.aim, verdicts[f.met]) for f in figures]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
